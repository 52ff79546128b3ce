"""Corrections of history in the records."""

from datetime import timedelta

from data.records import Records
from tests.features.forecasting.test_history_corrections import NOW, correction


def test_corrections_are_kept_and_what_was_known_then_is_told(records: Records) -> None:
    kept, made = records.history_corrections, correction(quantity=2.5, action="replace")
    for _ in range(2):
        assert kept.add(made) == made
    assert kept.known_at(NOW) == [made]
    assert kept.known_at(NOW - timedelta(days=2)) == []
    undone = kept.drop("a", NOW)
    assert undone is not None
    assert undone.dropped_at == NOW
    assert kept.drop("a", NOW) is None
    assert kept.known_at(NOW) == []
    assert kept.known_at(NOW - timedelta(hours=1)) == [undone]


def test_a_succession_is_kept_whole(records: Records) -> None:
    day = NOW.date()
    made = correction(action="continue", predecessor_id="a", factor=0.5, first=day, last=day)
    records.history_corrections.add(made)
    assert records.history_corrections.known_at(NOW) == [made]
