"""What an experiment has shown so far: the figures of `argosy experiment report`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from data.lake import Lake
from data.records.storefront import StorefrontRecords
from data.storefront import HOLDOUT, Experiment
from decisions.recommendation.experiment_outcomes import METRIC_NAMES, MONEY, ordered, outcomes
from decisions.recommendation.experiments import shares as arm_shares
from decisions.recommendation.uplift import (
    Mean,
    Share,
    difference,
    difference_at_any_time,
    mean,
    relative,
    sample_ratio,
    share,
)
from features.order_margins import order_lines
from features.recommendation import customers_of_visitors, person
from features.store import Store

# Less likely numbers of people in the arms than this: something divides them wrongly, and the
# uplifts mean nothing until it is found.
_MISMATCH = 0.001
METHOD = (
    "Click, cart, purchase: share of people who did it at least once with a product of an answer, "
    "credited by recommendation_id. Order, revenue, margin: what people ordered from their first "
    "answer on, whatever it was, until the experiment ended, less what was cancelled or returned; "
    "money a person in the base currency, of people whose orders' rates and costs are known; who "
    "is not known to have ordered has 0. 95% intervals: difference by Newcombe (1998, method 10), "
    "relative by MOVER-R (Donner, Zou, 2012), both from Wilson (1927) limits, of money from "
    "Welch's, for one look planned ahead. The intervals at any time (Waudby-Smith et al., 2024) "
    "hold however often one looks. By segment: against the hold-out, of customers by the segment "
    "they were in when the experiment began, where each arm has 50 of them; the intervals are "
    "wider (Bonferroni), so that all segments may be read together."
)
# Of an order and of money, where the merchant has orders.
_ORDERED = ("order", *MONEY)
_TABLES = ("products", "supply_terms", "fx_rates")  # that orders are priced by
# People of a segment in each arm, of fewer of whom nothing is told.
_FEWEST = 50
_LEVEL = 0.95


@dataclass(frozen=True)
class ArmFigures:
    """One arm: people and answers so far, and of the people the share who did each thing.

    ordered: the share who ordered afterwards, whatever it was; revenue, margin: of these orders, a
    person, in the base currency; None: not known.
    """

    arm: str
    people: int
    answers: int
    clicked: float
    carted: float
    purchased: float
    ordered: float | None = None
    revenue: float | None = None
    margin: float | None = None


@dataclass(frozen=True)
class Uplift:
    """An arm against another, in one metric: difference in share of people, or in money a person,
    and relative to theirs.

    segment: of the customers compared, None: all people.
    clear: the interval of the difference leaves out 0, for one look planned ahead. any_time_low,
    any_time_high: ends of the interval that holds at every look; decided: it leaves out 0, and the
    experiment may be ended for it.
    None: no share to be relative to, or an end that is not finite.
    """

    arm: str
    against: str
    metric: str
    difference: float
    low: float
    high: float
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    clear: bool
    any_time_low: float
    any_time_high: float
    decided: bool
    segment: str | None = None


@dataclass(frozen=True)
class ExperimentReport:
    """All of an experiment; method: how the intervals are made. currency: of all money.

    by_segment: whom the arms persuade, against the hold-out; empty without one.

    sample_ratio_p: how likely the numbers of people are, if the arms had their shares;
    sample_ratio_fits: whether they are likely enough for the uplifts to be believed.
    """

    experiment_id: str
    placement: str
    arms: list[ArmFigures]
    uplifts: list[Uplift]
    by_segment: list[Uplift]
    sample_ratio_p: float | None
    sample_ratio_fits: bool
    currency: str = ""
    method: str = METHOD


def reports(
    storefront: StorefrontRecords,
    lake: Lake,
    store: Store,
    experiment_id: str | None,
    base_currency: str,
) -> list[ExperimentReport]:
    """The report of one experiment, or of all, the newest first.

    storefront: the records of experiments, exposures and events; lake: the merchant's tables, with
    the events ingested; store: the features, with the customers' segments; experiment_id: of this
    experiment, None: of all; base_currency: ISO 4217.
    """
    asked = [
        each
        for each in storefront.experiments()
        if experiment_id is None or each.experiment_id == experiment_id
    ]
    return [report(storefront, lake, store, each, base_currency) for each in asked]


def report(
    storefront: StorefrontRecords,
    lake: Lake,
    store: Store,
    experiment: Experiment,
    base_currency: str,
) -> ExperimentReport:
    """The report of one experiment: its exposures joined with events and with orders.

    storefront: the records of exposures and of events over HTTP; lake: the merchant's tables, with
    the events ingested; store: the features, with the customers' segments; experiment: the one
    reported; base_currency: ISO 4217, of money.
    """
    exposures = storefront.exposures(experiment.experiment_id)
    events = storefront.attributed(experiment.experiment_id)
    shown = exposures["recommendation_id"].tolist()
    told = lake.read("events", columns=list(events.columns), where={"recommendation_id": shown})
    events = pd.concat([each for each in (events, told) if len(each)] or [events])
    people = outcomes(exposures, events)
    customers = _customers(storefront, lake, experiment, exposures["unit"])
    segments = customers["customer_id"].map(_segments(store, experiment))
    segment_of = segments.set_axis(customers["unit"]).dropna()
    people["segment"] = people["unit"].map(segment_of[~segment_of.index.duplicated()])
    if lake.tables()["orders"].rows:
        tables = {name: lake.read(name) for name in _TABLES}
        wanted = {"customer_id": customers["customer_id"].tolist()}
        tables["orders"] = lake.read("orders", where=wanted)
        lines = order_lines(tables, base_currency)
        if experiment.stopped_at is not None:
            lines = lines[lines["ordered_at"] <= pd.Timestamp(experiment.stopped_at)]
        people = people.merge(ordered(exposures, lines, customers), on=["arm", "unit"])
    return figures(experiment, exposures, people, base_currency)


def _customers(
    storefront: StorefrontRecords, lake: Lake, experiment: Experiment, units: pd.Series
) -> pd.DataFrame:
    """unit, customer_id: a customer's own unit, and the customers that visitors are known to be."""
    linked = customers_of_visitors(lake.read("identities"))
    ingested = {person(None, visitor): customer for visitor, customer in linked.items()}
    own = pd.DataFrame({"unit": units.drop_duplicates()})
    own["customer_id"] = own["unit"].map(ingested).fillna(own["unit"])
    told = storefront.identified(experiment.experiment_id)
    return pd.concat([own, told]).drop_duplicates(ignore_index=True)


def _segments(store: Store, experiment: Experiment) -> Mapping[str, str]:
    """The segment of each customer when the experiment began; nobody's where none is kept."""
    if experiment.started_at is None or not store.has("customer_value"):
        return {}
    known = store.latest("customer_value", experiment.started_at)
    return dict(zip(known["customer_id"], known["customer_segment"], strict=True))


def figures(
    experiment: Experiment, exposures: pd.DataFrame, people: pd.DataFrame, currency: str = ""
) -> ExperimentReport:
    """The report from who saw and who did what (`outcomes`), and who ordered what (`ordered`).

    experiment: its arms and hold-out; exposures: a row an answer, of which the column arm is read;
    people: a row a person and arm, with arm, unit, a bool for each of METRIC_NAMES and, where the
    merchant has orders, the columns of `ordered`; segment, where there are any; currency: of money.
    """
    names = [*(arm.name for arm in experiment.arms), *([HOLDOUT] if experiment.holdout else [])]
    told = [*METRIC_NAMES, *(name for name in _ORDERED if name in people)]
    found = {
        (name, metric): _found(people.loc[people["arm"] == name, metric])
        for name, metric in product(names, told)
    }
    ratio = _sample_ratio(experiment, people)
    against = [names[0], HOLDOUT] if experiment.holdout else [names[0]]
    return ExperimentReport(
        experiment_id=experiment.experiment_id,
        placement=experiment.placement,
        arms=[_arm(name, exposures, people, found) for name in names],
        sample_ratio_p=ratio,
        sample_ratio_fits=ratio is None or ratio >= _MISMATCH,
        uplifts=[
            each
            for other, arm, metric in product(against, names, told)
            if arm != other and (arm, other) != (HOLDOUT, names[0])
            if (each := _uplift((arm, other), metric, found[arm, metric], found[other, metric]))
        ],
        by_segment=_by_segment(experiment, people, told),
        currency=currency,
    )


def _by_segment(
    experiment: Experiment, people: pd.DataFrame, metrics: Sequence[str]
) -> list[Uplift]:
    """Each arm against the hold-out in each segment that is big enough in all arms."""
    if not experiment.holdout or "segment" not in people or people["segment"].isna().all():
        return []
    names = [arm.name for arm in experiment.arms]
    counts = pd.crosstab(people["segment"], people["arm"]).reindex(
        columns=[*names, HOLDOUT], fill_value=0
    )
    big = sorted(counts.index[(counts >= _FEWEST).all(axis=1)])
    level = 1 - (1 - _LEVEL) / max(len(big), 1)
    groups = dict(list(people.groupby(["segment", "arm"])))
    return [
        each
        for segment, arm, metric in product(big, names, metrics)
        if (
            each := _uplift(
                (arm, HOLDOUT),
                metric,
                _found(groups[segment, arm][metric], level),
                _found(groups[segment, HOLDOUT][metric], level),
                segment=segment,
                level=level,
            )
        )
    ]


def _sample_ratio(experiment: Experiment, people: pd.DataFrame) -> float | None:
    """How likely the arms' numbers of people are, if each had its share; None without people."""
    expected = {arm.name: share for arm, share in arm_shares(experiment)}
    counts = people["arm"].value_counts()
    return sample_ratio([int(counts.get(n, 0)) for n in expected], list(expected.values()))


def _found(values: pd.Series, level: float = _LEVEL) -> Share | Mean | None:
    """The share of those who did it; of money the mean of what is known, None of too few."""
    if values.name in MONEY:
        return mean(values.dropna().to_numpy(dtype=np.float64), level=level)
    return share(int(values.sum()), len(values), level=level)


def _arm(
    name: str,
    exposures: pd.DataFrame,
    people: pd.DataFrame,
    found: Mapping[tuple[str, str], Share | Mean | None],
) -> ArmFigures:
    values = {metric: each.value for (arm, metric), each in found.items() if each and arm == name}
    return ArmFigures(
        arm=name,
        people=int((people["arm"] == name).sum()),
        answers=int((exposures["arm"] == name).sum()),
        clicked=values["click"],
        carted=values["cart"],
        purchased=values["purchase"],
        ordered=values.get("order"),
        revenue=values.get("revenue"),
        margin=values.get("margin"),
    )


def _uplift(
    arms: tuple[str, str],
    metric: str,
    ours: Share | Mean | None,
    theirs: Share | Mean | None,
    *,
    segment: str | None = None,
    level: float = _LEVEL,
) -> Uplift | None:
    """The first arm against the other; None of too few, and of nobody's orders."""
    if ours is None or theirs is None or ours.variance + theirs.variance <= 0:
        return None
    change, ratio = difference(ours, theirs), relative(ours, theirs)
    always = difference_at_any_time(ours, theirs, level=level)
    return Uplift(
        arm=arms[0],
        against=arms[1],
        metric=metric,
        difference=change.value,
        low=change.low,
        high=change.high,
        relative=_finite(ratio.value),
        relative_low=_finite(ratio.low),
        relative_high=_finite(ratio.high),
        clear=not change.covers(0.0),
        any_time_low=always.low,
        any_time_high=always.high,
        decided=not always.covers(0.0),
        segment=segment,
    )


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
