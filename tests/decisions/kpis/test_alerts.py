"""A made-up year: quiet it raises next to nothing; a bad week raises what happened, and where."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.alerts import Alert, AlertError
from data.settings import Settings
from decisions.kpis.alerts import check_alerts, mute_alerts
from decisions.kpis.compute import update_kpis
from decisions.runtime import Runtime, open_runtime

START = pd.Timestamp("2023-01-01", tz="UTC")
WEEKDAYS = np.array([1.0, 0.9, 0.9, 1.0, 1.2, 1.4, 1.1])
MARKETS = ("DE", "FR", "PL")
PRICES = {"tea": 8.0, "cup": 12.0, "oven": 30.0}


def seconds(draw: np.random.Generator, count: int) -> pd.TimedeltaIndex:
    return pd.to_timedelta(draw.integers(0, 86_000, count), "s")


def quiet_shop(days: int, seed: int) -> dict[str, pd.DataFrame]:
    """Orders and visits of three markets with weekdays, a season and chance; nothing happens."""
    draw = np.random.default_rng(seed)
    orders, events = [], []
    for day in range(days):
        moment = START + pd.Timedelta(days=day)
        busy = WEEKDAYS[moment.weekday()] * (1 + 0.2 * np.sin(2 * np.pi * day / 365))
        for place, market in enumerate(MARKETS):
            count = draw.poisson((60, 50, 40)[place] * busy)
            orders.append(
                pd.DataFrame(
                    {
                        "order_id": [f"o{day}-{market}-{n}" for n in range(count)],
                        "ordered_at": moment
                        + pd.to_timedelta(draw.integers(0, 86_000, count), "s"),
                        "customer_id": draw.integers(0, 900, count).astype(str),
                        "product_id": draw.choice(list(PRICES), count, p=[0.5, 0.3, 0.2]),
                        "warehouse_id": f"{market}1",
                        "quantity": 1.0 + draw.poisson(0.5, count),
                        "market": market,
                    }
                )
            )
            seen = draw.poisson((150, 120, 100)[place] * busy)
            events.append(
                pd.DataFrame(
                    {
                        "event_id": [f"e{day}-{market}-{n}" for n in range(seen)],
                        "occurred_at": moment
                        + pd.to_timedelta(draw.integers(0, 86_000, seen), "s"),
                        "kind": draw.choice(["view", "purchase"], seen, p=[0.8, 0.2]),
                        "product_id": "tea",
                        "visitor_id": [f"v{day}-{market}-{n}" for n in range(seen)],
                        "market": market,
                    }
                )
            )
    every = pd.concat(orders, ignore_index=True)
    every = every.assign(line_no=1, currency="EUR", unit_price=every["product_id"].map(PRICES))
    homes = [f"{market}1" for market in MARKETS]
    return {
        "orders": every,
        "events": pd.concat(events, ignore_index=True),
        "warehouses": pd.DataFrame({"warehouse_id": homes, "country": MARKETS}),
        "products": pd.DataFrame(
            {
                "product_id": list(PRICES),
                "category": ["drinks/tea", "kitchen/cups", "appliances/ovens"],
                "unit_cost": [5.0, 7.0, 20.0],
                "currency": "EUR",
            }
        ),
    }


def opened(settings: Settings, tables: dict[str, pd.DataFrame], folder: Path) -> Runtime:
    folder.mkdir()
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet")
    runtime = open_runtime(settings)
    runtime.lake.ingest(folder)
    update_kpis(runtime)
    return runtime


def looked_at(runtime: Runtime, first: date, last: date) -> list[Alert]:
    """Every alert raised by a look a day."""
    for each in pd.date_range(first, last, freq="D"):
        check_alerts(runtime, day=each.date())
    return sorted(runtime.records.alerts.all(), key=lambda one: one.cause)


def days_of(frame: pd.DataFrame, column: str, first: int, count: int) -> pd.Series:
    since = START + pd.Timedelta(days=first)
    return frame[column].between(since, since + pd.Timedelta(days=count), inclusive="left")


@pytest.fixture(scope="module")
def bad_week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """From day 90 on: FR1 ships nothing for 5 days, bots in PL for 3, ovens for a tenth for 3."""
    tables = quiet_shop(100, seed=4)
    orders, events = tables["orders"], tables["events"]
    broken = (orders["warehouse_id"] == "FR1") & days_of(orders, "ordered_at", 90, 5)
    orders = orders[~broken].copy()
    wrong = (orders["product_id"] == "oven") & days_of(orders, "ordered_at", 92, 3)
    orders.loc[wrong, "unit_price"] = 3.0
    mine = events[(events["market"] == "PL") & days_of(events, "occurred_at", 91, 3)]
    bots = [
        mine.assign(
            event_id=mine["event_id"] + f"-bot{n}",
            visitor_id=mine["visitor_id"] + f"-bot{n}",
            kind="view",
        )
        for n in range(6)
    ]
    tables |= {"orders": orders, "events": pd.concat([events, *bots], ignore_index=True)}
    folder = tmp_path_factory.mktemp("bad-week")
    runtime = opened(Settings(home=folder / "home", auth=False), tables, folder / "tables")
    first = START.date() + timedelta(days=86)
    looked_at(runtime, first, START.date() + timedelta(days=97))
    yield runtime
    runtime.stop()


@pytest.mark.slow
def test_a_bad_week_raises_what_happened_and_names_the_place(bad_week: Runtime) -> None:
    alerts = sorted(bad_week.records.alerts.all(), key=lambda one: one.cause)
    assert [one.cause for one in alerts] == ["demand", "price", "traffic"], [
        (one.cause, one.kpi, dict(one.place), one.first_day, one.text) for one in alerts
    ]
    demand, price, traffic = alerts
    assert dict(demand.place) == {"warehouse_id": "FR1"}
    assert dict(traffic.place) == {"market": "PL"}
    leading = {one.dimension: one.value for one in reversed(price.contributions)}
    assert leading["category"] == "appliances"
    begins = [one.first_day - START.date() for one in alerts]
    assert [one.days for one in begins] == [90, 92, 91]
    assert all(one.resolved_at is not None for one in alerts)


@pytest.mark.slow
def test_an_alert_is_told_once_with_its_place(bad_week: Runtime) -> None:
    outbox = bad_week.records.outbox
    rows = bad_week.records.database.read(
        lambda c: c.execute(bad_week.records.tables.messages.select()).mappings().all()
    )
    assert [row["kind"] for row in rows] == ["alert.raised"] * 3
    assert outbox.subscriptions() == []


@pytest.mark.slow
def test_an_alert_is_acknowledged_once_by_the_first(bad_week: Runtime) -> None:
    alerts = bad_week.records.alerts
    mine = alerts.all()[0].alert_id
    first = alerts.acknowledge(mine, author="ann", note="seen", at=datetime.now(UTC))
    again = alerts.acknowledge(mine, author="bob", note="me too", at=datetime.now(UTC))
    assert first.acknowledged_by == again.acknowledged_by == "ann"
    with pytest.raises(AlertError, match="no alert"):
        alerts.acknowledge("alert-none", author="ann", note="", at=datetime.now(UTC))


def test_a_silent_feed_is_missed_unless_muted(settings: Settings, tmp_path: Path) -> None:
    tables = quiet_shop(60, seed=5)
    events = tables["events"]
    tables["events"] = events[~days_of(events, "occurred_at", 57, 3)]
    runtime = opened(settings, tables, tmp_path / "tables")
    last = START.date() + timedelta(days=57)
    (alert,) = check_alerts(runtime, day=last)
    assert (alert.kind, alert.cause) == ("missing", "visits")
    runtime.records.alerts.resolve([alert.alert_id], datetime.now(UTC))
    until = datetime.now(UTC) + timedelta(days=1)
    mute_alerts(runtime.records, "visits", place={}, until=until, author="ann", reason="known")
    assert check_alerts(runtime, day=last + timedelta(days=1)) == []
    with pytest.raises(AlertError, match="past"):
        mute_alerts(runtime.records, "visits", place={}, until=START, author="a", reason="")


def test_a_shop_that_sells_on_few_days_is_not_missed_on_others(
    settings: Settings, tmp_path: Path
) -> None:
    tables = quiet_shop(60, seed=5)
    orders = tables["orders"]
    few = np.isin((orders["ordered_at"] - START).dt.days % 5, [0, 1])
    tables["orders"] = orders[few & (orders["ordered_at"] < START + pd.Timedelta(days=56))]
    runtime = opened(settings, {**tables}, tmp_path / "tables")
    alerts = check_alerts(runtime, day=START.date() + timedelta(days=57))
    assert [one for one in alerts if one.kind == "missing"] == []


@pytest.mark.slow
def test_a_quiet_year_raises_at_most_one_false_alert_a_month(
    settings: Settings, tmp_path: Path
) -> None:
    """A quarter of it; ARGOSY_QUIET_DAYS=364 looks at every day of a year."""
    days = int(os.environ.get("ARGOSY_QUIET_DAYS", "91"))
    runtime = opened(settings, quiet_shop(days + 71, seed=6), tmp_path / "tables")
    first = START.date() + timedelta(days=70)
    alerts = looked_at(runtime, first, first + timedelta(days=days - 1))
    assert len(alerts) <= days // 30, [(one.kpi, one.first_day, one.text) for one in alerts]
