"""A rule tried on history before it acts: what it would have caught, whom it would have hurt."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from data.decisions import Decision
from data.money import rounded
from data.records import Records
from decisions.fraud.attempts import traced_facts
from decisions.fraud.known import known_frauds
from decisions.fraud.lists import Lists
from decisions.fraud.resolve import PaymentCase, named
from decisions.fraud.rules import FraudRule
from decisions.runtime import Runtime
from features.fraud import amounts, attempt_facts, attempts_among, history, inputs

MOST_EXAMPLES, MOST_PAYMENTS = 20, 200_000
MOST_LOOKED_AT = 500  # decisions that a rule is held against before it is saved


@dataclass(frozen=True)
class DryRun:
    """payments: in the time looked at; hits: payments the rule holds of. caught: hits reported as
    fraud; hurt: hits old enough that a fraud would have been reported, and was not; undecided: hits
    that were declined, so that nobody would report them; immature: hits that may still be reported.
    Money in base currency. examples: the newest hits."""

    payments: int
    hits: int
    hit_share: float
    caught: int
    caught_money: float
    fraud_share_caught: float | None
    hurt: int
    hurt_money: float
    undecided: int
    immature: int
    examples: tuple[str, ...]


def dry_run(runtime: Runtime, rule: FraudRule, lists: Lists, *, days: int) -> DryRun:
    """The rule over the lake's payments of the last days (the newest MOST_PAYMENTS of them), each
    with what was known at its moment; of the attempts of one purchase the last counts.
    ExpressionError where it is no rule.

    runtime: the stores and releases in use; rule: the one to try; lists: block, watch and allow
    lists that the rule may ask about; days: how many before now.
    """
    rule.expression  # noqa: B018  # compiled before history is read
    now = runtime.now()
    names = ("payments", "chargebacks", "customers", "fx_rates")
    tables = {name: runtime.lake.read(name, as_of=now) for name in names}
    known = history(tables, now, runtime.settings.terms)
    attempts = attempts_among(known)
    tried = attempt_facts(known, attempts)[~attempts.superseded]
    known = known[~attempts.superseded]
    recent = known[known["attempted_at"] > pd.Timestamp(now - timedelta(days=days))]
    recent = recent.tail(MOST_PAYMENTS)
    base = runtime.settings.base_currency
    amount = amounts(recent, tables["fx_rates"], base)
    facts = inputs(recent, amount).join(tried)
    hits = np.array([rule.expression.holds(row) for row in _rows(recent, facts, lists)], dtype=bool)
    fraud = recent["payment_id"].isin(known_frauds(runtime)).to_numpy(dtype=bool)
    taken = (recent["outcome"] != "declined").fillna(True).to_numpy(dtype=bool)
    young = timedelta(days=runtime.settings.label_maturity_days)
    mature = (recent["attempted_at"] <= pd.Timestamp(now - young)).to_numpy(dtype=bool)
    honest = ~fraud & taken & mature
    immature = ~fraud & taken & ~mature
    caught, hurt = hits & fraud, hits & honest
    examples = recent.loc[hits, "payment_id"].tail(MOST_EXAMPLES)
    return DryRun(
        payments=len(recent),
        hits=int(hits.sum()),
        hit_share=float(hits.mean()) if len(hits) else 0.0,
        caught=int(caught.sum()),
        caught_money=rounded(float(np.nansum(amount[caught])), base),
        fraud_share_caught=float(caught.sum() / fraud.sum()) if fraud.any() else None,
        hurt=int(hurt.sum()),
        hurt_money=rounded(float(np.nansum(amount[hurt])), base),
        undecided=int((hits & ~fraud & ~taken).sum()),
        immature=int((hits & immature).sum()),
        examples=tuple(str(name) for name in examples[::-1]),
    )


def recent_share(records: Records, rule: FraudRule) -> tuple[float, int]:
    """The share of the newest decided payments that a rule holds of, and how many were looked at:
    at most MOST_LOOKED_AT.

    records: the database of the service; rule: about payments, compiled.
    """
    made = records.decisions(limit=MOST_LOOKED_AT)
    cases = (
        PaymentCase(
            payment=each.payment,
            facts=each.features,
            amount=amount_of(each),
            listed=frozenset(entry["list"] for entry in each.trace.get("lists", ())),
            attempt=traced_facts(each.trace),
        )
        for each in made
    )
    hits = [rule.expression.holds(named(case, without_model=False)) for case in cases]
    return (sum(hits) / len(hits) if hits else 0.0), len(hits)


def amount_of(decision: Decision) -> float:
    """The amount of a decided payment in base currency; NaN where no rate was known."""
    amount = decision.trace.get("amount_base")
    return math.nan if amount is None else float(amount)


def _rows(payments: pd.DataFrame, facts: pd.DataFrame, lists: Lists) -> Iterator[Mapping[str, Any]]:
    """What the rule may name, payment by payment; lists as they are today."""
    asked = _dicts(payments)
    seen = _dicts(facts)
    for payment, fact in zip(asked, seen, strict=True):
        hit = {entry.list for entry in lists.hit(payment, payment["attempted_at"])}
        listed = {f"{name}_listed": name in hit for name in ("allow", "watch", "block")}
        yield {**payment, **fact, **listed, "without_model": False} | {
            "amount_unknown": payment["amount"] == payment["amount"]
            and fact["amount_base"] != fact["amount_base"]
        }


def _dicts(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    columns = [frame[name].astype(object).tolist() for name in frame.columns]
    names = [str(name) for name in frame.columns]
    for values in zip(*columns, strict=True):
        row = zip(names, values, strict=True)
        yield {name: None if value is pd.NA else value for name, value in row}
