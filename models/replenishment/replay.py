"""The past once more, week by week, with lost sales, under another policy: what would it have cost?

Periods are numbered from the first origin. At the start of each: review and order, then arrivals,
then sales as far as stock goes; what is not there is lost. Costs: holding of what is left at the
end of a period, lost sales, and an order cost a line ordered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.replenishment.lines import Lines
from models.replenishment.order import Target, economic_lot, place
from models.replenishment.panel import ReplayPanel
from models.replenishment.position import Position
from models.replenishment.protection_interval import Floats, Ints

_SEED = 7
# period, stock on hand, stock on order (n × periods ahead) -> quantities
Decide = Callable[[int, Floats, Floats], Floats]
# What is there and coming -> where the position should be
TargetLevel = Callable[[Position], Target]


@dataclass(frozen=True)
class ReplayTrace:
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
        return np.asarray(self.by_period.sum(axis=1))

    @property
    def by_period(self) -> Floats:
        """Cost of each pair and period; what orders carry on is spread over all periods alike."""
        spent = (self.holding + self.lost) * self.counted + self.ordering
        return np.asarray(spent - self.carried[:, None] / spent.shape[1])

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


def run(panel: ReplayPanel, decide: Decide, *, start: "StockState | None" = None) -> ReplayTrace:
    """Replay the panel once; the answer holds every pair and period.

    start: what each pair has and awaits; None: what was really there, which is nobody's doing until
    the first order can have arrived. With a start of the policy's own every period counts.

    panel: the past of the pairs; decide: gives the quantities (n, units) for a period's number, the
    stock on hand (n) and that on order (n × periods ahead).
    """
    state = StockState.of(panel) if start is None else start
    last, left, missed, ordered = _once(panel, decide, state)
    grown = last.units - state.units
    return _priced(panel, left, missed, ordered, grown, warm=start is not None)


def steady_state(panel: ReplayPanel, target: Target) -> "StockState":
    """The stock that a policy would have had before the first period, had it always planned.

    panel: the past of the pairs; target: of its lines at the first origin, as if nothing were lost.
    As many periods' demand as a lead time lasts is on its way; the rest of the position is on the
    shelf. Positions lie a review period's demand below the level, and of lines ordered in lots
    anywhere between reorder point and the top (drawn with a fixed seed, alike for every policy).
    """
    lines, period = panel.lines[0], panel.period_days
    demand_rate = np.maximum(target.demand_rate, 0.0)
    top = np.maximum(target.up_to + target.order_up_to_gap, 0.0)
    bottom = np.where(np.isfinite(target.at), np.maximum(target.at, 0.0), top)
    drawn = np.random.default_rng(_SEED).uniform(size=panel.pairs)
    lots = np.where(target.order_up_to_gap > 0, drawn * np.maximum(top - bottom, 0.0), 0.0)
    position = np.maximum(top - lots - demand_rate * np.minimum(lines.review_days, period), 0.0)
    position = np.where(target.never, 0.0, position)
    width = StockState.of(panel).pipeline.shape[1]
    ahead = np.arange(width)[None, :] < np.floor(lines.lead_days / period + 1e-9)[:, None]
    coming = ahead * (demand_rate * period)[:, None]
    share = np.minimum(position / np.maximum(coming.sum(axis=1), 1e-9), 1.0)
    coming = coming * share[:, None]
    return StockState(position - coming.sum(axis=1), coming, np.zeros_like(coming))


@dataclass(frozen=True)
class StockState:
    """What each pair has and awaits. stock: n; pipeline, delay: n × periods ahead, units, and units
    times the share of the period that passes before they arrive."""

    stock: Floats
    pipeline: Floats
    delay: Floats

    @classmethod
    def of(cls, panel: ReplayPanel) -> "StockState":
        """The start of the panel."""
        width = int(max(panel.pipeline.shape[1], panel.lead.max(initial=0) + 1))
        shape = ((0, 0), (0, width - panel.pipeline.shape[1]))
        return cls(panel.stock, np.pad(panel.pipeline, shape), np.pad(panel.delay, shape))

    @property
    def units(self) -> Floats:
        """Units of each pair, here or coming."""
        return np.asarray(self.stock + self.pipeline.sum(axis=1))

    def with_order(self, quantity: Floats, lead: Floats) -> "StockState":
        """The state after an order that takes `lead` periods.

        quantity: n, units ordered; lead: n, periods until they arrive.
        """
        pipeline, delay = self.pipeline.copy(), self.delay.copy()
        rows, step = np.arange(len(lead)), np.floor(lead).astype(int)
        pipeline[rows, step] += quantity
        delay[rows, step] += quantity * (lead - step)
        return StockState(self.stock, pipeline, delay)

    def after(self, demand: Floats) -> tuple["StockState", Floats]:
        """The state after a period, and the units missed: what is asked for before the period's
        arrivals is met from stock only."""
        came = self.pipeline[:, 0]
        share = np.divide(self.delay[:, 0], came, out=np.zeros(len(came)), where=came > 0)
        early = np.minimum(self.stock, demand * share)
        late = np.minimum(self.stock - early + came, demand * (1 - share))
        stock = self.stock - early + came - late
        nothing = np.zeros((len(came), 1))
        pipeline = np.concatenate([self.pipeline[:, 1:], nothing], axis=1)
        delay = np.concatenate([self.delay[:, 1:], nothing], axis=1)
        return StockState(stock, pipeline, delay), np.maximum(demand - early - late, 0.0)


def _once(
    panel: ReplayPanel, decide: Decide, state: StockState
) -> tuple[StockState, Floats, Floats, Floats]:
    """All periods once: the end, and by period what was left, missed and ordered."""
    left, missed, ordered = (np.zeros_like(panel.demand) for _ in range(3))
    for t in range(panel.demand.shape[1]):
        wanted = decide(t, state.stock, state.pipeline)
        ordered[:, t] = np.where(panel.reviewed(t), wanted, 0.0)
        state, missed[:, t] = state.with_order(ordered[:, t], panel.lead[:, t]).after(
            panel.demand[:, t]
        )
        left[:, t] = state.stock
    return state, left, missed, ordered


def follow(panel: ReplayPanel, target_levels: Sequence[TargetLevel]) -> Decide:
    """Order as the target level of each period says.

    panel: the past of the pairs; target_levels: one a period, which gives for a position where it
    should be.
    """

    def decide(t: int, stock: Floats, pipeline: Floats) -> Floats:
        days = np.arange(pipeline.shape[1]) * panel.period_days
        position = Position(stock, pipeline, np.broadcast_to(days, pipeline.shape))
        return place(panel.lines[panel.origin[t]], target_levels[t](position), position).quantity

    return decide


def foresight(panel: ReplayPanel) -> Decide:
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


def _arrivals(panel: ReplayPanel) -> tuple[Ints, Ints]:
    """n × T: the period in which each order arrives, and the first in which a later one can."""
    periods = panel.demand.shape[1]
    never = periods + int(panel.lead.max(initial=0)) + 1
    reviewed = np.stack([panel.reviewed(t) for t in range(periods)], axis=1)
    lead = np.floor(panel.lead).astype(np.int64)
    arrival = np.where(reviewed, np.arange(periods) + lead, never)
    earliest = np.minimum.accumulate(arrival[:, ::-1], axis=1)[:, ::-1]
    later = np.concatenate([earliest[:, 1:], np.full((panel.pairs, 1), never)], axis=1)
    return arrival, later


def _priced(
    panel: ReplayPanel, left: Floats, missed: Floats, ordered: Floats, grown: Floats, *, warm: bool
) -> ReplayTrace:
    """Money of a replay."""
    lines, periods = panel.lines[0], left.shape[1]
    holding, lost = panel.prices
    waits = np.floor(lines.lead_days / panel.period_days + 1e-9)
    late = np.arange(periods)[None, :] >= np.minimum(waits, periods - 1)[:, None]
    return ReplayTrace(
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


def _carried(lines: Lines, panel: ReplayPanel, ordered: Floats, grown: Floats) -> Floats:
    """Order cost of the units by which stock and open orders grew: not this replay's, but that of
    the periods in which they will be sold; negative where they shrank. A unit carries the order
    cost over the pair's mean order, or over the economic lot where that is larger.
    """
    demand_rate = panel.demand.mean(axis=1) / panel.period_days
    sensible = np.maximum.reduce([economic_lot(lines, demand_rate), lines.minimum, lines.pack])
    count = (ordered > 0).sum(axis=1)
    mean = ordered.sum(axis=1) / np.maximum(count, 1)
    carried: Floats = lines.order_cost * grown / np.maximum(sensible, mean)
    return carried
