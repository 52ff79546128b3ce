"""How the decisions do, day by day: what was caught, who was hurt, whether the scores moved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from data.money import rounded
from decisions.drift import stability_of_counts
from decisions.fraud.known import known_frauds
from decisions.runtime import Runtime
from models.fraud import ACTIONS, FraudPolicy

Row = Mapping[str, Any]
DECILES = 10


def watch(runtime: Runtime, since: datetime) -> list[dict[str, Any]]:
    """One line a day since then, from sums that the database makes; a purchase counts once, by the
    last attempt to pay for it.

    runtime: the stores and releases in use; since: a moment; decisions made before it are left out.

    Frauds are those known by now: the figures of young days still change; `mature` says which do
    not. precision: of what was not allowed, fraud; recall: of the frauds, not allowed. saved: money
    of frauds not let through; lost: of those allowed; hurt: what turning honest customers away
    cost. control: payments that the control group let through, which count as allowed. expected,
    observed: mean probability and share of fraud. score_shift: see
    `decisions.drift`. shadow_…: the same of the shadow, had it acted.
    """
    release = runtime.release("fraud")
    policy = FraudPolicy.of(release.policy) if release else None
    sums = runtime.records.decision_sums
    days: dict[str, _Day] = {}
    for row in sums.by_day(since):
        days.setdefault(row["day"], _Day()).rows.append(row)
    for row in sums.of(_standing_frauds(runtime), since):
        days.setdefault(row["day"], _Day()).frauds.append(row)
    age = timedelta(days=runtime.settings.label_maturity_days)
    control = runtime.records.controls.let_through_by_day(since)
    return [
        {"day": name, "mature": runtime.now() - age >= day.last, "control": control.get(name, 0)}
        | _line(day, policy, runtime.settings.base_currency)
        for name, day in sorted(days.items())
        if day.rows
    ]


def _standing_frauds(runtime: Runtime) -> frozenset[str]:
    """The payments that are fraud: of attempts of one purchase the last, whichever was reported."""
    return frozenset(runtime.records.attempts.standing(known_frauds(runtime)).values())


@dataclass
class _Day:
    """rows: sums of the day's decisions; frauds: its decisions on payments that are fraud."""

    rows: list[Row] = field(default_factory=list)
    frauds: list[Row] = field(default_factory=list)

    @property
    def last(self) -> datetime:
        """When its last decision was made."""
        newest: datetime = max(row["last"] for row in self.rows)
        return newest


def _line(day: _Day, policy: FraudPolicy | None, base: str) -> dict[str, Any]:
    """The figures of one day."""
    scored = [row for row in day.rows if row["scored"]]
    count = _total(scored, "decisions")
    found = sum(bool(row["scored"]) for row in day.frauds)
    binned = [row for row in scored if row["bin"] is not None]
    counts = np.bincount(
        [row["bin"] for row in binned], [row["decisions"] for row in binned], minlength=DECILES
    )
    line: dict[str, Any] = {
        "decisions": int(_total(day.rows, "decisions")),
        "degraded": int(_total(day.rows, "degraded")),
    }
    line |= _judged(day.rows, day.frauds, "decision", policy, base)
    line |= {
        "expected": _total(scored, "probability") / count if count else None,
        "observed": found / count if count else None,
        "score_shift": stability_of_counts(counts) if binned else None,
    }
    rows = [row for row in day.rows if row["shadow"] is not None]
    frauds = [row for row in day.frauds if row["shadow"] is not None]
    if rows:
        said = _judged(rows, frauds, "shadow", policy, base)
        line |= {f"shadow_{name}": value for name, value in said.items()}
    return line


def _judged(
    rows: Iterable[Row], frauds: Iterable[Row], acted: str, policy: FraudPolicy | None, base: str
) -> dict[str, Any]:
    """Shares, frauds caught and money in the base currency. acted: the column of what was done."""
    count, money, bad, bad_money = (np.zeros(len(ACTIONS)) for _ in range(4))
    for row in rows:
        place = ACTIONS.index(row[acted])
        count[place] += row["decisions"]
        money[place] += row["amount"]
    for row in frauds:
        place = ACTIONS.index(row[acted])
        bad[place] += 1
        bad_money[place] += row["amount"]
    stopped = count[1:].sum()
    answer: dict[str, Any] = {
        f"{name}_share": float(count[n] / count.sum()) for n, name in enumerate(ACTIONS)
    }
    answer |= {
        "frauds": int(bad.sum()),
        "precision": float(bad[1:].sum() / stopped) if stopped else None,
        "recall": float(bad[1:].sum() / bad.sum()) if bad.sum() else None,
    }
    if policy is not None:
        through, kept = policy.costs.passes, policy.costs.keeps
        honest = policy.costs.margin * (money - bad_money) + policy.costs.goodwill * (count - bad)
        answer |= {
            "saved": rounded(float((bad_money * (1.0 - through)).sum()), base),
            "lost": rounded(float((bad_money * through).sum()), base),
            "hurt": rounded(float((honest * (1.0 - kept)).sum()), base),
        }
    return answer


def _total(rows: Iterable[Row], name: str) -> float:
    return float(sum(row[name] for row in rows))
