"""A shop with long gaps and level shifts, asked over HTTP with default settings."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.batch import keep_answers
from decisions.runtime import Runtime
from serving.http.app import create_app
from training.forecasting import RECIPE
from training.job import Context, run

pytestmark = pytest.mark.slow

BEFORE, BACK = 70, 8
FIRST = pd.Timestamp("2021-01-04", tz="UTC")


def lines(name: tuple[str, str], weeks: list[float], price: list[float] | None = None) -> list:
    """Orders of one unit, evenly over each week: rows (warehouse, product, time, price)."""
    prices = price or [10.0] * len(weeks)
    return [
        (*name, FIRST + pd.Timedelta(weeks=week, hours=168 * (one + 0.5) / units), paid)
        for week, (units, paid) in enumerate(zip(map(int, weeks), prices, strict=True))
        for one in range(units)
    ]


def forecasts(home: Path, rows: list, weeks: int, frequency: str) -> TestClient:
    """A client of a shop with these order lines, trained as of the end of its weeks."""
    frame = pd.DataFrame(rows, columns=["warehouse_id", "product_id", "ordered_at", "unit_price"])
    frame = frame.sort_values("ordered_at", ignore_index=True)
    (home / "tables").mkdir()
    number = np.arange(len(frame))
    frame.assign(
        order_id=[f"o{n}" for n in number],
        line_no=1,
        customer_id=[f"c{n % 50}" for n in number],
        quantity=1.0,
        currency="EUR",
    ).to_parquet(home / "tables" / "orders.parquet")
    settings = Settings(home=home / "home", auth=False, frequency=frequency)
    runtime = Runtime(settings)
    runtime.lake.ingest(home / "tables")
    runtime.records.migrate()
    as_of = (FIRST + pd.Timedelta(weeks=weeks, hours=12)).to_pydatetime().astimezone(UTC)
    assert isinstance(as_of, datetime)
    context = Context(settings, runtime.lake, runtime.store, as_of, {}, lambda text: None)
    run(RECIPE, context, runtime.registry)
    keep_answers(settings, ["forecasting"], as_of, lambda text, share: None)
    runtime.refresh()
    runtime.now = lambda: as_of  # type: ignore[method-assign]
    return TestClient(create_app(settings, runtime))


def asked(client: TestClient, warehouse: str, product: str) -> tuple[float, list[dict]]:
    """Units of a week, and what was found in the history."""
    answer = client.get(
        "/v1/forecasts", params={"warehouse_id": warehouse, "product_id": product}
    ).json()
    periods = answer["periods"][:4] if answer["frequency"] == "week" else answer["periods"][:28]
    return sum(one["mean"] for one in periods) / 4, answer["history_events"]


@pytest.mark.parametrize("frequency", ["week", "day"])
def test_a_whole_shop_back_after_two_years_sells_what_it_sold(
    tmp_path: Path, frequency: str
) -> None:
    weeks = [20.0] * BEFORE + [0.0] * 104 + [20.0] * BACK
    rows = [row for n in range(3) for row in lines(("w", f"p{n}"), weeks)]
    client = forecasts(tmp_path, rows, len(weeks), frequency)
    mean, (event,) = asked(client, "w", "p1")
    assert mean == pytest.approx(20, rel=0.1)
    assert event["kind"] == "pause"
    assert event["first"][:7] == "2022-05"
    assert event["last"] == ("2024-04-29" if frequency == "week" else "2024-05-05")
    assert "unknown" in event["note"]


def test_each_kind_of_pause_and_shift_three_weeks_on(tmp_path: Path) -> None:
    weeks = BEFORE + 52 + 3
    even = [20.0] * weeks
    rows = [row for n in range(4) for row in lines(("w", f"p{n}"), even)]
    quarter, year = 13, 52
    rows += lines(("w", "quarter"), [20.0] * (weeks - quarter - 3) + [0.0] * quarter + [20.0] * 3)
    rows += lines(("w", "year"), [20.0] * BEFORE + [0.0] * year + [20.0] * 3)
    rows += lines(("v", "p0"), [20.0] * (weeks - quarter - 3) + [0.0] * quarter + [20.0] * 3)
    rows += lines(("w", "up"), [20.0] * (weeks - 3) + [60.0] * 3)
    rows += lines(("w", "down"), [60.0] * (weeks - 3) + [20.0] * 3)
    packs = [120.0] * (weeks - 3) + [10.0] * 3
    rows += lines(("w", "single"), [5.0] * (weeks - 3) + [60.0] * 3, packs)
    client = forecasts(tmp_path, rows, weeks, "week")
    right = {
        ("w", "p0"): (20, None),
        ("w", "quarter"): (20, "pause"),
        ("w", "year"): (20, "pause"),
        ("v", "p0"): (20, "pause"),
        ("w", "up"): (60, "level_shift"),
        ("w", "down"): (20, "level_shift"),
        ("w", "single"): (60, "unit_change"),
    }
    for pair, (units, kind) in right.items():
        mean, events = asked(client, *pair)
        assert mean == pytest.approx(units, rel=0.12), pair
        assert [one["kind"] for one in events] == ([kind] if kind else []), pair
