"""Judging forecasts: rolling origins over the last periods, only what was in stock."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from features.forecasting import TOTALS, seen_in_full
from models.base import Model
from models.forecasting.answers import QUANTILES, WINDOW_QUANTILES
from models.forecasting.classes import CLASSES
from models.forecasting.distribution import LEVELS
from training import metrics
from training.job import Split

KEYS = ["warehouse_id", "product_id"]
AHEAD = [*KEYS, "event_timestamp", "frequency", "period_start", "promotion", "promotion_discount"]
AHEAD += ["promotion_kinds", "list_price", "category", "country", "markets"]
# Periods at the end that are judged, and periods between two origins.
JUDGED = {"day": 56, "week": 8, "month": 6}
_STRIDE = {"day": 7, "week": 1, "month": 1}
# Each series over its own mean demand: one giant product decides nothing alone.
METRIC = "series_pinball"
ORIGIN = "origin_"  # metrics of one origin: origin_1_pinball, origin_2_pinball …
PART = "part_"  # metrics of every twentieth series: part_1_pinball …
_PARTS = 20
# A series that sells less than this a period is judged as if it sold so much.
_LEAST_SCALE = 0.1


def cut_at(ends: Sequence[pd.Timestamp], frequency: str) -> pd.Timestamp:
    """The end of the last period that is trained on: before the judged ones, a third at most.

    ends: the ends of all closed periods, each once, oldest first; frequency: day, week or month.
    """
    return ends[len(ends) - 1 - min(JUDGED[frequency], len(ends) // 3)]


def origins(split: Split) -> list[pd.Timestamp]:
    """The rolling origins: the cut and every period (of days: week) after it but the last end."""
    ends = sorted(split.test["event_timestamp"].unique())
    stride = _STRIDE[str(split.test["frequency"].iloc[0])]
    return [pd.Timestamp(split.cut), *ends[:-1]][::stride]


def known_at(split: Split, origin: pd.Timestamp) -> pd.DataFrame:
    """What a forecaster is given at an origin: history up to it, and the plan after it.

    split: the demand before the cut and after it; origin: the end of the last period that is known.
    """
    after = split.test[split.test["event_timestamp"] > origin]
    ends = pd.Index(sorted(after["event_timestamp"].unique()))
    known = [name for name in AHEAD if name in after]
    plan = after[known].assign(horizon=ends.get_indexer(after["event_timestamp"]) + 1)
    past = split.test[split.test["event_timestamp"] <= origin]
    return pd.concat([split.train, past, plan], ignore_index=True)


def judged(model: Model, split: Split, *, stride: int = 1) -> pd.DataFrame:
    """Forecasts from the origins beside the demand that came, where the shelf was full throughout.

    Columns of `beside`, and `total`, the demand of the periods 1 … horizon, NaN when one of these
    was not in stock.

    model: fitted on what was known at the cut; split: the demand before the cut and after it;
    stride: 1 for every origin, 2 for every second, and so on.
    """
    every = beside(model, split)
    every = every[every["origin"].isin(origins(split)[::stride])]
    pairs = every.groupby(["origin", *KEYS], sort=False)
    total = pairs["quantity"].cumsum(skipna=False)
    return every.assign(total=total)[every["quantity"].notna()].reset_index(drop=True)


def beside(model: Model, split: Split) -> pd.DataFrame:
    """All forecasts from the origins, and what came; those of the model judged last are kept.

    Columns of `predict`, `origin`, `category`, `country`, and `quantity`, NaN where the shelf was
    not full throughout.

    model: fitted on what was known at the cut; split: the demand before the cut and after it.
    """
    return split.of_last("beside", model, lambda: _beside(model, split))


def _beside(model: Model, split: Split) -> pd.DataFrame:
    truth = split.test[
        [*KEYS, "period_start", "category", "country", "quantity", "in_stock", "censored"]
    ]
    parts = []
    for origin in origins(split):
        forecast = model.predict(known_at(split, origin))
        found = forecast.merge(truth, how="left", on=[*KEYS, "period_start"])
        seen = found["quantity"].where(seen_in_full(found))
        parts.append(found.assign(quantity=seen, origin=origin))
    return pd.concat(parts, ignore_index=True).drop(columns=["in_stock", "censored"])


def figures(found: pd.DataFrame) -> Mapping[str, float]:
    """All metrics of judged forecasts: over all, and by demand class with the class's name behind.

    series_pinball: mean pinball loss over all levels of each series over its mean demand, the mean
    of all series; origin_1_pinball …: the same of each origin; part_1_pinball …: of every twentieth
    series. scaled_pinball: mean pinball loss of all series over the mean demand of all. wape: of
    the mean, which adds up and is unbiased; wape_median: of the median, the point that absolute
    errors ask for (Gneiting, 2011), and of demand that is mostly 0 may be nothing but 0 (whose WAPE
    is 1).
    coverage_80_of_counts: of whole numbers, however a bound between two of them is read.
    wape_of_…: of the means added up by product, category, country, warehouse and in total.
    """
    whole = _of(found) | _by_series(found) | wape_of_sums(found)
    for name in CLASSES:
        part = found[found["demand_class"] == name]
        if len(part) and part["quantity"].sum() > 0:
            whole |= {f"{key}_{name}": value for key, value in _of(part).items()}
    return whole


def _by_series(found: pd.DataFrame) -> dict[str, float]:
    """The pinball loss with each series over its own mean, in all, by origin and by part."""
    actual = found["quantity"].to_numpy(dtype=float)
    series = found.groupby(KEYS, sort=False).ngroup().to_numpy()
    mean = np.bincount(series, actual) / np.bincount(series)
    loss = metrics.pinball_of_each(actual, found[QUANTILES], LEVELS)
    loss = loss / np.maximum(mean, _LEAST_SCALE)[series]
    weight = 1.0 / np.bincount(series)[series]
    answer = {METRIC: float((loss * weight).sum() / weight.sum())}
    origin, _ = pd.factorize(found["origin"], sort=True)
    for name, codes in ((ORIGIN, origin), (PART, series % _PARTS)):
        top, bottom = np.bincount(codes, loss * weight), np.bincount(codes, weight)
        means = np.divide(top, bottom, out=np.zeros(len(top)), where=bottom > 0)
        answer |= {f"{name}{n + 1}_pinball": float(one) for n, one in enumerate(means)}
    return answer


def wape_of_sums(found: pd.DataFrame, *, mean: str = "mean") -> dict[str, float]:
    """WAPE of forecasts added up by each level of TOTALS, an origin and period at a time.

    found: a row a forecast period, as `judged` gives them: origin, horizon, the columns of TOTALS,
    quantity, and the forecast; mean: the column of the forecast.
    """
    answer = {}
    for level, column in TOTALS.items():
        keys = ["origin", "horizon", *([column] if column else [])]
        sums = found.groupby(keys, dropna=False)[["quantity", mean]].sum()
        answer[f"wape_of_{level}"] = metrics.wape(sums["quantity"], sums[mean])
    return answer


def _of(part: pd.DataFrame) -> dict[str, float]:
    actual = part["quantity"].to_numpy(dtype=float)
    return {
        "scaled_pinball": metrics.pinball(actual, part[QUANTILES], LEVELS) / float(actual.mean()),
        "wape": metrics.wape(actual, part["mean"]),
        "wape_median": metrics.wape(actual, part["q50"]),
        "bias": metrics.bias(actual, part["mean"]),
        "coverage_80": metrics.coverage(actual, part["q10"], part["q90"]),
        "coverage_80_of_counts": metrics.coverage_of_counts(actual, part[QUANTILES], LEVELS),
        **_of_windows(part[part["total"].notna()]),
    }


def _of_windows(sums: pd.DataFrame) -> dict[str, float]:
    """Metrics of the sums of whole windows; none where no shelf was full in one."""
    if sums.empty:
        return {}
    return {
        "window_pinball": metrics.pinball(sums["total"], sums[WINDOW_QUANTILES], LEVELS)
        / max(float(sums["total"].mean()), 1e-9),
        "window_coverage_80": metrics.coverage(sums["total"], sums["w10"], sums["w90"]),
        "window_coverage_80_of_counts": metrics.coverage_of_counts(
            sums["total"], sums[WINDOW_QUANTILES], LEVELS
        ),
    }
