"""Logistic regression that starts from the scorecard: a few labels correct it, none leave it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from data.decisions import DecisionReason
from models.fraud.baselines import spread_columns, spread_names
from models.fraud.boosting import answer
from models.fraud.day_one import PaymentScorecard
from models.fraud.encoding import LABEL, Encoding, Matrix
from models.fraud.reasons import reason

Floats = NDArray[np.float64]
_ARRAYS = ("weights", "kept", "mean", "scale")
LIMIT = 6.0  # standard deviations; what is further out counts as this far


@dataclass(frozen=True)
class PriorWeights:
    """What was learned. slope, shift: of the scorecard's log-odds; weights: of the standardised
    kept ones of the spread columns, beside it; mean, scale: of these."""

    slope: float
    shift: float
    weights: Floats
    kept: NDArray[np.intp]
    mean: Floats
    scale: Floats


class InformedLogistic:
    """log-odds = shift + slope · (scorecard's log-odds) + weights · columns.

    fit: a frame with `is_fraud` (0/1; missing where not known: such payments only say what amounts
    are usual). The weights are drawn to 0, the slope to 1 (a Gaussian prior around the scorecard),
    so that what labels do not say stays as the scorecard has it. fraud_rate: see PaymentScorecard.
    strength: the prior's precision; a weight of 0.1 costs strength × 0.005 of log loss.
    most_honest: of more honest payments so many are drawn and weigh the more. most_steps: of the
    search for the weights. seed: of the draw.
    """

    def __init__(
        self,
        *,
        fraud_rate: float = 0.01,
        strength: float = 60.0,
        most_honest: int = 50_000,
        most_steps: int = 200,
        seed: int = 7,
    ) -> None:
        self.fraud_rate = fraud_rate
        self.strength = strength
        self.most_honest = most_honest
        self.most_steps = most_steps
        self.seed = seed

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn; without a fraud, or without an honest payment, the scorecard stays as it is."""
        self._scorecard = PaymentScorecard(fraud_rate=self.fraud_rate).fit(frame)
        rows = frame[frame[LABEL].notna()].sort_values("attempted_at", kind="stable")
        label = rows[LABEL].to_numpy(dtype=np.float64)
        self._encoding = self._scorecard.encoding
        if not 0 < label.sum() < len(label):
            self._learned = _PRIOR
            return self
        drawn, weight = self._drawn(label)
        matrix = self._encoding.of_frame(rows.iloc[drawn])
        plain = spread_columns(self._encoding, matrix)
        mean, scale = plain.mean(axis=0), plain.std(axis=0)
        # A column that (nearly) never varies says nothing, and would explode when standardised.
        kept = np.flatnonzero(scale > 1e-3)
        prior = self._scorecard.raw(matrix)
        spread = kept, mean[kept], scale[kept]
        self._learned = self._solve(_standard(plain, *spread), prior, label[drawn], weight, spread)
        return self

    def _drawn(self, label: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Which rows to learn from, and how much each weighs."""
        honest = np.flatnonzero(label == 0)
        kept = min(len(honest), self.most_honest)
        some = np.random.default_rng(self.seed).choice(honest, kept, replace=False)
        rows = np.sort(np.concatenate([some, np.flatnonzero(label > 0)]))
        return rows, np.where(label[rows] > 0, 1.0, len(honest) / max(kept, 1))

    def _solve(
        self,
        columns: Floats,
        prior: Floats,
        label: Floats,
        weight: Floats,
        spread: tuple[NDArray[np.intp], Floats, Floats],
    ) -> PriorWeights:
        """The most probable weights. columns: standardised; prior: the scorecard's log-odds; label:
        0 or 1; weight: of each row; spread: the columns kept, their
        mean and scale."""

        def loss(theta: Floats) -> tuple[float, Floats]:
            slope, shift, weights = theta[0], theta[1], theta[2:]
            raw = shift + slope * prior + columns @ weights
            value = float((weight * (np.logaddexp(0.0, raw) - label * raw)).sum())
            drawn = self.strength * (0.5 * weights @ weights) + 5.0 * (slope - 1.0) ** 2
            slack = weight * (expit(raw) - label)
            steps = columns.T @ slack + self.strength * weights
            own = [slack @ prior + 10.0 * (slope - 1.0), slack.sum() + 0.02 * shift]
            return value + drawn + 0.01 * shift**2, np.concatenate([own, steps])

        start = np.zeros(2 + columns.shape[1])
        start[0] = 1.0
        found = minimize(
            loss, start, jac=True, method="L-BFGS-B", options={"maxiter": self.most_steps}
        ).x
        return PriorWeights(float(found[0]), float(found[1]), found[2:], *spread)

    def _columns(self, rows: Matrix) -> Floats:
        known = self._learned
        plain = spread_columns(self._encoding, rows)
        return _standard(plain, known.kept, known.mean, known.scale)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of what `row` makes."""
        return self._encoding.columns

    def row(self, facts: Mapping[str, Any]) -> Matrix:
        """One payment, given by name, as a matrix of one row."""
        return self._encoding.row(facts)

    @property
    def encoding(self) -> Encoding:
        """How payments are read."""
        return self._encoding

    def scorecard_raw(self, rows: Matrix) -> Floats:
        """Log-odds by the scorecard alone, of payments given as rows of `names`."""
        return self._scorecard.raw(rows)

    def raw(self, rows: Matrix) -> Floats:
        """Log-odds of payments given as rows of `names`."""
        known = self._learned
        columns = self._columns(rows)
        total: Floats = known.shift + known.slope * self._scorecard.raw(rows)
        return total + columns @ known.weights

    def probabilities(self, rows: Matrix) -> Floats:
        """The probability of fraud of each of some rows."""
        chance: Floats = expit(self.raw(rows))
        return chance

    def contributions(self, row: Matrix) -> dict[str, float]:
        """What each column adds to the log-odds of one payment, the scorecard's lines included."""
        known = self._learned
        added = known.slope * self._scorecard.points.contributions(row)[0]
        found: dict[str, float] = {}
        for term, value in zip(self._scorecard.points.terms, added.tolist(), strict=True):
            found[term.feature] = found.get(term.feature, 0.0) + value
        names = spread_names(self._encoding)
        parts = (self._columns(row)[0] * known.weights).tolist()
        for place, value in zip(known.kept.tolist(), parts, strict=True):
            found[names[place]] = found.get(names[place], 0.0) + value
        return found

    def reasons(
        self, row: Matrix, facts: Mapping[str, Any], *, limit: int = 5
    ) -> list[DecisionReason]:
        """What raised the log-odds of one payment most. row: of `row`; facts: the values by name;
        limit: the most reasons."""
        ranked = sorted(self.contributions(row).items(), key=lambda pair: -pair[1])[:limit]
        values = dict(zip(self.names, row[0].tolist(), strict=True))
        return [
            reason(name, facts.get(name, values[name]), added)
            for name, added in ranked
            if added > 0
        ]

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """probability, and score: the probability in percent."""
        return answer(self.probabilities(self._encoding.of_frame(frame)), frame.index)

    def save(self, folder: Path) -> None:
        """NumPy arrays and JSON, the scorecard beside them."""
        self._scorecard.save(folder)
        known = self._learned
        arrays = {name: getattr(known, name) for name in _ARRAYS}
        np.savez(folder / "informed.npz", **arrays)
        own = ("fraud_rate", "strength", "most_honest", "most_steps", "seed")
        text = {
            "parameters": {name: getattr(self, name) for name in own},
            "slope": known.slope,
            "shift": known.shift,
        }
        (folder / "informed.json").write_text(json.dumps(text))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        text = json.loads((folder / "informed.json").read_text())
        model = cls(**text["parameters"])
        model._scorecard = PaymentScorecard.load(folder)
        model._encoding = model._scorecard.encoding
        with np.load(folder / "informed.npz", allow_pickle=False) as arrays:
            parts = {name: arrays[name] for name in _ARRAYS}
        model._learned = PriorWeights(text["slope"], text["shift"], **parts)
        return model


_NONE = np.zeros(0)
_PRIOR = PriorWeights(1.0, 0.0, _NONE, np.zeros(0, dtype=np.intp), _NONE, _NONE)


def _standard(plain: Floats, kept: NDArray[np.intp], mean: Floats, scale: Floats) -> Floats:
    standard: Floats = np.clip((plain[:, kept] - mean) / scale, -LIMIT, LIMIT)
    return standard
