"""Suppliers and their terms."""

import pandas as pd
import pytest

from data.sample.assemble import Merchant
from data.sample.suppliers import SUPPLIERS
from tests.data.sample.merchant_columns import PAIR


def test_late_suppliers_show_in_purchase_orders(made: Merchant) -> None:
    sent = made.tables["purchase_orders"].dropna(subset="received_at")
    took = (sent["received_at"] - sent["ordered_at"]) / (sent["expected_at"] - sent["ordered_at"])
    slip = took.groupby(sent["supplier_id"]).agg(["mean", "size"])
    promised = {supplier.supplier_id: supplier.slip for supplier in SUPPLIERS}
    often = slip[slip["size"] > 100]
    assert len(often) > 5
    for supplier, row in often.iterrows():
        assert row["mean"] == pytest.approx(promised[str(supplier)], rel=0.2), supplier


def test_supply_terms_cover_what_is_kept_in_stock(made: Merchant) -> None:
    terms, stock = made.tables["supply_terms"], made.tables["stock"]
    pairs = pd.MultiIndex.from_frame(terms[PAIR]).unique()
    assert set(pairs) == set(pd.MultiIndex.from_frame(stock[PAIR]).unique())
    assert terms.groupby(PAIR)["supplier_id"].nunique().max() == 2
    assert terms["valid_from"].nunique() == 2
    breaks = terms["price_breaks"].dropna()
    assert breaks.str.fullmatch(r"\d+:0\.\d+(\|\d+:0\.\d+)*").all()
    assert (terms["min_order_quantity"] % 1 == 0).all()
    assert terms["service_level"].dropna().between(0.9, 0.98).all()
    assert (terms["duty_rate"] > 0).any()
