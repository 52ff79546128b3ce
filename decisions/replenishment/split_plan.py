"""A plan made in pieces on an engine: transfers by product first, then orders by warehouse."""

from functools import partial

import pandas as pd

from data.engine import LOCAL, map_partitions
from models.replenishment.plan import COLUMNS, Options, Planned
from models.replenishment.policy import Policy
from models.replenishment.transfers import COLUMNS as TRANSFER_COLUMNS
from models.replenishment.transfers import Moves

_TEXTS = (
    *("warehouse_id", "product_id", "supplier_id", "order_on", "stockout_on", "decide_by"),
    *("demand_class", "proposal", "not_ordered_reason", "reason"),
)
_LINES = {name: "object" if name in _TEXTS else "float64" for name in COLUMNS}
_TRANSFER_TEXTS = ("product_id", "from_warehouse_id", "to_warehouse_id", "reason")
_TRANSFERS = {name: "object" if name in _TRANSFER_TEXTS else "float64" for name in TRANSFER_COLUMNS}


def plan_on(engine: str, model: Policy, frame: pd.DataFrame, options: Options) -> Planned:
    """The plan of a frame, made where the engine says.

    engine: as in `map_partitions`; model: the policy; frame: a planning frame; options: what a plan
    may do. A transfer concerns one product in several warehouses; an order, its capacity and its
    minimum value concern one warehouse. So transfers are planned first, by product, and the small
    table of them is given to the orders of each warehouse. Caps on all orders together are no
    matter of a warehouse: such a plan is made here, whole.
    """
    if engine == LOCAL or options.caps.bind or frame.empty:
        return model.plan(frame, options)
    frame = frame.sort_values("warehouse_id", kind="stable", ignore_index=True)
    moves = Moves.none()
    if options.moving is not None:
        table = map_partitions(
            frame,
            partial(_transfers, model=model, options=options),
            by=["product_id"],
            schema=_TRANSFERS,
            engine=engine,
        )
        moves = Moves.of(table.sort_values("gain", ascending=False, kind="stable"))
    lines = map_partitions(
        frame,
        partial(_lines, model=model, options=options, moves=moves),
        by=["warehouse_id"],
        schema=_LINES,
        engine=engine,
    )
    return Planned(lines, moves.table, filled=None)


def _transfers(frame: pd.DataFrame, *, model: Policy, options: Options) -> pd.DataFrame:
    """The transfers of some products. frame: their rows in all warehouses."""
    return model.plan_transfers(frame, options).table


def _lines(frame: pd.DataFrame, *, model: Policy, options: Options, moves: Moves) -> pd.DataFrame:
    """The lines of some warehouses. frame: all their rows; moves: the transfers of all."""
    return model.plan(frame, options, standing=moves).lines
