"""What the trees must beat: a logistic regression, and the rules a shop starts with."""

import json
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from models.fraud.boosting import answer
from models.fraud.encoding import LABEL, Encoding, Matrix

Floats = NDArray[np.float64]
STRENGTHS = (0.003, 0.03, 0.3)


class Logistic:
    """Logistic regression on standardised ln(1 + |x|) and one column a level; L2 strength chosen
    on the last fifth of the rows. Missing numbers become the middle, with a column that says so."""

    def __init__(self, *, most_steps: int = 300, seed: int = 7) -> None:
        self.most_steps = most_steps
        self.seed = seed

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn."""
        rows = frame.sort_values("attempted_at", kind="stable")
        label = rows[LABEL].to_numpy(dtype=int)
        self._encoding, read = Encoding.learn(rows)
        plain = spread_columns(self._encoding, read)
        self._mean, self._scale = plain.mean(axis=0), plain.std(axis=0) + 1e-6
        matrix = self._standard(plain)
        cut = int(len(rows) * 0.8)
        strength = STRENGTHS[1]
        if label[:cut].any() and label[cut:].any():
            strength = max(
                STRENGTHS,
                key=lambda c: float(
                    average_precision_score(
                        label[cut:],
                        self._line(c, matrix[:cut], label[:cut]).decision_function(matrix[cut:]),
                    )
                ),
            )
        line = self._line(strength, matrix, label)
        self._weights = np.append(line.coef_[0], line.intercept_[0])
        return self

    def _line(self, strength: float, matrix: Floats, label: NDArray[np.int_]) -> LogisticRegression:
        line = LogisticRegression(C=strength, max_iter=self.most_steps, random_state=self.seed)
        return line.fit(matrix, label)

    def _standard(self, plain: Floats) -> Floats:
        standard: Floats = np.clip((plain - self._mean) / self._scale, -8.0, 8.0)
        return standard

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """probability and score."""
        matrix = self._standard(spread_columns(self._encoding, self._encoding.of_frame(frame)))
        raw = matrix @ self._weights[:-1] + self._weights[-1]
        return answer(1.0 / (1.0 + np.exp(-raw)), frame.index)

    def save(self, folder: Path) -> None:
        """NumPy arrays and JSON."""
        np.savez(folder / "weights.npz", weights=self._weights, mean=self._mean, scale=self._scale)
        text = {
            "parameters": {"most_steps": self.most_steps, "seed": self.seed},
            "encoding": self._encoding.numbers(),
        }
        (folder / "model.json").write_text(json.dumps(text))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        text = json.loads((folder / "model.json").read_text())
        model = cls(**text["parameters"])
        model._encoding = Encoding.from_numbers(text["encoding"])
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            model._weights, model._mean = arrays["weights"], arrays["mean"]
            model._scale = arrays["scale"]
        return model


def spread_columns(encoding: Encoding, read: Matrix) -> Floats:
    """Numbers as sign(x)·ln(1 + |x|), missing ones 0 with a mark; texts as one column a level."""
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
        points = self._points(frame)
        label = frame[LABEL].to_numpy(dtype=float)
        size = np.bincount(points, minlength=5)
        frauds = np.bincount(points, weights=label, minlength=5)
        rate = (frauds + label.mean() * 20) / (size + 20)
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
        """probability and score."""
        amount = frame["amount_base"].fillna(0.0).to_numpy(dtype=float)
        within = amount / (amount + 1e3)
        return answer(self._rates[self._points(frame)] + 1e-6 * within, frame.index)

    def save(self, folder: Path) -> None:
        """JSON."""
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
