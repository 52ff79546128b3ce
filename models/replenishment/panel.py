"""The past as a policy would have met it: what was known when, what was asked for, what arrived."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import TooLittleDataError
from models.replenishment.lines import (
    DEFAULT_HOLDING_RATE,
    KEYS,
    OVERDUE_DAYS,
    YEAR_DAYS,
    Lines,
    Texts,
)
from models.replenishment.order import Target
from models.replenishment.position import Position
from models.replenishment.protection_interval import WEIGHTS, Floats, Ints

PAIR = list(KEYS[:2])


@dataclass(frozen=True)
class ReplayPanel:
    """The past of n pairs over T periods.

    lines: what was known at each origin; origin: T, the newest origin of each period; later: T,
    periods since it. demand, lead: n × T, units asked for, and the periods an order placed then
    takes to arrive. stock, pipeline: n and n × K at the start.
    """

    lines: tuple[Lines, ...]
    origin: Ints
    later: Ints
    demand: Floats
    lead: Floats
    stock: Floats
    pipeline: Floats
    delay: Floats
    period_days: float

    @property
    def pairs(self) -> int:
        """How many pairs."""
        return len(self.stock)

    @property
    def demand_class(self) -> Texts:
        """The class of each pair's demand at the first origin."""
        return self.lines[0].demand_class

    @property
    def plenty(self) -> Position:
        """So much stock that nothing is lost before an order arrives."""
        nothing = np.zeros((self.pairs, 1))
        return Position(np.full(self.pairs, np.inf), nothing, nothing)

    @property
    def prices(self) -> tuple[Floats, Floats]:
        """Cost of holding a unit for a period, and of a lost one. Where the unit cost is unknown it
        counts as 1; where that of a lost sale is, as what makes 95% the best ratio."""
        lines = self.lines[0]
        holding = np.nan_to_num(lines.holding, nan=DEFAULT_HOLDING_RATE / YEAR_DAYS)
        holding = holding * self.period_days
        return holding, np.where(np.isnan(lines.shortage), 19.0 * holding, lines.shortage)

    def expected(self, target: Target) -> Floats:
        """What a period of each pair should cost at a level, by the forecast alone: lost sales and
        stock (`protection_interval.lost_sales_level`)."""
        lines, (holding, lost) = self.lines[0], self.prices
        share = np.clip(lines.review_days / np.maximum(lines.protection_days, 1e-9), 0.0, 1.0)
        level = np.maximum(target.up_to, 0.0)
        met = target.demand.met(level, share)
        whole = target.demand.quantiles @ WEIGHTS
        periods = np.maximum(lines.protection_days, 1e-9) / self.period_days
        return np.asarray(lost * (whole - met) / periods + holding * (level - met))

    def reviews(self) -> list[tuple[Lines, float]]:
        """What is known at each period, and how many periods old it is."""
        return [
            (self.lines[origin], float(later))
            for origin, later in zip(self.origin, self.later, strict=True)
        ]

    @classmethod
    def of(cls, frame: pd.DataFrame, *, seed: int, most_pairs: int | None = None) -> "ReplayPanel":
        """The past from planning frames of several origins with `demand`; pairs that each knows.

        Raises TooLittleDataError where there are none.

        frame: columns of the planning frame and `demand` (float[]: units asked for in each period
        until the next origin), a row an origin, pair and supplier; seed: of the drawn pairs and
        lead times; most_pairs: at most so many, drawn at random; None: all.
        """
        whole = _whole(frame, seed=seed, most_pairs=most_pairs)
        parts = [part for _, part in whole.groupby("event_timestamp", sort=True)]
        lines = tuple(Lines.of(part) for part in parts)
        demands = [_demand(part) for part in parts]
        counts = [demand.shape[1] for demand in demands]
        first, period = lines[0], float(lines[0].windows.period[0])
        nothing = np.zeros(len(first))
        demand = np.concatenate(demands, axis=1)
        pipeline, delay = _pipeline(first, period)
        return cls(
            lines=tuple(replace(each, reserved=nothing) for each in lines),
            origin=np.repeat(np.arange(len(parts)), counts),
            later=np.concatenate([np.arange(count) for count in counts]),
            demand=demand,
            lead=_drawn_leads(first, demand.shape[1], period, seed),
            stock=np.maximum(first.on_hand - first.reserved, 0.0),
            pipeline=pipeline,
            delay=delay,
            period_days=period,
        )

    def reviewed(self, t: int) -> NDArray[np.bool_]:
        """Whether each pair's supplier takes an order at the start of the period."""
        turns = self.period_days / self.lines[0].review_days
        return (t == 0) | (np.floor(t * turns + 1e-9) > np.floor((t - 1) * turns + 1e-9))


def _whole(frame: pd.DataFrame, *, seed: int, most_pairs: int | None) -> pd.DataFrame:
    """Rows of the pairs that every origin knows, with terms, forecast and demand."""
    usable = frame[
        frame["supplier_id"].notna()
        & (frame["window_mean"].notna() | (frame["weekly_sales"] > 0))
        & frame["demand"].notna()
    ]
    origins = usable["event_timestamp"].nunique()
    seen = usable.groupby(PAIR)["event_timestamp"].nunique()
    pairs = seen[seen == origins].index.to_frame(index=False)
    if not len(pairs):
        raise TooLittleDataError(
            "No warehouse and product has supply terms and a forecast or recent sales at every "
            "past origin; train forecasting first (argosy train forecasting)."
        )
    if most_pairs is not None and len(pairs) > most_pairs:
        pairs = pairs.sample(most_pairs, random_state=seed)
    return usable.merge(pairs, on=PAIR)


def _demand(part: pd.DataFrame) -> Floats:
    """n × periods until the next origin, in the order of `Lines`."""
    rows = part.drop_duplicates(PAIR).sort_values(PAIR, kind="stable")
    return np.stack([np.asarray(values, dtype=float) for values in rows["demand"]])


def _drawn_leads(lines: Lines, periods: int, period: float, seed: int) -> Floats:
    """Lead times in periods: a gamma distribution of the learned mean and deviation."""
    rng = np.random.default_rng(seed)
    mean = np.maximum(lines.lead_days, 1e-9)[:, None]
    sd = np.maximum(lines.lead_sd, 1e-3 * mean[:, 0])[:, None]
    days = rng.gamma((mean / sd) ** 2, sd**2 / mean, (len(lines), periods))
    return np.where(lines.lead_sd[:, None] > 0, days, lines.lead_days[:, None]) / period


def _pipeline(lines: Lines, period: float) -> tuple[Floats, Floats]:
    """Open orders by the period in which they are expected, and how far into it; long overdue ones
    never come."""
    due = np.maximum(lines.due_days / period, 0.0)
    step = np.floor(due).astype(int)
    quantity = np.where(lines.due_days < -OVERDUE_DAYS, 0.0, lines.due_quantity)
    units = np.zeros((len(lines), int(step.max(initial=0)) + 1))
    delay = np.zeros_like(units)
    rows = np.arange(len(lines))[:, None]
    np.add.at(units, (rows, step), quantity)
    np.add.at(delay, (rows, step), quantity * (due - step))
    return units, delay
