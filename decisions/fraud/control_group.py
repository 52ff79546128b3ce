"""The control group: payments let through that the model alone would stop, to learn how often it
is wrong. Off unless the merchant sets a share."""

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from data.records.controls import ControlledPayment
from decisions.fraud.known import OUTCOME, known_frauds, told_outcomes
from decisions.fraud.resolve import PaymentCase, PaymentVerdict, Scored
from decisions.runtime import Runtime
from models.fraud import Action

STOPPED: tuple[Action, ...] = ("challenge", "block")
_CERTAINTY = 1.96  # standard errors of an interval that holds in 19 of 20 cases


@dataclass(frozen=True)
class ControlGroup:
    """share: of the payments that may be let through; most_amount: of each, base currency; key: of
    this installation, so that no buyer can work out which payment is let through."""

    share: float
    most_amount: float
    key: str

    def has(self, name: str) -> bool:
        """True if a payment of this name is of the group: the same name, the same answer.

        name: of the purchase, so that a retry is treated as the attempt before.
        """
        digest = hmac.new(self.key.encode(), name.encode(), hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "big") / 2.0**64 < self.share

    def may_have(self, case: PaymentCase, scored: Scored | None, verdict: PaymentVerdict) -> bool:
        """True if the model alone stops a payment of a small amount: no rule, and no list.

        case: what the payment is judged on; scored: what the model says of it; verdict: of both.
        """
        return (
            scored is not None
            and verdict.action in STOPPED
            and verdict.action == scored.action
            and not verdict.rules_hit
            and not case.listed
            and case.amount <= self.most_amount  # an unknown amount is NaN
        )


@dataclass(frozen=True)
class ControlReport:
    """What the control group tells of the payments that the model alone stops, for small amounts.

    action: challenge, block, or both. let_through and stopped: payments of the group, and like
    them; judged: those let through whose label is known by now; frauds: of them; expected_frauds:
    as the model foretold. false_stops: share of the stopped payments that are honest, each payment
    let through weighing as many as it stands for; from and to: the interval that chance leaves;
    None where none is judged. honest_stopped: that share of the stopped payments.
    """

    action: str
    let_through: int
    stopped: int
    judged: int
    frauds: int
    expected_frauds: float
    false_stops: float | None
    false_stops_from: float | None
    false_stops_to: float | None
    honest_stopped: float | None


def control_reports(runtime: Runtime, now: datetime, *, days: int) -> list[ControlReport]:
    """The reports of each stopping action, and of both.

    runtime: the stores and releases in use; now: the moment; days: before it, in which payments
    were decided.
    """
    records = runtime.records
    rows = records.controls.since(now - timedelta(days=days))
    frauds = frozenset(records.attempts.standing(known_frauds(runtime)).values())
    declined = {
        name
        for name, body in told_outcomes(records.journal.of(OUTCOME)).items()
        if body["outcome"] == "declined"
    }
    mature = now - timedelta(days=runtime.settings.label_maturity_days)
    judged = {
        each.payment_id
        for each in rows
        if each.is_let_through
        and each.payment_id not in declined  # nobody would report it
        and (each.decided_at <= mature or each.payment_id in frauds)
    }
    return [
        _report(name, [each for each in rows if name in {"all", each.action}], judged, frauds)
        for name in (*STOPPED, "all")
    ]


def _report(
    name: str, rows: Sequence[ControlledPayment], judged: set[str], frauds: frozenset[str]
) -> ControlReport:
    known = [each for each in rows if each.payment_id in judged]
    stopped = sum(not each.is_let_through for each in rows)
    share, low, high = _honest(known, frauds)
    return ControlReport(
        action=name,
        let_through=len(rows) - stopped,
        stopped=stopped,
        judged=len(known),
        frauds=sum(each.payment_id in frauds for each in known),
        expected_frauds=float(sum(each.probability for each in known)),
        false_stops=share,
        false_stops_from=low,
        false_stops_to=high,
        honest_stopped=None if share is None else share * stopped,
    )


def _honest(
    known: Sequence[ControlledPayment], frauds: frozenset[str]
) -> tuple[float | None, float | None, float | None]:
    """The share of honest ones by inverse probability, with Wilson's interval for as many payments
    as the weights are worth (Kish)."""
    if not known:
        return None, None, None
    weight = np.array([1.0 / each.share for each in known])
    honest = np.array([each.payment_id not in frauds for each in known])
    share = float((weight * honest).sum() / weight.sum())
    count = float(weight.sum() ** 2 / (weight**2).sum())
    square = _CERTAINTY**2 / count
    middle = (share + square / 2.0) / (1.0 + square)
    spread = math.sqrt(share * (1.0 - share) * square + square**2 / 4.0) / (1.0 + square)
    return share, max(middle - spread, 0.0), min(middle + spread, 1.0)
