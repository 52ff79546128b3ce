"""From a probability to an action: the one with the least expected cost, within a budget."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Action = Literal["allow", "challenge", "review", "block"]
ACTIONS: tuple[Action, ...] = get_args(Action)
HARDEST = 1e6  # the largest penalty, in base currency
# A penalty counts up to so many times what the fraud costs anyhow: one that was found on dear
# payments would else block every cheap one without any sign of fraud.
_MOST_TIMES = 10.0


@dataclass(frozen=True)
class Costs:
    """What right and wrong answers cost; money in base currency, the rest shares.

    chargeback_fee: for each fraud let through, on top of the amount. margin: of the amount, lost
    with an honest customer; goodwill: lost with them besides. challenge_… and review_…: share of
    frauds it stops, share of honest customers who leave; review_cost: an analyst's time.
    decline_loses: of what an honest customer is expected to bring in a year, lost where they are
    turned away; most_customer_value: what is expected of a customer counts up to this.
    """

    chargeback_fee: float = 20.0
    margin: float = 0.25
    goodwill: float = 5.0
    challenge_stops: float = 0.85
    challenge_loses: float = 0.08
    review_cost: float = 4.0
    review_stops: float = 0.92
    review_loses: float = 0.02
    decline_loses: float = 0.0
    most_customer_value: float = 0.0

    def expected(self, probability: ArrayLike, amount: ArrayLike) -> Floats:
        """Actions × payments: the expected cost of each of ACTIONS; a label may stand for the
        probability, the cost is then what really happened.

        probability: of fraud, 0 to 1, a value a payment; amount: of the payments, in base currency.
        The costs are in base currency.

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

    def of_one(
        self, probability: float, amount: float, future: float = 0.0
    ) -> tuple[float, float, float, float]:
        """`expected` of one payment, in a hundredth of the time.

        probability: of fraud, 0 to 1; amount: of the payment, in base currency; future: see
        `future_lost`. The costs stand in the order of ACTIONS.
        """
        fraud = probability * (amount + self.chargeback_fee)
        honest = (1.0 - probability) * (self.margin * amount + max(self.goodwill, future))
        return (
            fraud,
            fraud * (1.0 - self.challenge_stops) + honest * self.challenge_loses,
            fraud * (1.0 - self.review_stops) + honest * self.review_loses + self.review_cost,
            honest,
        )

    def future_lost(self, expected_margin: float) -> float:
        """What is lost of a customer's future where they are turned away wrongly, in place of
        `goodwill` where it is more.

        expected_margin: of the customer in the next year, base currency; NaN is not known, and 0.

        >>> Costs(decline_loses=0.2, most_customer_value=500.0).future_lost(9_000.0)
        100.0
        """
        if not expected_margin > 0.0:  # NaN, too
            return 0.0
        return self.decline_loses * min(expected_margin, self.most_customer_value)

    @property
    def passes(self) -> Floats:
        """The share of frauds that get through each of ACTIONS."""
        return np.array([1.0, 1.0 - self.challenge_stops, 1.0 - self.review_stops, 0.0])

    @property
    def keeps(self) -> Floats:
        """The share of honest payments that get through each of ACTIONS."""
        return np.array([1.0, 1.0 - self.challenge_loses, 1.0 - self.review_loses, 0.0])


@dataclass(frozen=True)
class FraudPolicy:
    """The cheapest action for each payment, at its amount, so that the budget is held.

    budget: frauds among the payments that are taken, a share. penalty: what a fraud that gets
    through costs besides the money, in base currency: the price at which the budget is held (a
    Lagrange multiplier). shift: added to the log-odds, by how much more fraud is reported than was
    foretold. review_price: what each review costs besides, the price at which the capacity for
    reviews is held; stop_price: what each honest payment that is not allowed costs besides, the
    price at which the limit of friction is held.
    """

    costs: Costs
    budget: float = 1.0
    penalty: float = 0.0
    shift: float = 0.0
    review_price: float = 0.0
    stop_price: float = 0.0

    def action(
        self, probability: float, amount: float, expected_margin: float = math.nan
    ) -> Action:
        """The action for one payment.

        probability: of fraud, 0 to 1; amount: of the payment, in base currency; expected_margin: of
        its customer in the next year, NaN where it is not known.

        >>> FraudPolicy(Costs()).action(0.0, 50.0), FraudPolicy(Costs()).action(1.0, 50.0)
        ('allow', 'block')
        """
        costs = self._costs_of_one(self.shifted(probability), amount, expected_margin)
        return ACTIONS[costs.index(min(costs))]

    def action_after_challenge(
        self, probability: float, amount: float, expected_margin: float = math.nan
    ) -> Action:
        """The action for one payment whose shopper has passed a challenge: never another one.

        Of frauds 1 − challenge_stops pass, of honest shoppers 1 − challenge_loses: Bayes' rule says
        how much less likely fraud is by then. probability: of fraud, before it was known, 0 to 1;
        amount: in base currency; expected_margin: of the customer, NaN where it is not known.
        """
        p = self.shifted(probability)
        fraud = p * (1.0 - self.costs.challenge_stops)
        honest = (1.0 - p) * (1.0 - self.costs.challenge_loses)
        p = fraud / (fraud + honest) if fraud + honest > 0.0 else p
        costs = self._costs_of_one(p, amount, expected_margin)
        left = [place for place, action in enumerate(ACTIONS) if action != "challenge"]
        return ACTIONS[min(left, key=lambda place: costs[place])]

    def _costs_of_one(
        self, p: float, amount: float, expected_margin: float
    ) -> tuple[float, float, float, float]:
        """What each of ACTIONS costs, penalty and prices and all."""
        costs = self.costs.of_one(p, amount, self.costs.future_lost(expected_margin))
        if self.penalty:
            let = p * min(self.penalty, _MOST_TIMES * (amount + self.costs.chargeback_fee))
            through = (1.0, 1.0 - self.costs.challenge_stops, 1.0 - self.costs.review_stops, 0.0)
            costs = tuple(c + let * t for c, t in zip(costs, through, strict=True))  # type: ignore[assignment]  # four in, four out
        if self.review_price or self.stop_price:
            stop = (1.0 - p) * self.stop_price
            prices = (0.0, stop, stop + self.review_price, stop)
            costs = tuple(c + price for c, price in zip(costs, prices, strict=True))  # type: ignore[assignment]  # four in, four out
        return costs

    def actions(self, probability: ArrayLike, amount: ArrayLike) -> NDArray[np.intp]:
        """The place in ACTIONS for each payment.

        probability: of fraud, 0 to 1, a value a payment; amount: of the payments, in base currency.
        """
        places: NDArray[np.intp] = np.argmin(self.foreseen(probability, amount), axis=0)
        return places

    def foreseen(self, probability: ArrayLike, amount: ArrayLike) -> Floats:
        """Actions × payments: the expected cost of each action, penalty and all.

        probability: of fraud, 0 to 1, a value a payment; amount: of the payments, in base currency.
        """
        p = self.shifted_all(probability)
        most = _MOST_TIMES * (np.asarray(amount, np.float64) + self.costs.chargeback_fee)
        let = np.outer(self.costs.passes, p * np.minimum(self.penalty, most))
        stop = np.outer([0.0, 1.0, 1.0, 1.0], (1.0 - p) * self.stop_price)
        review = np.array([[0.0], [0.0], [self.review_price], [0.0]])
        total: Floats = self.costs.expected(p, amount) + let + stop + review
        return total

    def shifted(self, probability: float) -> float:
        """The probability with `shift`."""
        if not self.shift or not 0.0 < probability < 1.0:
            return probability
        odds = probability / (1.0 - probability) * math.exp(self.shift)
        return odds / (1.0 + odds)

    def shifted_all(self, probability: ArrayLike) -> Floats:
        """The probabilities of many payments with `shift`."""
        p = np.asarray(probability, np.float64)
        odds = p * np.exp(self.shift)
        return odds / (1.0 - p + odds) if self.shift else p

    def cost(self, probability: ArrayLike, amount: ArrayLike, label: ArrayLike) -> Floats:
        """What each payment would really have cost, in base currency.

        probability: of fraud, 0 to 1, a value a payment; amount: of the payments, in base currency;
        label: of each, 1 is fraud and 0 honest.
        """
        costs = self.costs.expected(label, amount)
        return costs[self.actions(probability, amount), np.arange(costs.shape[1])]

    def chargeback_rate(
        self, probability: ArrayLike, amount: ArrayLike, label: ArrayLike | None = None
    ) -> float:
        """Frauds among the payments taken: foretold, or real where labels are given.

        probability: of fraud, 0 to 1, a value a payment; amount: of the payments, in base currency;
        label: of each, 1 is fraud and 0 honest, or None where they are not known. The answer is a
        share, 0 to 1.
        """
        places = self.actions(probability, amount)
        truth = self.shifted_all(probability) if label is None else np.asarray(label, np.float64)
        frauds = float((truth * self.costs.passes[places]).sum())
        honest = float(((1.0 - truth) * self.costs.keeps[places]).sum())
        return frauds / max(frauds + honest, 1e-12)

    def reviewed_share(self, probability: ArrayLike, amount: ArrayLike) -> float:
        """The share of payments with these probabilities and amounts that people review.

        probability: of fraud, 0 to 1, a value a payment; amount: of the payments, in base currency.
        """
        places = self.actions(probability, amount)
        return float((places == ACTIONS.index("review")).mean()) if len(places) else 0.0

    def stopped_share(self, probability: ArrayLike, amount: ArrayLike) -> float:
        """The share of honest payments, as foretold by these probabilities, not simply allowed.

        probability: of fraud, 0 to 1, a value a payment; amount: of the payments, in base currency.
        """
        honest = 1.0 - self.shifted_all(probability)
        stopped = self.actions(probability, amount) > 0
        return float(honest[stopped].sum() / max(float(honest.sum()), 1e-12))

    def starts(self, amount: float) -> dict[str, float]:
        """The probability from which on a payment of this amount is challenged, reviewed, blocked;
        an action that is nowhere the cheapest starts where the next one does."""
        grid = np.linspace(0.0, 1.0, 10_001)
        places = self.actions(grid, np.full(len(grid), amount))
        found = [np.flatnonzero(places >= place) for place in (1, 2, 3)]
        first = [float(grid[rows[0]]) if len(rows) else 1.0 for rows in found]
        return dict(zip(ACTIONS[1:], first, strict=True))

    def numbers(self) -> dict[str, float]:
        """The policy as a release keeps it: its own numbers, and its costs as cost_…."""
        own = {name: getattr(self, name) for name in _OWN}
        costs = {
            f"cost_{name}": value
            for name, value in vars(self.costs).items()
            if value or name not in _LATER_COSTS
        }
        return own | costs

    @classmethod
    def of(cls, numbers: Mapping[str, float]) -> Self:
        """The policy of which `numbers` are what `FraudPolicy.numbers` gave."""
        costs = Costs(
            **{
                field.name: numbers[f"cost_{field.name}"]
                for field in fields(Costs)
                if f"cost_{field.name}" in numbers or field.name not in _LATER_COSTS
            }
        )
        return cls(costs, **{name: numbers[name] for name in _OWN if name in numbers})

    @cached_property
    def version(self) -> str:
        """Equal policies, equal version: 8 hex digits of all its numbers."""
        text = ",".join(map(repr, self.numbers().values()))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


# Older policies do not have these costs: where they are 0 they are left out of its version.
_LATER_COSTS = frozenset({"decline_loses", "most_customer_value"})
_OWN = ("budget", "penalty", "shift", "review_price", "stop_price")


@dataclass(frozen=True)
class PolicyLimits:
    """What a policy must hold besides the budget, as shares.

    reviewed: of all payments, what people have the time to review; stopped: of honest payments,
    what may be challenged, reviewed or blocked.
    """

    reviewed: float = 1.0
    stopped: float = 1.0


def best_policy(
    probability: ArrayLike,
    amount: ArrayLike,
    costs: Costs,
    *,
    budget: float = 1.0,
    shift: float = 0.0,
    limits: PolicyLimits | None = None,
) -> FraudPolicy:
    """The cheapest policy whose foretold chargeback rate on these payments is within the budget;
    the strictest there is where none holds it.

    probability, amount: of recent payments, money in base currency. costs: what each error costs.
    budget: frauds among the payments taken, a share. shift: see FraudPolicy. limits: held before
    the budget is.
    """
    p, money = np.asarray(probability, np.float64), np.nan_to_num(np.asarray(amount, np.float64))
    free = FraudPolicy(costs, budget, 0.0, shift)
    found = _within_budget(free, p, money)
    if limits is None:
        return found
    p, money = _thinned(p), _thinned(money)
    if found.reviewed_share(p, money) > limits.reviewed:
        found = _within_capacity(found, p, money, limits.reviewed)
    if found.stopped_share(p, money) > limits.stopped:
        found = _within_friction(found, p, money, limits)
    return found


MOST_SOLVED = 20_000  # payments that limits are solved on: evenly spaced ones of more


def _thinned(values: Floats) -> Floats:
    return values[:: max(len(values) // MOST_SOLVED, 1)]


def _within_budget(free: FraudPolicy, p: Floats, money: Floats) -> FraudPolicy:
    """The policy with the least penalty that holds the budget, or comes as near as any."""
    free = replace(free, penalty=0.0)
    penalty = _least_price(
        lambda price: replace(free, penalty=price).chargeback_rate(p, money) <= free.budget
    )
    return _no_dearer(replace(free, penalty=penalty), p, money)


def _no_dearer(policy: FraudPolicy, p: Floats, money: Floats) -> FraudPolicy:
    """The policy with the least penalty under which as few frauds get through.

    One that changes nothing on these payments would change much on others.
    """
    if policy.penalty == 0.0:
        return policy
    rate = policy.chargeback_rate(p, money)
    if rate <= policy.budget and policy.penalty < HARDEST:
        return policy  # the least that holds the budget
    penalty = _least_price(
        lambda price: replace(policy, penalty=price).chargeback_rate(p, money) <= rate + 1e-12
    )
    return replace(policy, penalty=penalty)


def _within_capacity(policy: FraudPolicy, p: Floats, money: Floats, most: float) -> FraudPolicy:
    """The policy within the budget that leaves at most this share of the payments to people."""

    def at(price: float) -> FraudPolicy:
        return _within_budget(replace(policy, review_price=price), p, money)

    return at(_least_price(lambda price: at(price).reviewed_share(p, money) <= most, steps=24))


def _within_friction(
    policy: FraudPolicy, p: Floats, money: Floats, limits: PolicyLimits
) -> FraudPolicy:
    """The policy that stops no more honest payments than allowed: first the budget gives way, then
    stopping becomes dearer."""

    def eased(share: float) -> FraudPolicy:
        return replace(policy, penalty=policy.penalty * (1.0 - share))

    if eased(1.0).stopped_share(p, money) <= limits.stopped:
        low, high = 0.0, 1.0
        for _ in range(30):
            middle = (low + high) / 2
            held = eased(middle).stopped_share(p, money) <= limits.stopped
            low, high = (low, middle) if held else (middle, high)
        return _no_dearer(eased(high), p, money)
    free = replace(policy, penalty=0.0)
    price = _least_price(
        lambda each: replace(free, stop_price=each).stopped_share(p, money) <= limits.stopped
    )
    return replace(free, stop_price=price)


def _least_price(holds: Callable[[float], bool], *, steps: int = 40) -> float:
    """The least price from 0 to HARDEST at which a limit is held; HARDEST where none holds it.

    holds: whether the limit is held at a price, from some price on; steps: halvings.
    """
    if holds(0.0):
        return 0.0
    low, high = 0.0, HARDEST
    for _ in range(steps):  # 40 steps: to a millionth of the currency unit
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return round(high, 6)


def observed_shift(
    probability: ArrayLike,
    frauds: float,
    *,
    weight: ArrayLike | None = None,
    prior: float = 20.0,
) -> float:
    """By how much the log-odds must move for as many frauds to be foretold as were reported.

    probability: of fraud, as foretold, a value a payment; frauds: how many were reported among
    these payments; weight: the share of each payment's frauds that could be reported (those that
    got through and are old enough), 0 to 1; None: all. prior: frauds as foretold that are counted
    besides, so that a few cannot move it far.

    >>> round(observed_shift([0.1] * 200, 60.0), 3)
    0.811
    """
    p = np.asarray(probability, np.float64)
    given = np.ones(len(p)) if weight is None else np.asarray(weight, np.float64)
    foretold = float((p * given).sum())
    wanted = foretold * (frauds + prior) / (foretold + prior)
    low, high = -_MOST_SHIFT, _MOST_SHIFT
    for _ in range(40):
        middle = (low + high) / 2
        odds = p * np.exp(middle)
        fewer = float((odds / (1.0 - p + odds) * given).sum()) < wanted
        low, high = (middle, high) if fewer else (low, middle)
    return (low + high) / 2 if foretold else 0.0


_MOST_SHIFT = 5.0  # log-odds: 150 times as many frauds as foretold
