"""What is known by now of payments: which are fraud by the last word, and their outcomes."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from data.decisions import Note
from decisions.runtime import Runtime
from features.fraud import label_changes

OUTCOME = "fraud_outcome"
_STAYING = ("authentication", "refunded_amount")
_LABEL = ["payment_id", "reported_at", "is_fraud", "resolution", "resolved_at"]


def label_history(runtime: Runtime, payment_ids: Collection[str] | None = None) -> pd.DataFrame:
    """When payments became fraud and ceased to be, as `label_changes` tells it.

    runtime: the stores and releases in use; payment_ids: of these; None: of all.
    """
    if payment_ids is None:
        lake = runtime.lake.read("chargebacks")
        here = runtime.records.pending("chargebacks")[0]
    else:
        lake = runtime.lake.read("chargebacks", where={"payment_id": sorted(payment_ids)})
        here = pd.DataFrame(runtime.records.labels_of(payment_ids))
    return label_changes(all_labels(lake, here))


def all_labels(lake: pd.DataFrame, here: pd.DataFrame) -> pd.DataFrame:
    """The labels of the lake and those of the records, each once.

    lake: chargebacks of the lake; here: those of the records, with any kind of time; a time that no
    table can hold is left out, so that one bad row never stops the rest.
    """
    parts = [part.reindex(columns=_LABEL) for part in (lake, here) if len(part)]
    if not parts:
        return lake.head(0).reindex(columns=_LABEL)
    every = pd.concat([part.assign(**_times(part)) for part in parts], ignore_index=True)
    every = every[every["reported_at"].notna()]
    return every.drop_duplicates(["payment_id", "reported_at", "is_fraud"], ignore_index=True)


def _times(labels: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        name: pd.to_datetime(labels[name], utc=True, errors="coerce").astype("datetime64[ns, UTC]")
        for name in ("reported_at", "resolved_at")
    }


def known_frauds(runtime: Runtime) -> frozenset[str]:
    """The payments that are fraud by the last word on each, in the lake or here."""
    last = label_history(runtime).drop_duplicates("payment_id", keep="last")
    return frozenset(str(name) for name in last.loc[last["is_fraud"], "payment_id"])


def last_outcome(notes: Iterable[Note]) -> dict[str, Any]:
    """The last word on the outcome of a payment: by outcome_at where both say it, else by arrival.
    What it leaves out of `authentication` and `refunded_amount` is as it was told before.

    notes: on one payment, in order of arrival.
    """
    last: dict[str, Any] = {}
    for note in notes:
        body = dict(note.body)
        before, at = last.get("outcome_at"), body.get("outcome_at")
        is_older = before and at and datetime.fromisoformat(at) < datetime.fromisoformat(before)
        old, new = (body, last) if is_older else (last, body)
        last = {name: old[name] for name in _STAYING if name in old} | new
    return last


def told_outcomes(notes: Iterable[Note]) -> dict[str, Mapping[str, Any]]:
    """The last word on the outcome of each payment, by payment_id.

    notes: of the kind OUTCOME, in order of arrival.
    """
    by_payment: dict[str, list[Note]] = {}
    for note in notes:
        by_payment.setdefault(note.key, []).append(note)
    return {name: last_outcome(mine) for name, mine in by_payment.items()}


def outcome_known(payment: Mapping[str, Any], told: Mapping[str, Any]) -> str | None:
    """The outcome of a payment: as told, but as it came with the payment where nothing was told or
    it was declined for a technical reason, which is none of the payment's own.

    payment: its fields by name; told: of `last_outcome`.
    """
    own: str | None = payment.get("outcome")
    return own if told.get("technical_error") else told.get("outcome") or own


def with_outcomes(
    payments: pd.DataFrame, outcomes: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """Payments with the outcomes and authentications told of them. A decline for a technical reason
    is none of the payment's own.

    payments: payment_id, outcome, authentication; outcomes: of `told_outcomes`.
    """
    proven = {
        name: body["authentication"] for name, body in outcomes.items() if "authentication" in body
    }
    if proven and "authentication" in payments:
        fresh = payments["payment_id"].map(proven)
        kept = fresh.where(fresh.notna(), payments["authentication"])
        payments = payments.assign(authentication=kept)
    told = {
        name: body["outcome"] for name, body in outcomes.items() if not body.get("technical_error")
    }
    if not told or payments.empty:
        return payments
    fresh = payments["payment_id"].map(told)
    return payments.assign(outcome=fresh.where(fresh.notna(), payments["outcome"]))


def payments_of(runtime: Runtime, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The payments of these ids that were decided here or lie in the lake.

    runtime: the stores and releases in use; ids: payment_ids. Answers payment_id -> fields by name,
    attempted_at a datetime.
    """
    if not ids:
        return {}
    payments = {
        name: row | {"attempted_at": datetime.fromisoformat(row["attempted_at"])}
        for name, row in runtime.records.payments_of(ids).items()
    }
    if missing := set(ids) - set(payments):
        lake = runtime.lake.read("payments", where={"payment_id": sorted(missing)})
        for row in lake.to_dict("records"):
            given = {str(name): value for name, value in row.items() if not pd.isna(value)}
            payments[given["payment_id"]] = given | {
                "attempted_at": given["attempted_at"].to_pydatetime()
            }
    return payments
