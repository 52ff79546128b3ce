"""The policy in use moves with the rate of fraud that is really reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from data.decisions import Decision, Note
from data.errors import ArgosyError
from decisions.fraud.controls import POLICY, write_policy
from decisions.fraud.known import known_frauds
from decisions.runtime import Runtime
from models.fraud import (
    ACTIONS,
    Costs,
    FraudPolicy,
    PolicyLimits,
    best_policy,
    observed_shift,
)

WINDOW_DAYS, FEWEST = 30, 200


class TuningError(ArgosyError):
    """There are too few decisions whose outcome is known."""


@dataclass(frozen=True)
class Tuned:
    """The new policy in words: expected and observed are frauds in the window."""

    model_version: str
    version: str
    former: str
    decisions: int
    expected: float
    observed: int
    shift: float
    penalty: float
    block_from_100: float


def retune(
    runtime: Runtime, now: datetime, *, author: str = "observed rate", apply: bool = True
) -> Tuned:
    """The cheapest policy within the budget for the rate of fraud that is really reported.

    Frauds reported are compared with those foretold over the newest month whose labels are mature.
    runtime: the stores and releases in use; now: the moment; author: who is noted as having set it;
    apply: whether it is written down and used (one that is in use already is not written again).
    Raises TuningError.
    """
    release = runtime.release("fraud")
    if release is None:
        raise TuningError("no fraud model is in use; train one: argosy train fraud")
    end = now - timedelta(days=runtime.settings.label_maturity_days)
    made = runtime.records.decisions(since=end - timedelta(days=WINDOW_DAYS))
    mine = [d for d in made if d.decided_at <= end and d.model_version == release.version]
    if len(mine) < FEWEST:
        raise TuningError(
            f"{len(mine)} decisions by model {release.version} with mature labels, at least "
            f"{FEWEST} needed; wait, or lower ARGOSY_LABEL_MATURITY_DAYS"
        )
    frauds = known_frauds(runtime)
    p = np.array([each.probability for each in mine])
    amount = np.array([float(each.trace.get("amount_base") or 0.0) for each in mine])
    costs = Costs(**runtime.settings.fraud_costs)
    # What a challenge, a review or a block stops cannot be charged back: of the frauds foretold
    # only those count that get through.
    through = p * costs.passes[[ACTIONS.index(each.decision) for each in mine]]
    reported = sum(each.payment_id in frauds for each in mine if each.decision != "block")
    shift = observed_shift(through, reported)
    limits = PolicyLimits(_review_capacity(mine, runtime), runtime.settings.fraud_most_stopped)
    found = best_policy(
        p, amount, costs, budget=runtime.settings.fraud_budget, shift=shift, limits=limits
    )
    used = [n for n in runtime.records.journal.of(POLICY) if _is_of(n, release.version)]
    former = used[-1].key if used else FraudPolicy.of(release.policy).version
    why = f"{reported} frauds reported, {through.sum():.1f} foretold, of {len(mine)} decisions"
    if apply and found.version != former:
        write_policy(runtime.records, release.version, found, author=author, why=why)
    return Tuned(
        model_version=release.version,
        version=found.version,
        former=former,
        decisions=len(mine),
        expected=float(through.sum()),
        observed=int(reported),
        shift=found.shift,
        penalty=found.penalty,
        block_from_100=found.starts(100.0)["block"],
    )


def _review_capacity(decisions: Sequence[Decision], runtime: Runtime) -> float:
    """The share of payments like these that people can review."""
    daily = runtime.settings.fraud_reviews_per_day
    if daily is None:
        return float(runtime.settings.fraud_review_share)
    return min(daily * WINDOW_DAYS / max(len(decisions), 1), 1.0)


def _is_of(note: Note, model_version: str) -> bool:
    return bool(note.body["model_version"] == model_version)
