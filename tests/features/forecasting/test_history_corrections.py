"""Planners' corrections on hand-made demand whose answer is plain."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from data.history_corrections import HistoryCorrection
from features.forecasting import PairAttributes, corrected, demand
from tests.features.forecasting.small_tables import order, tables, week

NOW = week(6)
KNOWN = PairAttributes({"p": "food/tea", "q": "food"}, {}, {"w": "DE"})


def correction(**changes: object) -> HistoryCorrection:
    given = {
        "correction_id": "a",
        "warehouse_id": "w",
        "product_id": "p",
        "first": date(2024, 1, 8),
        "last": date(2024, 1, 14),
        "action": "exclude",
        "author": "ann",
        "reason": "a report on television",
        "created_at": NOW - timedelta(days=1),
    }
    return HistoryCorrection(**given | changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    """p sells 2, 20, 2, 2 and q 1, 10, 1, 1."""
    units = [2, 20, 2, 2]
    rows = [order(f"p{n}", week(n), one) for n, one in enumerate(units)]
    rows += [order(f"q{n}", week(n), one / 2, product_id="q") for n, one in enumerate(units)]
    return demand(tables(orders=rows), week(4), "week")


def put(history: pd.DataFrame, *every: HistoryCorrection, at: datetime = NOW) -> pd.DataFrame:
    frame = corrected(history, every, at, KNOWN)
    assert len(frame) == len(history)
    return frame


def units(frame: pd.DataFrame, product: str = "p") -> list[float | None]:
    values = frame.loc[frame["product_id"] == product, "quantity"]
    return [None if np.isnan(one) else one for one in values]


def test_an_excluded_week_is_unknown_and_what_was_sold_stays_told(history: pd.DataFrame) -> None:
    frame = put(history, correction())
    assert units(frame) == [2, None, 2, 2]
    assert units(frame, "q") == [1, 10, 1, 1]
    row = frame[frame["product_id"] == "p"].iloc[1]
    assert (row["observed"], row["observed_sold"], row["history_corrections"]) == (20, 20, "a")


def test_a_replaced_week_has_the_units_given_and_a_marked_one_its_own(
    history: pd.DataFrame,
) -> None:
    assert units(put(history, correction(action="replace", quantity=0.0))) == [2, 0, 2, 2]
    marked = put(history, correction(action="mark"))
    assert units(marked) == [2, 20, 2, 2]
    assert marked["history_corrections"].tolist().count("a") == 1


@pytest.mark.parametrize(
    "of", [{"category": "food"}, {"country": "DE"}, {"warehouse_id": "w"}, {"warehouse_id": "*"}]
)
def test_units_of_several_pairs_are_spread_as_they_sold(history: pd.DataFrame, of: dict) -> None:
    wide = {"product_id": "*", "action": "replace", "quantity": 3.0}
    if of == {"warehouse_id": "*"}:
        of |= {"country": "DE"}
    frame = put(history, correction(**wide | of))
    assert units(frame) == [2, pytest.approx(2), 2, 2]
    assert units(frame, "q") == [1, pytest.approx(1), 1, 1]


def test_the_newest_of_two_corrections_counts(history: pd.DataFrame) -> None:
    newer = correction(
        correction_id="b", action="replace", quantity=4.0, created_at=NOW - timedelta(hours=1)
    )
    frame = put(history, newer, correction())
    assert units(frame) == [2, 4, 2, 2]
    assert frame["history_corrections"].iloc[1] == "a,b"


def test_only_what_was_known_at_the_moment_counts(history: pd.DataFrame) -> None:
    assert units(put(history, correction(), at=NOW - timedelta(days=2))) == [2, 20, 2, 2]
    undone = correction(dropped_at=NOW - timedelta(hours=1))
    assert units(put(history, undone)) == [2, 20, 2, 2]
    assert units(put(history, undone, at=NOW - timedelta(hours=2))) == [2, None, 2, 2]


def test_no_demand_and_no_corrections(history: pd.DataFrame) -> None:
    assert put(history.iloc[:0], correction()).empty
    assert units(put(history)) == [2, 20, 2, 2]
