from random import Random

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from features.counters import SqliteCounters
from features.fraud import PLAN, event, fraud_reports, label_changes, payment_velocity

START = pd.Timestamp("2025-01-01", tz="UTC")


def labels(*rows: tuple[str, int, bool]) -> pd.DataFrame:
    names, days, frauds = zip(*rows, strict=True)
    at = [START + pd.Timedelta(days=day) for day in days]
    return pd.DataFrame({"payment_id": names, "reported_at": at, "is_fraud": frauds})


def test_the_last_word_holds() -> None:
    told = labels(("a", 1, True), ("a", 5, False), ("b", 2, True), ("b", 3, True))
    assert fraud_reports(told)["payment_id"].tolist() == ["b"]
    again = pd.concat([told, labels(("a", 9, True))], ignore_index=True)
    assert sorted(fraud_reports(again)["payment_id"]) == ["a", "b"]


def test_a_won_dispute_is_no_fraud_from_then_on() -> None:
    won = labels(("a", 1, True)).assign(resolution="won", resolved_at=START + pd.Timedelta(days=9))
    assert label_changes(won)["is_fraud"].tolist() == [True, False]
    assert fraud_reports(won).empty


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_changes_take_turns_and_end_with_the_last_word(words: list[bool]) -> None:
    told = labels(*(("a", day, word) for day, word in enumerate(words)))
    changes = label_changes(told)["is_fraud"].tolist()
    assert changes == [place % 2 == 0 for place in range(len(changes))]
    assert bool(changes and changes[-1]) == words[-1]


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2),  # seconds since the start: mostly ties
        st.sampled_from(["p", "q", "r", "s", "t", "u", "v", "w"]),
        st.sampled_from(["k1", "k2", "k3"]),
        st.sampled_from(["captured", "declined"]),
    ),
    min_size=2,
    max_size=8,
    unique_by=lambda row: row[1],
)


@given(ROWS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_payments_of_one_time_count_in_the_order_in_which_they_were_decided(
    rows: list[tuple[int, str, str, str]], random: Random
) -> None:
    counters = SqliteCounters(":memory:", PLAN)
    arrived = sorted(rows, key=lambda row: (row[0], random.random()))
    live, known = {}, []
    for place, (second, name, card, outcome) in enumerate(arrived):
        payment = {
            "payment_id": name,
            "attempted_at": (START + pd.Timedelta(seconds=second)).to_pydatetime(),
            "customer_id": "c",
            "card_id": card,
            "amount": 10.0,
            "outcome": outcome,
        }
        live[name] = counters.observe(event(payment, 10.0))
        known.append(payment | {"received_at": START + pd.Timedelta(minutes=place)})
    counters.close()
    columns = [name for name in PLAN.columns if name != "shop"]
    frame = pd.DataFrame(known).reindex(columns=[*dict.fromkeys([*known[0], *columns])])
    frame = frame.sample(frac=1.0, random_state=1)
    batch = payment_velocity(frame, labels(("none", 0, False)), pd.Series(10.0, frame.index))
    for place, name in zip(batch.index, frame["payment_id"], strict=True):
        np.testing.assert_array_equal(batch.loc[place].to_numpy(), live[name])


def test_a_report_comes_after_the_payments_of_before_also_where_these_are_decided_late() -> None:
    """History that is decided years later, in a minute, and reported when it is over."""
    hours = range(6)
    frame = pd.DataFrame(
        {
            "payment_id": [f"p{hour}" for hour in hours],
            "attempted_at": [START + pd.Timedelta(hours=hour) for hour in hours],
            "customer_id": "c",
            "card_id": "k",
            "outcome": "captured",
        }
    )
    frame = frame.reindex(columns=[*dict.fromkeys([*frame, *PLAN.columns])]).drop(columns="shop")
    late = START + pd.Timedelta(days=900)
    arrived = pd.Series([late + pd.Timedelta(seconds=hour) for hour in hours], frame.index)
    amount = pd.Series(10.0, frame.index)
    unreported = labels(("none", 0, False))
    alone = payment_velocity(frame, unreported, amount, arrived=arrived)
    told = labels(("p0", 40, True))
    reported = payment_velocity(frame, told, amount, arrived=arrived, late_reports=True)
    pd.testing.assert_frame_equal(reported, alone)
    within = unreported.assign(
        payment_id="p0", is_fraud=True, reported_at=START + pd.Timedelta(hours=3.5)
    )
    counted = payment_velocity(frame, within, amount, arrived=arrived, late_reports=True)
    assert counted["card_frauds_30d"].tolist() == [0, 0, 0, 0, 1, 1]
