"""Which pairs have which periods."""

from features.forecasting import demand, future
from tests.features.forecasting.small_tables import order, quantities, tables, week


def test_series_begin_at_launch_and_end_with_the_product() -> None:
    product = {"product_id": "p", "launched_on": week(1), "discontinued_on": week(5)}
    filler = order(9, week(0), product_id="q")
    given_tables = tables(orders=[filler, order(1, week(2), 3)], products=[product])
    frame = demand(given_tables, week(8), "week")
    mine = frame[frame["product_id"] == "p"]
    assert quantities(mine) == [0.0, 3.0, 0.0, 0.0]
    assert "p" not in set(future(frame, given_tables, week(8), horizon=3)["product_id"])


def test_only_planned_pairs_where_a_warehouse_has_plans() -> None:
    given_tables = tables(
        orders=[
            order(1, week(0)),
            order(2, week(0), product_id="rare"),
            *(order(10 + n, week(n), product_id="steady") for n in range(8)),
            order(3, week(0), product_id="rare", warehouse_id="free"),
        ],
        supply_terms=[{"warehouse_id": "w", "product_id": "p", "supplier_id": "s"}],
    )
    frame = demand(given_tables, week(9), "week")
    assert set(zip(frame["warehouse_id"], frame["product_id"], strict=True)) == {
        ("w", "p"),
        ("w", "steady"),
        ("free", "rare"),
    }


def test_a_product_sold_from_one_warehouse_only_has_one_line() -> None:
    given_tables = tables(
        orders=[order(1, week(0)), order(2, week(0), product_id="q", warehouse_id="v")]
    )
    found = demand(given_tables, week(2), "week")
    assert sorted(set(zip(found["warehouse_id"], found["product_id"], strict=True))) == [
        ("v", "q"),
        ("w", "p"),
    ]


def test_a_product_that_will_end_is_not_offered_from_then_on() -> None:
    product = {"product_id": "p", "discontinued_on": week(4)}
    given_tables = tables(orders=[order(1, week(0))], products=[product])
    ahead = future(demand(given_tables, week(2), "week"), given_tables, week(2), horizon=4)
    assert list(ahead["offered"]) == [1, 1, 0, 0]
