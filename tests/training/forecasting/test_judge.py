"""Judging forecasts: no future is used, in-stock periods alone count."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
import pytest

from models.forecasting import LEVELS
from models.forecasting.answers import QUANTILES, WINDOW_QUANTILES
from tests.training.forecasting.histories import history
from training.forecasting import RECIPE
from training.forecasting.judge import METRIC, figures, judged, known_at, origins
from training.job import Split, gate


def cut(frame: pd.DataFrame) -> Split:
    return RECIPE.split(frame, None)


@dataclass
class Oracle:
    """Answers a constant, and keeps what it was shown."""

    answer: float
    shown: list[pd.DataFrame]

    def fit(self, frame: pd.DataFrame) -> Self:
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        self.shown.append(frame)
        ahead = frame[frame["horizon"] > 0].sort_values(["product_id", "horizon"])
        rows = ahead[["warehouse_id", "product_id", "period_start", "horizon"]]
        single = dict.fromkeys(["mean", *QUANTILES], self.answer)
        sums = dict.fromkeys(["window_mean", *WINDOW_QUANTILES], self.answer * ahead["horizon"])
        return rows.assign(demand_class="smooth", **single, **sums)


def test_the_last_eight_weeks_are_judged_from_eight_origins() -> None:
    split = cut(history())
    assert split.train["event_timestamp"].max() == pd.Timestamp(split.cut)
    assert split.test["event_timestamp"].nunique() == 8
    assert len(origins(split)) == 8
    assert origins(split)[0] == pd.Timestamp(split.cut)


def test_an_origin_shows_no_demand_after_it() -> None:
    split = cut(history())
    for origin in origins(split):
        shown = known_at(split, origin)
        after = shown[shown["event_timestamp"] > origin]
        assert after["quantity"].isna().all()
        assert (after["horizon"] > 0).all()
        assert shown.loc[shown["event_timestamp"] <= origin, "quantity"].notna().all()


def test_metrics_of_a_constant_are_plain() -> None:
    frame = history(1).assign(quantity=10.0)
    found = figures(judged(Oracle(8.0, []), cut(frame)))
    assert found["wape"] == found["wape_median"] == pytest.approx(0.2)
    assert found["bias"] == pytest.approx(-0.2)
    assert found["coverage_80"] == 0
    assert found["scaled_pinball"] == pytest.approx(2 * np.mean(LEVELS) / 10)
    assert found["series_pinball"] == pytest.approx(2 * np.mean(LEVELS) / 10)
    assert found["origin_1_pinball"] == pytest.approx(2 * np.mean(LEVELS) / 10)
    assert found["window_pinball"] == pytest.approx(2 * np.mean(LEVELS) / 10)
    assert found["wape_smooth"] == found["wape"]


def test_one_odd_series_takes_no_model_from_a_shop() -> None:
    """Ours is better on all series but one, which sold nothing any more."""
    frame = history(12).assign(quantity=10.0)
    parts = cut(frame)
    dead = parts.test["product_id"] == "p0"
    parts = replace(parts, test=parts.test.assign(quantity=parts.test["quantity"].mask(dead, 0.0)))
    ours, theirs = figures(judged(Oracle(9.0, []), parts)), figures(judged(Oracle(8.9, []), parts))
    assert ours[METRIC] > theirs[METRIC]
    assert {f"part_{n}_pinball" for n in range(1, 13)} <= set(ours)

    assert gate(METRIC, "lower", ours, {"plain": theirs}) == ""
    worse = figures(judged(Oracle(7.0, []), cut(frame)))
    better = figures(judged(Oracle(9.0, []), cut(frame)))
    assert "does not beat plain" in gate(METRIC, "lower", worse, {"plain": better})


def test_one_giant_product_decides_nothing_alone() -> None:
    frame = history(3).assign(quantity=10.0)
    giant = frame["product_id"] == "p0"
    frame["quantity"] = frame["quantity"].where(~giant, 10_000.0)
    found = figures(judged(Oracle(10.0, []), cut(frame)))
    assert found["scaled_pinball"] > 0.4
    assert found["series_pinball"] < 0.2


def test_sums_are_judged_at_every_level() -> None:
    frame = history(2).assign(quantity=10.0)
    frame["quantity"] = frame["quantity"].where(frame["product_id"] == "p0", 6.0)
    found = figures(judged(Oracle(8.0, []), cut(frame)))
    assert found["wape"] == found["wape_of_product"] == pytest.approx(0.25)
    levels = ("category", "country", "warehouse", "total")
    assert [found[f"wape_of_{level}"] for level in levels] == [0, 0, 0, 0]


def test_periods_that_were_not_in_stock_are_not_judged() -> None:
    frame = history(1).assign(quantity=10.0)
    last = frame.index[-1]
    frame.loc[last, ["quantity", "censored"]] = [1.0, True]
    beside = judged(Oracle(10.0, []), cut(frame))
    assert figures(beside)["wape"] == 0
    assert len(beside) == sum(range(1, 9)) - 8
    # A sum over an unseen period is not judged either.
    frame.loc[last - 7, "censored"] = True
    beside = judged(Oracle(10.0, []), cut(frame))
    assert beside["total"].isna().sum() == (beside["horizon"] > 1)[beside["total"].isna()].sum()


@pytest.mark.filterwarnings("error")
def test_a_class_without_a_whole_window_has_no_figures_of_windows() -> None:
    frame = history(1).assign(quantity=10.0)
    frame.loc[frame.index[-8::2], "censored"] = True
    beside = judged(Oracle(10.0, []), cut(frame))
    found = figures(beside.assign(total=np.nan))
    assert found["wape"] == 0
    assert not any("window" in name for name in found)
