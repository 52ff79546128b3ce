"""How the decisions do, day by day: what was caught, who was hurt, whether the scores moved."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np

from data.decisions import Decision
from decisions.fraud.live_engine import known_frauds
from decisions.runtime import Runtime
from models.fraud import ACTIONS, Policy
from models.fraud.drift import stability_index


def watch(runtime: Runtime, since: datetime) -> list[dict[str, Any]]:
    """One line a day since then.

    Frauds are those known by now: the figures of young days still change; `mature` says which do
    not. precision: of what was not allowed, fraud; recall: of the frauds, not allowed. saved: money
    of frauds not let through; lost: of those allowed; hurt: what turning honest customers away
    cost. expected, observed: mean probability and share of fraud. score_shift: see
    `models.fraud.drift`. shadow_…: the same of the shadow, had it acted.
    """
    decisions = sorted(runtime.records.decisions(since=since), key=lambda each: each.decided_at)
    frauds = known_frauds(runtime)
    release = runtime.release("fraud")
    numbers = release.policy if release else {}
    cuts = [numbers[f"decile_{n}"] for n in range(1, 10) if f"decile_{n}" in numbers]
    policy = Policy.of(numbers) if release else None
    age = timedelta(days=runtime.settings.label_maturity_days)
    return [
        {"day": day.isoformat(), "mature": runtime.now() - age >= some[-1].decided_at}
        | _line(some, frauds, policy, cuts)
        for day, some in _days(decisions)
    ]


def _days(decisions: Sequence[Decision]) -> Iterator[tuple[date, list[Decision]]]:
    for day, some in groupby(decisions, key=lambda each: each.decided_at.date()):
        yield day, list(some)


def _line(
    decisions: Sequence[Decision],
    frauds: frozenset[str],
    policy: Policy | None,
    cuts: Sequence[float],
) -> dict[str, Any]:
    fraud = np.array([each.payment_id in frauds for each in decisions])
    amount = np.array([float(each.trace.get("amount_base") or 0.0) for each in decisions])
    scored = np.array([bool(each.model_version) for each in decisions])
    p = np.array([each.probability for each in decisions])
    acted = [each.decision for each in decisions]
    line: dict[str, Any] = {
        "decisions": len(decisions),
        "degraded": sum(each.degraded for each in decisions),
    }
    line |= _judged(acted, fraud, amount, policy)
    line |= {
        "expected": float(p[scored].mean()) if scored.any() else None,
        "observed": float(fraud[scored].mean()) if scored.any() else None,
        "score_shift": stability_index(cuts, p[scored]) if cuts and scored.any() else None,
    }
    shadow = [each.trace["shadow"] for each in decisions if "shadow" in each.trace]
    if shadow:
        at = np.array(["shadow" in each.trace for each in decisions])
        said = _judged([each["decision"] for each in shadow], fraud[at], amount[at], policy)
        line |= {f"shadow_{name}": value for name, value in said.items()}
    return line


def _judged(
    acted: Sequence[str], fraud: np.ndarray, amount: np.ndarray, policy: Policy | None
) -> dict[str, Any]:
    places = np.array([ACTIONS.index(each) for each in acted])
    stopped = places > 0
    answer: dict[str, Any] = {
        f"{name}_share": float((places == place).mean()) for place, name in enumerate(ACTIONS)
    }
    answer |= {
        "frauds": int(fraud.sum()),
        "precision": float(fraud[stopped].mean()) if stopped.any() else None,
        "recall": float(stopped[fraud].mean()) if fraud.any() else None,
    }
    if policy is not None:
        through, kept = policy.costs.passes[places], policy.costs.keeps[places]
        margin = policy.costs.margin * amount + policy.costs.goodwill
        answer |= {
            "saved": float((amount * (1.0 - through))[fraud].sum()),
            "lost": float((amount * through)[fraud].sum()),
            "hurt": float((margin * (1.0 - kept))[~fraud].sum()),
        }
    return answer
