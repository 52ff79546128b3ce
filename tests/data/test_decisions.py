"""Records as rows and back."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.decisions import (
    Decision,
    DecisionReason,
    RecordsError,
    contract_row,
    decision_of,
    last_decision,
    row_of,
)

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def decision(**changes: object) -> Decision:
    given: dict[str, object] = {
        "payment_id": "p",
        "decision_id": "d",
        "decided_at": NOON,
        "decision": "review",
        "probability": 0.25,
        "score": 25.0,
        "reasons": (DecisionReason("AMOUNT", "a large amount", 1.5),),
        "rules_hit": ("large",),
        "model_version": "7",
        "policy_version": "x",
        "degraded": False,
        "payment": {"amount": 9.5, "card_id": None},
        "features": {"card_count_1h": 2.0},
        "trace": {"lists": [{"list": "watch"}]},
    }
    return Decision(**given | changes)  # type: ignore[arg-type]


@given(
    st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False)),
    st.text(max_size=20),
)
def test_a_decision_comes_back_from_its_row(features: dict[str, float], text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    features = {name.encode("utf-8", "ignore").decode(): v for name, v in features.items()}
    made = decision(features=features, reasons=(DecisionReason("R", text, 0.0),))
    assert decision_of(row_of(made)) == made


def test_what_was_not_known_is_not_known_afterwards() -> None:
    again = decision_of(row_of(decision(features={"age": math.nan})))
    assert math.isnan(again.features["age"])


def test_a_decision_in_short_names_lists_breaker_and_failed_rules() -> None:
    short = last_decision("block", '["a"]', '{"lists": [{"list": "block"}], "excess": 1}')
    assert (short.rules_hit, short.lists, short.excess) == (("a",), ("block",), True)
    plain = last_decision("allow", "[]", None)
    assert (plain.lists, plain.excess, plain.rules_failed) == ((), False, ())


def test_times_of_a_row_are_utc() -> None:
    label = {"payment_id": "p", "is_fraud": True}
    row = contract_row("chargebacks", {**label, "reported_at": "2024-05-01T14:00:00+02:00"})
    assert row["reported_at"] == NOON
    assert row["resolved_at"] is None
    with pytest.raises(RecordsError, match=r"reported_at .* has no zone; append Z"):
        contract_row("chargebacks", {**label, "reported_at": "2024-05-01T14:00:00"})
    with pytest.raises(RecordsError, match="chargebacks: reported_at is missing"):
        contract_row("chargebacks", label)
