"""Whether smaller trees judge later payments better: the one standard error rule."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What trees said of the folds they had not learned from.

    smaller: by how much their leaves were fewer; trees: how many to grow; raw: log-odds, and
    label (0/1), of each payment in the folds, in order of time.
    """

    smaller: int
    trees: int
    raw: Floats
    label: Floats

    @property
    def loss(self) -> Floats:
        """Log loss of each payment: log(1 + exp(raw)) − label · raw.

        >>> Judged(1, 10, np.array([0.0]), np.array([1.0])).loss.round(4)
        array([0.6931])
        """
        return np.logaddexp(0.0, self.raw) - self.label * self.raw

    def blended(self, other: "Judged", *, share: float) -> "Judged":
        """The mean of the log-odds of two on the same payments.

        other: what other trees said of them; share: the weight of this one, 0 to 1.
        """
        raw = share * self.raw + (1.0 - share) * other.raw
        return Judged(self.smaller, self.trees, raw, self.label)

    def levelled(self) -> "Judged":
        """The log-odds on the line that fits the labels best (Platt, 1999): what is left to compare
        is the order of risk, not how far each was from being calibrated."""
        line = LogisticRegression(C=1e6).fit(self.raw[:, None], self.label)
        raw = line.coef_[0, 0] * self.raw + line.intercept_[0]
        return Judged(self.smaller, self.trees, raw, self.label)

    def better(self, than: "Judged") -> bool:
        """Mean loss lower on the same payments."""
        return bool(self.loss.mean() < than.loss.mean())

    def clearly_better(self, than: "Judged") -> bool:
        """Mean loss lower by more than one standard error of the difference on the same payments
        (Breiman, Friedman, Olshen & Stone, 1984, Classification and Regression Trees, §3.4.3)."""
        gain = than.loss - self.loss
        return bool(gain.mean() > gain.std() / np.sqrt(len(gain)))
