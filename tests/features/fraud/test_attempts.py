from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from features.counters import SqliteCounters
from features.fraud import (
    PLAN,
    EarlierAttempt,
    attempt_facts,
    attempt_of,
    attempts_among,
    decline,
    event,
    payment_velocity,
)
from features.fraud.attempts import MOST_RETRIES

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOBODY = pd.DataFrame({"payment_id": ["none"], "reported_at": [NOON], "is_fraud": [False]})


def paid(name: str, minutes: float = 0.0, **more: Any) -> dict[str, Any]:
    row = {"payment_id": name, "attempted_at": NOON + timedelta(minutes=minutes)}
    row |= {"customer_id": "c", "amount": 30.0, "currency": "EUR", "card_id": "k"}
    return row | {"outcome": None, "authentication": None, "retry_of": None} | more


def with_keys(frame: pd.DataFrame) -> pd.DataFrame:
    names = [*frame.columns, *(name for name in PLAN.columns if name != "shop")]
    return frame.reindex(columns=list(dict.fromkeys(names)))


def earlier(*payments: dict[str, Any]) -> list[EarlierAttempt]:
    return [
        EarlierAttempt(each, "p0", "p0", None, each["outcome"], each["authentication"])
        for each in payments
    ]


def test_a_card_tried_again_for_one_amount_is_no_payment_of_its_own() -> None:
    found = attempt_of(paid("p1", 1, retry_of="p0"), earlier(paid("p0", outcome="declined")))
    assert (found.number, found.counts, found.counts_as) == (2, False, "p0")
    assert (found.purchase_id, found.supersedes, found.first_decline) == ("p0", "p0", False)
    assert found.facts["earlier_outcome"] == "declined"


def test_another_card_counts_and_is_told() -> None:
    found = attempt_of(paid("p1", retry_of="p0", card_id="other"), earlier(paid("p0")))
    assert (found.counts, found.facts["retry_cards"]) == (True, 1.0)
    assert found.purchase_id == "p0"  # the same purchase all the same


def test_another_amount_is_another_purchase() -> None:
    found = attempt_of(paid("p1", retry_of="p0", amount=31.0), earlier(paid("p0")))
    assert (found.counts, found.purchase_id, found.supersedes) == (True, "p1", None)


def test_an_order_is_one_purchase_whatever_is_paid_of_it() -> None:
    before = earlier(paid("p0", order_id="o"))
    same = attempt_of(paid("p1", retry_of="p0", order_id="o", amount=28.0), before)
    other = attempt_of(paid("p1", retry_of="p0", order_id="o2"), before)
    assert (same.purchase_id, other.purchase_id) == ("p0", "p1")


def test_so_many_retries_and_no_more_are_quiet() -> None:
    before = earlier(*(paid(f"p{n}", n) for n in range(MOST_RETRIES)))
    assert not attempt_of(paid("next", 9, retry_of="p0"), before).counts
    before += earlier(paid("more", 8))
    assert attempt_of(paid("next", 9, retry_of="p0"), before).counts


def test_a_retry_days_later_counts() -> None:
    assert attempt_of(paid("p1", 1_441, retry_of="p0"), earlier(paid("p0"))).counts
    assert not attempt_of(paid("p1", 1_440, retry_of="p0"), earlier(paid("p0"))).counts


def test_payments_that_name_each_other_make_no_circle() -> None:
    frame = pd.DataFrame(
        [
            paid("a", 0, retry_of="c"),
            paid("b", 1, retry_of="a"),
            paid("c", 2, retry_of="b"),
            paid("self", 3, retry_of="self"),
            paid("stranger", 4, retry_of="a", customer_id="d"),
            paid("lost", 5, retry_of="nothing"),
        ]
    )
    assert attempts_among(frame).number.tolist() == [1, 2, 3, 1, 1, 1]


def test_facts_of_many_payments() -> None:
    frame = pd.DataFrame(
        [paid("b", 1, retry_of="a", card_id="k2"), paid("a", outcome="declined"), paid("z")]
    )
    facts = attempt_facts(frame, attempts_among(frame))
    assert facts["attempt_number"].tolist() == [2.0, 1.0, 1.0]
    assert facts["retry_cards"].iloc[0] == 1.0
    assert facts["earlier_outcome"].tolist() == ["declined", None, None]
    assert attempts_among(frame).superseded.tolist() == [False, True, False]


def test_an_honest_retry_leaves_the_velocities_as_they_were() -> None:
    frame = pd.DataFrame(
        [
            paid("a", 0, outcome="declined"),
            paid("b", 1, retry_of="a", outcome="declined"),
            paid("c", 2, retry_of="a", outcome="captured"),
            paid("next", 3),
        ]
    )
    frame = with_keys(frame)
    found = payment_velocity(frame, NOBODY, frame["amount"])
    for name, value in {"card_count": 1, "card_declines_1h": 1, "shop_declines_1h": 1}.items():
        assert found[name].tolist()[1:] == [value] * 3
    assert found["customer_amount"].tolist()[-1] == 30.0


ROWS = st.lists(
    st.tuples(
        st.integers(0, 4),  # which earlier payment it names
        st.booleans(),  # whether it names one
        st.sampled_from(["k1", "k2"]),
        st.sampled_from([10.0, 20.0]),
        st.sampled_from(["c1", "c1", "c2"]),
        st.booleans(),  # whether it is declined
        st.sampled_from([1, 60, 1_500]),  # minutes after the one before
    ),
    min_size=2,
    max_size=9,
)


@given(ROWS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_retries_count_alike_live_and_in_batch(rows: list[Any], random: Random) -> None:
    counters = SqliteCounters(":memory:", PLAN)
    live, known, chains, minutes = {}, [], {}, 0
    for place, (named, is_retry, card, amount, customer, declined, after) in enumerate(rows):
        minutes += after
        name = f"p{place}"
        payment = paid(name, minutes, card_id=card, amount=amount, customer_id=customer)
        payment["retry_of"] = f"p{max(place - 1 - named, 0)}" if is_retry and place else None
        chain = chains.get(payment["retry_of"], [])
        same = chain if chain and chain[0].payment["customer_id"] == customer else []
        attempt = attempt_of(payment, same) if same else None
        live[name] = counters.observe(event(payment, amount, attempt))
        counts_as = attempt.counts_as if attempt else name
        if declined:
            counters.observe(decline(payment, counts_as))
        outcome = "declined" if declined else None
        chains[name] = same
        same.append(EarlierAttempt(payment, name, counts_as, None, outcome))
        known.append(payment | {"outcome": outcome})
    counters.close()
    frame = with_keys(pd.DataFrame(known))
    frame = frame.sample(frac=1.0, random_state=random.randrange(99))
    batch = payment_velocity(frame, NOBODY, frame["amount"])
    for place, name in zip(batch.index, frame["payment_id"], strict=True):
        np.testing.assert_array_equal(batch.loc[place].to_numpy(), live[name])
