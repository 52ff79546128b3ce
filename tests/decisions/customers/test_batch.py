"""Batch scores: everyone once, as over HTTP, again without a move."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.lake import open_lake
from decisions.batch import keep_answers, score_use_case
from decisions.customers.batch import CustomerScoreError
from decisions.customers.cohorts import COHORT_COLUMNS, cohort_table
from decisions.customers.profile import profile_customer
from decisions.customers.segment_report import members_of, report_segments
from decisions.customers.value import VALUE_COLUMNS
from decisions.runtime import Runtime
from features.store import Store
from tests.decisions.customers.shop import trained_shop

FAR = datetime(2100, 1, 1, tzinfo=UTC)


def silent(text: str, share: float | None) -> None:
    del text, share


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    live = Runtime(trained_shop())
    live.refresh()
    return live


@pytest.fixture(scope="module")
def scored() -> pd.DataFrame:
    return score_use_case(trained_shop(), "customers", None, {"horizon": 90}, silent)


def test_everyone_who_ordered_once(scored: pd.DataFrame) -> None:
    assert list(scored.columns) == [*VALUE_COLUMNS, "model_version"]
    orders = open_lake(trained_shop()).read("orders")
    assert sorted(scored["customer_id"]) == sorted(orders["customer_id"].unique())
    assert scored["expected_margin"].is_monotonic_decreasing
    assert np.allclose(scored["churn_risk"], 1 - scored["order_probability"])
    assert set(scored["margin_basis"]) == {"margin"}


def test_the_same_answer_for_one_customer(runtime: Runtime, scored: pd.DataFrame) -> None:
    row = scored.iloc[3]
    profile = profile_customer(runtime, row["customer_id"], 90)
    assert profile.served_by == "model"
    assert not profile.degraded
    for name in ("expected_orders", "expected_margin", "alive_probability", "usual_gap_days"):
        assert profile.values[name] == pytest.approx(row[name], rel=1e-6, abs=0.005), name
    for name in ("segment", "credit_rating"):
        assert profile.values[name] == row[name]


def test_an_unknown_customer_is_a_cold_start(runtime: Runtime) -> None:
    profile = profile_customer(runtime, "nobody", 365)
    assert profile.served_by == "cold_start"
    assert profile.values["expected_margin"] > 0
    assert profile.values["alive_probability"] is None
    assert profile.reasons[0]["code"] == "COLD_START"


def test_a_horizon_that_cannot_be_is_refused() -> None:
    with pytest.raises(CustomerScoreError, match="horizon 5000: say 1 to"):
        score_use_case(trained_shop(), "customers", None, {"horizon": 5000}, silent)


def test_what_fraud_reads_is_in_the_store(runtime: Runtime, scored: pd.DataFrame) -> None:
    customer = scored["customer_id"].iloc[0]
    asked = [{"customer_id": customer}]
    found = runtime.store.online_values("customers", asked, runtime.now())[0]
    assert found["expected_margin_365d"] > 0
    assert found["customer_segment"]


def test_training_writes_what_fraud_reads(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(trained_shop().home, home)
    settings = trained_shop().model_copy(update={"home": home})
    shutil.rmtree(home / "features" / "customer_value")
    assert Store(settings, open_lake(settings)).latest("customer_value", FAR).empty
    keep_answers(settings, ("fraud", "customers"), None, silent)
    kept = Store(settings, open_lake(settings)).latest("customer_value", FAR)
    assert len(kept) == open_lake(settings).read("orders")["customer_id"].nunique()
    assert kept["expected_margin_365d"].notna().all()


def test_segments_count_everyone_and_list_the_best(runtime: Runtime, scored: pd.DataFrame) -> None:
    report = report_segments(runtime)
    assert sum(each.customers for each in report.segments) == len(scored)
    biggest = max(report.segments, key=lambda each: each.customers)
    members = members_of(runtime, biggest.segment, 3)
    assert len(members) == 3
    assert members[0]["expected_margin_365d"] >= members[2]["expected_margin_365d"]


def test_a_week_later_those_without_new_orders_stay(scored: pd.DataFrame) -> None:
    week_ago = open_lake(trained_shop()).clock() - timedelta(days=7)
    before = score_use_case(trained_shop(), "customers", week_ago, {}, silent)
    orders = open_lake(trained_shop()).read("orders")
    active = set(orders.loc[orders["ordered_at"] > week_ago, "customer_id"])
    both = before.merge(scored, on="customer_id", suffixes=("_before", "_now"))
    still = both[~both["customer_id"].isin(active)]
    assert (still["segment_before"] == still["segment_now"]).mean() >= 0.9


def test_cohorts_add_up(runtime: Runtime, scored: pd.DataFrame) -> None:
    table = cohort_table(runtime, runtime.now(), "month")
    assert list(table.columns) == list(COHORT_COLUMNS)
    first = table[table["month"] == 0]
    assert (first["active_share"] == 1).all()
    assert first["customers"].sum() <= len(scored)
    assert (table["repeat_share"].between(0, 1)).all()


def test_before_anyone_is_scored_segments_are_made_at_once(
    runtime: Runtime, scored: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    latest = runtime.store.latest

    def nothing_scored(view: str, *given: object, **more: object) -> pd.DataFrame:
        found = latest(view, *given, **more)
        return found.iloc[:0] if view == "customer_value" else found

    monkeypatch.setattr(runtime.store, "latest", nothing_scored)
    report = report_segments(runtime)
    assert sum(each.customers for each in report.segments) == len(scored)
    assert report.scored_at is not None
