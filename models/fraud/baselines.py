"""What a model must beat: the rules a shop starts with; and columns as a regression reads them."""

import json
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.fraud.boosting import answer
from models.fraud.encoding import LABEL, Encoding, Matrix

Floats = NDArray[np.float64]


def spread_columns(encoding: Encoding, read: Matrix) -> Floats:
    """Numbers as sign(x)·ln(1 + |x|), missing ones 0 with a mark; texts as one column a level.

    encoding: how the payments were read; read: payments × the columns of the encoding, texts as the
    codes of their levels, NaN is missing.
    """
    matrix = read.astype(np.float64)
    parts: list[Floats] = []
    for place, name in enumerate(encoding.columns):
        values = matrix[:, place]
        if name in encoding.levels:
            parts += [(values == code).astype(float) for code in range(len(encoding.levels[name]))]
        else:
            known = np.nan_to_num(values, posinf=0.0, neginf=0.0)
            parts += [np.sign(known) * np.log1p(np.abs(known)), np.isnan(values).astype(float)]
    return np.column_stack(parts)


def spread_names(encoding: Encoding) -> list[str]:
    """The column of the encoding that each column of `spread_columns` comes from."""
    return [
        name
        for name in encoding.columns
        for _ in range(len(encoding.levels[name]) if name in encoding.levels else 2)
    ]


class Rules:
    """One point for each plain warning sign; the rate of fraud at each number of points, learned.

    Within equal points the larger amount is ranked first.
    """

    def __init__(self, *, large_share: float = 0.95, young_days: float = 7.0) -> None:
        self.large_share = large_share
        self.young_days = young_days

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn what a large amount is, and the rate of fraud by points."""
        self._large = float(frame["amount_base"].quantile(self.large_share))
        known = frame[frame[LABEL].notna()]
        points = self._points(known)
        label = known[LABEL].to_numpy(dtype=float)
        size = np.bincount(points, minlength=5)
        frauds = np.bincount(points, weights=label, minlength=5)
        usual = float(label.mean()) if len(label) else 0.01
        rate = (frauds + usual * 20) / (size + 20)
        self._rates = np.maximum.accumulate(rate)
        return self

    def _points(self, frame: pd.DataFrame) -> NDArray[np.intp]:
        signs = (
            frame["amount_base"] > self._large,
            ~(frame["account_age_days"] >= self.young_days),
            (frame["billing_differs_shipping"] == 1) | (frame["address_match"] == 0),
            (frame["card_count_1h"] >= 3) | (frame["ip_count_1h"] >= 5),
        )
        points: NDArray[np.intp] = np.sum([sign.to_numpy(dtype=np.intp) for sign in signs], axis=0)
        return points

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The probability of fraud and the score of each payment, on the frame's index."""
        amount = frame["amount_base"].fillna(0.0).to_numpy(dtype=float)
        within = amount / (amount + 1e3)
        return answer(self._rates[self._points(frame)] + 1e-6 * within, frame.index)

    def save(self, folder: Path) -> None:
        """Write the model to the folder, as JSON."""
        text = {
            "parameters": {"large_share": self.large_share, "young_days": self.young_days},
            "large": self._large,
            "rates": self._rates.tolist(),
        }
        (folder / "model.json").write_text(json.dumps(text))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        text = json.loads((folder / "model.json").read_text())
        model = cls(**text["parameters"])
        model._large, model._rates = text["large"], np.array(text["rates"])
        return model
