"""Small data for the tests beside."""

from collections.abc import Sequence

import pandas as pd

from features.windows import (
    MEASURES,
    WINDOWS,
    Key,
    Velocity,
    VelocityEvent,
    VelocityPlan,
)

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000


START = 1_500_000_000_000


COLUMNS = ("card_id", "ip", "who")


PLAN = VelocityPlan(
    (Key("card", ("card_id",), ("ip", "who")), Key("ip", ("ip",)), Key("pair", ("card_id", "who"))),
    tuple(
        Velocity(f"{key}_{aggregate}_{window}", key, aggregate, window)
        for key in ("card", "ip")
        for aggregate in ("count", "amount", "declines", "frauds")
        for window in (*(window.name for window in WINDOWS), "ever")
    )
    + tuple(
        Velocity(f"card_{partner}_{window.name}", "card", "distinct", window.name, partner)
        for partner in ("ip", "who")
        for window in WINDOWS
    )
    + tuple(
        Velocity(f"{key}_{since}", key, since)
        for key in ("card", "pair")
        for since in ("since_last", "since_first", "since_fraud", "payments_since_fraud")
    )
    + tuple(
        Velocity(f"ip_first_fraud_{window.name}", "ip", "since_first_fraud", window.name)
        for window in WINDOWS
    )
    + (
        Velocity("card_logs", "card", "log_amount"),
        Velocity("pair_squares", "pair", "log_amount_squared"),
    ),
)


def event(row: pd.Series) -> VelocityEvent:
    tags = {name: row[name] for name in COLUMNS if row[name] is not None}
    a, b, c, d, e, f = (int(row[name]) for name in MEASURES)
    return VelocityEvent(row["event_id"], int(row["at"]), (a, b, c, d, e, f), tags)


def payment(name: str, at: int, **tags: str) -> VelocityEvent:
    return VelocityEvent(name, at, (1, 100, 0, 0, 700, 490_000), tags)


def frame(rows: Sequence[tuple]) -> pd.DataFrame:
    columns = ["event_id", "at", *MEASURES, *COLUMNS]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(COLUMNS, object))
