"""Before buying, move: what one warehouse has too much of, to another that will run short."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from data.customs import is_customs_border
from models.base import ModelError
from models.replenishment.lines import Lines
from models.replenishment.order import Order, Target, place
from models.replenishment.position import Position
from models.replenishment.protection_interval import Floats

# A donor keeps its whole level (demand over its protection interval, and safety) and this share
# more.
KEPT = 0.2
COLUMNS = (
    "product_id",
    "from_warehouse_id",
    "to_warehouse_id",
    "quantity",
    "gain",
    "cost",
    "days",
    "reason",
)


# Moves are looked for again, without those that are not worth their cost, so many times.
_ROUNDS = 4


@dataclass(frozen=True)
class Moving:
    """What a transfer takes, and which are made.

    days: on the way; freight_share: of a unit's goods cost; cost: money for each move, whatever it
    carries; least_gain: money below which nothing is moved; lanes: pairs of warehouses, from and
    to, between which goods move; empty: between all; put_off: what is not moved all the same: from,
    product, to.
    """

    days: float = 7.0
    freight_share: float = 0.08
    cost: float = 0.0
    least_gain: float = 1.0
    lanes: frozenset[tuple[str, str]] = frozenset()
    put_off: frozenset[tuple[str, str, str]] = frozenset()


@dataclass(frozen=True)
class Moves:
    """Transfers, a row each (COLUMNS), and the units each line gets (below 0: gives), by warehouse
    and product."""

    table: pd.DataFrame
    net: pd.Series

    def units(self, lines: Lines) -> Floats:
        """What each of the lines gets; 0 where nothing is moved."""
        pairs = pd.MultiIndex.from_frame(lines.keys[["warehouse_id", "product_id"]])
        found = self.net.reindex(pairs).fillna(0.0)
        return np.asarray(found, dtype=np.float64)

    @classmethod
    def none(cls) -> "Moves":
        """No transfers."""
        nowhere = pd.MultiIndex.from_tuples([], names=["warehouse_id", "product_id"])
        return cls(pd.DataFrame(columns=list(COLUMNS)), pd.Series(dtype=float, index=nowhere))

    @classmethod
    def of(cls, table: pd.DataFrame) -> "Moves":
        """The transfers of a table, with what each line gets by them. table: COLUMNS."""
        ends = [
            table[[f"{end}_warehouse_id", "product_id", "quantity"]].set_axis(
                ["warehouse_id", "product_id", "quantity"], axis=1
            )
            for end in ("from", "to")
        ]
        given = ends[0].assign(quantity=-ends[0]["quantity"])
        net = pd.concat([given, ends[1]]).groupby(["warehouse_id", "product_id"])["quantity"].sum()
        return cls(table.reset_index(drop=True), net.astype(float))

    def gains(self, lines: Lines) -> Floats:
        """What each line gains by giving; 0 where it gives nothing."""
        given = self.table.groupby(["from_warehouse_id", "product_id"])["gain"].sum()
        pairs = pd.MultiIndex.from_frame(lines.keys[["warehouse_id", "product_id"]])
        if not len(given):
            return np.zeros(len(lines))
        return given.reindex(pairs).fillna(0.0).to_numpy(dtype=np.float64)


def transfers(
    lines: Lines,
    target: Target,
    order: Order,
    position: Position,
    moving: Moving,
    *,
    digits: int = 2,
) -> Moves:
    """The transfers that save most against buying: a flow of least cost from donors to receivers.

    A donor gives what it has on hand above its level and KEPT more; a receiver takes what it would
    buy to reach its level. A unit moved saves the landed cost of buying it, and the sales lost
    while an order is on its way; it costs freight, duty where a customs border lies between, and
    what the unit is worth to the donor: its cost less the holding until it would be sold there.
    Only moves that gain are made, each at least `least_gain` beyond its own cost, and none to a
    line whose order comes all the same, no later than the transfer or no smaller by it. With whole
    supplies and needs a vertex of the flow's polytope is whole (Ahuja, Magnanti & Orlin, Network
    Flows, 1993, 9.6).

    lines: a line a warehouse and product; target: the level of each; order: what would be bought of
    each without transfers; position: stock of each and what it awaits; moving: what a transfer
    takes, and which are made; digits: of the base currency's minor unit.
    """
    have = position.stock + position.coming(lines.protection_days)
    free = np.minimum(position.stock, have - (1 + KEPT) * target.up_to)
    free = np.where(lines.blocked == "", np.floor(np.maximum(free, 0.0)), 0.0)
    needed = np.floor(np.maximum(np.minimum(order.quantity, target.up_to - have), 0.0))
    needed = np.where(free > 0, 0.0, needed)
    arcs = _arcs(lines, free, needed, moving)
    gain, cost = _gains(lines, target, have, arcs, moving)
    kept, taker = np.isfinite(gain) & (gain > 0.005), arcs["taker"].to_numpy()
    units = np.zeros(len(arcs))
    for _ in range(_ROUNDS):
        if not kept.any():
            return Moves.none()
        units[:] = 0.0
        units[kept] = _flow(arcs[kept], gain[kept], free, needed)
        poor = (units > 0) & (units * gain - moving.cost < moving.least_gain - 1e-9)
        net = _net(lines, arcs, units)
        spared = _spared(lines, target, order, position.moved(net), moving)
        idle = (units > 0) & (net > spared + 1e-9)[taker]
        if not (poor | idle).any():
            break
        kept &= ~poor
        needed = np.minimum(needed, np.floor(spared + 1e-9))
        units[poor | idle] = 0.0
    moved = np.flatnonzero(units > 0)
    if not len(moved):
        return Moves.none()
    of_move = (units[moved], gain[moved], cost[moved])
    table = _table(lines, arcs.iloc[moved], *of_move, moving, digits=digits)
    pairs = pd.MultiIndex.from_frame(lines.keys[["warehouse_id", "product_id"]])
    return Moves(table, pd.Series(_net(lines, arcs, units), index=pairs))


def _net(lines: Lines, arcs: pd.DataFrame, units: Floats) -> Floats:
    """Units that each line gets (below 0: gives)."""
    net = np.zeros(len(lines))
    np.add.at(net, arcs["giver"].to_numpy(), -units)
    np.add.at(net, arcs["taker"].to_numpy(), units)
    return net


def _spared(lines: Lines, target: Target, order: Order, moved: Position, moving: Moving) -> Floats:
    """Units that moving spares each line to order: any number where it orders nothing then. Packs
    and a supplier's minimum may spare nothing, and so does an order that comes as soon."""
    rest = place(lines, target, moved).quantity
    less = np.where(lines.lead_days <= moving.days, 0.0, np.maximum(order.quantity - rest, 0.0))
    spared: Floats = np.where(rest > 0, less, np.inf)
    return spared


def _arcs(lines: Lines, free: Floats, needed: Floats, moving: Moving) -> pd.DataFrame:
    """Every donor with every receiver of a product between which goods move: line numbers."""
    product = lines.keys["product_id"]
    givers = pd.DataFrame({"product_id": product, "giver": np.arange(len(lines))})[free >= 1]
    takers = pd.DataFrame({"product_id": product, "taker": np.arange(len(lines))})[needed >= 1]
    arcs = givers.merge(takers, on="product_id")
    if not moving.lanes and not moving.put_off:
        return arcs
    sites = lines.keys["warehouse_id"].to_numpy()
    ends = zip(sites[arcs["giver"]], arcs["product_id"], sites[arcs["taker"]], strict=True)
    kept = [
        (not moving.lanes or (giver, taker) in moving.lanes)
        and (giver, product, taker) not in moving.put_off
        for giver, product, taker in ends
    ]
    return arcs[kept].reset_index(drop=True)


def _gains(
    lines: Lines, target: Target, have: Floats, arcs: pd.DataFrame, moving: Moving
) -> tuple[Floats, Floats]:
    """Money a unit saves on each arc, and what moving it costs; NaN where money is unknown."""
    giver, taker = arcs["giver"].to_numpy(), arcs["taker"].to_numpy()
    landed = np.where(lines.rate_known, lines.landed_cost, np.nan)
    goods = np.where(lines.rate_known, lines.goods_cost, np.nan) / (1.0 + lines.duty)
    waits = have[giver] / np.maximum(target.demand_rate[giver], 1e-9)
    kept = np.maximum(landed[giver] - lines.holding[giver] * np.minimum(waits, 3650.0), 0.0)
    border = is_customs_border(lines.country[giver], lines.country[taker])
    cost = goods[taker] * (moving.freight_share + border * lines.duty[taker])
    lead = np.maximum(lines.lead_days[taker], 1e-9)
    sooner = np.clip((lead - moving.days) / lead, 0.0, 1.0)
    short = np.minimum(target.lost[taker] / np.maximum(target.up_to[taker], 1e-9), 1.0)
    time = sooner * short * np.nan_to_num(lines.shortage[taker])
    too_late = moving.days > lines.protection_days[taker]
    gain = landed[taker] - kept - cost + time
    return np.where(too_late, np.nan, gain), cost


def _flow(arcs: pd.DataFrame, gain: Floats, free: Floats, needed: Floats) -> Floats:
    """Units on each arc: the most gain with no donor or receiver beyond its own."""
    giver, givers = pd.factorize(arcs["giver"])
    taker, takers = pd.factorize(arcs["taker"])
    columns = np.arange(len(arcs))
    matrix = coo_array(
        (
            np.ones(2 * len(arcs)),
            (np.concatenate([giver, len(givers) + taker]), np.concatenate([columns, columns])),
        )
    )
    limits = np.concatenate([free[givers], needed[takers]])
    within = LinearConstraint(matrix.tocsr(), ub=limits)
    answer = milp(-gain, constraints=within, bounds=Bounds(0.0, np.inf))
    if answer.x is None:
        raise ModelError(f"The flow of transfers was not solved: {answer.message}")
    # What rounding could add beyond a limit is far below one unit.
    return np.floor(np.asarray(answer.x, dtype=np.float64) + 1e-6)


def _table(
    lines: Lines,
    arcs: pd.DataFrame,
    units: Floats,
    gain: Floats,
    cost: Floats,
    moving: Moving,
    *,
    digits: int,
) -> pd.DataFrame:
    sites = lines.keys["warehouse_id"].to_numpy()
    table = pd.DataFrame(
        {
            "product_id": arcs["product_id"].to_numpy(),
            "from_warehouse_id": sites[arcs["giver"].to_numpy()],
            "to_warehouse_id": sites[arcs["taker"].to_numpy()],
            "quantity": units,
            "gain": np.round(units * gain - moving.cost, digits),
            "cost": np.round(units * cost + moving.cost, digits),
            "days": moving.days,
        }
    )
    table["reason"] = [
        f"Move {row.quantity:g} from {row.from_warehouse_id} to {row.to_warehouse_id}: "
        f"saves {row.gain:.{digits}f} against buying, its cost of {row.cost:.{digits}f} paid."
        for row in table.itertuples(index=False)
    ]
    ranked: pd.DataFrame = table.sort_values("gain", ascending=False, ignore_index=True)
    return ranked[list(COLUMNS)]
