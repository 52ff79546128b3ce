"""What is known of a return request beside the payment."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.fraud.requests import RETURN_FACTS, orders_of, return_facts
from features.fraud.stream import ExchangeRates

AT = datetime(2025, 1, 25, tzinfo=UTC)
NO_RATES = pd.DataFrame(
    {
        "rate_date": pd.Series(dtype="datetime64[ns, UTC]"),
        "currency": pd.Series(dtype=object),
        "rate": pd.Series(dtype=float),
    }
)
ASKED = {
    "customer_id": "c",
    "product_id": "coat",
    "order_id": "o1",
    "amount": 40.0,
    "currency": "EUR",
    "requested_at": AT,
}


def lines(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    """Lines of order, product, status and day of January; each of two at 10 EUR."""
    frame = pd.DataFrame(rows, columns=["order_id", "product_id", "status", "day"])
    at = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(frame.pop("day") - 1, unit="D")
    return frame.assign(ordered_at=at, quantity=2.0, unit_price=10.0, currency="EUR")


def facts(orders: pd.DataFrame, **risk: object) -> dict[str, object]:
    return return_facts(ASKED, orders, risk, ExchangeRates.of(NO_RATES, "EUR"))


def test_the_habit_of_returning_is_of_what_was_ordered_before() -> None:
    found = facts(
        lines(
            ("o1", "coat", "placed", 20),
            ("o2", "coat", "returned", 5),
            ("o3", "hat", "placed", 6),
            ("o4", "coat", "returned", 30),
        )
    )
    assert set(found) == set(RETURN_FACTS)
    assert (found["lines_bought"], found["lines_returned"]) == (3.0, 1.0)
    assert found["return_share"] == pytest.approx(1.5 / 8)
    assert (found["product_bought"], found["product_returned"]) == (2.0, 1.0)
    assert found["days_since_order"] == pytest.approx(5.0)
    assert found["line_returned"] == 0.0
    assert found["refund_to_paid"] == pytest.approx(2.0)
    assert found["value_to_usual"] == pytest.approx(2.0)


def test_of_a_customer_without_orders_nothing_is_made_up() -> None:
    found = facts(lines())
    for name in ("value_to_usual", "refund_to_paid", "days_since_order", "account_age_days"):
        assert np.isnan(found[name]), name
    assert found["return_share"] == pytest.approx(0.1)


def test_an_account_that_is_opened_later_is_new_and_not_of_negative_age() -> None:
    assert facts(lines(), signed_up_day=1e6)["account_age_days"] == 0.0


def test_a_line_that_came_back_already_is_told() -> None:
    assert facts(lines(("o1", "coat", "returned", 20)))["line_returned"] == 1.0


def test_lines_are_read_of_one_customer(tmp_path: Path) -> None:
    whole = lines(("o1", "coat", "placed", 1), ("o2", "hat", "placed", 2))
    whole.assign(customer_id=["c", "d"]).to_parquet(tmp_path / "a.parquet")
    assert orders_of([tmp_path / "a.parquet"], "c")["order_id"].tolist() == ["o1"]
    assert orders_of([], "c").empty
