"""What the storefront leaves behind: visits, the merchant's lists, experiments, exposures."""

from dataclasses import dataclass, field
from datetime import datetime

from data.errors import ArgosyError


class ExperimentError(ArgosyError):
    """An experiment cannot be kept as given: its name, or its placement, is taken."""


@dataclass(frozen=True)
class Event:
    """One event of a visit."""

    product_id: str
    kind: str
    occurred_at: datetime


@dataclass(frozen=True)
class Trail:
    """What one person's events say, newest first: touches (views, carts, purchases) and
    impressions, the latest of each, and the last hide or unhide of each product."""

    touches: tuple[Event, ...] = ()
    impressions: tuple[Event, ...] = ()
    hides: tuple[Event, ...] = ()


@dataclass(frozen=True)
class PersonLinks:
    """Under which names a person is known: the customers and visitors linked with one another.

    unit: what an experiment's arm sticks to, the name they were known by first; None where nobody
    was linked.
    """

    customers: tuple[str, ...] = ()
    visitors: tuple[str, ...] = ()
    unit: str | None = None


@dataclass(frozen=True)
class Push:
    """A merchant's wish: products that bear all labels given are worth `factor` times as much.

    category: a path, with all below it. A factor below 1 buries.
    """

    factor: float
    product_id: str | None = None
    category: str | None = None
    brand: str | None = None


@dataclass(frozen=True)
class Arm:
    """One way to answer; weight: its share among the arms. None leaves what the question says."""

    name: str
    weight: float = 1.0
    personal: bool = True
    diversity: float | None = None
    max_per_category: int | None = None
    max_per_brand: int | None = None
    boosts: tuple[Push, ...] = ()


@dataclass(frozen=True)
class Placement:
    """What the merchant wants at a place of the shop: pins shown first, pushes up and down.

    strategy: what the list is for, such as `buy_again`; "": no more than usual. arm: the arm of an
    experiment that was rolled out there, None: none.
    """

    placement: str
    pins: tuple[str, ...] = ()
    boosts: tuple[Push, ...] = ()
    updated_at: datetime | None = None
    strategy: str = ""
    arm: Arm | None = None


@dataclass(frozen=True)
class Experiment:
    """Arms tried against each other at a placement; the first arm is the control.

    holdout: share of people who get what sells, and nothing personal, to compare all arms with.
    """

    experiment_id: str
    placement: str
    arms: tuple[Arm, ...]
    holdout: float = 0.0
    started_at: datetime | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True)
class Exposure:
    """One answer that took part in an experiment; products in the order shown, from position 1.

    unit: whom the arm sticks to. propensity: the probability that this unit got this arm, and
    with it this list: within an arm the order is determined.
    """

    recommendation_id: str
    exposed_at: datetime
    experiment_id: str
    arm: str
    propensity: float
    placement: str
    unit: str
    served_by: str
    products: tuple[str, ...] = field(default=())


HOLDOUT = "holdout"
