"""KPIs of a shop made by hand beside SQL written by hand over the lake's own files."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from data.settings import Settings
from decisions.kpis.catalogue import KPIS
from decisions.kpis.compute import update_kpis
from decisions.kpis.report import kpi_values, standings
from decisions.runtime import Runtime, open_runtime

FIRST, LAST = date(2024, 3, 1), date(2024, 3, 20)


def shop(folder: Path) -> Path:
    """Three weeks of two warehouses in two currencies, with a cancelled and a returned line."""
    folder.mkdir(parents=True)
    start = pd.Timestamp(FIRST, tz="UTC") + pd.Timedelta(hours=10)
    orders = pd.DataFrame(
        [
            {
                "order_id": f"o{day}-{n}",
                "line_no": line,
                "ordered_at": start + pd.Timedelta(days=day),
                "customer_id": f"c{(day + n) % 5}",
                "product_id": ("tea", "cup")[line - 1],
                "warehouse_id": ("DE1", "PL1")[n % 2],
                "quantity": float(1 + (day + n) % 3),
                "unit_price": (10.0, 40.0)[n % 2],
                "currency": ("EUR", "PLN")[n % 2],
                "discount": float(day % 2),
                "channel": "web",
                "status": "placed",
            }
            for day in range(20)
            for n in range(3)
            for line in (1, 2)[: 1 + (n + day) % 2]
        ]
    )
    never = orders["ordered_at"].where(orders["quantity"] < 0)
    orders = orders.assign(cancelled_at=never, returned_at=never)
    orders.loc[3, ["status", "cancelled_at"]] = ["cancelled", start + pd.Timedelta(days=4)]
    orders.loc[6, ["status", "returned_at"]] = ["returned", start + pd.Timedelta(days=9)]
    tables = {
        "orders": orders,
        "products": pd.DataFrame(
            {
                "product_id": ["tea", "cup"],
                "category": ["drinks/tea", "kitchen/cups"],
                "unit_cost": [4.0, 6.0],
                "currency": "EUR",
            }
        ),
        "warehouses": pd.DataFrame({"warehouse_id": ["DE1", "PL1"], "country": ["DE", "PL"]}),
        "fx_rates": pd.DataFrame(
            {"rate_date": ["2024-01-01"], "currency": ["PLN"], "rate": [0.25]}
        ),
        "stock": pd.DataFrame(
            [
                {
                    "observed_at": start + pd.Timedelta(days=day, hours=6),
                    "warehouse_id": warehouse,
                    "product_id": product,
                    "on_hand": float(max(20 - day * 2, 0)) if product == "tea" else 5.0,
                }
                for day in range(20)
                for warehouse in ("DE1", "PL1")
                for product in ("tea", "cup")
            ]
        ),
        "purchase_orders": pd.DataFrame(
            {
                "po_id": ["a", "b", "c"],
                "line_no": 1,
                "warehouse_id": "DE1",
                "product_id": "tea",
                "supplier_id": "s",
                "ordered_at": [start, start, start + pd.Timedelta(days=2)],
                "quantity": 10.0,
                "expected_at": [start + pd.Timedelta(days=days) for days in (5, 6, 7)],
                "received_at": [start + pd.Timedelta(days=5), start + pd.Timedelta(days=9), pd.NaT],
            }
        ),
        "events": pd.DataFrame(
            [
                {
                    "event_id": f"{kind}{day}-{n}",
                    "occurred_at": start - pd.Timedelta(hours=1) + pd.Timedelta(days=day),
                    "kind": kind,
                    "product_id": "tea",
                    "customer_id": f"c{(day + n) % 5}",
                    "market": "DE",
                    "placement": None if kind == "purchase" else "home",
                }
                for day in range(20)
                for kind, count in (("impression", 4), ("click", 1 + day % 2), ("purchase", 1))
                for n in range(count)
            ]
        ),
        "payments": pd.DataFrame(
            [
                {
                    "payment_id": f"p{day}",
                    "attempted_at": start + pd.Timedelta(days=day),
                    "customer_id": "c1",
                    "amount": 40.0,
                    "currency": "PLN",
                    "shipping_country": "PL",
                    "outcome": "declined" if day % 5 == 0 else "captured",
                }
                for day in range(20)
            ]
        ),
        "chargebacks": pd.DataFrame(
            {
                "payment_id": ["p1", "p1", "p2", "p3", "p4"],
                "reported_at": [start + pd.Timedelta(days=days) for days in (8, 9, 10, 9, 10)],
                "is_fraud": [True, True, False, True, False],
                "kind": ["early_warning", "chargeback", "chargeback", "review", "review"],
            }
        ),
    }
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """The shop, its KPIs computed; read it, do not change it."""
    folder = tmp_path_factory.mktemp("kpis")
    return computed(Settings(home=folder / "home", auth=False), shop(folder / "tables"))


def computed(settings: Settings, tables: Path) -> Runtime:
    runtime = open_runtime(settings)
    runtime.lake.ingest(tables)
    update_kpis(runtime)
    return runtime


def by_hand(runtime: Runtime, query: str) -> dict[date, float]:
    """Day -> value of a query over the Parquet files of the lake, named like its tables."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    for table, status in runtime.lake.tables().items():
        if status.rows:
            files = [str(file) for file in runtime.lake.files(table)]
            database.read_parquet(files).create_view(table)
    return {row[0]: row[1] for row in database.execute(query).fetchall()}


def told(runtime: Runtime, name: str, last: date = LAST, **asked: object) -> dict[date, float]:
    """Day -> value of a KPI, of the days on which it is known."""
    found = kpi_values(runtime.records, [name], since=FIRST, until=last, **asked)
    return {one.first: one.value for one in found if one.value is not None}


LINES = """
    SELECT *, ordered_at::DATE AS day, coalesce(status, 'placed') = 'cancelled' AS gone,
        (unit_price * quantity - coalesce(discount, 0))
            * CASE currency WHEN 'PLN' THEN 0.25 ELSE 1 END AS revenue
    FROM orders
"""
STOCK = """
    SELECT s.observed_at::DATE AS day, s.*, p.unit_cost
    FROM stock s JOIN products p USING (product_id)
"""
QUERIES = {
    "sales": f"SELECT day, sum(revenue) FROM ({LINES}) WHERE NOT gone GROUP BY day",
    "orders": f"SELECT day, count(DISTINCT order_id) FROM ({LINES}) WHERE NOT gone GROUP BY day",
    "units_sold": f"SELECT day, sum(quantity) FROM ({LINES}) WHERE NOT gone GROUP BY day",
    "average_basket": f"SELECT day, sum(revenue) / count(DISTINCT order_id) FROM ({LINES}) "
    "WHERE NOT gone GROUP BY day",
    "average_unit_price": f"SELECT day, sum(revenue) / sum(quantity) FROM ({LINES}) "
    "WHERE NOT gone GROUP BY day",
    "gross_margin_rate": f"SELECT day, 1 - sum(unit_cost * quantity) / sum(revenue) FROM ({LINES}) "
    "JOIN products USING (product_id) WHERE NOT gone GROUP BY day",
    "cancellation_rate": f"SELECT day, avg(gone::INT) FROM ({LINES}) GROUP BY day",
    "return_rate": f"""
        SELECT s.day, coalesce(r.units, 0) / s.units FROM
        (SELECT day, sum(quantity) units FROM ({LINES}) WHERE NOT gone GROUP BY day) s LEFT JOIN
        (SELECT returned_at::DATE AS day, sum(quantity) units FROM orders
         WHERE returned_at IS NOT NULL GROUP BY 1) r USING (day)
        WHERE s.day >= (SELECT min(returned_at)::DATE FROM orders)""",
    "new_customers": f"""SELECT d.day, count(f.customer_id) FROM
        (SELECT DISTINCT day FROM ({LINES})) d LEFT JOIN
        (SELECT customer_id, min(day) AS day FROM ({LINES}) WHERE NOT gone GROUP BY 1) f
        USING (day) GROUP BY 1""",
    "visits": "SELECT occurred_at::DATE, count(DISTINCT customer_id) FROM events GROUP BY 1",
    "conversion_rate": "SELECT occurred_at::DATE, count(DISTINCT customer_id) "
    "FILTER (kind = 'purchase') / count(DISTINCT customer_id) FROM events GROUP BY 1",
    "click_rate": "SELECT occurred_at::DATE, count(*) FILTER (kind = 'click') / "
    "count(*) FILTER (kind = 'impression') FROM events GROUP BY 1",
    "placement_conversion_rate": """SELECT occurred_at::DATE, avg(EXISTS (
        SELECT 1 FROM events b WHERE b.kind = 'purchase' AND b.customer_id = e.customer_id
        AND b.occurred_at BETWEEN e.occurred_at AND e.occurred_at + INTERVAL 7 DAY)::INT)
        FROM events e WHERE kind = 'click' GROUP BY 1""",
    "recommendation_share": f"""SELECT day, coalesce(sum(revenue) FILTER (EXISTS (
        SELECT 1 FROM events c WHERE c.kind = 'click' AND c.customer_id = l.customer_id
        AND c.product_id = l.product_id
        AND l.ordered_at BETWEEN c.occurred_at AND c.occurred_at + INTERVAL 7 DAY)), 0)
        / sum(revenue) FROM ({LINES}) l WHERE NOT gone GROUP BY day""",
    "stock_value": f"SELECT day, sum(on_hand * unit_cost) FROM ({STOCK}) GROUP BY day",
    "stock_turnover": f"""SELECT day, 365 * any_value(c.cost) / sum(on_hand * s.unit_cost)
        FROM ({STOCK}) s JOIN (SELECT day, sum(quantity * unit_cost) AS cost FROM ({LINES})
        JOIN products USING (product_id) WHERE NOT gone GROUP BY day) c USING (day) GROUP BY day""",
    "days_of_stock": f"""SELECT s.day, sum(on_hand) / any_value(units) FROM ({STOCK}) s JOIN
        (SELECT d.day, sum(quantity) / 28 AS units FROM (SELECT DISTINCT day FROM ({STOCK})) d
         JOIN ({LINES}) l ON l.day <= d.day AND NOT gone GROUP BY d.day) USING (day) GROUP BY 1""",
    "overdue_orders": """SELECT d.day, count(*) FILTER (expected_at::DATE < d.day) FROM
        (SELECT unnest(generate_series(DATE '2024-03-01', DATE '2024-03-20', INTERVAL 1 DAY))::DATE
         AS day) d JOIN purchase_orders p ON ordered_at::DATE <= d.day AND
        coalesce(received_at::DATE, DATE '2100-01-01') > d.day GROUP BY 1""",
    "supplier_punctuality": "SELECT received_at::DATE, avg((received_at <= expected_at)::INT) "
    "FROM purchase_orders WHERE received_at IS NOT NULL GROUP BY 1",
    "chargeback_ratio": """SELECT p.day, count(c.payment_id) / any_value(n) FROM
        (SELECT attempted_at::DATE AS day, count(*) n FROM payments GROUP BY 1) p LEFT JOIN
        (SELECT * FROM chargebacks WHERE kind = 'chargeback') c ON c.reported_at::DATE = p.day
        WHERE p.day >= (SELECT min(reported_at)::DATE FROM chargebacks) GROUP BY 1""",
    "declined_rate": "SELECT attempted_at::DATE, avg((outcome = 'declined')::INT) FROM payments "
    "GROUP BY 1",
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_kpi_equals_sql_written_by_hand(runtime: Runtime, name: str) -> None:
    expected = by_hand(runtime, QUERIES[name])
    assert len(expected) > 1
    assert told(runtime, name) == pytest.approx(expected)


def test_fraud_loss_counts_a_payment_once_in_the_base_currency(runtime: Runtime) -> None:
    loss = told(runtime, "fraud_loss")
    assert loss[date(2024, 3, 9)] == pytest.approx(10.0)
    assert sum(loss.values()) == pytest.approx(10.0)


def test_parts_of_a_sum_add_up_and_a_span_is_of_all_its_days(runtime: Runtime) -> None:
    whole = sum(told(runtime, "sales").values())
    asked = {"since": FIRST, "until": LAST, "by": ("warehouse_id",), "period": "span"}
    parts = kpi_values(runtime.records, ["sales"], **asked)
    assert [one.warehouse_id for one in parts] == ["DE1", "PL1"]
    assert sum(one.value or 0.0 for one in parts) == pytest.approx(whole)
    (basket,) = kpi_values(
        runtime.records, ["average_basket"], since=FIRST, until=LAST, period="span"
    )
    assert basket.value == pytest.approx(whole / sum(told(runtime, "orders").values()))


def test_what_is_not_known_is_not_zero(settings: Settings, tmp_path: Path) -> None:
    """No exchange rate, no clicks, no cost, no chargebacks: null, and rows that say so."""
    folder = shop(tmp_path / "tables")
    (folder / "fx_rates.parquet").unlink()
    (folder / "chargebacks.parquet").unlink()
    products = pd.read_parquet(folder / "products.parquet").drop(columns="unit_cost")
    products.to_parquet(folder / "products.parquet")
    events = pd.read_parquet(folder / "events.parquet")
    events[events["kind"] != "click"].to_parquet(folder / "events.parquet")
    runtime = computed(settings, folder)
    unknown = ("sales", "stock_value", "click_rate", "chargeback_ratio", "recommendation_share")
    for name in unknown:
        assert told(runtime, name) == {}, name
    sales = kpi_values(runtime.records, ["sales"], since=FIRST, until=LAST, by=("market",))
    assert {one.market for one in sales if one.value is not None} == {"DE"}
    assert all(one.unknown_rows > 0 for one in sales if one.value is None)
    assert {one.kpi.name for one in standings(runtime.records, LAST)} == set(KPIS)


def test_an_update_changes_only_what_is_new_and_equals_a_rebuild(
    settings: Settings, tmp_path: Path
) -> None:
    runtime = computed(settings, shop(tmp_path / "tables"))
    before = {name: told(runtime, name) for name in QUERIES}
    folder = tmp_path / "later"
    folder.mkdir()
    orders = pd.read_parquet(tmp_path / "tables" / "orders.parquet").tail(4)
    at = pd.Timestamp(LAST, tz="UTC") + timedelta(days=1, hours=9)
    later = orders.assign(order_id="later", line_no=range(4), ordered_at=at)
    later.to_parquet(folder / "orders.parquet")
    runtime.lake.ingest(folder)
    reports = update_kpis(runtime)
    assert {one.source: one.newest for one in reports}["orders"] == "2024-03-21"
    assert {name: told(runtime, name) for name in QUERIES} == before
    asked = {"last": date(2024, 3, 21)}
    updated = {name: told(runtime, name, **asked) for name in QUERIES}
    update_kpis(runtime, rebuild=True)
    assert {name: told(runtime, name, **asked) for name in QUERIES} == updated


def test_a_day_on_which_the_table_says_nothing_is_missing(
    settings: Settings, tmp_path: Path
) -> None:
    folder = shop(tmp_path / "tables")
    orders = pd.read_parquet(folder / "orders.parquet")
    gap = orders["ordered_at"].dt.date == date(2024, 3, 15)
    orders[~gap].to_parquet(folder / "orders.parquet")
    runtime = computed(settings, folder)
    assert date(2024, 3, 15) not in told(runtime, "orders")
    assert date(2024, 3, 16) in told(runtime, "orders")
