from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.lake import Lake
from data.settings import Settings
from features.fraud import FEATURES
from features.store import Store
from models.fraud import FraudPolicy, StagedFraudModel
from training.fraud import RECIPE, check, cut_of, labelled, maturity, sample, split
from training.job import Context, ParameterError

START = pd.Timestamp("2025-01-01", tz="UTC")
MATURITY = timedelta(days=30)
NAT = pd.NaT


def paid(*rows: tuple[int, int | None, bool]) -> pd.DataFrame:
    """(day of the payment, day its fraud was reported, declined)."""
    days, reports, declined = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "attempted_at": [START + pd.Timedelta(days=day) for day in days],
            "reported_at": pd.to_datetime(
                [NAT if day is None else START + pd.Timedelta(days=day) for day in reports],
                utc=True,
            ),
            "declined": declined,
        }
    )


def test_a_label_is_used_only_once_it_is_known() -> None:
    rows = paid(
        (0, None, False),  # old, nobody complained: honest
        (0, 50, False),  # complained later: still thought honest now
        (0, 10, False),  # complained: fraud
        (35, 38, False),  # young: left out, or all that is recent would be fraud
        (35, None, False),  # young: unknown
        (0, None, True),  # declined: nobody would complain
        (41, 42, False),  # has not happened yet
    )
    known = labelled(rows, START + pd.Timedelta(days=40), MATURITY)
    assert known.index.tolist() == [0, 1, 2]
    assert known["is_fraud"].tolist() == [0, 0, 1]


@pytest.fixture
def context(settings: Settings) -> Callable[..., Context]:
    def make(**overrides: str) -> Context:
        lake = Lake(settings.lake)
        store = Store(settings, lake)
        as_of = datetime(2025, 6, 1, tzinfo=UTC)
        return Context(settings, lake, store, as_of, overrides, lambda text: None)

    return make


def test_training_knows_nothing_after_the_cut(context: Callable[..., Context]) -> None:
    rows = paid(*((day, day + 20 if day % 5 == 0 else None, False) for day in range(100)))
    known = labelled(rows, START + pd.Timedelta(days=130), MATURITY)
    halves = split(known, context())
    assert halves.cut == cut_of(known)
    assert halves.test["attempted_at"].min() >= halves.cut
    learned = halves.train[halves.train["is_fraud"].notna()]
    assert (learned["attempted_at"] <= halves.cut - MATURITY).all()
    assert not set(halves.train.index) & set(halves.test.index)
    # Payments of days 0, 5, … were reported 20 days later: all known as fraud at the cut.
    assert learned["is_fraud"].sum() == len(range(0, len(learned), 5))


def test_a_report_after_the_cut_is_not_known_in_training(context: Callable[..., Context]) -> None:
    known = labelled(
        paid(*((day, 90, False) for day in range(100))), START + pd.Timedelta(days=130), MATURITY
    )
    halves = split(known, context())
    assert halves.cut < START + pd.Timedelta(days=90)
    assert known["is_fraud"].all()
    assert halves.train["is_fraud"].sum() == 0


def test_labels_mature_as_soon_as_reports_come() -> None:
    at = START + pd.Timedelta(days=130)
    soon = paid(*((day, day + 2, False) for day in range(120)))
    assert maturity(soon, at, MATURITY) == timedelta(days=2)
    assert maturity(paid(*((day, day, False) for day in range(120))), at, MATURITY) == timedelta(0)
    late = paid(*((day, day + 40, False) for day in range(60)))
    assert maturity(late, at, MATURITY) == MATURITY
    # Young payments can only be known by quick reports: they say nothing.
    assert maturity(soon, START + pd.Timedelta(days=40), MATURITY) == MATURITY


def test_only_a_shop_without_payments_lacks_something() -> None:
    few = labelled(paid((0, None, False), (1, 2, False)), START + pd.Timedelta(days=60), MATURITY)
    assert check(few) == []
    assert "ingest payments" in check(few.head(0))[0]


def test_settings_reach_the_model(context: Callable[..., Context]) -> None:
    assert RECIPE.model(context(leaves="7")).leaves == 7
    with pytest.raises(ParameterError, match="colour"):
        RECIPE.model(context(colour="blue"))


def merchant(folder: Path, rows: int = 3_000) -> None:
    """Payments of 200 days: frauds cost about 60, as honest ones do on average, often to FR."""
    draw = np.random.default_rng(5)
    fraud = draw.random(rows) < 0.05
    at = START + pd.to_timedelta(np.sort(draw.uniform(0, 200, rows)), unit="D").round("s")
    customer = draw.integers(0, 150, rows)
    odd = fraud & (draw.random(rows) < 0.6) | (draw.random(rows) < 0.1)
    amount = np.where(fraud, draw.normal(60, 2, rows), draw.gamma(2, 30, rows))
    devices = np.where(odd, [f"new{n}" for n in range(rows)], [f"d{n}" for n in customer])
    payments = pd.DataFrame(
        {
            "payment_id": [f"p{n:05}" for n in range(rows)],
            "attempted_at": at,
            "customer_id": [f"c{n}" for n in customer],
            "amount": amount.round(2),
            "currency": draw.choice(["EUR", "USD"], rows),
            "card_id": [f"k{n}" for n in customer],
            "device_id": devices,
            "billing_country": "DE",
            "shipping_country": np.where(odd, "FR", "DE"),
            "outcome": "captured",
            "x_items": draw.integers(1, 9, rows),
        }
    )
    delay = pd.to_timedelta(draw.uniform(2, 25, rows), unit="D").round("s")
    told = payments.loc[fraud, ["payment_id"]]
    told = told.assign(reported_at=(at + delay)[fraud], is_fraud=True)
    rates = pd.DataFrame({"rate_date": ["2024-12-01"], "currency": ["USD"], "rate": [0.9]})
    customers = pd.DataFrame({"customer_id": [f"c{n}" for n in range(150)]})
    tables = {"payments": payments, "chargebacks": told, "fx_rates": rates, "customers": customers}
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")


@pytest.mark.slow
def test_from_tables_to_a_model_that_beats_its_baselines(
    settings: Settings, tmp_path: Path
) -> None:
    merchant(tmp_path)
    lake = Lake(settings.lake)
    lake.ingest(tmp_path)
    as_of = datetime(2025, 7, 20, tzinfo=UTC)
    store = Store(settings, lake)
    small = {"rounds": "150", "patience": "20", "min_leaf": "20"}
    context = Context(settings, lake, store, as_of, small, lambda text: None)
    frame = RECIPE.frame(context)
    assert set(FEATURES) <= set(frame.columns)
    assert frame["x_items"].between(1, 8).all()
    matured = pd.Timestamp(as_of) - timedelta(days=25)  # the longest that a report took
    assert (frame.loc[frame["is_fraud"].notna(), "attempted_at"] <= matured).all()
    assert RECIPE.check(frame) == []

    halves = RECIPE.split(frame, context)
    model = RECIPE.model(context).fit(halves.train)
    assert isinstance(model, StagedFraudModel)
    assert model.chosen.step in {"blend", "trees"}
    ours = RECIPE.score(model, halves)
    for name, baseline in RECIPE.baselines(context).items():
        theirs = RECIPE.score(baseline.fit(halves.train), halves)
        assert ours["average_precision_to"] > theirs[RECIPE.metric] > ours["fraud_rate"], name
    assert ours["saved_share"] > 0.2
    assert ours["calibration_error"] < 0.05

    numbers = RECIPE.policy(model, halves, context)
    policy = FraudPolicy.of(numbers)
    assert policy.budget == settings.fraud_budget
    assert 0 < policy.starts(50.0)["block"] <= 1
    assert numbers["decile_1"] <= numbers["decile_9"]
    RECIPE.plots(model, halves, tmp_path)
    assert {path.name for path in tmp_path.glob("*.png")} == {
        "precision_recall.png",
        "calibration.png",
        "cost_by_threshold.png",
        "score.png",
    }
    rows = sample(frame)
    assert "is_fraud" not in rows
    assert len(model.predict(rows)) == 5
