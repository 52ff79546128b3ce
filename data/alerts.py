"""An alert: a KPI past a bound, changed all at once, or without figures; where, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from data.errors import ArgosyError

AlertKind = Literal["threshold", "change", "missing"]
Severity = Literal["warn", "critical"]


class AlertError(ArgosyError):
    """There is no such alert, or it cannot be changed as asked."""


@dataclass(frozen=True)
class Contribution:
    """How much of a change lies in one part of the shop: share of the whole change, 1 is all."""

    dimension: str
    value: str
    share: float


@dataclass(frozen=True)
class KpiFinding:
    """What is wrong on a day. cause: the topic (or KPI) that findings of one cause share.

    place: dimension -> value; empty: the whole shop. value: of the day or window, None: not known;
    expected: what it would usually be, or the bound that it is past.
    """

    cause: str
    kpi: str
    kind: AlertKind
    severity: Severity
    place: Mapping[str, str]
    day: date
    value: float | None
    expected: float | None
    text: str
    contributions: tuple[Contribution, ...] = ()


@dataclass(frozen=True)
class Alert:
    """A finding that is or was going on: from first_day to last_day, open until resolved_at."""

    alert_id: str
    cause: str
    kpi: str
    kind: AlertKind
    severity: Severity
    place: Mapping[str, str]
    first_day: date
    last_day: date
    value: float | None
    expected: float | None
    text: str
    raised_at: datetime
    contributions: tuple[Contribution, ...] = field(default=())
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    note: str | None = None
