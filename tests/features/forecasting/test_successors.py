"""What successors inherit, on hand-made demand whose answer is plain."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.history_corrections import HistoryCorrection
from features.forecasting import (
    corrected,
    demand,
    handed_over,
    inherited,
    priced_alike,
    with_succession_events,
    with_variants,
    without_succeeded,
)
from tests.features.forecasting.small_tables import order, tables, week
from tests.features.forecasting.test_history_corrections import KNOWN, NOW, correction

# `p` sells 4 a week for four weeks, then 1; `q` sells 3, 5 from the fifth week on.
SINCE = date(2024, 1, 29)


def follows(product: str = "q", former: str = "p", **changes: object) -> HistoryCorrection:
    about = {"product_id": product, "predecessor_id": former, "action": "continue"}
    return correction(**about | {"first": SINCE, "last": SINCE} | changes)


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    rows = [order(f"p{n}", week(n), units) for n, units in enumerate([4, 4, 4, 4, 1, 1])]
    rows += [
        order(f"q{n}", week(n), units, product_id="q", unit_price=20.0)
        for n, units in ((4, 3), (5, 5))
    ]
    frame = demand(tables(orders=rows), week(6), "week")
    return corrected(frame, [], NOW, KNOWN)


def units(frame: pd.DataFrame, product: str = "q") -> list[float | None]:
    values = frame.loc[frame["product_id"] == product, "quantity"]
    return [None if np.isnan(one) else one for one in values]


def test_the_past_of_the_other_times_the_factor_then_both(history: pd.DataFrame) -> None:
    frame = inherited(history, [follows(factor=0.5)], NOW, KNOWN)
    assert units(frame) == [2, 2, 2, 2, 3.5, 5.5]
    rows = frame[frame["product_id"] == "q"]
    assert rows["continues"].tolist()[:4] == ["p"] * 4
    assert rows["continues"].isna().tolist()[4:] == [True, True]
    assert rows["observed_sold"].tolist() == [0, 0, 0, 0, 3, 5]
    assert rows["category"].tolist() == ["food"] * 4 + rows["category"].tolist()[4:]
    assert units(frame, "p") == units(history, "p")


def test_from_a_day_to_come_both_are_added_up_before_it(history: pd.DataFrame) -> None:
    frame = inherited(history, [follows(first=date(2024, 3, 4))], NOW, KNOWN)
    assert units(frame) == [4, 4, 4, 4, 4, 6]


def test_what_is_not_known_or_elsewhere_changes_nothing(history: pd.DataFrame) -> None:
    for one in (follows(created_at=week(9)), follows(warehouse_id="v"), follows(former="z")):
        assert units(inherited(history, [one], NOW, KNOWN)) == units(history)


def test_a_chain_inherits_twice(history: pd.DataFrame) -> None:
    chain = [follows("r", "q", first=date(2024, 2, 12), factor=2.0), follows()]
    assert units(inherited(history, chain, NOW, KNOWN), "r") == [8, 8, 8, 8, 8, 12]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_that_are_continued_the_sum_is_inherited(turned: bool) -> None:
    """`a` sells 4, then 4 at 5 a piece; `b` 6 at 50, of which two weeks only are known."""
    rows = [order(f"a{n}", week(n), 4, product_id="a", unit_price=5.0) for n in range(6)]
    rows += [order(f"b{n}", week(n), 6, product_id="b", unit_price=50.0) for n in range(2, 6)]
    frame = corrected(demand(tables(orders=rows), week(6), "week"), [], NOW, KNOWN)
    later = {"first": date(2024, 2, 12)}
    both = [follows("c", "a", **later), follows("c", "b", factor=0.5, **later)]
    found = inherited(frame, both[::-1] if turned else both, NOW, KNOWN)
    assert units(found, "c") == [4, 4, 7, 7, 7, 7]
    prices = found.loc[found["product_id"] == "c", "price"]
    assert len(set(prices)) == 1  # that another one joins is no change of price
    unknown = frame["product_id"].eq("b") & frame["period_start"].eq("2024-01-22")
    frame.loc[unknown, "quantity"] = np.nan
    assert units(inherited(frame, both, NOW, KNOWN), "c")[3] is None


def test_of_weeks_between_both_nothing_is_known() -> None:
    ended = {"product_id": "p", "discontinued_on": week(2)}
    rows = [order(f"p{n}", week(n), 4) for n in range(2)]
    rows += [order("q", week(3), 0.5, product_id="q"), order("q5", week(5), 4, product_id="q")]
    frame = demand(tables(orders=rows, products=[ended]), week(6), "week")
    frame = corrected(frame, [], NOW, KNOWN)
    given = inherited(frame, [follows(first=date(2024, 1, 29))], NOW, KNOWN)
    # Half a unit in the week before it: its own.
    assert units(given) == [4, 4, 0.5, None, 4]


def ahead(product: str) -> pd.DataFrame:
    weeks = [week(n).strftime("%Y-%m-%d") for n in (6, 7, 8)]
    return pd.DataFrame({"warehouse_id": "w", "product_id": product, "period_start": weeks,
                         "frequency": "week", "offered": 1.0})  # fmt: skip


@pytest.mark.parametrize(
    ("day", "former", "own"),
    [
        # Of 6 units a week in all, 1 is that of `p` since the fifth week, 3 on the mean.
        (date(2024, 2, 19), [1, 0, 0], None),
        (date(2024, 2, 12), [0, 0, 0], [1, 1, 1]),
    ],
)
def test_one_is_offered_until_the_day_the_other_from_it(
    history: pd.DataFrame, day: date, former: list, own: list | None
) -> None:
    known = [follows(first=day)]
    frame = inherited(history, known, NOW, KNOWN)
    coming = pd.concat([ahead("p"), ahead("q")], ignore_index=True)
    shares = handed_over(coming, frame, known, NOW).groupby("product_id")["offered"].apply(list)
    assert shares["p"] == former
    mean = [np.mean(units(frame, name)) for name in ("p", "q")]
    assert shares["q"] == pytest.approx(own or [1 - mean[0] / mean[1], 1, 1])


def test_a_week_is_shared_by_its_days(history: pd.DataFrame) -> None:
    known = [follows("r", first=date(2024, 2, 14))]
    frame = inherited(history, known, NOW, KNOWN)
    coming = pd.concat([ahead("p"), ahead("r")], ignore_index=True)
    shares = handed_over(coming, frame, known, NOW)["offered"].to_numpy().reshape(2, 3)
    assert shares == pytest.approx(np.array([[2 / 7, 0, 0], [5 / 7, 1, 1]]))


def test_prices_of_a_pack_twice_as_dear_are_its_own(history: pd.DataFrame) -> None:
    frame = priced_alike(inherited(history, [follows()], NOW, KNOWN))
    assert frame.loc[frame["product_id"] == "q", "price"].tolist() == [20.0] * 6
    assert frame.loc[frame["product_id"] == "p", "price"].tolist() == [10.0] * 6


def test_what_is_sold_off_is_not_learned(history: pd.DataFrame) -> None:
    left = without_succeeded(history, [follows()], NOW)
    assert units(left, "p") == [4, 4, 4, 4]
    assert units(left) == units(history)


def test_both_are_told_of_each_other() -> None:
    answer = pd.DataFrame({"warehouse_id": "w", "product_id": ["p", "q", "z"],
                           "history_events": [None, '[{"kind": "pause"}]', None]})  # fmt: skip
    told = with_succession_events(answer, [follows(factor=2.0)], NOW)["history_events"]
    about = {"first": "2024-01-29", "last": None, "factor": 2.0}
    assert json.loads(told[0]) == [{"kind": "succeeded", **about, "product_id": "q"}]
    assert json.loads(told[1]) == [
        {"kind": "continues", **about, "product_id": "p"}, {"kind": "pause"}
    ]  # fmt: skip
    assert told[2] is None


def variant(product: str, parent: str | None, launch: int | None, end: int | None) -> dict:
    about = {"product_id": product, "parent_id": parent}
    days = {"launched_on": launch, "discontinued_on": end}
    return about | {name: None if at is None else week(at) for name, at in days.items()}


ARTICLES = [
    variant("p", None, -50, 4),
    variant("red", "p", 3, None),  # launched beside the end
    variant("old", "p", -40, None),  # a variant of always
    variant("brief", "p", 2, 4),  # ended with it
    variant("on", None, -50, None),
    variant("more", "on", 3, None),  # its parent goes on
]


def test_a_variant_continues_its_parent_that_ended() -> None:
    (one,) = with_variants([], tables(products=ARTICLES)["products"])
    assert (one.product_id, one.predecessor_id, one.factor) == ("red", "p", None)
    assert (one.first, one.warehouse_id) == (date(2024, 1, 29), "*")
    both = [*ARTICLES, variant("blue", "p", 6, None)]
    shared = with_variants([], tables(products=both)["products"])
    assert [(each.product_id, each.factor) for each in shared] == [("red", 0.5), ("blue", 0.5)]
    told = [follows("q", "p")]
    assert with_variants(told, tables(products=ARTICLES)["products"]) == told
    assert with_variants(told, tables()["products"]) == told
