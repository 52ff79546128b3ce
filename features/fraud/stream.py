"""Payments, declines and fraud reports as one stream of events, from tables or one by one."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.money import to_base
from features.fraud.attempts import AttemptColumns, PaymentAttempt, attempt_columns
from features.fraud.networks import DERIVED, derived_columns
from features.fraud.plan import PLAN
from features.windows import MEASURES, VelocityEvent, VelocityPlan, velocity

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SHOP = "all"  # the value of the key that every payment has
REPORT, DECLINE, PROOF = "#fraud", "#declined", "#authenticated"
PROVEN = "challenged"  # the authentication of who was challenged and has passed
_TOLD_DAYS = 7  # in which a decline is told once more, as long as counters remember events


def milliseconds(when: datetime) -> int:
    """Whole milliseconds since 1970.

    >>> milliseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000
    """
    return (when - _EPOCH) // _MILLISECOND


def at_ms(times: pd.Series) -> NDArray[np.int64]:
    """Whole milliseconds since 1970, of a column."""
    return times.to_numpy(dtype="datetime64[ns]").astype(np.int64) // 1_000_000


def amounts(payments: pd.DataFrame, fx_rates: pd.DataFrame, base: str) -> pd.Series:
    """The payments' amounts in base currency; NaN where no rate is known.

    payments: attempted_at, amount and currency; fx_rates: rate_date, currency, rate (units of
    `base` for one unit of `currency`); base: ISO 4217 code of the base currency.
    """
    when = payments["attempted_at"]
    return to_base(payments["amount"], payments["currency"], when, fx_rates, base)


def label_changes(chargebacks: pd.DataFrame) -> pd.DataFrame:
    """When each payment became fraud, and when it ceased to be: a won dispute, a correction.

    chargebacks: payment_id, reported_at, is_fraud; resolution and resolved_at where they are known
    (a dispute that was won is no fraud from then on). Columns: payment_id, at, is_fraud, number: of
    the change of its payment, from 0. What says again what was known is no change.
    """
    told = chargebacks[["payment_id", "reported_at"]].rename(columns={"reported_at": "at"})
    told = told.assign(is_fraud=chargebacks["is_fraud"].fillna(False).astype(bool))
    if "resolution" in chargebacks and "resolved_at" in chargebacks:
        won = (chargebacks["resolution"] == "won").fillna(False).astype(bool)
        won &= chargebacks["resolved_at"].notna() & told["is_fraud"]
        ended = chargebacks.loc[won, ["payment_id", "resolved_at"]]
        ended = ended.rename(columns={"resolved_at": "at"}).assign(is_fraud=False)
        told = pd.concat([told, ended], ignore_index=True) if len(ended) else told
    told = told[told["at"].notna()].sort_values("at", kind="stable")
    before = told.groupby("payment_id")["is_fraud"].shift(fill_value=False)
    changed = told[told["is_fraud"] != before.astype(bool)]
    return changed.assign(number=changed.groupby("payment_id").cumcount()).reset_index(drop=True)


def fraud_reports(chargebacks: pd.DataFrame) -> pd.DataFrame:
    """payment_id and reported_at of the payments that are fraud by the last word on each, with the
    time since when."""
    last = label_changes(chargebacks).drop_duplicates("payment_id", keep="last")
    frauds = last[last["is_fraud"]]
    return frauds[["payment_id", "at"]].rename(columns={"at": "reported_at"}).reset_index(drop=True)


def report_id(payment_id: str, number: int) -> str:
    """The id of the event that is change `number` (from 0) of a payment's label.

    payment_id: the payment.
    """
    return f"{payment_id}{REPORT}{number or ''}"


def events(
    payments: pd.DataFrame,
    chargebacks: pd.DataFrame,
    amount: pd.Series,
    arrived: pd.Series | None = None,
    *,
    late_reports: bool = False,
) -> pd.DataFrame:
    """The stream `windows.velocity` reads, in order of arrival: by time, reports before payments,
    payments of one time by received_at (those without it first), then by payment_id.

    payments: payment_id, attempted_at, outcome and the plan's columns; chargebacks: as
    `label_changes` takes them; amount: of the payments, in base currency (NaN counts as nothing). A
    decline is known from the next event on; a fraud report from its reported_at on, but never
    before its own payment (who does not know when a fraud was reported, gives the time of the
    payment). A retry that is no payment of its own (see `attempts`) adds nothing. arrived: when
    each payment came, on the index of `payments`, where that is known apart from its time; the
    order is theirs then, as it was for the live counters. late_reports: a report comes after all
    payments made before it, also where these came later than that. Columns: event_id, payment (row
    number of the payment, −1 for a report), at, MEASURES, ends, and the plan's.
    """
    keys = list(PLAN.columns)
    payments = derived_columns(payments.assign(shop=_SHOP))
    paid = payments[keys].reset_index(drop=True)
    paid["event_id"] = payments["payment_id"].to_numpy(dtype=object)
    paid["payment"] = np.arange(len(payments))
    paid["at"] = at_ms(payments["attempted_at"])
    paid["payments"] = 1
    money = np.nan_to_num(amount.to_numpy(dtype=float))
    paid["cents"] = np.rint(money * 100).astype(np.int64)
    paid["logs"] = np.rint(np.log1p(money) * 1000).astype(np.int64)
    paid["squares"] = paid["logs"] ** 2
    paid["declines"] = (payments["outcome"] == "declined").to_numpy(dtype=bool).astype(np.int64)
    paid["frauds"] = 0
    attempts = attempts_among(payments, arrived)
    paid.loc[~attempts.counts, ["payments", "cents", "logs", "squares"]] = 0
    paid.loc[~attempts.declines, "declines"] = 0
    paid["ends"] = has_proof(payments)
    came = payments["attempted_at"] if arrived is None else arrived
    paid["came"] = came.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    changes = label_changes(chargebacks)
    known = payments[["payment_id", "attempted_at", *keys]].assign(came=paid["came"].to_numpy())
    told = changes.merge(known, on="payment_id")
    numbers = told["number"].astype(str).where(told["number"] > 0, "")
    told["event_id"] = told["payment_id"] + REPORT + numbers
    told["at"] = np.maximum(at_ms(told["at"]), at_ms(told["attempted_at"]) + 1)
    told["came"] = np.maximum(told["at"] * 1_000_000, told["came"] + 1)
    if late_reports:
        told["came"] = np.maximum(told["came"], _all_came(paid, told["at"]) + 1)
    told["payment"] = -1
    told[list(MEASURES)] = (0, 0, 0, 1, 0, 0)
    told["frauds"] = np.where(told["is_fraud"], 1, -1)
    paid["received"] = _received(payments)
    told["received"] = 0
    told["ends"] = False
    columns = ["event_id", "payment", "at", *MEASURES, "ends", *keys]
    both = [*columns, "came", "received"]
    stream = pd.concat([told[both], paid[both]], ignore_index=True) if len(told) else paid
    order = _arrival(stream, stream["at"] if arrived is None else stream["came"])
    return stream[columns].iloc[order].reset_index(drop=True)


def _all_came(paid: pd.DataFrame, until: pd.Series) -> NDArray[np.int64]:
    """Nanoseconds since 1970 by which all payments made until some moments had come, also where
    history is decided long after it happened.

    paid: at (ms), came; until: ms, none before the first payment.
    """
    order = np.argsort(paid["at"].to_numpy(), kind="stable")
    latest = np.maximum.accumulate(paid["came"].to_numpy()[order])
    place = np.searchsorted(paid["at"].to_numpy()[order], until.to_numpy(), side="right") - 1
    return np.asarray(latest[place], dtype=np.int64)


def attempts_among(payments: pd.DataFrame, arrived: pd.Series | None = None) -> AttemptColumns:
    """The attempts among some payments.

    payments: as `events` takes them; arrived: when each came, where that is known apart from its
    time.
    """
    if "retry_of" not in payments or not payments["retry_of"].notna().any():
        return attempt_columns(payments, np.arange(len(payments)))
    came = payments["attempted_at"] if arrived is None else arrived
    names = payments["payment_id"].to_numpy(dtype=object).astype(str)
    times = came.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    order = np.lexsort((names, _received(payments), times))
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    return attempt_columns(payments, place)


def has_proof(payments: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether the shopper was challenged at each payment and passed (`authentication`)."""
    if "authentication" not in payments:
        return np.zeros(len(payments), dtype=np.bool_)
    return (payments["authentication"] == PROVEN).to_numpy(dtype=bool)


def _received(payments: pd.DataFrame) -> NDArray[np.int64]:
    """Nanoseconds since 1970 at which each payment was decided on; 0 where it is not known."""
    if "received_at" not in payments:
        return np.zeros(len(payments), dtype=np.int64)
    given = pd.to_datetime(payments["received_at"], utc=True, format="ISO8601", errors="coerce")
    times = given.to_numpy(dtype="datetime64[ns]")
    return np.where(np.isnat(times), 0, times.astype(np.int64))


def _arrival(stream: pd.DataFrame, came: pd.Series) -> NDArray[np.intp]:
    payment = stream["payment"].to_numpy() >= 0
    tie = np.zeros(len(stream), dtype=np.int64)
    tied = came.duplicated(keep=False).to_numpy()
    tie[tied] = pd.factorize(stream["event_id"].to_numpy(dtype=object)[tied], sort=True)[0]
    return np.lexsort((tie, stream["received"].to_numpy(), payment, came.to_numpy()))


def payment_velocity(
    payments: pd.DataFrame,
    chargebacks: pd.DataFrame,
    amount: pd.Series,
    plan: VelocityPlan = PLAN,
    *,
    arrived: pd.Series | None = None,
    late_reports: bool = False,
) -> pd.DataFrame:
    """The plan's features of every payment, on the index of `payments`.

    payments, chargebacks, arrived, late_reports: as `events` takes them; amount: of the payments,
    in base currency; plan: what is counted.
    """
    stream = events(payments, chargebacks, amount, arrived, late_reports=late_reports)
    row = stream["payment"].to_numpy()
    place = np.empty(len(payments), dtype=np.intp)
    place[row[row >= 0]] = np.flatnonzero(row >= 0)
    answer = velocity(stream, plan, place)
    answer.index = payments.index
    return answer


@dataclass(frozen=True)
class ExchangeRates:
    """Dated exchange rates for one payment at a time: the newest at or before its time, as
    `money.to_base` takes them."""

    base: str
    times: Mapping[str, list[int]]
    rates: Mapping[str, list[float]]

    @classmethod
    def of(cls, fx_rates: pd.DataFrame, base: str) -> "ExchangeRates":
        """The rates of the table of exchange rates.

        fx_rates: rate_date, currency, rate (units of `base` for one unit of `currency`); base: ISO
        4217 code of the base currency.
        """
        ordered = fx_rates.sort_values("rate_date", kind="stable")
        groups = dict(iter(ordered.groupby("currency")))
        return cls(
            base,
            {str(name): at_ms(rows["rate_date"]).tolist() for name, rows in groups.items()},
            {str(name): rows["rate"].astype(float).tolist() for name, rows in groups.items()},
        )

    def amount(self, amount: float, currency: str | None, at: int) -> float:
        """The amount in base currency; NaN where no rate is known.

        amount: in `currency`; currency: ISO 4217 code, None is the base currency; at: the time, ms
        since 1970.
        """
        if currency is None or currency == self.base:
            return amount
        place = bisect_right(self.times.get(currency, []), at)
        return amount * self.rates[currency][place - 1] if place else float("nan")

    def in_currency(self, amount: float, currency: str | None, wanted: str, at: int) -> float:
        """The amount in another currency; NaN where a rate is not known.

        amount: in `currency`; currency: ISO 4217 code, None is the base currency; wanted: the code
        of the answer's; at: the time, ms since 1970.
        """
        if (currency or self.base) == wanted:
            return amount
        return self.amount(amount, currency, at) / self.amount(1.0, wanted, at)


def event(
    payment: Mapping[str, Any], amount: float, attempt: PaymentAttempt | None = None
) -> VelocityEvent:
    """A payment as an event: the same as its row in `events`.

    payment: its fields by name; amount: in base currency; attempt: what it retries, if anything.
    """
    money = 0.0 if amount != amount else amount
    log = int(np.rint(np.log1p(money) * 1000))
    declined = int(payment.get("outcome") == "declined")
    ends = payment.get("authentication") == PROVEN
    if attempt is not None and not attempt.counts:
        declined = declined if attempt.first_decline else 0
        measures = (0, 0, declined, 0, 0, 0)
        at = milliseconds(payment["attempted_at"])
        return VelocityEvent(payment["payment_id"], at, measures, _tags(payment), ends)
    return VelocityEvent(
        id=payment["payment_id"],
        at=milliseconds(payment["attempted_at"]),
        measures=(1, round(money * 100), declined, 0, log, log * log),
        tags=_tags(payment),
        ends=ends,
    )


def proof(payment: Mapping[str, Any]) -> VelocityEvent:
    """The news that the shopper was challenged at a payment, counted before, and has passed."""
    at = milliseconds(payment["attempted_at"])
    name = proof_id(str(payment["payment_id"]))
    return VelocityEvent(name, at, (0, 0, 0, 0, 0, 0), _tags(payment), ends=True)


def proof_id(payment_id: str) -> str:
    """The id of the event that `proof` gives. payment_id: the payment."""
    return f"{payment_id}{PROOF}"


def report(
    payment: Mapping[str, Any], reported_at: datetime, *, is_fraud: bool = True, number: int = 0
) -> VelocityEvent:
    """The report that a payment was fraud, or that it was none after all.

    is_fraud: whether it was; false takes a fraud back; payment: it; reported_at: when that was
    known: after the payment, whatever it says; number: of the change of its label, from 0.
    """
    known = max(milliseconds(reported_at), milliseconds(payment["attempted_at"]) + 1)
    measures = (0, 0, 0, 1 if is_fraud else -1, 0, 0)
    return VelocityEvent(report_id(payment["payment_id"], number), known, measures, _tags(payment))


def decline(
    payment: Mapping[str, Any],
    counts_as: str | None = None,
    *,
    is_declined: bool = True,
    number: int = 0,
) -> VelocityEvent:
    """The news that a payment, counted when it was decided, was declined, or was not after all.

    payment: its fields by name; counts_as: the payment that it is counted as, where that is
    another: however many attempts of it are declined, they count once; is_declined: false takes
    the decline back; number: of the change, from 0.
    """
    at = milliseconds(payment["attempted_at"])
    name = decline_id(counts_as or str(payment["payment_id"]), number)
    return VelocityEvent(name, at, (0, 0, 1 if is_declined else -1, 0, 0, 0), _tags(payment))


def decline_id(payment_id: str, number: int) -> str:
    """The id of the event by which a payment becomes a declined one, or ceases to be.

    payment_id: that it is counted as; number: as of `decline`.
    """
    return f"{payment_id}{DECLINE}{number or ''}"


def decline_ids(payments: pd.DataFrame) -> list[str]:
    """The ids of the events by which payments would be told to be declined that are so already: of
    those of the last days, which `decline` may yet be asked for.

    payments: as `events` takes them.
    """
    at = payments["attempted_at"]
    recent = (at >= at.max() - pd.Timedelta(days=_TOLD_DAYS)).to_numpy(dtype=bool)
    declined = (payments["outcome"] == "declined").to_numpy(dtype=bool)
    names = payments["payment_id"].to_numpy(dtype=object)
    rows = attempts_among(payments).counted_as[declined & recent]
    return sorted({decline_id(str(name), 0) for name in names[rows]})


def _tags(payment: Mapping[str, Any]) -> dict[str, str]:
    known = {name: str(payment[name]) for name in PLAN.columns if payment.get(name) is not None}
    known["shop"] = _SHOP
    for name, (source, form) in DERIVED.items():
        value = payment.get(source)
        if value is not None and (found := form(str(value))) is not None:
            known[name] = found
    return known
