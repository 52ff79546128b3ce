"""Made-up shops of steady demand: what a policy costs in the long run, beside the best (s, S).

Weekly: what was ordered in time arrives, is ordered, is sold; sales on an empty shelf are lost.
Cost: holding of what a week leaves, lost sales, orders.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from parts.terms import TERMS
from scipy.stats import nbinom, poisson

from models.replenishment import OrderUpTo

Floats = npt.NDArray[np.float64]

LINES = 12  # of each shop
WEEKS, WARM_UP = 260, 26
KNOWN = 800  # weeks that the best (s, S) is found on
HORIZON = 13
LEVELS = np.round(np.concatenate([[0.01, 0.025], np.arange(0.05, 1, 0.05), [0.975, 0.99]]), 3)
NOW = pd.Timestamp("2024-01-01", tz="UTC")
# Searched: s below and S above the mean of lead time and review, in so many steps each.
_STEPS = 26


@dataclass(frozen=True)
class Shop:
    """LINES products. mean: units a week; spread: variance over mean of a week's demand; lead:
    weeks; order_cost, unit_cost, shortage (of a unit): money; rate: of holding, a year, as a share
    of the unit cost; pack, least: units."""

    mean: Floats
    spread: Floats
    lead: int
    order_cost: float
    unit_cost: float
    shortage: float
    rate: float
    pack: float
    least: float

    @property
    def holding(self) -> float:
        """Money of a unit held for a week."""
        return self.rate * self.unit_cost * 7 / 365

    def packed(self, missing: Floats) -> Floats:
        """The smallest order of at least so much, in whole packs; 0 of nothing."""
        units = np.ceil(np.maximum(missing, self.least) / self.pack - 1e-9) * self.pack
        return np.where(missing > 0, units, 0.0)


def drawn(number: int) -> Shop:
    """The shop of a number: an ordinary one."""
    draw = np.random.default_rng(number)
    mean = np.exp(draw.uniform(np.log(0.15), np.log(30), LINES))
    price = float(np.exp(draw.uniform(np.log(2), np.log(80))))
    pack = float(draw.choice([1, 1, 6, 12]))
    return Shop(
        mean=mean,
        spread=draw.choice([1.0, 1.5, 3.0], LINES),
        lead=int(draw.choice([1, 2, 4])),
        order_cost=float(draw.choice([0.0, 2.0, 8.0, 25.0])),
        unit_cost=price,
        shortage=price * float(draw.uniform(0.2, 1.0)),
        rate=float(draw.choice([0.15, 0.25, 0.5])),
        pack=pack,
        least=float(draw.choice([0.0, 0.0, 2 * pack, 24.0])),
    )


def demand(shop: Shop, seed: int, weeks: int) -> Floats:
    """LINES × weeks, units."""
    draw = np.random.default_rng(seed)
    size = (LINES, weeks)
    rate = np.where(shop.spread > 1, shop.mean / np.maximum(shop.spread - 1, 1e-9), 1.0)
    noisy = draw.negative_binomial(rate[:, None], (1 / shop.spread)[:, None] * np.ones((1, weeks)))
    plain = draw.poisson(shop.mean[:, None], size)
    return np.where(shop.spread[:, None] > 1, noisy, plain).astype(float)


def best(shop: Shop, known: Floats, asked: Floats) -> Floats:
    """The cost a week of each line (LINES) of the (s, S) that is best on `known`, tried on `asked`;
    both LINES × weeks."""
    found = []
    for row in range(LINES):
        s, gap = _tried(shop, row)
        at = int(np.argmin(_costs(shop, known[row], s, gap)))
        found.append(float(_costs(shop, asked[row], s[at : at + 1], gap[at : at + 1])[0]))
    return np.array(found)


def _tried(shop: Shop, row: int) -> tuple[Floats, Floats]:
    """Every s and S − s that is tried, of a line."""
    mean, sd = shop.mean[row], np.sqrt(shop.mean[row] * shop.spread[row])
    weeks = shop.lead + 1
    lot = np.sqrt(2 * shop.order_cost * mean / shop.holding) + 2 * shop.pack + shop.least
    high = mean * weeks + 5 * sd * np.sqrt(weeks) + 2
    levels = np.unique(np.rint(np.linspace(0, high, 2 * _STEPS)))
    more = np.unique(np.rint(np.linspace(0, 2.5 * lot + 2, _STEPS)))
    s, gap = np.meshgrid(levels, more)
    return s.ravel(), gap.ravel()


def _costs(shop: Shop, asked: Floats, s: Floats, gap: Floats) -> Floats:
    """The cost a week of each policy on one line's demand."""
    shelf = s + gap
    pipeline = np.zeros((len(s), shop.lead))
    cost = np.zeros(len(s))
    for week, units in enumerate(asked):
        shelf = shelf + pipeline[:, 0]
        pipeline[:, :-1] = pipeline[:, 1:]
        pipeline[:, -1] = 0.0
        position = shelf + pipeline.sum(axis=1)
        order = np.where(position <= s, shop.packed(np.maximum(s + gap - position, 0.0)), 0.0)
        pipeline[:, -1] = order
        if week >= WARM_UP:
            cost += _week(shop, shelf, units, order)
        shelf = np.maximum(shelf - units, 0.0)
    return np.asarray(cost / (len(asked) - WARM_UP))


def _week(shop: Shop, shelf: Floats, units: Floats | float, order: Floats) -> Floats:
    left, lost = np.maximum(shelf - units, 0.0), np.maximum(units - shelf, 0.0)
    return shop.holding * left + shop.shortage * lost + shop.order_cost * (order > 0)


def planned(shops: list[Shop], asked: list[Floats]) -> list[Floats]:
    """The cost a week of each shop's lines (LINES) as the product's policy orders, with nothing
    learned and forecasts that know the distribution."""
    frame = pd.concat([_frame(shop, number) for number, shop in enumerate(shops)])
    frame = frame.reset_index(drop=True)
    lead = np.repeat([shop.lead for shop in shops], LINES)
    every = np.concatenate(asked)
    shelf = np.ceil(np.concatenate([shop.mean * (shop.lead + 2) for shop in shops]))
    pipeline = np.zeros((len(frame), max(lead)))  # by weeks until it arrives, less one
    cost = np.zeros(len(frame))
    policy = OrderUpTo()
    for week in range(WEEKS):
        shelf = shelf + pipeline[:, 0]
        pipeline = np.roll(pipeline, -1, axis=1)
        pipeline[:, -1] = 0.0
        order = policy.predict(_moment(frame, shelf, pipeline))["order_quantity"].to_numpy(float)
        pipeline[np.arange(len(frame)), lead - 1] += order
        if week >= WARM_UP:
            for number, shop in enumerate(shops):
                own = slice(number * LINES, (number + 1) * LINES)
                cost[own] += _week(shop, shelf[own], every[own, week], order[own])
        shelf = np.maximum(shelf - every[:, week], 0.0)
    return list(np.split(cost / (WEEKS - WARM_UP), len(shops)))


def _moment(frame: pd.DataFrame, shelf: Floats, pipeline: Floats) -> pd.DataFrame:
    """The frame with what is there and what is awaited."""
    due = 7.0 * (np.arange(pipeline.shape[1]) + 1)
    coming = [np.flatnonzero(row) for row in pipeline]
    quantities = [row[at].tolist() for row, at in zip(pipeline, coming, strict=True)]
    return frame.assign(
        on_hand=shelf,
        on_order=pipeline.sum(axis=1),
        open_quantities=[each or None for each in quantities],
        open_due_days=[due[at].tolist() or None for at in coming],
        open_age_days=[(0 * due[at]).tolist() or None for at in coming],
    )


def _frame(shop: Shop, number: int) -> pd.DataFrame:
    """A planning frame of the shop's lines."""
    weeks = np.arange(1, HORIZON + 1)
    rows = []
    for line, (mean, spread) in enumerate(zip(shop.mean, shop.spread, strict=True)):
        if spread > 1:
            size = mean * weeks[:, None] / (spread - 1)
            table = nbinom.ppf(LEVELS, size, 1 / spread)
        else:
            table = poisson.ppf(LEVELS, mean * weeks[:, None])
        rows.append(
            {
                **TERMS,
                "warehouse_id": f"W{number:03d}",
                "product_id": f"P{number:03d}-{line:02d}",
                "event_timestamp": NOW,
                "frequency": "week",
                "period_start": str(NOW.date()),
                "levels": LEVELS.tolist(),
                "window_mean": (mean * weeks).tolist(),
                "window_quantiles": table.ravel().tolist(),
                "demand_class": "smooth",
                "weekly_sales": mean,
                "lead_time_days": 7.0 * shop.lead,
                "lead_time_mean": 7.0 * shop.lead,
                "min_order_quantity": shop.least,
                "pack_size": shop.pack,
                "order_cost": shop.order_cost,
                "unit_cost": shop.unit_cost,
                "holding_cost_rate": shop.rate,
                "stockout_cost": shop.shortage,
                "price": shop.unit_cost + shop.shortage,
            }
        )
    return pd.DataFrame(rows)


def compared(count: int) -> pd.DataFrame:
    """A row a shop: cost of the policy and of the best (s, S), their ratio, and what it is like.

    count: of shops.
    """
    shops = [drawn(number) for number in range(count)]
    asked = [demand(shop, 1_000 + number, WEEKS) for number, shop in enumerate(shops)]
    ours = planned(shops, asked)
    rows = []
    for number, (shop, own, units) in enumerate(zip(shops, ours, asked, strict=True)):
        least = best(shop, demand(shop, 2_000 + number, KNOWN), units)
        rows.append(
            {
                "lead": shop.lead,
                "order_cost": shop.order_cost,
                "pack": shop.pack,
                "least": shop.least,
                "policy": own.sum(),
                "best": least.sum(),
                "ratio": own.sum() / least.sum(),
                "worst_line": (own / np.maximum(least, 1e-9)).max(),
            }
        )
    return pd.DataFrame(rows)
