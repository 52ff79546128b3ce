"""Messages and their deliveries, in order for each key."""

from datetime import UTC, datetime, timedelta

import pytest

from data.messages import OutgoingMessage, Subscription, SubscriptionError
from data.records import Records
from data.records.outbox import attempted

NOW = datetime.now(UTC)
SOON = NOW + timedelta(minutes=5)


def subscriber(name: str, *kinds: str) -> Subscription:
    return Subscription(name, "https://example.org/hook", kinds, "whsec_x", NOW)


def message(key: str, number: int, kind: str = "order.exported") -> OutgoingMessage:
    return OutgoingMessage(kind, key, {"number": number}, (str(number),))  # type: ignore[arg-type]


def waiting(records: Records, name: str, now: datetime = SOON) -> list[int]:
    return [one.data["number"] for one in records.outbox.due(name, now, 10)]


def test_a_message_goes_to_those_who_want_its_kind_and_only_once(records: Records) -> None:
    box = records.outbox
    box.subscribe(subscriber("all"))
    box.subscribe(subscriber("alerts", "alert.raised"))
    assert box.send([message("a", 1), message("a", 1), message("b", 2, "alert.raised")]) == 2
    assert waiting(records, "all") == [1, 2]
    assert waiting(records, "alerts") == [2]
    assert box.newest("order.exported", "a") == (message("a", 1).message_id(""), {"number": 1})
    assert box.newest("order.exported", "nothing") is None
    assert box.send([]) == 0


def test_a_message_that_must_wait_holds_back_those_of_its_key_alone(records: Records) -> None:
    box = records.outbox
    box.subscribe(subscriber("shop"))
    box.send([message("a", 1), message("a", 2), message("b", 3)])
    first = box.due("shop", SOON, 10)[0]
    later = SOON + timedelta(hours=1)
    box.settle([attempted(first, state="waiting", due_at=later, error="503")])
    assert waiting(records, "shop") == [3]
    assert waiting(records, "shop", later + timedelta(seconds=1)) == [1, 2, 3]
    (held,) = (one for one in box.deliveries("shop", "waiting") if one.attempts)
    assert (held.error, held.attempts) == ("503", 1)


def test_dead_letters_are_delivered_again_when_asked(records: Records) -> None:
    box = records.outbox
    box.subscribe(subscriber("shop"))
    box.send([message("a", 1), message("b", 2)])
    one, two = box.due("shop", SOON, 10)
    box.settle(
        [
            attempted(one, state="dead", due_at=SOON, error="410"),
            attempted(two, state="delivered", due_at=SOON, error=""),
        ]
    )
    assert waiting(records, "shop") == []
    since = NOW - timedelta(hours=1)
    assert box.replay("shop", since=since, only_dead=True) == 1
    assert waiting(records, "shop") == [1]
    assert box.replay("shop", since=since) == 2
    assert waiting(records, "shop") == [1, 2]


def test_a_subscription_that_ended_gets_nothing_more(records: Records) -> None:
    box = records.outbox
    box.subscribe(subscriber("shop"))
    box.send([message("a", 1)])
    box.stop("shop", NOW)
    box.send([message("a", 2)])
    assert waiting(records, "shop") == []
    assert box.subscriptions() == []
    for ask in (lambda: box.stop("shop", NOW), lambda: box.replay("shop", since=NOW)):
        with pytest.raises(SubscriptionError, match="'shop'"):
            ask()
