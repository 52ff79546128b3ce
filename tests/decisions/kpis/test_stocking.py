"""Stock at the end of each day, from counts that are days apart."""

from datetime import date
from pathlib import Path

import pandas as pd

from data.settings import Settings
from decisions.kpis.compute import update_kpis
from decisions.kpis.report import kpi_values
from decisions.runtime import Runtime, open_runtime

FIRST = pd.Timestamp("2024-01-01T12:00Z")
LAST = date(2024, 4, 29)  # the day before the newest order


def shop(settings: Settings, folder: Path, **purchase_order: object) -> Runtime:
    """A unit of tea sold every day for 120 days; tea and mats were counted on the first day, and
    honey on the last but one. A unit of each costs 2."""
    folder.mkdir(parents=True)
    days = pd.date_range(FIRST, periods=121, freq="D")
    pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(len(days))],
            "line_no": 1,
            "ordered_at": days,
            "customer_id": "c",
            "product_id": "tea",
            "warehouse_id": "W",
            "quantity": 1.0,
            "unit_price": 5.0,
            "currency": "EUR",
        }
    ).to_parquet(folder / "orders.parquet")
    counts = [("tea", 300.0, 0), ("mat", 10.0, 0), ("honey", 7.0, 119)]
    pd.DataFrame(
        [
            {
                "observed_at": FIRST + pd.Timedelta(days=day, hours=1),
                "warehouse_id": "W",
                "product_id": product,
                "on_hand": units,
            }
            for product, units, day in counts
        ]
    ).to_parquet(folder / "stock.parquet")
    pd.DataFrame(
        {"product_id": ["tea", "mat", "honey"], "unit_cost": 2.0, "currency": "EUR"}
    ).to_parquet(folder / "products.parquet")
    order = {"po_id": "1", "line_no": 1, "warehouse_id": "W", "product_id": "tea"}
    order |= {"supplier_id": "S", "ordered_at": FIRST, "quantity": 50.0} | purchase_order
    pd.DataFrame([order]).to_parquet(folder / "purchase_orders.parquet")
    runtime = open_runtime(settings)
    runtime.lake.ingest(folder)
    update_kpis(runtime, rebuild=True)
    return runtime


def value(runtime: Runtime, name: str, day: date = LAST) -> float | None:
    (found,) = kpi_values(runtime.records, [name], since=day, until=day)
    return found.value


def test_a_count_is_carried_on_by_what_is_sold_and_received(
    settings: Settings, tmp_path: Path
) -> None:
    came = FIRST + pd.Timedelta(days=60)
    runtime = shop(settings, tmp_path / "t", received_at=came)
    assert value(runtime, "stock_value") == 2 * (300 - 119 + 50 + 10 + 7)
    assert value(runtime, "stock_value", date(2024, 1, 11)) == 2 * (300 - 10 + 10)
    assert value(runtime, "dead_stock_value") == 2 * 10
    assert value(runtime, "days_of_stock") == 300 - 119 + 50 + 10 + 7
    # Honey was never sold, and of the others no young count says that they are there.
    assert value(runtime, "in_stock_rate") is None
    assert value(runtime, "lost_sales") == 0
    assert value(runtime, "lost_sales", date(2024, 4, 1)) is None


def test_without_receipts_a_count_holds(settings: Settings, tmp_path: Path) -> None:
    runtime = shop(settings, tmp_path / "t")
    assert value(runtime, "stock_value") == 2 * (300 + 10 + 7)


def test_returns_of_a_day_without_sales_count_over_a_span(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    at = pd.to_datetime(["2024-01-01T12:00Z", "2024-01-03T12:00Z", "2024-01-09T12:00Z"])
    back = pd.to_datetime(pd.Series(["2024-01-02T12:00Z", "2024-01-06T12:00Z", None]), utc=True)
    pd.DataFrame(
        {
            "order_id": ["1", "2", "3"],
            "line_no": 1,
            "ordered_at": at,
            "customer_id": "c",
            "product_id": "tea",
            "warehouse_id": "W",
            "quantity": 1.0,
            "unit_price": 5.0,
            "currency": "EUR",
            "returned_at": back,
        }
    ).to_parquet(folder / "orders.parquet")
    runtime = open_runtime(settings)
    runtime.lake.ingest(folder)
    update_kpis(runtime)
    (found,) = kpi_values(
        runtime.records,
        ["return_rate"],
        since=date(2024, 1, 1),
        until=date(2024, 1, 8),
        period="span",
    )
    # Since the first return, two units came back and one was sold.
    assert (found.numerator, found.denominator) == (2, 1)
