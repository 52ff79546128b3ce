"""From a probability to an action: thresholds at which the expected cost is least."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Action = Literal["allow", "challenge", "review", "block"]
ACTIONS: tuple[Action, ...] = get_args(Action)
_GRID = np.linspace(0.0, 1.0, 201)


@dataclass(frozen=True)
class Costs:
    """What right and wrong answers cost; money in base currency, the rest shares.

    chargeback_fee: for each fraud let through, on top of the amount. margin: of the amount, lost
    with an honest customer; goodwill: lost with them besides. challenge_… and review_…: share of
    frauds it stops, share of honest customers who leave; review_cost: an analyst's time.
    """

    chargeback_fee: float = 20.0
    margin: float = 0.25
    goodwill: float = 5.0
    challenge_stops: float = 0.85
    challenge_loses: float = 0.08
    review_cost: float = 4.0
    review_stops: float = 0.92
    review_loses: float = 0.02

    def expected(self, probability: ArrayLike, amount: ArrayLike) -> Floats:
        """Actions × payments: the expected cost of each of ACTIONS; a label may stand for the
        probability, the cost is then what really happened.

        >>> Costs(margin=0.2, goodwill=0.0).expected([0.0], [100.0])[3]
        array([20.])
        """
        p, money = np.asarray(probability, np.float64), np.asarray(amount, np.float64)
        fraud = p * (money + self.chargeback_fee)
        honest = (1.0 - p) * (self.margin * money + self.goodwill)
        return np.stack(
            [
                fraud,
                fraud * (1.0 - self.challenge_stops) + honest * self.challenge_loses,
                fraud * (1.0 - self.review_stops) + honest * self.review_loses + self.review_cost,
                honest,
            ]
        )


@dataclass(frozen=True)
class Policy:
    """A payment is challenged, reviewed or blocked from these probabilities on; allowed below.

    An action that is nowhere the cheapest starts where the next one does.
    """

    challenge_from: float
    review_from: float
    block_from: float
    costs: Costs

    def action(self, probability: float) -> Action:
        """The action for one probability.

        >>> Policy(0.1, 0.2, 0.9, Costs()).action(0.5)
        'review'
        """
        if probability >= self.block_from:
            return "block"
        if probability >= self.review_from:
            return "review"
        return "challenge" if probability >= self.challenge_from else "allow"

    def actions(self, probability: ArrayLike) -> NDArray[np.intp]:
        """The place in ACTIONS for each probability."""
        starts = np.array([self.challenge_from, self.review_from, self.block_from])
        return np.searchsorted(starts, np.asarray(probability, np.float64), side="right")

    def cost(self, probability: ArrayLike, amount: ArrayLike, label: ArrayLike) -> Floats:
        """What each payment would really have cost."""
        costs = self.costs.expected(label, amount)
        return costs[self.actions(probability), np.arange(costs.shape[1])]

    def numbers(self) -> dict[str, float]:
        """As a release keeps it."""
        starts = {name: getattr(self, name) for name in _STARTS}
        return starts | {f"cost_{name}": value for name, value in vars(self.costs).items()}

    @classmethod
    def of(cls, numbers: Mapping[str, float]) -> Self:
        """What `numbers` gave."""
        costs = Costs(**{field.name: numbers[f"cost_{field.name}"] for field in fields(Costs)})
        challenge, review, block = (numbers[name] for name in _STARTS)
        return cls(challenge, review, block, costs)

    @property
    def version(self) -> str:
        """Equal policies, equal version: 8 hex digits of all its numbers."""
        starts = (self.challenge_from, self.review_from, self.block_from)
        text = ",".join(map(repr, (*starts, *vars(self.costs).values())))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


_STARTS = ("challenge_from", "review_from", "block_from")


def best_policy(probability: ArrayLike, amount: ArrayLike, costs: Costs) -> Policy:
    """The thresholds with the least expected cost over these payments.

    Sorted by probability the payments are cut in four runs, one an action: exact by dynamic
    programming. A light grid of probabilities at the mean amount, a hundredth of the weight, keeps
    the thresholds defined where there are few payments.
    """
    p = np.asarray(probability, np.float64)
    money = np.nan_to_num(np.asarray(amount, np.float64))
    points = np.concatenate([p, _GRID])
    weight = np.concatenate([np.ones(len(p)), np.full(len(_GRID), len(p) / 100 / len(_GRID))])
    money = np.concatenate([money, np.full(len(_GRID), money.mean())])
    order = np.argsort(points, kind="stable")
    costs_of = costs.expected(points[order], money[order]) * weight[order]
    spent = np.pad(np.cumsum(costs_of, axis=1), ((0, 0), (1, 0)))
    return Policy(*_starts(spent, points[order]), costs=costs)


def _starts(spent: Floats, points: Floats) -> tuple[float, float, float]:
    """Where each run begins. spent: actions × (payments + 1), summed costs of the first ones."""
    best = [spent[0]]
    for sums in spent[1:]:
        best.append(sums + np.minimum.accumulate(best[-1] - sums))
    end, starts = spent.shape[1], []
    for before, sums in zip(best[-2::-1], spent[:0:-1], strict=True):
        place = int(np.argmin((before - sums)[:end]))
        end = place + 1
        starts.append(float(points[place]) if place < len(points) else 1.0)
    block, review, challenge = starts
    return challenge, review, block
