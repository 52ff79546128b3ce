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
        raise BrokerError("ARGOSY_BROKER_URL is not set; say amqp://user:password@host:5672/")
    try:
        from decisions.streams.rabbitmq import RabbitBroker
    except ModuleNotFoundError as error:
        raise BrokerError("pika is not installed: pip install 'argosy[streams]'") from error
    return lambda: RabbitBroker(url, settings.namespace, streams, batch)
