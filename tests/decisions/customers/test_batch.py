"""Batch scores: everyone once, again without a move."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from data.lake import open_lake
from decisions.batch import keep_answers, score_use_case
from decisions.customers import batch
from decisions.customers.batch import CustomerScoreError
from decisions.customers.value import VALUE_COLUMNS
from decisions.runtime import Runtime
from features.store import Store
from tests.decisions.customers.quiet import silent
from tests.decisions.customers.shop import trained_shop
from tests.pieces import map_pieces

FAR = datetime(2100, 1, 1, tzinfo=UTC)


def test_everyone_who_ordered_once(scored: pd.DataFrame) -> None:
    assert list(scored.columns) == [*VALUE_COLUMNS, "model_version"]
    orders = open_lake(trained_shop()).read("orders")
    assert sorted(scored["customer_id"]) == sorted(orders["customer_id"].unique())
    assert scored["expected_margin"].is_monotonic_decreasing
    assert np.allclose(scored["churn_risk"], 1 - scored["order_probability"])
    assert set(scored["margin_basis"]) == {"margin"}


def test_pieces_and_whole_are_the_same_scores(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = batch.score(runtime, runtime.now(), horizon=90)
    monkeypatch.setattr(batch, "map_partitions", map_pieces)
    assert_frame_equal(batch.score(runtime, runtime.now(), horizon=90), whole)


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


def test_a_week_later_those_without_new_orders_stay(scored: pd.DataFrame) -> None:
    week_ago = open_lake(trained_shop()).clock() - timedelta(days=7)
    before = score_use_case(trained_shop(), "customers", week_ago, {}, silent)
    orders = open_lake(trained_shop()).read("orders")
    active = set(orders.loc[orders["ordered_at"] > week_ago, "customer_id"])
    both = before.merge(scored, on="customer_id", suffixes=("_before", "_now"))
    still = both[~both["customer_id"].isin(active)]
    assert (still["segment_before"] == still["segment_now"]).mean() >= 0.9
