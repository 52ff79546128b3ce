"""Events as they may be sent."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from serving.http.recommendation.event_schemas import MOST_EVENTS, EventIn, EventsRequest

GOOD = {"event_id": "e", "kind": "view", "product_id": "p", "visitor_id": "v"}


def test_an_event_without_a_time_happened_now() -> None:
    assert EventIn(**GOOD).occurred_at is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"visitor_id": None}, "one of them must be given"),
        ({"occurred_at": datetime.now(UTC) + timedelta(days=2)}, "occurred_at"),
        ({"occurred_at": datetime(2024, 5, 1)}, "occurred_at"),  # noqa: DTZ001
        ({"kind": "stare"}, "kind"),
        ({"product_id": ""}, "product_id"),
        ({"product_id": "p" * 129}, "product_id"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_event_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        EventIn(**GOOD | changes)


@pytest.mark.parametrize("count", [0, MOST_EVENTS + 1])
def test_a_batch_is_neither_empty_nor_too_long(count: int) -> None:
    with pytest.raises(ValidationError, match="events"):
        EventsRequest(events=[GOOD] * count)
