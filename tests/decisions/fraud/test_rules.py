"""Rules, shipped and own."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from decisions.fraud.rules import SHIPPED, FraudRule, RuleSet


def test_shipped_rules_compile_and_a_change_takes_the_place_of_one() -> None:
    for rule in SHIPPED:
        assert rule.expression
    shipped = RuleSet.of(())
    change = {"text": "t", "when": "amount_base > 1.0", "action": "review", "about": "payment"}
    own = RuleSet.of([{"name": "new_customer_large_amount", **change}])
    assert own.version != shipped.version
    assert len(own.rules) == len(shipped.rules)
    gone = RuleSet.of([{"name": "block_listed", **change, "active": False}])
    assert "block_listed" not in [rule.name for rule in gone.rules]


@given(
    whens=st.lists(
        st.sampled_from(
            [
                "amount_base > 50.0",
                "x_items > 3",  # cannot be evaluated where x_items is no number, or not there
                "x_kind == 'gift' && amount_base < 20.0",
                "billing_country == '' || block_listed",
                "amount_base / 0.0 > 1.0",
            ]
        ),
        max_size=5,
    ),
    facts=st.fixed_dictionaries(
        {},
        optional={
            "amount_base": st.sampled_from([0.0, 10.0, 60.0, float("nan")]),
            "x_items": st.sampled_from([1, 5, "many", None]),
            "x_kind": st.sampled_from(["gift", 3.0]),
            "billing_country": st.sampled_from(["", "DE", None]),
            "block_listed": st.booleans(),
        },
    ),
)
@settings(deadline=None)
def test_rules_hit_together_as_each_alone(whens: list[str], facts: dict[str, Any]) -> None:
    rules = RuleSet(tuple(FraudRule(f"r{n}", "t", when, "review") for n, when in enumerate(whens)))
    assert rules.hit(facts) == tuple(r for r in rules.rules if r.expression.holds(facts))


def test_rules_too_long_for_one_expression_hit_all_the_same() -> None:
    long = " || ".join(["amount_base > 5.0"] * 90)
    rules = RuleSet(tuple(FraudRule(f"r{n}", "t", long, "review") for n in range(3)))
    assert len(rules.hit({"amount_base": 6.0})) == 3
    assert rules.hit({"amount_base": 4.0}) == ()
