"""Planned promotions of a warehouse × product: when the next one runs, how many there were."""

import numpy as np
import pandas as pd

from features.replenishment.ledger import Floats

EVERYWHERE = "*"


def planned(rows: pd.DataFrame, promotions: pd.DataFrame, now: pd.Series) -> pd.DataFrame:
    """The rows (warehouse_id, product_id) with the promotion that runs or comes next.

    promotion_from, promotion_until: days until it starts (below 0: it runs) and until its last day
    is over, missing without one. promotions_before: how many ended before.

    rows: any, with both columns; promotions: warehouse_id (`*`: every one), product_id, starts_on
    and ends_on; now: n times by the clock of each warehouse, written as UTC.
    """
    own = promotions[promotions["warehouse_id"] != EVERYWHERE]
    common = promotions[promotions["warehouse_id"] == EVERYWHERE].drop(columns="warehouse_id")
    keys = rows[["warehouse_id", "product_id"]].assign(now=now).reset_index(names="row")
    found = pd.concat(
        [keys.merge(own, on=["warehouse_id", "product_id"]), keys.merge(common, on="product_id")]
    )
    found = found.assign(
        begins=_days(found["starts_on"], found["now"]),
        ends=_days(found["ends_on"], found["now"]) + 1.0,
    )
    past = found[found["ends"] <= 0].groupby("row").size()
    coming = found[found["ends"] > 0].sort_values(["begins", "ends"]).drop_duplicates("row")
    coming = coming.set_index("row")
    return rows.assign(
        promotion_from=coming["begins"].reindex(rows.index).astype(float),
        promotion_until=coming["ends"].reindex(rows.index).astype(float),
        promotions_before=past.reindex(rows.index).fillna(0.0).astype(float),
    )


def _days(dates: pd.Series, now: pd.Series) -> Floats:
    span = pd.to_datetime(dates, utc=True) - now
    days: Floats = span.dt.total_seconds().to_numpy(dtype=np.float64) / 86_400
    return days
