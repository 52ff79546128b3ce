"""The rules beside the model: an expression, and the action it asks for at least."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

from data.tables import TABLES
from decisions.fraud.expressions import Expression, ExpressionError, compiled
from features.fraud import ATTEMPT_FACTS, FEATURES
from features.fraud.requests import ORDER_FACTS, RETURN_FACTS
from models.fraud import ACTIONS, Action

_LONGEST_JOINED = 20_000  # characters of all rules in one expression
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
    "amount_unknown": "bool",
}
TYPES: Mapping[About, Mapping[str, str]] = {
    "payment": {**_OF_PAYMENT, **ATTEMPT_FACTS},
    "return": {**RETURN_FACTS, **_LISTED},
    "order": {**_OF_PAYMENT, **ORDER_FACTS},
}


@dataclass(frozen=True)
class FraudRule:
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

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """True if the expression is true of these facts; a rule kept by an older version, whose
        expression is none any more, holds of nothing."""
        try:
            return self.expression.holds(facts)
        except ExpressionError:
            return False

    def raises(self, facts: Mapping[str, Any]) -> bool:
        """True if the expression cannot be evaluated on these facts, or is none any more."""
        try:
            return self.expression.raises(facts)
        except ExpressionError:
            return True


@dataclass(frozen=True)
class RuleSet:
    """The rules in use. version: equal rules, equal version."""

    rules: tuple[FraudRule, ...]

    @cached_property
    def version(self) -> str:
        """8 hex digits of all rules."""
        text = repr(sorted(tuple(vars_of(rule).values()) for rule in self.rules))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def hit(self, facts: Mapping[str, Any], about: About = "payment") -> tuple[FraudRule, ...]:
        """The rules that hold of these facts, the most severe first.

        facts: values by the names that a rule may use; about: what they describe; only rules about
        this are tried.
        """
        return self.judge(facts, about)[0]

    def judge(
        self, facts: Mapping[str, Any], about: About = "payment"
    ) -> tuple[tuple[FraudRule, ...], tuple[str, ...]]:
        """What `hit` gives, and the names of the rules that could not be evaluated: they do not
        hold, and are told.

        facts: values by the names that a rule may use; about: what they describe.
        """
        either = self._either[about]
        if either is not None and either.fails(facts):  # as of most payments
            return (), ()
        own = [rule for rule in self.rules if rule.about == about]
        found = [rule for rule in own if rule.holds(facts)]
        failed = tuple(rule.name for rule in own if rule not in found and rule.raises(facts))
        return tuple(sorted(found, key=lambda rule: -ACTIONS.index(rule.action))), failed

    @cached_property
    def _either(self) -> Mapping[About, Expression | None]:
        """That one rule or another holds, in one expression; None where they are too long for it.

        Where it is false, each of them is: what cannot be evaluated makes an `||` false for none.
        """
        return {about: self._joined(about) for about in TYPES}

    def _joined(self, about: About) -> Expression | None:
        own = [f"({rule.when})" for rule in self.rules if rule.about == about]
        try:
            text = " || ".join(own) or "false"
            return compiled(text, TYPES[about], longest=_LONGEST_JOINED)
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
                rules[name] = FraudRule(**{key: change[key] for key in vars_of(SHIPPED[0])})
        return cls(tuple(rules.values()))


def rule_example(name: str, kind: str) -> str:
    """A rule that names a field, to learn how it is written.

    name: of the field; kind: float, str or bool.

    >>> rule_example("shipping_country", "str"), rule_example("card_count_1h", "float")
    ('shipping_country == "FR"', 'card_count_1h > 1.0')
    """
    if kind == "str":
        return f'{name} == "{_EXAMPLES.get(name, "FR" if name.endswith("country") else "a-value")}"'
    return f"{name} > 1.0" if kind == "float" else name


_EXAMPLES = {
    "authentication": "challenged",
    "card_bin": "411111",
    "channel": "web",
    "earlier_authentication": "failed",
    "earlier_decision": "challenge",
    "earlier_outcome": "declined",
    "currency": "EUR",
    "email_domain": "example.com",
    "ip_address": "203.0.113.9",
}


def vars_of(rule: FraudRule) -> dict[str, str]:
    """A rule as it is stored and told."""
    names = ("name", "text", "when", "action", "about")
    return {name: getattr(rule, name) for name in names}


# Block rules on velocity, shipped and tried: an attack is no mistake of theirs.
ATTACK_RULES = frozenset(
    {
        "card_testing_device",
        "card_testing_customer",
        "card_testing_ip_address",
        "card_testing_spread",
        "card_testing_retries",
        "card_testing_bin",
        "card_testing_network",
    }
)
# Those of them that go by the share of declines. A payment that is blocked is a declined one, so
# that blocks by mistake would feed them: they hold only while the circuit breaker is shut.
BY_DECLINES = frozenset(
    {
        "card_testing_ip_address",
        "card_testing_spread",
        "card_testing_bin",
        "card_testing_network",
    }
)


def _mostly_declined(key: str) -> str:
    """Three or more cards of a key, most payments with it declined, and in the last hour (3,600
    seconds) at least five times as many as usual."""
    return (
        f"{key}_cards_1d >= 3.0 && {key}_declines_1h >= 3.0 && "
        f"{key}_declines_1h > 0.5 * {key}_count_1h && "
        f"{key}_declines_1h * {key}_since_first >= "
        f"18000.0 * ({key}_declines - {key}_declines_1h)"
    )


ADDRESS_IN_DOUBT = (
    "(address_match == 0.0 || billing_differs_shipping == 1.0 || "
    'billing_country == "" || shipping_country == "")'
)
SHIPPED = (
    FraudRule(
        "line_already_returned",
        "this line was returned, or its return granted, before",
        "line_returned == 1.0",
        "block",
        "return",
    ),
    FraudRule(
        "refund_above_payment",
        "more than was paid for the line is asked back",
        "refund_to_paid > 1.01",
        "block",
        "return",
    ),
    FraudRule("block_listed", "on the block list", "block_listed", "block"),
    FraudRule("watch_listed", "on the watch list", "watch_listed", "review"),
    FraudRule(
        "new_customer_large_amount",
        "a first payment of this customer above 5,000 in base currency, or in a currency without "
        "a rate",
        "(amount_base > 5000.0 || amount_unknown) && "
        "!(customer_count > 0.0 || past_payments > 0.0)",
        "review",
    ),
    FraudRule(
        "card_testing_device",
        "3 or more other cards from this device within a day, and one it has not used before",
        "device_cards_1d >= 3.0 && (!(card_count > 0.0) || device_declines_1d >= 3.0)",
        "block",
    ),
    FraudRule(
        "card_testing_customer",
        "3 or more other cards by this customer within a day, and one not used before",
        "customer_cards_1d >= 3.0 && (!(card_count > 0.0) || customer_declines_1d >= 3.0)",
        "block",
    ),
    FraudRule(
        "card_testing_ip_address",
        "3 or more cards from this IP address within a day, most of its payments within an hour "
        "declined, and a card not used before",
        "ip_cards_1d >= 3.0 && ip_declines_1h >= 3.0 && ip_declines_1h > 0.5 * ip_count_1h && "
        "!(card_count > 0.0)",  # many honest people share the address of a mobile network
        "block",
    ),
    FraudRule(
        "card_testing_spread",
        "many declined payments in the shop within an hour against its usual number, and a small "
        "payment of a customer, card and device that are all new",
        "shop_declines_1h >= 3.0 && shop_declines_1h > 0.5 * shop_count_1h && "
        "shop_declines_1h > 5.0 * (shop_declines_30d - shop_declines_1d) / 720.0 && "
        "amount_base <= 5.0 && without_card == 0.0 && without_device == 0.0 && "
        "!(card_count > 0.0) && !(customer_count > 0.0) && !(device_count > 0.0)",
        "block",
    ),
    FraudRule(
        "card_testing_bin",
        "3 or more cards that begin alike (card_bin) within a day, most of them declined, far more "
        "than usual, and a customer, card and device that are all new",
        _mostly_declined("bin") + " && !(card_count > 0.0) && !(customer_count > 0.0) && "
        "!(device_count > 0.0)",
        "block",
    ),
    FraudRule(
        "card_testing_network",
        "3 or more cards from addresses of one network within a day, most of them declined, far "
        "more than usual, and a customer and a card that are new",
        _mostly_declined("network") + " && !(card_count > 0.0) && !(customer_count > 0.0)",
        "block",
    ),
    FraudRule(
        "card_testing_retries",
        "3 or more other cards were tried for this payment before, and a card not used before",
        "retry_cards >= 3.0 && !(card_count > 0.0)",
        "block",
    ),
    FraudRule(
        "retried_without_authentication",
        "the attempt before failed 3-D Secure, and this one has not passed it; or it is the sixth "
        "attempt or a later one",
        '(earlier_authentication == "failed" && authentication != "challenged" && '
        'authentication != "frictionless") || attempt_number >= 6.0',
        "challenge",
    ),
    FraudRule(
        "account_takeover",
        "a known customer on a new device, with another e-mail address or to a new country, for "
        "more than they usually spend",
        "customer_count >= 3.0 && without_device == 0.0 && !(customer_device_count > 0.0) && "
        "(email_differs == 1.0 || !(customer_ship_to_count > 0.0)) && amount_above_usual > 2.0",
        "challenge",
    ),
    FraudRule(
        "busy_ip_address_in_doubt",
        "5 or more payments from this IP address in the last hour, and an address that does not "
        "match or is incomplete",
        f"ip_count_1h >= 5.0 && {ADDRESS_IN_DOUBT}",
        "review",
    ),
    FraudRule(
        "no_model_address_in_doubt",
        "no model is in use, and the address does not match or is incomplete",
        f"without_model && {ADDRESS_IN_DOUBT}",
        "challenge",
    ),
)
SHIPPED_NAMES = frozenset(rule.name for rule in SHIPPED)
