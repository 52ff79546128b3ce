"""Steps that are done once, by one at a time."""

from datetime import timedelta

from data.records import Records
from data.records.steps import is_done, note_done, only_one
from tests.data.records.rows import NOON


def test_a_step_is_done_in_its_window_alone(records: Records) -> None:
    assert not is_done(records, "train", NOON)
    note_done(records, "train", NOON)
    assert is_done(records, "train", NOON)
    assert not is_done(records, "train", NOON + timedelta(hours=1))
    assert not is_done(records, "score", NOON)


def test_a_second_one_is_turned_away_until_the_first_is_through(records: Records) -> None:
    with only_one(records) as mine:
        assert mine
        with only_one(records) as other:
            assert not other
        with only_one(records, "another work") as apart:
            assert apart
    with only_one(records) as again:
        assert again
