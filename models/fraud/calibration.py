"""From a model's log-odds to a probability that can be believed, chosen on later payments."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

Floats = NDArray[np.float64]
Kind = Literal["none", "sigmoid", "isotonic"]
KINDS: tuple[Kind, ...] = ("none", "sigmoid", "isotonic")
FEWEST_FRAUDS = 20
# Of a sigmoid's correction: the trees that serve learned from more than those it was fitted on.
KEPT = 0.75


@dataclass(frozen=True)
class Calibration:
    """A rising map of log-odds to probability.

    sigmoid (Platt, 1999): 1 / (1 + exp(−(slope · raw + shift))); "none" is slope 1 and shift 0.
    isotonic: linear between knots, which are the centres of the pooled blocks, so that it rises
    strictly and keeps the ranking (centred isotonic regression, Oron & Flournoy, 2017).
    """

    kind: Kind = "none"
    slope: float = 1.0
    shift: float = 0.0
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def probability(self, raw: Floats) -> Floats:
        """The probability of fraud for log-odds `raw`."""
        smooth = 1.0 / (1.0 + np.exp(-(self.slope * raw + self.shift)))
        if self.kind != "isotonic":
            return smooth
        # A ten-thousandth of the plain sigmoid keeps the order beyond the outermost knots.
        return 0.9999 * np.interp(raw, self.x, self.y) + 0.0001 * smooth

    def eased(self) -> Self:
        """For trees that learned from more rows: KEPT of a sigmoid's correction."""
        slope, shift = 1.0 + KEPT * (self.slope - 1.0), KEPT * self.shift
        return replace(self, slope=slope, shift=shift)

    def numbers(self) -> dict[str, Any]:
        """What `Calibration(**numbers)` takes, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_numbers(cls, numbers: Mapping[str, Any]) -> Self:
        """The calibration of which `numbers` are what `Calibration.numbers` gave."""
        knots = {"x": tuple(numbers["x"]), "y": tuple(numbers["y"])}
        return cls(**{**numbers, **knots})

    @classmethod
    def fit(cls, kind: Kind, raw: Floats, label: Floats) -> Self:
        """Learn one kind.

        kind: one of KINDS; raw: the model's log-odds, a value a payment; label: of each, 1 is fraud
        and 0 honest.
        """
        if kind == "none":
            return cls()
        if kind == "sigmoid":
            line = LogisticRegression(C=1e6).fit(raw[:, None], label)
            return cls("sigmoid", float(line.coef_[0, 0]), float(line.intercept_[0]))
        steps = IsotonicRegression(out_of_bounds="clip").fit(raw, label).predict(raw)
        levels, block = np.unique(steps, return_inverse=True)
        centres = np.bincount(block, weights=raw) / np.bincount(block)
        return cls("isotonic", x=tuple(centres.tolist()), y=tuple(levels.tolist()))

    @classmethod
    def choose(cls, raw: Floats, label: Floats) -> Self:
        """The kind with the least log loss when each half in time judges the other, refitted on
        all. Rows in order of time; with too few frauds to judge by, none.

        raw: the model's log-odds, a value a payment; label: of each, 1 is fraud and 0 honest.
        """
        half = len(raw) // 2
        folds = (slice(None, half), slice(half, None))
        if min(label[fold].sum() for fold in folds) < FEWEST_FRAUDS:
            return cls()
        losses = {
            kind: sum(
                log_loss(
                    label[test],
                    cls.fit(kind, raw[train], label[train]).probability(raw[test]),
                    labels=[0, 1],
                )
                for train, test in (folds, folds[::-1])
            )
            for kind in KINDS
        }
        return cls.fit(min(KINDS, key=lambda kind: losses[kind]), raw, label)
