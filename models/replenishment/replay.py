"""The past once more, week by week, with lost sales, under another policy: what would it have cost?

Periods are numbered from the first origin. At the start of each: review and order, then arrivals,
then sales as far as stock goes; what is not there is lost. Costs: holding of what is left at the
end of a period, lost sales, and an order cost a line ordered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import TooLittleDataError
from models.replenishment.cover import Floats, Ints
from models.replenishment.lines import (
    DEFAULT_HOLDING_RATE,
    KEYS,
    OVERDUE_DAYS,
    YEAR_DAYS,
    Lines,
    Texts,
)
from models.replenishment.order import Target, economic_lot, place

PAIR = list(KEYS[:2])
# Long enough for the stock of others to be sold, whatever their policy.
WARM_UP_DAYS = 182.0
# period, stock on hand, stock on order (n × periods ahead) -> quantities
Decide = Callable[[int, Floats, Floats], Floats]


@dataclass(frozen=True)
class Panel:
    """The past of n pairs over T periods.

    lines: what was known at each origin; origin: T, the newest origin of each period; later: T,
    periods since it. demand, lead: n × T, units asked for, and the periods an order placed then
    takes to arrive. stock, pipeline: n and n × K at the start.
    """

    lines: tuple[Lines, ...]
    origin: Ints
    later: Ints
    demand: Floats
    lead: Ints
    stock: Floats
    pipeline: Floats
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
    def orders_cost(self) -> bool:
        """Whether ordering costs money anywhere."""
        return bool((self.lines[0].order_cost > 0).any())

    def reviews(self) -> list[tuple[Lines, float]]:
        """What is known at each period, and how many periods old it is."""
        return [
            (self.lines[origin], float(later))
            for origin, later in zip(self.origin, self.later, strict=True)
        ]

    @classmethod
    def of(cls, frame: pd.DataFrame, *, seed: int, most_pairs: int | None = None) -> "Panel":
        """From planning frames of several origins with `demand`; pairs known at each of them.

        Raises TooLittleDataError where there are none.
        """
        whole = _whole(frame, seed=seed, most_pairs=most_pairs)
        parts = [part for _, part in whole.groupby("event_timestamp", sort=True)]
        lines = tuple(Lines.of(part) for part in parts)
        demands = [_demand(part) for part in parts]
        counts = [demand.shape[1] for demand in demands]
        first, period = lines[0], float(lines[0].windows.period[0])
        nothing = np.zeros(len(first))
        demand = np.concatenate(demands, axis=1)
        return cls(
            lines=tuple(replace(each, reserved=nothing) for each in lines),
            origin=np.repeat(np.arange(len(parts)), counts),
            later=np.concatenate([np.arange(count) for count in counts]),
            demand=demand,
            lead=_drawn_leads(first, demand.shape[1], period, seed),
            stock=np.maximum(first.on_hand - first.reserved, 0.0),
            pipeline=_pipeline(first, period),
            period_days=period,
        )


@dataclass(frozen=True)
class Trace:
    """What a replay cost: n × T, money in `holding`, `lost`, `ordering`; units in the others.

    counted: the periods whose holding and lost sales a policy can be held to: all after a warm-up,
    else from when its first order can have arrived. Orders count from the start, less `carried`:
    n, the order cost of units that were not sold in the replay; so the end is not cheap to who
    stops ordering.
    """

    holding: Floats
    lost: Floats
    ordering: Floats
    demand: Floats
    missed: Floats
    stock: Floats
    stock_value: Floats
    counted: NDArray[np.bool_]
    carried: Floats

    @property
    def cost(self) -> Floats:
        """Cost of each pair over the counted periods."""
        kept: Floats = ((self.holding + self.lost) * self.counted).sum(axis=1)
        spent: Floats = kept + self.ordering.sum(axis=1) - self.carried
        return spent

    @property
    def cost_a_period(self) -> float:
        """Mean cost of a pair and period."""
        return float(self.cost.sum() / max(self.counted.sum(), 1))

    @property
    def fill_rate(self) -> float:
        """Share of the demanded units that were there."""
        asked = (self.demand * self.counted).sum()
        return float(1 - (self.missed * self.counted).sum() / asked) if asked else 1.0

    @property
    def mean_stock_value(self) -> float:
        """Money in stock at the end of a period, all pairs, mean over the periods."""
        periods = max(self.counted.any(axis=0).sum(), 1)
        return float((self.stock_value * self.counted).sum() / periods)


def run(panel: Panel, decide: Decide, *, warm_up_days: float = 0.0) -> Trace:
    """Replay the panel; the answer holds every pair and period.

    warm_up_days: the panel is first replayed, over and over, for at least as long, from the stock
    that was there; so a policy is then held to the stock it would have, not to that of another.
    """
    state = _State.of(panel)
    times = int(np.ceil(warm_up_days / (panel.period_days * panel.demand.shape[1])))
    for _ in range(times):
        state, _, _, _ = _once(panel, decide, state)
    last, left, missed, ordered = _once(panel, decide, state)
    grown = last.units - state.units
    return _priced(panel, left, missed, ordered, grown, warm=times > 0)


@dataclass(frozen=True)
class _State:
    """What each pair has and awaits. stock: n; pipeline: n × periods ahead."""

    stock: Floats
    pipeline: Floats

    @classmethod
    def of(cls, panel: Panel) -> "_State":
        """The start of the panel."""
        width = int(max(panel.pipeline.shape[1], panel.lead.max(initial=0) + 1))
        pipeline = np.zeros((panel.pairs, width))
        pipeline[:, : panel.pipeline.shape[1]] = panel.pipeline
        return cls(panel.stock, pipeline)

    @property
    def units(self) -> Floats:
        """Units of each pair, here or coming."""
        whole: Floats = self.stock + self.pipeline.sum(axis=1)
        return whole


def _once(panel: Panel, decide: Decide, state: _State) -> tuple[_State, Floats, Floats, Floats]:
    """All periods once: the end, and by period what was left, missed and ordered."""
    count, periods = panel.demand.shape
    stock, pipeline, rows = state.stock.copy(), state.pipeline.copy(), np.arange(count)
    left, missed, ordered = (np.zeros((count, periods)) for _ in range(3))
    for t in range(periods):
        quantity = np.where(_reviewed(panel, t), decide(t, stock, pipeline), 0.0)
        pipeline[rows, panel.lead[:, t]] += quantity
        stock = stock + pipeline[:, 0]
        pipeline = np.concatenate([pipeline[:, 1:], np.zeros((count, 1))], axis=1)
        missed[:, t] = np.maximum(panel.demand[:, t] - stock, 0.0)
        stock = np.maximum(stock - panel.demand[:, t], 0.0)
        left[:, t], ordered[:, t] = stock, quantity
    return _State(stock, pipeline), left, missed, ordered


def towards(panel: Panel, levels: Sequence[Target]) -> Decide:
    """Order towards a level for each period."""
    cover = np.ceil(panel.lines[0].cover_days / panel.period_days - 1e-9)

    def decide(t: int, stock: Floats, pipeline: Floats) -> Floats:
        ahead = np.arange(pipeline.shape[1])[None, :] < cover[:, None]
        coming = (pipeline * ahead).sum(axis=1)
        return place(panel.lines[panel.origin[t]], levels[t], stock, coming).quantity

    return decide


def follow(panel: Panel, targets: Callable[..., Target]) -> Decide:
    """Order towards the level that a policy sees at each period."""
    return towards(panel, [targets(lines, later=later) for lines, later in panel.reviews()])


def foresight(panel: Panel) -> Decide:
    """Order what will be missing from this order's arrival to the next one's: a bound.

    It knows all demand and lead times; packs and minimum quantities do not bind it.
    """
    arrival, until = _arrivals(panel)
    rows, periods = np.arange(panel.pairs), panel.demand.shape[1]

    def decide(t: int, stock: Floats, pipeline: Floats) -> Floats:
        ahead, short = stock.copy(), np.zeros(panel.pairs)
        for period in range(t, int(min(until[:, t].max(), periods))):
            coming = pipeline[:, period - t] if period - t < pipeline.shape[1] else 0.0
            missing = np.maximum(panel.demand[rows, period] - ahead - coming, 0.0)
            ahead = np.maximum(ahead + coming - panel.demand[rows, period], 0.0)
            short += missing * ((period >= arrival[:, t]) & (period < until[:, t]))
        return short

    return decide


def _arrivals(panel: Panel) -> tuple[Ints, Ints]:
    """n × T: the period in which each order arrives, and the first in which a later one can."""
    periods = panel.demand.shape[1]
    never = periods + int(panel.lead.max(initial=0)) + 1
    reviewed = np.stack([_reviewed(panel, t) for t in range(periods)], axis=1)
    arrival = np.where(reviewed, np.arange(periods) + panel.lead, never)
    earliest = np.minimum.accumulate(arrival[:, ::-1], axis=1)[:, ::-1]
    later = np.concatenate([earliest[:, 1:], np.full((panel.pairs, 1), never)], axis=1)
    return arrival, later


def _whole(frame: pd.DataFrame, *, seed: int, most_pairs: int | None) -> pd.DataFrame:
    """Rows of the pairs that every origin knows, with terms, forecast and demand."""
    usable = frame[
        frame["supplier_id"].notna() & frame["window_mean"].notna() & frame["demand"].notna()
    ]
    origins = usable["event_timestamp"].nunique()
    seen = usable.groupby(PAIR)["event_timestamp"].nunique()
    pairs = seen[seen == origins].index.to_frame(index=False)
    if not len(pairs):
        raise TooLittleDataError(
            "No warehouse and product has supply terms and a forecast at every past origin; "
            "train forecasting first (argosy train forecasting)."
        )
    if most_pairs is not None and len(pairs) > most_pairs:
        pairs = pairs.sample(most_pairs, random_state=seed)
    return usable.merge(pairs, on=PAIR)


def _demand(part: pd.DataFrame) -> Floats:
    """n × periods until the next origin, in the order of `Lines`."""
    rows = part.drop_duplicates(PAIR).sort_values(PAIR, kind="stable")
    return np.stack([np.asarray(values, dtype=float) for values in rows["demand"]])


def _drawn_leads(lines: Lines, periods: int, period: float, seed: int) -> Ints:
    """Lead times in whole periods: gamma in days, rounded at random so that the mean stays."""
    rng = np.random.default_rng(seed)
    mean = np.maximum(lines.lead_days, 1e-9)[:, None]
    sd = np.maximum(lines.lead_sd, 1e-3 * mean[:, 0])[:, None]
    shape = (len(lines), periods)
    days = rng.gamma((mean / sd) ** 2, sd**2 / mean, shape)
    days = np.where(lines.lead_sd[:, None] > 0, days, mean)
    return np.floor(days / period + rng.random(shape) * (1 - 1e-9)).astype(np.int64)


def _pipeline(lines: Lines, period: float) -> Floats:
    """Open orders by the period in which they are expected; long overdue ones never come."""
    step = np.maximum(np.rint(lines.due_days / period), 0).astype(int)
    quantity = np.where(lines.due_days < -OVERDUE_DAYS, 0.0, lines.due_quantity)
    table = np.zeros((len(lines), int(step.max(initial=0)) + 1))
    np.add.at(table, (np.arange(len(lines))[:, None], step), quantity)
    return table


def _reviewed(panel: Panel, t: int) -> NDArray[np.bool_]:
    """Whether each pair's supplier takes an order at the start of the period."""
    turns = panel.period_days / panel.lines[0].review_days
    return (t == 0) | (np.floor(t * turns + 1e-9) > np.floor((t - 1) * turns + 1e-9))


def _priced(
    panel: Panel, left: Floats, missed: Floats, ordered: Floats, grown: Floats, *, warm: bool
) -> Trace:
    """Money of a replay; a pair whose unit cost is unknown counts as one unit of money a unit."""
    lines, periods = panel.lines[0], left.shape[1]
    a_day = np.nan_to_num(lines.holding, nan=DEFAULT_HOLDING_RATE / YEAR_DAYS)
    holding = a_day * panel.period_days
    # A sale costs what makes 95% the best ratio where its cost is unknown.
    lost = np.where(np.isnan(lines.shortage), 19.0 * holding, lines.shortage)
    waits = np.floor(lines.lead_days / panel.period_days + 1e-9)
    late = np.arange(periods)[None, :] >= np.minimum(waits, periods - 1)[:, None]
    return Trace(
        holding=left * holding[:, None],
        lost=missed * lost[:, None],
        ordering=(ordered > 0) * lines.order_cost[:, None],
        demand=panel.demand,
        missed=missed,
        stock=left,
        stock_value=left * np.nan_to_num(lines.landed_cost, nan=1.0)[:, None],
        counted=late | warm,
        carried=_carried(lines, panel, ordered, grown),
    )


def _carried(lines: Lines, panel: Panel, ordered: Floats, grown: Floats) -> Floats:
    """Order cost of the units by which stock and open orders grew: not this replay's, but that of
    the periods in which they will be sold; negative where they shrank. A unit carries the order
    cost over the pair's mean order, or over the economic lot where that is larger.
    """
    pace = panel.demand.mean(axis=1) / panel.period_days
    sensible = np.maximum.reduce([economic_lot(lines, pace), lines.minimum, lines.pack])
    count = (ordered > 0).sum(axis=1)
    mean = ordered.sum(axis=1) / np.maximum(count, 1)
    carried: Floats = lines.order_cost * grown / np.maximum(sensible, mean)
    return carried
