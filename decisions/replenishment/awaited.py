"""Orders made here that the lake does not know yet: they are on the way, and not ordered again."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from data.lake import Lake
from data.purchasing import OrderedLine
from data.records.purchasing import Purchasing
from features.replenishment import PAIR


def awaited(buying: Purchasing, lake: Lake, as_of: datetime) -> list[OrderedLine]:
    """What was ordered here and the lake does not know yet; what it has received is noted."""
    known = lake.read("purchase_orders", as_of=as_of)
    came = known.loc[known["received_at"].notna(), "po_id"]
    lines = buying.awaited(before=as_of)
    ours = {line.po_id for line in lines}
    buying.received([po for po in came if po in ours], at=as_of)
    there = set(known["po_id"])
    return [line for line in lines if line.po_id not in there]


def with_awaited(
    frame: pd.DataFrame, lines: Sequence[OrderedLine], as_of: datetime
) -> pd.DataFrame:
    """The planning frame with these lines on order."""
    if not lines:
        return frame
    moment = pd.Timestamp(as_of)
    table = pd.DataFrame([vars(line) for line in lines])
    table["due"] = (table["expected_at"] - moment).dt.total_seconds() / 86_400
    table["age"] = (moment - table["ordered_at"]).dt.total_seconds() / 86_400
    more = table.groupby(list(PAIR)).agg(
        units=("quantity", "sum"), quantity=("quantity", list), due=("due", list), age=("age", list)
    )
    found = more.reindex(pd.MultiIndex.from_frame(frame[list(PAIR)]))
    lists = {
        "open_quantities": found["quantity"],
        "open_due_days": found["due"],
        "open_age_days": found["age"],
    }
    joined = {
        name: pd.Series(
            [_joined(old, new) for old, new in zip(frame[name], extra, strict=True)],
            index=frame.index,
            dtype=object,
        )
        for name, extra in lists.items()
    }
    units = found["units"].fillna(0.0).to_numpy(dtype=float)
    return frame.assign(on_order=frame["on_order"].fillna(0.0) + units, **joined)


def _joined(old: object, new: object) -> list[float] | None:
    parts = [each for each in (old, new) if isinstance(each, list)]
    return [value for part in parts for value in part] if parts else None
