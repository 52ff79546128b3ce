import math
from typing import Any

import numpy as np
import pytest

from decisions.fraud.control_group import ControlGroup
from decisions.fraud.resolve import PaymentCase, PaymentVerdict, Scored

GROUP = ControlGroup(0.05, 50.0, "key of this database")


def may_have(**changes: Any) -> bool:
    given: dict[str, Any] = {"action": "block", "amount": 20.0, "listed": frozenset(), "rules": ()}
    given |= {"said": "block"} | changes
    case = PaymentCase({"payment_id": "p"}, {}, given["amount"], given["listed"])
    verdict = PaymentVerdict(given["action"], 0.9, (), given["rules"])
    scored = None
    if given["said"]:
        scored = Scored(None, np.zeros((1, 1), np.float32), 0.9, given["said"])  # type: ignore[arg-type]  # not asked
    return GROUP.may_have(case, scored, verdict)


def test_the_share_is_held_and_a_name_keeps_its_place() -> None:
    names = [f"pay-{number}" for number in range(20_000)]
    chosen = [GROUP.has(name) for name in names]
    assert sum(chosen) / len(chosen) == pytest.approx(0.05, abs=0.005)
    assert chosen == [GROUP.has(name) for name in names]


def test_nobody_without_the_key_knows_who_is_let_through() -> None:
    other = ControlGroup(0.05, 50.0, "another key")
    names = [f"pay-{number}" for number in range(2_000)]
    assert [GROUP.has(name) for name in names] != [other.has(name) for name in names]


def test_a_group_without_a_share_has_nobody() -> None:
    assert not any(ControlGroup(0.0, 50.0, "k").has(f"p{n}") for n in range(2_000))


def test_what_the_model_alone_stops_may_be_let_through() -> None:
    assert may_have()
    assert may_have(action="challenge", said="challenge")


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "review", "said": "review"},
        {"action": "allow", "said": "allow"},
        {"rules": ("card_testing_device",)},
        {"said": "challenge"},
        {"said": None},
        {"listed": frozenset({"watch"})},
        {"amount": 50.01},
        {"amount": math.nan},
    ],
)
def test_nothing_else_is_let_through(changes: dict[str, Any]) -> None:
    assert not may_have(**changes)
