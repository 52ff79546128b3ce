"""Pictures of a training."""

import pandas as pd

from training.job import Context
from training.replenishment import RECIPE


def test_plots_are_drawn(context: Context, frame: pd.DataFrame, tmp_path: object) -> None:
    split = RECIPE.split(frame, context)
    folder = context.settings.home / "plots"
    folder.mkdir()
    RECIPE.plots(RECIPE.model(context).fit(split.train), split, folder)
    assert {path.name for path in folder.glob("*.png") if path.stat().st_size > 5000} == {
        "cost_parts.png",
        "stock_and_fill.png",
        "one_line_explained.png",
    }
