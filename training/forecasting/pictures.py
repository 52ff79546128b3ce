"""The plots of a training run: fans, coverage, and every class against the plain level."""

from pathlib import Path

import numpy as np
import pandas as pd

from models.base import Model
from models.forecasting.answers import QUANTILES
from models.forecasting.classes import CLASSES
from models.forecasting.distribution import LEVELS
from training import plots
from training.forecasting.judge import KEYS, beside, figures, judged, origins
from training.job import Split

_FANS = 4


def draw(model: Model, split: Split, folder: Path) -> None:
    """Draw a training run's plots: fan_1 … fan_4, coverage, by_class (PNG).

    model: fitted on what was known at the cut; split: the demand before the cut and after it;
    folder: where the files are written.
    """
    seen = judged(model, split, stride=3)
    _coverage(seen, folder / "coverage.png")
    _by_class(seen, folder / "by_class.png")
    _fans(model, split, folder)


def _coverage(seen: pd.DataFrame, path: Path) -> None:
    """Share of outcomes at or under each quantile (and strictly under it) against its level.

    Whole numbers jump over a level: an honest curve has it between the two.
    """
    title = "Coverage: outcomes up to each quantile; honest is the diagonal"
    with plots.drawing(path, title, x="level of the quantile", y="share of outcomes") as axes:
        axes.plot([0, 1], [0, 1], color="black", linewidth=0.8)
        for name in CLASSES:
            part = seen[seen["demand_class"] == name]
            if len(part):
                actual = part["quantity"].to_numpy()[:, None]
                upto = (actual <= part[QUANTILES].to_numpy()).mean(axis=0)
                axes.plot(LEVELS, upto, marker="o", label=f"{name} ({len(part):,})")
        axes.legend(frameon=False)


def _by_class(seen: pd.DataFrame, path: Path) -> None:
    found = figures(seen)
    values = {
        f"{name}, {key}": found[f"{key}_{name}"]
        for name in CLASSES
        for key in ("scaled_pinball", "wape", "coverage_80")
        if f"{key}_{name}" in found
    }
    plots.comparison(path, "By demand class", values, ours="")


def _fans(model: Model, split: Split, folder: Path) -> None:
    """The series that sell most: history, what came, and the forecast made at the cut."""
    units = split.test.groupby(KEYS)["quantity"].sum().sort_values(ascending=False, kind="stable")
    every = beside(model, split)
    made = every[every["origin"] == origins(split)[0]].set_index(KEYS).sort_index()
    demand = pd.concat([split.train, split.test]).set_index(KEYS).sort_index()
    for number, pair in enumerate(units.index[:_FANS], start=1):
        forecast = made.loc[[pair]].sort_values("horizon")
        history = demand.loc[[pair]].sort_values("event_timestamp").tail(40 + len(forecast))
        title = f"{pair[1]} at {pair[0]}: 40 %, 80 % and 98 % intervals"
        with plots.drawing(folder / f"fan_{number}.png", title, y="units a period") as axes:
            ahead = pd.to_datetime(forecast["period_start"])
            for low, high, shade in (
                ("q01", "q99", 0.15),
                ("q10", "q90", 0.25),
                ("q30", "q70", 0.4),
            ):
                axes.fill_between(
                    ahead, forecast[low], forecast[high], color=plots.OURS, alpha=shade, linewidth=0
                )
            axes.plot(ahead, forecast["mean"], color=plots.OURS, label="forecast")
            axes.plot(
                pd.to_datetime(history["period_start"]),
                history["quantity"].astype(np.float64),
                color="black",
                linewidth=0.9,
                label="demand",
            )
            axes.legend(frameon=False)
