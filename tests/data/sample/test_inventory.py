"""Stock, orders and lost sales that balance."""

import numpy as np
import pandas as pd

from data.sample.assemble import Merchant
from data.sample.inventory import replay
from data.sample.suppliers import Supply
from tests.data.sample.merchant_columns import PAIR


def test_stock_balances(made: Merchant, orders: pd.DataFrame) -> None:
    """First count + received - sold since = last count, for every pair under planning."""
    stock = made.tables["stock"].sort_values("observed_at").groupby(PAIR)
    counted = stock["on_hand"].agg(["first", "last"])
    sold = orders[orders["status"] != "cancelled"].groupby(PAIR)["quantity"].sum()
    received = made.tables["purchase_orders"].groupby(PAIR)["received_quantity"].sum()
    expected = counted["first"].add(received, fill_value=0) - sold.reindex(counted.index)
    np.testing.assert_allclose(expected, counted["last"])


def test_a_day_sells_no_more_than_its_morning_count(made: Merchant, orders: pd.DataFrame) -> None:
    stock = made.tables["stock"]
    mornings = stock[stock["observed_at"].dt.hour == 6]
    mornings = mornings.assign(day=mornings["observed_at"].dt.floor("D"))
    sold = orders[orders["status"] != "cancelled"]
    sold = (
        sold.assign(day=sold["ordered_at"].dt.floor("D")).groupby([*PAIR, "day"])["quantity"].sum()
    )
    both = mornings.merge(sold.rename("sold").reset_index(), on=[*PAIR, "day"])
    assert (both["sold"] <= both["on_hand"]).all()
    assert (stock["reserved"] <= stock["on_hand"]).all()
    assert (stock["on_hand"] >= 0).all()


def test_stock_runs_out_now_and_then_and_sales_are_lost(made: Merchant) -> None:
    stock = made.tables["stock"]
    week = stock["observed_at"].dt.dayofyear // 7
    out = (stock["on_hand"] == 0).groupby([stock["warehouse_id"], stock["product_id"], week]).any()
    assert 0.03 < out.mean() < 0.08
    lost = made.truth["lost_sales"]
    assert (lost["quantity"] > 0).all()
    assert lost["quantity"].sum() > 200


def test_replay_loses_what_is_not_there() -> None:
    """One sold a day, delivered in two days; 1000 on the last day cannot be there."""
    days = pd.date_range("2017-01-01 12:00", periods=365, freq="D", tz="UTC")
    lines = pd.DataFrame({"order": [f"h{n}" for n in range(365)], "at": days, "quantity": 1.0})
    lines.loc[364, "quantity"] = 1000.0
    lines = lines.assign(warehouse_id="W", product_id="p", discount=0.0, status="placed")
    one = np.array([1])
    goods = Supply(
        pairs=pd.DataFrame({"warehouse_id": ["W"], "product_id": ["p"]}),
        terms=pd.DataFrame(),
        supplier=np.array([0]),
        review=np.array([7]),
        phase=one,
        promised=np.array([2]),
        mean=np.array([2.0]),
        spread=np.array([0.01]),
        pack=one,
        minimum=np.array([0]),
    )
    outcome = replay(lines, goods, seed=1)
    last = outcome.lines.iloc[-1]
    morning = outcome.stock["on_hand"].iloc[-2]
    assert last["quantity"] == morning < 100
    assert outcome.lost["quantity"].iloc[-1] == 1000 - morning
    assert outcome.stock["on_hand"].iloc[-1] == 0
    assert outcome.lines["quantity"].iloc[:-1].eq(1).mean() > 0.95
