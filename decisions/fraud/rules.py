"""The rules beside the model: an expression, and the action it asks for at least."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

from data.tables import TABLES
from decisions.fraud.expressions import Expression, ExpressionError, compiled
from features.fraud import FEATURES
from features.fraud.requests import ORDER_FACTS, RETURN_FACTS
from models.fraud import ACTIONS, Action

About = Literal["payment", "return", "order"]

# What a rule may name besides the model's inputs and x_… signals; outcome is not known yet.
_TEXT_KINDS = {"id", "text", "country", "currency", "choice"}
_LISTED = dict.fromkeys(("block_listed", "watch_listed", "allow_listed"), "bool")
_OF_PAYMENT: Mapping[str, str] = {
    **{
        column.name: "str" if column.kind in _TEXT_KINDS else "float"
        for column in TABLES["payments"].columns
        if column.name not in {"outcome", "attempted_at"}
    },
    **FEATURES,
    **_LISTED,
    "without_model": "bool",
}
TYPES: Mapping[About, Mapping[str, str]] = {
    "payment": _OF_PAYMENT,
    "return": {**RETURN_FACTS, **_LISTED},
    "order": {**_OF_PAYMENT, **ORDER_FACTS},
}


@dataclass(frozen=True)
class Rule:
    """A rule. name: stable, it is in reasons and answers; when: the expression; action: what it
    asks for at least; about: what it is asked of."""

    name: str
    text: str
    when: str
    action: Action
    about: About = "payment"

    @cached_property
    def expression(self) -> Expression:
        """The compiled expression; ExpressionError where it is none."""
        return compiled(self.when, TYPES[self.about])


@dataclass(frozen=True)
class RuleSet:
    """The rules in use. version: equal rules, equal version."""

    rules: tuple[Rule, ...]

    @cached_property
    def version(self) -> str:
        """8 hex digits of all rules."""
        text = repr(sorted(tuple(vars_of(rule).values()) for rule in self.rules))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def hit(self, facts: Mapping[str, Any], about: About = "payment") -> tuple[Rule, ...]:
        """The rules that hold of these facts, the most severe first."""
        either = self._either[about]
        if either is not None and either.fails(facts):  # as of most payments
            return ()
        found = [r for r in self.rules if r.about == about and r.expression.holds(facts)]
        return tuple(sorted(found, key=lambda rule: -ACTIONS.index(rule.action)))

    @cached_property
    def _either(self) -> Mapping[About, Expression | None]:
        """That one rule or another holds, in one expression; None where they are too long for it.

        Where it is false, each of them is: what cannot be evaluated makes an `||` false for none.
        """
        return {about: self._joined(about) for about in TYPES}

    def _joined(self, about: About) -> Expression | None:
        own = [f"({rule.when})" for rule in self.rules if rule.about == about]
        try:
            return compiled(" || ".join(own) or "false", TYPES[about])
        except ExpressionError:
            return None

    @classmethod
    def of(cls, changes: Iterable[Mapping[str, Any]]) -> Self:
        """The shipped rules with the merchant's changes, oldest first: a rule of the same name
        takes the place of another; `active: false` takes it away."""
        rules = {rule.name: rule for rule in SHIPPED}
        for change in changes:
            name = str(change["name"])
            rules.pop(name, None)
            if change.get("active", True):
                rules[name] = Rule(**{key: change[key] for key in vars_of(SHIPPED[0])})
        return cls(tuple(rules.values()))


def vars_of(rule: Rule) -> dict[str, str]:
    """A rule as it is stored and told."""
    names = ("name", "text", "when", "action", "about")
    return {name: getattr(rule, name) for name in names}


ADDRESS_IN_DOUBT = (
    "(address_match == 0.0 || billing_differs_shipping == 1.0 || "
    'billing_country == "" || shipping_country == "")'
)
SHIPPED = (
    Rule("block_listed", "on the block list", "block_listed", "block"),
    Rule("watch_listed", "on the watch list", "watch_listed", "review"),
    Rule(
        "new_customer_large_amount",
        "a first payment of this customer above 5,000 in base currency",
        "amount_base > 5000.0 && !(customer_count > 0.0 || past_payments > 0.0)",
        "review",
    ),
    Rule(
        "busy_ip_address_in_doubt",
        "5 or more payments from this IP address in the last hour, and an address that does not "
        "match or is incomplete",
        f"ip_count_1h >= 5.0 && {ADDRESS_IN_DOUBT}",
        "review",
    ),
    Rule(
        "no_model_address_in_doubt",
        "no model is in use, and the address does not match or is incomplete",
        f"without_model && {ADDRESS_IN_DOUBT}",
        "challenge",
    ),
)
