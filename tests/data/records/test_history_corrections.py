"""Corrections of history in the records."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

from data.history_corrections import HistoryCorrectionError
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


def test_of_two_successors_told_at_once_one_is_kept(records: Records) -> None:
    """Whoever asks: two threads here, two workers in use."""
    day = NOW.date()

    def tell(number: int, side: str, begin: Barrier) -> bool:
        given = {"action": "continue", "first": day, "last": day, "predecessor_id": f"old{number}"}
        made = correction(product_id=f"new{number}{side}", **given)
        begin.wait()
        try:
            records.history_corrections.add(replace(made, correction_id=f"{number}{side}"))
        except HistoryCorrectionError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        for number in range(20):
            begin = Barrier(2)
            told = [pool.submit(tell, number, side, begin) for side in ("a", "b")]
            assert sorted(each.result() for each in told) == [False, True]
    assert len(records.history_corrections.known_at(NOW)) == 20
