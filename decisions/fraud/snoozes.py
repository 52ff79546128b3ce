"""Rules that are snoozed for one customer until some time: known to be wrong about them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from data.decisions import Note
from decisions.fraud.rules import ATTACK_RULES, FraudRule

SNOOZE = "fraud_snooze"  # the kind of the journal's notes
# Lists are lifted by taking the entry away, whoever tests cards is no customer, and nothing is
# refunded twice.
NEVER_SNOOZED = ATTACK_RULES | {
    "block_listed",
    "watch_listed",
    "line_already_returned",
    "refund_above_payment",
}


def can_be_snoozed(rule: FraudRule) -> bool:
    """True if a rule may be told not to hold for one customer."""
    return rule.name not in NEVER_SNOOZED


@dataclass(frozen=True)
class RuleSnooze:
    """A rule that does not hold for a customer until then."""

    rule: str
    customer_id: str
    until: datetime
    reason: str
    author: str
    at: datetime


@dataclass(frozen=True)
class RuleSnoozes:
    """All of them, by customer_id."""

    by_customer: Mapping[str, tuple[RuleSnooze, ...]]

    def rules_of(self, customer_id: str, now: datetime) -> frozenset[str]:
        """The names of the rules that are snoozed for a customer.

        customer_id: whose payment it is; now: the moment.
        """
        mine = self.by_customer.get(customer_id, ())
        return frozenset(each.rule for each in mine if now < each.until) if mine else _NONE

    def active(self, now: datetime) -> list[RuleSnooze]:
        """Those that hold at a moment, the newest first."""
        every = [each for mine in self.by_customer.values() for each in mine if now < each.until]
        return sorted(every, key=lambda each: each.at, reverse=True)

    @classmethod
    def of(cls, notes: Iterable[Note]) -> Self:
        """From the newest note of each rule and customer."""
        found: dict[str, tuple[RuleSnooze, ...]] = {}
        for note in notes:
            snooze = snooze_of(note)
            found[snooze.customer_id] = (*found.get(snooze.customer_id, ()), snooze)
        return cls(found)


_NONE: frozenset[str] = frozenset()


def snooze_of(note: Note) -> RuleSnooze:
    """A note of the journal as a snooze."""
    body = note.body
    until = datetime.fromisoformat(body["until"])
    return RuleSnooze(
        body["rule"], body["customer_id"], until, body["reason"], note.author, note.at
    )


def snooze_key(rule: str, customer_id: str) -> str:
    """What the notes on a rule and a customer are kept under: it tells nothing of the customer.

    rule: its name; customer_id: for whom it is snoozed.
    """
    text = f"{rule}\x1f{customer_id}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:16]
