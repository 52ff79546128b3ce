"""The tables of the records."""

from datetime import datetime, timedelta, timezone

from data.records import (
    Records,
)
from tests.data.records.rows import NOON, event


def test_times_come_back_in_utc_whatever_zone_they_came_in(records: Records) -> None:
    tokyo = timezone(timedelta(hours=9))
    records.add_events([event("a", occurred_at=datetime(2024, 5, 1, 21, tzinfo=tokyo))])
    records.add_events([event("b", occurred_at="2024-05-01T14:00:00+02:00")])
    found = records.recent_events("v1", None)
    assert [row["occurred_at"] for row in found] == [NOON, NOON]
    assert found[0]["occurred_at"].utcoffset() == timedelta(0)


def test_two_namespaces_do_not_see_each_other(records: Records, url: str, namespace: str) -> None:
    other = Records(url, f"{namespace}_b")
    other.migrate()
    records.add_events([event("a")])
    assert other.add_events([event("a")]) == [True]
    other.close()
