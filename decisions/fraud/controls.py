"""What people and observed rates have set: lists, rules, policies, a shadow; read from the
journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from data.records import Records
from data.records.decision_digest import DECILES
from decisions.fraud.lists import Lists
from decisions.fraud.rules import RuleSet, vars_of
from decisions.fraud.snoozes import SNOOZE, RuleSnoozes
from decisions.runtime import Runtime
from models.base import Release
from models.fraud import FraudPolicy

# Kinds of notes.
LIST, RULE, RULES, POLICY, SHADOW = (
    "fraud_list",
    "fraud_rule",
    "fraud_rules",
    "fraud_policy",
    "fraud_shadow",
)


@dataclass(frozen=True)
class FraudControls:
    """One state of it, swapped whole. policies: by model version, where one was set."""

    lists: Lists = field(default_factory=lambda: Lists({}))
    rules: RuleSet = field(default_factory=lambda: RuleSet.of(()))
    policies: Mapping[str, FraudPolicy] = field(default_factory=lambda: MappingProxyType({}))
    shadow: Release | None = None
    shadow_version: str = ""
    snoozes: RuleSnoozes = field(default_factory=lambda: RuleSnoozes({}))

    def policy(self, release: Release | None) -> FraudPolicy | None:
        """The policy in use with a release: the last one set for it, else its own."""
        if release is None:
            return None
        return self.policies.get(release.version) or FraudPolicy.of(release.policy)


def read(records: Records) -> FraudControls:
    """The desk as the journal has it; the rules in use are written down under their version."""
    journal = records.journal
    rules = RuleSet.of([{**note.body, "name": note.key} for note in journal.newest(RULE)])
    write_rules(records, rules)
    shadow = journal.of(SHADOW, limit=1)
    return FraudControls(
        lists=Lists.of(journal.newest(LIST)),
        rules=rules,
        policies={
            str(note.body["model_version"]): FraudPolicy.of(note.body["numbers"])
            for note in journal.of(POLICY)
        },
        shadow_version=str(shadow[0].body["version"]) if shadow else "",
        snoozes=RuleSnoozes.of(journal.newest(SNOOZE)),
    )


def write_rules(records: Records, rules: RuleSet) -> None:
    """Keep a rule set under its version, so that decisions made by it can be replayed.

    records: the database of the service; rules: the rule set.
    """
    body = {"rules": [vars_of(rule) for rule in rules.rules]}
    once = f"{RULES}:{rules.version}"
    records.journal.add(RULES, rules.version, author="argosy", body=body, once=once)


def write_policy(
    records: Records, model_version: str, policy: FraudPolicy, *, author: str, why: str
) -> None:
    """Keep a policy under its version, and from now on use it with the model.

    records: the database of the service; model_version: the version of the release that the policy
    is used with; policy: the numbers to keep; author: who sets it; why: the reason, in words, kept
    beside it.
    """
    body: dict[str, Any] = {"model_version": model_version, "numbers": policy.numbers(), "why": why}
    records.journal.add(POLICY, policy.version, author=author, body=body)


def keep_policy(records: Records, release: Release) -> None:
    """Write down a release's own policy, and the deciles of its probabilities, once.

    records: the database of the service; release: the fraud model as registered, with its policy's
    numbers.
    """
    policy = FraudPolicy.of(release.policy)
    body = {"model_version": release.version, "numbers": policy.numbers(), "why": "trained"}
    once = f"{POLICY}:{release.version}:{policy.version}"
    records.journal.add(POLICY, policy.version, author="argosy train", body=body, once=once)
    numbers = release.policy
    cuts = [numbers[f"decile_{n}"] for n in range(1, 10) if f"decile_{n}" in numbers]
    deciles = {"model_version": release.version, "deciles": cuts}
    once = f"{DECILES}:{release.version}"
    records.journal.add(DECILES, release.version, author="argosy train", body=deciles, once=once)


def set_shadow(runtime: Runtime, version: str, *, author: str) -> dict[str, str]:
    """Score with this version beside the champion, without acting; an empty version ends it.

    runtime: the stores and releases in use; version: of the fraud model in the registry; author:
    who sets it.

    Raises RegistryError for a version that is not there or cannot be loaded.
    """
    if version:
        runtime.registry.load("fraud", version).trial()
    runtime.records.journal.add(SHADOW, "fraud", author=author, body={"version": version})
    return {"shadow": version or "none"}
