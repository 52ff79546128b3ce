"""Which arm of an experiment a person gets, and what that changes in the question."""

import hashlib
from dataclasses import dataclass, replace

from data.storefront import HOLDOUT, Arm, Experiment, Placement
from decisions.recommendation.query import PlacementCaps, ProductQuery
from decisions.recommendation.strategies import with_strategy
from features.recommendation import person

_NOTHING_PERSONAL = Arm(HOLDOUT, personal=False)


@dataclass(frozen=True)
class Assignment:
    """A person's arm in an experiment; propensity: the probability of it."""

    experiment_id: str
    unit: str
    arm: Arm
    propensity: float


def assigned(
    experiment: Experiment, query: ProductQuery, unit: str | None = None
) -> Assignment | None:
    """The arm of who asks, the same at every question; None where nobody is named.

    experiment: its arms and hold-out; query: who asks, by customer_id and visitor_id; unit: what
    the arm sticks to, where the person has several names: the arm stays over a login.

    A hash of experiment and person is a uniform number: the first `holdout` of [0, 1) are the
    hold-out, the rest is divided by the arms' weights in their order. Different experiments divide
    people independently.
    """
    unit = unit or person(query.customer_id, query.visitor_id)
    if unit is None:
        return None
    place = _uniform(f"{experiment.experiment_id}\n{unit}")
    for arm, share in shares(experiment):
        if place < share:
            return Assignment(experiment.experiment_id, unit, arm, share)
        place -= share
    arm, share = shares(experiment)[-1]  # what rounding left over
    return Assignment(experiment.experiment_id, unit, arm, share)


def shares(experiment: Experiment) -> list[tuple[Arm, float]]:
    """Every arm with the share of people who get it; the hold-out first, if there is one."""
    total = sum(arm.weight for arm in experiment.arms)
    arms = [(arm, (1 - experiment.holdout) * arm.weight / total) for arm in experiment.arms]
    return [(_NOTHING_PERSONAL, experiment.holdout), *arms] if experiment.holdout else arms


def _uniform(text: str) -> float:
    """A number in [0, 1) that looks random and is always the same for the same text."""
    digest = hashlib.blake2b(text.encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56


def in_arm(query: ProductQuery, arm: Arm) -> ProductQuery:
    """The question as the arm has it.

    query: as asked at the placement; arm: whose diversity and caps replace the question's where it
    has any, and whose boosts are added.
    """
    return replace(
        query,
        personal=query.personal and arm.personal,
        diversity=query.diversity if arm.diversity is None else arm.diversity,
        caps=PlacementCaps(
            query.caps.category if arm.max_per_category is None else arm.max_per_category,
            query.caps.brand if arm.max_per_brand is None else arm.max_per_brand,
        ),
        boosts=(*query.boosts, *arm.boosts),
    )


def at_placement(query: ProductQuery, wishes: Placement | None) -> ProductQuery:
    """The question with what the merchant wants there; the question's own pins come first.

    query: as asked; wishes: the merchant's pins and boosts for the placement, None: there are none.
    """
    if wishes is None:
        return with_strategy(query, None)
    query = with_strategy(query, wishes.strategy)
    pins = (*query.pins, *wishes.pins)
    query = replace(query, pins=pins, boosts=(*query.boosts, *wishes.boosts))
    return query if wishes.arm is None else in_arm(query, wishes.arm)
