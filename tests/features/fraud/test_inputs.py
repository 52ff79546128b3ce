"""What is known of a payment when it is decided on."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from data.tables import TABLES
from data.views import Terms
from features.counters import SqliteCounters
from features.fraud import (
    FEATURES,
    PLAN,
    RISK_FEATURES,
    SERVICE,
    VIEWS,
    ExchangeRates,
    amounts,
    event,
    events,
    fraud_reports,
    inputs,
    inputs_of,
    milliseconds,
    model_inputs,
    payment_velocity,
    report,
)
from features.fraud.plan import UNPROVEN
from tests.features.fraud.payment_rows import NO_RATES, NOW, payment, reported, table


def velocity(payments: pd.DataFrame, chargebacks: pd.DataFrame) -> pd.DataFrame:
    return payment_velocity(payments, chargebacks, amounts(payments, NO_RATES, "EUR"))


def test_a_fraud_counts_for_its_keys_from_the_report_on_never_before() -> None:
    payments = table(
        "payments",
        [
            payment("p1", 0, card_id="k"),
            payment("p2", 5, card_id="k", customer_id="other"),
            payment("p3", 15, card_id="k", customer_id="third"),
        ],
    )
    answer = velocity(payments, table("chargebacks", [reported("p1", 10)]))
    assert answer["card_frauds"].tolist() == [0, 0, 1]
    assert answer["customer_frauds"].tolist() == [0, 0, 0]
    assert answer["card_customers_1d"].tolist() == [0, 1, 2]


def test_a_report_at_the_very_moment_is_known_and_an_honest_one_is_none() -> None:
    payments = table("payments", [payment("p1", 0), payment("p2", 1), payment("p3", 10)])
    chargebacks = [reported("p1", 10), reported("p2", 5, is_fraud=False)]
    answer = velocity(payments, table("chargebacks", chargebacks))
    assert answer["customer_frauds"].tolist() == [0, 0, 1]


def test_a_report_is_not_known_before_its_own_payment() -> None:
    payments = table("payments", [payment("p1", 10), payment("p2", 20), payment("p3", 30)])
    chargebacks = table("chargebacks", [reported("p1", 10), reported("p2", 5)])
    assert velocity(payments, chargebacks)["customer_frauds"].tolist() == [0, 1, 2]


def test_only_the_first_report_of_a_payment_counts() -> None:
    chargebacks = table("chargebacks", [reported("p", 9), reported("p", 3), reported("q", 1)])
    found = fraud_reports(chargebacks).set_index("payment_id")["reported_at"]
    assert found["p"] == NOW + pd.Timedelta(minutes=3)
    assert len(found) == 2


def test_rows_keep_their_place_whatever_their_order() -> None:
    payments = table("payments", [payment("b", 5), payment("a", 5), payment("c", 0)])
    answer = velocity(payments.set_index(pd.Index([4, 9, 1])), table("chargebacks", []))
    assert answer.index.tolist() == [4, 9, 1]
    assert answer["customer_count"].tolist() == [2, 1, 0]  # ties by payment_id


def test_the_stream_is_in_order_of_arrival() -> None:
    payments = table("payments", [payment("b", 5), payment("a", 5), payment("z", 0)])
    stream = events(payments, table("chargebacks", [reported("z", 5)]), pd.Series([1.0, 2.0, 3.0]))
    assert stream["event_id"].tolist() == ["z", "z#fraud", "a", "b"]
    assert stream["payment"].tolist() == [2, -1, 1, 0]
    assert stream["cents"].tolist() == [300, 0, 200, 100]


def test_money_is_counted_in_base_currency() -> None:
    rates = table(
        "fx_rates",
        [
            {"rate_date": "2025-03-01", "currency": "USD", "rate": 0.5},
            {"rate_date": "2025-03-10", "currency": "USD", "rate": 0.8},
        ],
    )
    payments = table("payments", [payment("p", 0, currency="USD"), payment("q", 1)])
    amount = amounts(payments, rates, "EUR")
    assert amount.tolist() == [8.0, 10.0]
    answer = payment_velocity(payments, table("chargebacks", []), amount)
    assert answer["customer_amount"].tolist() == [0.0, 8.0]


@settings(max_examples=50, deadline=None)
@given(
    asked=st.lists(st.tuples(st.integers(0, 5 * 24 * 60), st.sampled_from(["EUR", "USD", "GBP"]))),
    known=st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["USD", "GBP"]), st.floats(0.1, 9)),
        unique_by=lambda rate: rate[:2],
    ),
)
def test_one_rate_is_looked_up_as_many_are(
    asked: list[tuple[int, str]], known: list[tuple[int, str, float]]
) -> None:
    rates = table(
        "fx_rates",
        [
            {"rate_date": NOW.floor("D") + pd.Timedelta(days=day), "currency": name, "rate": rate}
            for day, name, rate in known
        ],
    )
    rows = [payment(f"p{n}", at, currency=name) for n, (at, name) in enumerate(asked)]
    many = amounts(table("payments", rows), rates, "EUR").tolist()
    one = ExchangeRates.of(rates, "EUR")
    single = [one.amount(10.0, row["currency"], milliseconds(row["attempted_at"])) for row in rows]
    np.testing.assert_array_equal(single, many)


_COUNTRY = st.sampled_from(["DE", "FR", None])


PAYMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "minutes": st.floats(0, 60 * 24 * 3, allow_nan=False),
            "customer_id": st.sampled_from(["c1", "c2"]),
            "amount": st.floats(0, 9_000),
            "currency": st.sampled_from(["EUR", "USD", "XXX"]),
            "card_id": st.sampled_from(["k1", "k2", None]),
            "device_id": st.sampled_from(["d1", None]),
            "ip_address": st.sampled_from(["203.0.113.1", None]),
            "email_hash": st.sampled_from(["e1", None]),
            "billing_country": _COUNTRY,
            "shipping_country": _COUNTRY,
            "ip_country": _COUNTRY,
            "address_match": st.sampled_from([True, False, None]),
            "outcome": st.sampled_from(["captured", "declined", None]),
            "x_items": st.sampled_from([1.0, 2.5]),
        }
    ),
    min_size=1,
    max_size=12,
)


RATES = table("fx_rates", [{"rate_date": "2025-03-01", "currency": "USD", "rate": 0.93}])


RISK = {
    "c1": {"signed_up_day": 20_000.0, "home_country": "DE", "account_email": "e1"},
    "c2": {"usual_amount": 2.0, "amount_spread": 0.5, "past_payments": 3.0},
}


@settings(max_examples=40, deadline=None)
@given(rows=PAYMENTS, frauds=st.sets(st.integers(0, 11)))
def test_online_and_batch_see_the_same(rows: list[dict[str, Any]], frauds: set[int]) -> None:
    """Every input of every payment: computed one by one as it arrives, and all at once."""
    given_rows = [payment(f"p{n:02}", **row) for n, row in enumerate(rows)]
    payments = table("payments", given_rows)
    chargebacks = table(
        "chargebacks",
        [reported(f"p{n:02}", rows[n]["minutes"] + 90) for n in frauds if n < len(rows)],
    )
    amount = amounts(payments, RATES, "EUR")
    frame = payments.join(payment_velocity(payments, chargebacks, amount))
    for name, kind in RISK_FEATURES.items():
        values = [RISK[customer].get(name) for customer in payments["customer_id"]]
        frame[name] = pd.Series(values, dtype=object if kind == "str" else float)
    batch = inputs(frame, amount)
    assert list(batch.columns) == [*FEATURES, "x_items"]

    rates = ExchangeRates.of(RATES, "EUR")
    counters = SqliteCounters(":memory:", PLAN)
    for name, number, at in events(payments, chargebacks, amount)[
        ["event_id", "payment", "at"]
    ].itertuples(index=False):
        if number < 0:
            told = given_rows[int(name[1:3])]
            counters.observe(report(told, datetime.fromtimestamp(at / 1000, UTC)))
            continue
        row = {key: value for key, value in given_rows[number].items() if value is not None}
        money = rates.amount(row["amount"], row["currency"], milliseconds(row["attempted_at"]))
        seen = counters.observe(event(row, money))
        (one,) = inputs_of([row], [money], [seen], [RISK[row["customer_id"]]])
        assert list(one) == [*FEATURES, "x_items"]
        for feature, values in one.items():
            expected = batch[feature].iloc[number]
            same = values == expected or (pd.isna(values) and pd.isna(expected))
            assert same, f"{feature} of {name}: {values} online, {expected} in batch"
    counters.close()


def test_an_account_that_is_opened_after_a_payment_is_new() -> None:
    asked = [payment("p", 0)]
    risks = [{"signed_up_day": 1e6}]
    (found,) = inputs_of(asked, [1.0], [np.full(len(PLAN.names), np.nan)], risks)
    assert found["account_age_days"] == 0.0


def test_the_views_are_whole() -> None:
    assert SERVICE == ("payment_velocity", "customer_risk", "customer_value")
    tables = {name: table(name, []) for name in ("payments", "chargebacks", "customers")}
    for view in VIEWS:
        assert view.build is not None
        empty = view.build({**tables, "fx_rates": NO_RATES}, NOW.to_pydatetime(), Terms())
        assert list(empty.columns) == [*view.keys, "event_timestamp", *view.features]
        assert empty.empty
    names = [name for view in VIEWS for name in view.features]
    assert len(names) == len(set(names))
    sums = {name for name in PLAN.names if "log_amount" in name}
    assert set(PLAN.names) - set(FEATURES) == sums.union(UNPROVEN.names)


def test_inputs_made_in_parts_are_the_same() -> None:
    columns: dict[str, Any] = {
        name: [f"{name}{n % 3}" for n in range(7)] for name in TABLES["payments"].names
    }
    columns["attempted_at"] = pd.date_range("2025-01-01", periods=7, tz="UTC")
    columns["address_match"] = pd.array([True, None, False] * 2 + [True], dtype="boolean")
    for place, name in enumerate([*PLAN.names, *RISK_FEATURES]):
        columns[name] = "t" if RISK_FEATURES.get(name) == "str" else np.arange(7.0) + place
    known, amount = pd.DataFrame(columns), pd.Series(np.arange(7.0) / 3)
    whole, parts = inputs(known, amount), model_inputs(known, amount, rows=3)
    pd.testing.assert_frame_equal(whole, parts, check_dtype=False, rtol=1e-6)
    assert parts["amount_base"].dtype == np.float32
