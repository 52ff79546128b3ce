"""Small data for the tests beside."""

from typing import Any

import numpy as np
import pandas as pd

from models.replenishment import OrderUpTo
from models.replenishment.plan import WATERFALL, Options, Planned
from tests.models.replenishment.planning import frame, row


def plan(*rows: dict[str, Any], **options: Any) -> Planned:
    return OrderUpTo().plan(frame(*rows), Options(**options))


def line(**other: Any) -> pd.Series:
    return plan(row(**other)).lines.iloc[0]


def adds_up(lines: pd.DataFrame) -> bool:
    parts = sum(sign * (lines[name] * 1000).round() for name, sign in WATERFALL.items())
    return bool(np.allclose(parts, lines["order_quantity"] * 1000, atol=1e-6))


def pair(**receiver: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A warehouse with far too much, and one with nothing."""
    return row(warehouse_id="A", on_hand=400.0), row(warehouse_id="B", **receiver)
