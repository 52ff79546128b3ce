"""The policy in use moves with the rate of fraud that is really reported."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from data.decisions import Note
from data.errors import ArgosyError
from decisions.fraud.controls import POLICY, write_policy
from decisions.fraud.known import label_history
from decisions.fraud.report_delays import Numbers, ReportDelays
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
PRIOR_FRAUDS = 20.0  # as foretold, that a few reports cannot move the policy far
CALIBRATION_DAYS = 180  # decisions whose reports are compared with what was foretold
_DAY = pd.Timedelta(days=1)


class TuningError(ArgosyError):
    """There are too few decisions whose outcome is known."""


@dataclass(frozen=True)
class PolicyPreview:
    """What a policy would do to payments like those of the last WINDOW_DAYS days.

    shares: of the payments, by action; amounts: their money a day, by action, base currency;
    reviews_per_day; honest_stopped: share of honest payments not simply allowed, and
    chargeback_rate: frauds among the payments taken, both as foretold.
    """

    shares: Mapping[str, float]
    amounts: Mapping[str, float]
    reviews_per_day: float
    honest_stopped: float
    chargeback_rate: float


@dataclass(frozen=True)
class Tuned:
    """The new policy in words.

    decisions: compared; expected: frauds foretold among them that should be reported by now;
    observed: those that are. nearly_all_reports_days: the age at which 95 of 100 reports have come;
    delays_known: False where no payment is old enough to tell, and the policy is not loosened.
    before, after: what the policy in use and the new one do to recent payments.
    """

    model_version: str
    version: str
    former: str
    decisions: int
    expected: float
    observed: float
    shift: float
    penalty: float
    block_from_100: float
    nearly_all_reports_days: float
    delays_known: bool
    before: PolicyPreview
    after: PolicyPreview


@dataclass(frozen=True)
class DecidedPayments:
    """Decisions by one model, an array entry each.

    probability: as foretold; amount: base currency; action: place in ACTIONS; age_days: since the
    decision; report_days: from the decision to the report of fraud, NaN where there is none;
    weight: how many payments each stands for, one where a control group has no say.
    """

    probability: Numbers
    amount: Numbers
    action: np.ndarray
    age_days: Numbers
    report_days: Numbers
    weight: Numbers

    def recent(self) -> "DecidedPayments":
        """Those of the last WINDOW_DAYS days; of all of them where fewer than FEWEST are so
        young."""
        young = self.age_days <= WINDOW_DAYS
        return self.where(young) if young.sum() >= FEWEST else self

    def where(self, rows: np.ndarray) -> "DecidedPayments":
        """Some of them. rows: a flag each."""
        return DecidedPayments(**{name: values[rows] for name, values in vars(self).items()})


@dataclass(frozen=True)
class TunedPolicy:
    """What `solve` found: the policy, and what it rests on, as `Tuned` tells it."""

    policy: FraudPolicy
    expected: float
    observed: float
    delays: ReportDelays


def solve(
    made: DecidedPayments,
    former: FraudPolicy,
    *,
    budget: float,
    limits: PolicyLimits,
    usual_days: float,
) -> TunedPolicy:
    """The cheapest policy within the budget for the rate of fraud that is really reported.

    What a challenge, a review or a block stops cannot be charged back, and a young fraud may be
    reported later: of the frauds foretold those count that get through and should be reported by
    now.

    made: decisions by one model; former: the policy in use, whose costs are kept; budget: frauds
    among the payments taken, a share; limits: see `best_policy`; usual_days: days that reports
    take, as long as too few have come to tell.
    """
    costs = former.costs
    reported = np.isfinite(made.report_days)
    delays = ReportDelays.of(
        made.report_days[reported],
        made.age_days[reported],
        oldest=float(made.age_days.max(initial=0.0)),
        usual_days=usual_days,
    )
    passes = costs.passes[made.action]
    could = passes * delays.share_reported(made.age_days) * made.weight
    found = reported & (passes > 0.0) & (made.report_days <= made.age_days)
    if len(made.report_days[reported]) < len(delays.days):  # the setting stands for the delays
        found &= made.age_days >= usual_days
    observed = float(made.weight[found].sum())
    foretold = made.probability * could
    # As many as a few heavy payments are worth: chance moves them further than so many light ones.
    heavy = float((foretold * made.weight).sum()) / max(float(foretold.sum()), 1e-12)
    shift = observed_shift(
        made.probability, observed, weight=could, prior=PRIOR_FRAUDS * max(heavy, 1.0)
    )
    if not delays.is_known:
        shift = max(shift, former.shift)
    recent = made.recent()
    policy = best_policy(
        recent.probability, recent.amount, costs, budget=budget, shift=shift, limits=limits
    )
    return TunedPolicy(policy, float(foretold.sum()), observed, delays)


def preview(policy: FraudPolicy, made: DecidedPayments) -> PolicyPreview:
    """What a policy does to the recent ones of some payments.

    policy: it; made: decisions, whoever made them.
    """
    recent = made.recent()
    p, amount = recent.probability, recent.amount
    places = policy.actions(p, amount)
    days = max(float(recent.age_days.max() - recent.age_days.min()), 1.0) if len(p) else 1.0
    names = list(enumerate(ACTIONS))
    return PolicyPreview(
        shares={name: float((places == n).mean()) for n, name in names},
        amounts={name: float(amount[places == n].sum() / days) for n, name in names},
        reviews_per_day=float((places == ACTIONS.index("review")).sum() / days),
        honest_stopped=policy.stopped_share(p, amount),
        chargeback_rate=policy.chargeback_rate(p, amount),
    )


def retune(
    runtime: Runtime, now: datetime, *, author: str = "observed rate", apply: bool = True
) -> Tuned:
    """`solve` for the decisions of the model in use, with a preview of what changes.

    runtime: the stores and releases in use; now: the moment; author: who is noted as having set it;
    apply: whether it is written down and used (one that is in use already is not written again).
    Raises TuningError.
    """
    release = runtime.release("fraud")
    if release is None:
        raise TuningError("no fraud model is in use; train one: argosy train fraud")
    settings = runtime.settings
    made = _decided(runtime, release.version, now)
    old = int((made.age_days >= settings.label_maturity_days).sum())
    if old < FEWEST:
        raise TuningError(
            f"{old} decisions by model {release.version} with mature labels, at least "
            f"{FEWEST} needed; wait, or lower ARGOSY_LABEL_MATURITY_DAYS"
        )
    used = [n for n in runtime.records.journal.of(POLICY) if _is_of(n, release.version)]
    former = FraudPolicy.of(used[-1].body["numbers"] if used else release.policy)
    former_costs = FraudPolicy(
        Costs(**settings.fraud_costs), settings.fraud_budget, shift=former.shift
    )
    found = solve(
        made,
        former_costs,
        budget=settings.fraud_budget,
        limits=PolicyLimits(_review_capacity(made, runtime), settings.fraud_most_stopped),
        usual_days=float(settings.label_maturity_days),
    )
    policy = found.policy
    why = (
        f"{found.observed:,.0f} frauds reported, {found.expected:.1f} foretold to be reported by "
        f"now, of {len(made.action)} decisions"
    )
    if apply and policy.version != former.version:
        write_policy(runtime.records, release.version, policy, author=author, why=why)
    return Tuned(
        model_version=release.version,
        version=policy.version,
        former=former.version,
        decisions=len(made.action),
        expected=found.expected,
        observed=found.observed,
        shift=policy.shift,
        penalty=policy.penalty,
        block_from_100=policy.starts(100.0)["block"],
        nearly_all_reports_days=found.delays.nearly_all_days,
        delays_known=found.delays.is_known,
        before=preview(former, made),
        after=preview(policy, made),
    )


def _decided(runtime: Runtime, version: str, now: datetime) -> DecidedPayments:
    """The decisions by a model in the last CALIBRATION_DAYS days, with the reports that hold."""
    since = now - timedelta(days=CALIBRATION_DAYS)
    rows = pd.DataFrame(
        runtime.records.decision_sums.scored(version, since, now),
        columns=["payment_id", "decided_at", "decision", "probability", "amount", "weight"],
    )
    last = label_history(runtime).drop_duplicates("payment_id", keep="last")
    frauds = last[last["is_fraud"] & (last["at"] <= pd.Timestamp(now))]
    standing = runtime.records.attempts.standing(set(frauds["payment_id"]))
    frauds = frauds.assign(payment_id=frauds["payment_id"].map(standing))
    frauds = frauds.sort_values("at", kind="stable").drop_duplicates("payment_id")
    at = pd.to_datetime(rows["decided_at"], utc=True)
    reported = pd.to_datetime(
        rows["payment_id"].map(frauds.set_index("payment_id")["at"]), utc=True
    )
    return DecidedPayments(
        probability=rows["probability"].to_numpy(dtype=np.float64),
        amount=rows["amount"].to_numpy(dtype=np.float64),
        action=rows["decision"].map({name: n for n, name in enumerate(ACTIONS)}).to_numpy(int),
        age_days=np.asarray((pd.Timestamp(now) - at) / _DAY, np.float64),
        report_days=np.asarray((reported - at) / _DAY, np.float64),
        weight=rows["weight"].to_numpy(dtype=np.float64),
    )


def _review_capacity(made: DecidedPayments, runtime: Runtime) -> float:
    """The share of payments like these that people can review."""
    daily = runtime.settings.fraud_reviews_per_day
    if daily is None:
        return float(runtime.settings.fraud_review_share)
    recent = made.recent()
    days = max(float(recent.age_days.max() - recent.age_days.min()), 1.0)
    return min(daily * days / max(len(recent.action), 1), 1.0)


def _is_of(note: Note, model_version: str) -> bool:
    return bool(note.body["model_version"] == model_version)
