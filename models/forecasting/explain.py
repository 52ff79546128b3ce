"""What each mean is made of, in units that add up: one thing taken away after the other."""

import numpy as np
import pandas as pd

from models.forecasting.forecaster import Forecaster
from models.forecasting.level_shifts import without_shifts
from models.forecasting.levels import level
from models.forecasting.panel import panel

_PRICES = ("price", "list_price")


def explained(model: Forecaster, frame: pd.DataFrame, answer: pd.DataFrame) -> pd.DataFrame:
    """The parts of each mean of `answer = model.predict(frame)`, row by row.

    model: a fitted forecaster; frame: history and periods ahead, as `predict` reads them; answer:
    what it predicted from that frame. Returns one column a part, in the rows of `answer`.

    level: the usual demand, as sold. stockouts: what empty shelves hid of it. season: what the time
    of the year and the newest sales add. price: what planned prices add. promotion: what planned
    promotions add. Parts may be below 0; they add up to the mean.
    """
    ahead = pd.to_numeric(frame["horizon"]).fillna(0) > 0
    calm = frame.assign(
        promotion=frame["promotion"].where(~ahead, 0.0),
        promotion_discount=frame["promotion_discount"].where(~ahead, 0.0),
    )
    if "promotion_kinds" in frame:
        calm.loc[ahead, "promotion_kinds"] = None
    mean = answer["mean"].to_numpy(dtype=np.float64)
    promoted = bool((frame.loc[ahead, "promotion"] > 0).any())
    without = model.predict(calm)["mean"].to_numpy(dtype=np.float64) if promoted else mean
    plain = without
    if any(name in frame and frame.loc[ahead, name].notna().any() for name in _PRICES):
        usual = calm.assign(
            **{name: calm[name].where(~ahead) for name in _PRICES if name in calm},
        )
        plain = model.predict(usual)["mean"].to_numpy(dtype=np.float64)
    corrected, sold = _levels(model, frame, len(mean))
    offered = (answer["q99"] > 0).to_numpy() | (mean > 0)
    corrected, sold = np.where(offered, corrected, 0.0), np.where(offered, sold, 0.0)
    return pd.DataFrame(
        {
            "level": sold,
            "stockouts": corrected - sold,
            "season": plain - corrected,
            "price": without - plain,
            "promotion": mean - without,
        },
        index=answer.index,
    )


def _levels(model: Forecaster, frame: pd.DataFrame, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The usual level with stock-outs corrected (as the model does) and as sold, for each row."""
    found = []
    for corrected in (model.correct_stockouts, False):
        past, _ = without_shifts(panel(frame, horizon=0, correct_stockouts=corrected))
        asked = past.series["asked"].to_numpy(dtype=bool)
        mean = level(past.at(past.now)).mean[asked]
        found.append(np.repeat(mean, rows // max(len(mean), 1)))
    return found[0], found[1]
