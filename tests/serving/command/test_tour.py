"""The first page a newcomer sees."""

import json
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from data.lake import Lake
from serving.command.tour import Question, questions

NOW = datetime(2024, 5, 1, tzinfo=UTC)


def test_a_line_to_paste_holds_the_body_whole() -> None:
    asked = Question("t", "/v1/x", {"a": 1, "name": "Zoë"})
    words = shlex.split(asked.curl("http://h"))
    assert words[2] == "http://h/v1/x"
    assert json.loads(words[-1]) == asked.body
    assert shlex.split(Question("t", "/v1/x?a=1&b=2").curl("http://h"))[-1].endswith("a=1&b=2")


def test_questions_are_about_who_buys_most_and_what_sells_best_lately(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    sold = [("ann", "tea", 1), ("ann", "pan", 2), ("ben", "tea", 3)]
    sold += [("old", "hat", 100 + n) for n in range(9)]
    orders = pd.DataFrame(sold, columns=["customer_id", "product_id", "days"])
    at = pd.Timestamp(NOW) - pd.to_timedelta(orders.pop("days"), unit="D")
    ids = [f"o{n}" for n in range(len(orders))]
    same = {"line_no": 1, "warehouse_id": "w", "quantity": 1.0, "unit_price": 2.0}
    whole = orders.assign(order_id=ids, ordered_at=at, currency="EUR", market="FR", **same)
    lake.append("orders", whole)
    terms = {"warehouse_id": "w", "supplier_id": "s", "lead_time_days": 1.0}
    lake.append("supply_terms", pd.DataFrame({"product_id": ["tea", "hat"], **terms}))
    show, sell, order, trust = questions(lake, NOW)
    assert show.body is not None
    assert (show.body["customer_id"], show.body["market"]) == ("ann", "FR")
    assert "warehouse_id=w&product_id=tea" in sell.path
    assert "warehouse_id=w" in order.path
    assert trust.body is not None
    assert trust.body["billing_country"] != trust.body["shipping_country"]
    assert datetime.fromisoformat(trust.body["attempted_at"]) <= NOW + timedelta(0)
