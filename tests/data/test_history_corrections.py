"""Corrections that make no sense are refused with all that is wrong."""

from datetime import UTC, date, datetime

import pytest

from data.history_corrections import (
    HistoryCorrectionError,
    check_chain,
    checked_correction,
    continuations,
    linked_products,
)
from tests.features.forecasting.test_history_corrections import correction

NOW = datetime(2024, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"last": date(2024, 1, 1)}, "last 2024-01-01 is before first 2024-01-08"),
        ({"last": date(2024, 3, 1)}, "last 2024-03-01 has not come yet"),
        ({"first": date(1900, 1, 1)}, "no sales are known from before 1970-01-01"),
        ({"action": "replace"}, "quantity: say what was wanted in a period"),
        ({"action": "replace", "quantity": -1.0}, "quantity -1.0: it must be 0 or more"),
        ({"quantity": 3.0}, "quantity 3: only `replace` takes one"),
        ({"warehouse_id": "*", "product_id": "*"}, "name a warehouse_id"),
        ({"reason": "  "}, "reason: say it"),
        ({"author": ""}, "author: say it"),
        ({"factor": 2.0}, "predecessor_id, factor: only `continue` takes them"),
        ({"action": "continue"}, "predecessor_id: say which product it continues"),
    ],
)
def test_nonsense_is_refused(changes: dict, told: str) -> None:
    with pytest.raises(HistoryCorrectionError, match=told.replace("(", r"\(")):
        checked_correction(correction(created_at=NOW, **changes))


def test_sense_is_kept() -> None:
    given = correction(created_at=NOW)
    assert checked_correction(given) == given


def follows(product: str, former: str, **changes: object):
    day = date(2024, 6, 1)
    about = {"first": day, "last": day, "correction_id": f"{former}{product}"}
    given = {"product_id": product, "predecessor_id": former, "action": "continue"}
    return correction(created_at=NOW, **about | given | changes)


def test_a_succession_may_lie_ahead_and_makes_a_chain() -> None:
    chain = [follows("c", "b"), follows("b", "a"), follows("y", "x")]
    assert [checked_correction(one) for one in chain] == chain
    assert [one.product_id for one in continuations(chain)] == ["b", "y", "c"]
    assert linked_products(follows("d", "c"), chain) == {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (follows("a", "c"), "predecessor_id 'c': it continues a itself"),
        (follows("b", "a"), "predecessor_id 'a': b continues it since 2024-06-01 already"),
        (follows("b", "a", warehouse_id="*"), "correction ab"),
    ],
)
def test_circles_and_what_is_told_already_are_refused(given, told: str) -> None:
    with pytest.raises(HistoryCorrectionError, match=told):
        check_chain(given, [follows("c", "b"), follows("b", "a")])


@pytest.mark.parametrize(("earlier", "later"), [("*", "w"), ("w", "*"), ("*", "*"), ("w", "w")])
def test_a_predecessor_has_one_successor_in_a_warehouse(earlier: str, later: str) -> None:
    known = follows("b", "a", warehouse_id=earlier)
    with pytest.raises(HistoryCorrectionError, match="b continues it since 2024-06-01") as error:
        check_chain(follows("c", "a", warehouse_id=later), [known])
    assert f"undo that first (correction {known.correction_id})" in str(error.value)
    check_chain(follows("c", "a", warehouse_id="v"), [follows("b", "a", warehouse_id="w")])


def test_a_successor_may_continue_several_but_each_once() -> None:
    known = [follows("b", "a", warehouse_id="*"), follows("d", "c")]
    check_chain(follows("b", "d"), known)
    with pytest.raises(HistoryCorrectionError, match="b continues it since"):
        check_chain(follows("b", "a"), known)
    with pytest.raises(HistoryCorrectionError, match="it continues c itself"):
        check_chain(follows("c", "b"), [*known, follows("b", "d")])


def test_another_warehouse_is_another_chain() -> None:
    check_chain(follows("a", "c", warehouse_id="v"), [follows("c", "b"), follows("b", "a")])
