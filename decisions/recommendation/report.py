"""What an experiment has shown so far: the figures of `argosy experiment report`."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import pandas as pd

from data.lake import Lake
from data.records.storefront import StorefrontRecords
from data.storefront import HOLDOUT, Experiment
from decisions.recommendation.experiment_outcomes import METRIC_NAMES, outcomes
from decisions.recommendation.experiments import shares as arm_shares
from decisions.recommendation.uplift import (
    Share,
    difference,
    difference_at_any_time,
    relative,
    sample_ratio,
    share,
)

# Less likely numbers of people in the arms than this: something divides them wrongly, and the
# uplifts mean nothing until it is found.
_MISMATCH = 0.001
METHOD = (
    "Share of people who did it at least once with a product of an answer, credited by "
    "recommendation_id; 95% intervals: difference by Newcombe (1998, method 10), relative by "
    "MOVER-R (Donner, Zou, 2012), both from Wilson (1927) limits, for one look planned ahead. The "
    "intervals at any time (Waudby-Smith et al., 2024) hold however often one looks."
)


@dataclass(frozen=True)
class ArmFigures:
    """One arm: people and answers so far, and of the people the share who did each thing."""

    arm: str
    people: int
    answers: int
    clicked: float
    carted: float
    purchased: float


@dataclass(frozen=True)
class Uplift:
    """An arm against another, in one metric: difference in share of people, and relative to theirs.

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


@dataclass(frozen=True)
class ExperimentReport:
    """All of an experiment; method: how the intervals are made.

    sample_ratio_p: how likely the numbers of people are, if the arms had their shares;
    sample_ratio_fits: whether they are likely enough for the uplifts to be believed.
    """

    experiment_id: str
    placement: str
    arms: list[ArmFigures]
    uplifts: list[Uplift]
    sample_ratio_p: float | None
    sample_ratio_fits: bool
    method: str = METHOD


def reports(
    storefront: StorefrontRecords, lake: Lake, experiment_id: str | None
) -> list[ExperimentReport]:
    """The report of one experiment, or of all, the newest first.

    storefront: the records of experiments, exposures and events; lake: the merchant's tables, with
    the events ingested; experiment_id: of this experiment, None: of all.
    """
    asked = [
        each
        for each in storefront.experiments()
        if experiment_id is None or each.experiment_id == experiment_id
    ]
    return [report(storefront, lake, each) for each in asked]


def report(storefront: StorefrontRecords, lake: Lake, experiment: Experiment) -> ExperimentReport:
    """The report of one experiment: its exposures joined with events by recommendation_id.

    storefront: the records of exposures and of events over HTTP; lake: the merchant's tables, with
    the events ingested; experiment: the one reported.
    """
    exposures = storefront.exposures(experiment.experiment_id)
    events = storefront.attributed(experiment.experiment_id)
    shown = exposures["recommendation_id"].tolist()
    told = lake.read("events", columns=list(events.columns), where={"recommendation_id": shown})
    events = pd.concat([each for each in (events, told) if len(each)] or [events])
    return figures(experiment, exposures, outcomes(exposures, events))


def figures(
    experiment: Experiment, exposures: pd.DataFrame, people: pd.DataFrame
) -> ExperimentReport:
    """The report from who saw and who did what (columns of `experiment_outcomes.outcomes`).

    experiment: its arms and hold-out; exposures: a row an answer, of which the column arm is read;
    people: a row a person and arm, with arm, unit and a bool for each of METRIC_NAMES.
    """
    names = [*(arm.name for arm in experiment.arms), *([HOLDOUT] if experiment.holdout else [])]
    shares = {
        (name, metric): _share(people, name, metric)
        for name, metric in product(names, METRIC_NAMES)
    }
    ratio = _sample_ratio(experiment, people)
    against = [names[0], HOLDOUT] if experiment.holdout else [names[0]]
    return ExperimentReport(
        experiment_id=experiment.experiment_id,
        placement=experiment.placement,
        arms=[_arm(name, exposures, shares) for name in names],
        sample_ratio_p=ratio,
        sample_ratio_fits=ratio is None or ratio >= _MISMATCH,
        uplifts=[
            _uplift(arm, other, metric, shares[arm, metric], shares[other, metric])
            for other, arm, metric in product(against, names, METRIC_NAMES)
            if arm != other and (arm, other) != (HOLDOUT, names[0])
        ],
    )


def _sample_ratio(experiment: Experiment, people: pd.DataFrame) -> float | None:
    """How likely the arms' numbers of people are, if each had its share; None without people."""
    expected = {arm.name: share for arm, share in arm_shares(experiment)}
    counts = people["arm"].value_counts()
    return sample_ratio([int(counts.get(n, 0)) for n in expected], list(expected.values()))


def _share(people: pd.DataFrame, arm: str, metric: str) -> Share:
    did = people.loc[people["arm"] == arm, metric]
    return share(int(did.sum()), len(did))


def _arm(name: str, exposures: pd.DataFrame, shares: dict[tuple[str, str], Share]) -> ArmFigures:
    did = [shares[name, metric] for metric in METRIC_NAMES]
    values: Sequence[float] = [each.value for each in did]
    answers = int((exposures["arm"] == name).sum())
    return ArmFigures(name, did[0].people, answers, *values)


def _uplift(arm: str, against: str, metric: str, ours: Share, theirs: Share) -> Uplift:
    change, ratio = difference(ours, theirs), relative(ours, theirs)
    always = difference_at_any_time(ours, theirs)
    return Uplift(
        arm=arm,
        against=against,
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
    )


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
