"""Plots of a training run: lift by decile, calibration, and how cohorts stay."""

from pathlib import Path

import numpy as np
import pandas as pd

from models.base import Model
from training.customers.judge import by_decile, realised_value
from training.job import Split
from training.plots import OURS, THEIRS, drawing


def draw_plots(fitted: Model, halves: Split, folder: Path) -> None:
    """Write the plots into a folder. fitted: the model; halves: its training and test rows."""
    test = halves.test
    answer = fitted.predict(test)
    value, worth = realised_value(test), answer["expected_margin"].to_numpy(dtype=float)
    _draw_deciles(folder / "decile_lift.png", worth, value)
    chance = answer["order_probability"].to_numpy(dtype=float)
    _draw_calibration(folder / "calibration.png", chance, test["target_orders"].to_numpy() > 0)
    _draw_cohorts(folder / "cohort_curves.png", halves.train)


def _draw_deciles(path: Path, worth: np.ndarray, value: np.ndarray) -> None:
    expected = [float(part.mean()) for part in by_decile(worth, worth)]
    came = [float(part.mean()) for part in by_decile(worth, value)]
    places = np.arange(1, len(came) + 1)
    title = "Margin a customer by tenth, the most valuable first"
    with drawing(path, title, x="tenth of customers", y="base currency") as axes:
        axes.bar(places - 0.2, expected, 0.4, color=THEIRS, label="expected")
        axes.bar(places + 0.2, came, 0.4, color=OURS, label="came")
        axes.legend(frameon=False)


def _draw_calibration(path: Path, chance: np.ndarray, ordered: np.ndarray) -> None:
    said = [float(part.mean()) for part in by_decile(chance, chance)]
    happened = [float(part.mean()) for part in by_decile(chance, ordered.astype(float))]
    title = "Calibration of the probability of an order"
    with drawing(path, title, x="probability said", y="share who ordered") as axes:
        axes.plot([0, max(said)], [0, max(said)], color=THEIRS, linestyle="--")
        axes.plot(said, happened, marker="o", color=OURS)


def _draw_cohorts(path: Path, rows: pd.DataFrame) -> None:
    """Share of customers who ordered in the next 30 days, by their age then."""
    known = rows[(rows["horizon_days"] == 30) & rows["target_orders"].notna()]
    months = (known["age_days"] // 30).clip(upper=24)
    share = (known["target_orders"] > 0).groupby(months).mean()
    title = "Customers who order within 30 days, by months since their first order"
    with drawing(path, title, x="months since the first order", y="share") as axes:
        axes.plot(share.index.to_numpy(), share.to_numpy(), marker="o", color=OURS)
        axes.set_ylim(bottom=0)
