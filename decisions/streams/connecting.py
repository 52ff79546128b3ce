"""Which broker the settings name."""

from collections.abc import Callable, Sequence

from data.settings import Settings
from decisions.streams.broker import Broker, BrokerError, Stream


def connector(settings: Settings, streams: Sequence[Stream], batch: int) -> Callable[[], Broker]:
    """A function that connects to the broker of the settings. Raises BrokerError without one.

    settings: its address and the prefix of its queues; streams: which; batch: how many messages
    may be unacknowledged.
    """
    url = settings.broker_url
    if url is None:
        raise BrokerError("ARGOSY_BROKER_URL is not set; say amqp://… or nats://…")
    try:  # each only where it is asked for: a shop has one broker
        kind = _nats() if url.startswith("nats") else _rabbitmq()
    except ModuleNotFoundError as error:
        raise BrokerError(f"{error.name} is missing: pip install 'argosy[streams]'") from error
    return lambda: kind(url, settings.namespace, streams, batch)


_Kind = Callable[[str, str, Sequence[Stream], int], Broker]


def _rabbitmq() -> _Kind:
    from decisions.streams.rabbitmq import RabbitBroker

    return RabbitBroker


def _nats() -> _Kind:
    from decisions.streams.nats_jetstream import NatsBroker

    return NatsBroker
