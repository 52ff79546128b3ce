"""KPIs of the small sample merchant beside SQL written by hand over the lake's own files."""

from datetime import date

import duckdb
import pytest

from data.settings import Settings
from decisions.kpis.report import kpi_values
from decisions.runtime import Runtime

# The newest rate at or before the moment; the base currency has none.
LINES = """
    SELECT o.*, o.ordered_at::DATE AS day, coalesce(status, 'placed') = 'cancelled' AS gone,
        (unit_price * quantity - coalesce(discount, 0))
            * CASE o.currency WHEN 'EUR' THEN 1 ELSE r.rate END AS revenue
    FROM orders o ASOF LEFT JOIN fx_rates r
    ON o.currency = r.currency AND o.ordered_at >= r.rate_date
"""
QUERIES = {
    "sales": f"SELECT day, sum(revenue) FROM ({LINES}) WHERE NOT gone GROUP BY day",
    "orders": f"SELECT day, count(DISTINCT order_id) FROM ({LINES}) WHERE NOT gone GROUP BY day",
    "average_basket": f"SELECT day, sum(revenue) / count(DISTINCT order_id) FROM ({LINES}) "
    "WHERE NOT gone GROUP BY day",
    "cancellation_rate": f"SELECT day, avg(gone::INT) FROM ({LINES}) GROUP BY day",
    "repeat_rate": f"""
        WITH made AS (SELECT order_id, any_value(customer_id) AS who, min(ordered_at) AS at,
            min(day) AS day FROM ({LINES}) WHERE NOT gone GROUP BY order_id)
        SELECT m.day, avg(EXISTS (SELECT 1 FROM made e WHERE e.who = m.who AND e.at < m.at)::INT)
        FROM made m GROUP BY 1""",
    "visits": "SELECT occurred_at::DATE, "
    "count(DISTINCT (coalesce(customer_id, visitor_id), market)) FROM events GROUP BY 1",
    "declined_rate": "SELECT attempted_at::DATE, avg((outcome = 'declined')::INT) FROM payments "
    "WHERE outcome IS NOT NULL GROUP BY 1",
    "supplier_punctuality": "SELECT received_at::DATE, "
    "avg((received_at::DATE <= expected_at::DATE)::INT) FROM purchase_orders "
    "WHERE received_at IS NOT NULL AND expected_at IS NOT NULL GROUP BY 1",
    "overdue_orders": """SELECT d.day, count(*) FROM
        (SELECT unnest(generate_series(
            DATE '2017-12-01', DATE '2017-12-31', INTERVAL 1 DAY))::DATE
         AS day) d JOIN purchase_orders p ON expected_at::DATE < d.day
        AND ordered_at::DATE <= d.day AND coalesce(received_at::DATE, DATE '2100-01-01') > d.day
        AND coalesce(closed_at::DATE, DATE '2100-01-01') > d.day
        AND coalesce(cancelled_at::DATE, DATE '2100-01-01') > d.day GROUP BY 1""",
    "stock_value": """
        WITH rates AS (SELECT currency, arg_max(rate, rate_date) AS rate FROM fx_rates GROUP BY 1
            UNION ALL SELECT 'EUR', 1),
        terms AS (SELECT warehouse_id, product_id, arg_max(
            rate * (unit_cost * (1 + coalesce(duty_rate, 0)) + coalesce(freight_per_unit, 0)),
            (valid_from, supplier_id)) AS landed
            FROM supply_terms JOIN rates USING (currency) GROUP BY ALL),
        last AS (SELECT observed_at::DATE AS day, warehouse_id, product_id,
            arg_max(on_hand, observed_at) AS on_hand FROM stock GROUP BY ALL)
        SELECT day, sum(greatest(on_hand, 0) * coalesce(landed, unit_cost)) FROM last
        LEFT JOIN terms USING (warehouse_id, product_id) LEFT JOIN products USING (product_id)
        WHERE day BETWEEN DATE '2017-12-01' AND DATE '2017-12-31' GROUP BY day""",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", QUERIES)
def test_a_kpi_of_the_sample_equals_sql(merchant: Settings, name: str) -> None:
    runtime = Runtime(merchant)
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    for table, status in runtime.lake.tables().items():
        if status.rows:
            files = [str(file) for file in runtime.lake.files(table)]
            database.read_parquet(files).create_view(table)
    expected = dict(database.execute(QUERIES[name]).fetchall())
    since, until = min(expected), max(expected)
    found = kpi_values(runtime.records, [name], since=since, until=until)
    told = {one.first: one.value for one in found if one.value is not None}
    assert len(expected) >= 28
    known = {day: value for day, value in expected.items() if isinstance(day, date)}
    assert {day: told[day] for day in known} == pytest.approx(known)
