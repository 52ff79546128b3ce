"""The figures of an experiment, from who saw and who did what."""

import pandas as pd
import pytest

from data.storefront import HOLDOUT, Arm, Experiment
from decisions.recommendation.experiment_outcomes import METRIC_NAMES
from decisions.recommendation.report import figures

TRIAL = Experiment("x", "home", (Arm("a"), Arm("b")))


def people(**arms: tuple[int, int]) -> pd.DataFrame:
    """arm -> people, and how many of them did everything."""
    rows = [
        {"arm": arm, "unit": f"{arm}{n}"} | dict.fromkeys(METRIC_NAMES, n < did)
        for arm, (count, did) in arms.items()
        for n in range(count)
    ]
    return pd.DataFrame(rows, columns=["arm", "unit", *METRIC_NAMES])


def reported(trial: Experiment, found: pd.DataFrame):
    return figures(trial, found[["arm"]], found)


def test_a_clear_difference_is_told_with_its_interval() -> None:
    report = reported(TRIAL, people(a=(1000, 100), b=(1000, 200)))
    assert [(arm.arm, arm.people, arm.purchased) for arm in report.arms] == [
        ("a", 1000, 0.1),
        ("b", 1000, 0.2),
    ]
    for uplift in report.uplifts:
        assert (uplift.arm, uplift.against) == ("b", "a")
        assert uplift.difference == pytest.approx(0.1)
        assert 0 < uplift.low < 0.1 < uplift.high
        assert uplift.relative == pytest.approx(1.0)
        assert uplift.clear
    assert report.sample_ratio_fits


def test_a_difference_that_chance_explains_is_not_clear() -> None:
    report = reported(TRIAL, people(a=(100, 10), b=(100, 11)))
    assert not any(uplift.clear for uplift in report.uplifts)


def test_arms_of_odd_sizes_are_not_believed() -> None:
    assert not reported(TRIAL, people(a=(1000, 1), b=(500, 1))).sample_ratio_fits


def test_of_nothing_there_is_nothing_to_be_relative_to() -> None:
    report = reported(TRIAL, people(a=(50, 0), b=(50, 5)))
    assert all(uplift.relative is None for uplift in report.uplifts)
    empty = reported(TRIAL, people())
    assert (empty.sample_ratio_p, empty.sample_ratio_fits) == (None, True)


def test_every_arm_is_compared_with_the_holdout_too() -> None:
    trial = Experiment("x", "home", TRIAL.arms, holdout=0.5)
    report = reported(trial, people(a=(50, 5), b=(50, 5), **{HOLDOUT: (100, 5)}))
    pairs = {(uplift.arm, uplift.against) for uplift in report.uplifts}
    assert pairs == {("b", "a"), ("a", HOLDOUT), ("b", HOLDOUT)}


def test_orders_afterwards_are_money_a_person() -> None:
    found = people(a=(200, 10), b=(200, 10))
    many = found["unit"].str[1:].astype(int)
    first = found["arm"] == "a"
    found["order"] = many < 20
    found["revenue"] = (many % 10).where(first, many % 10 + 2.0).astype(float)
    found["margin"] = float("nan")

    report = reported(TRIAL, found)

    a, b = report.arms
    assert (a.ordered, a.revenue, a.margin) == (0.1, 4.5, None)
    assert (b.ordered, b.revenue, b.margin) == (0.1, 6.5, None)
    told = {each.metric: each for each in report.uplifts}
    assert "margin" not in told
    assert told["revenue"].difference == pytest.approx(2.0)
    assert told["revenue"].low == pytest.approx(1.44, abs=0.01)  # Welch: 1.96 x 0.288
    assert told["revenue"].relative == pytest.approx(2 / 4.5)
    assert told["revenue"].clear
    assert not told["order"].clear


def test_money_of_nobody_tells_nothing() -> None:
    found = people(a=(50, 5), b=(50, 5)).assign(order=False, revenue=0.0, margin=0.0)
    report = reported(TRIAL, found)
    assert [arm.revenue for arm in report.arms] == [0.0, 0.0]
    assert {each.metric for each in report.uplifts} == {*METRIC_NAMES, "order"}


def test_segments_are_told_against_the_holdout_where_there_are_enough_people() -> None:
    trial = Experiment("x", "home", TRIAL.arms, holdout=0.3)
    found = people(a=(400, 0), b=(400, 0), **{HOLDOUT: (400, 0)})
    number = found["unit"].str.extract(r"(\d+)$")[0].astype(int)
    found["segment"] = number.map(lambda n: "new" if n < 200 else "lost" if n < 390 else "champion")
    # In b half of the new ones buy, of all others a tenth.
    found["purchase"] = number % 10 == 0
    found.loc[(found["arm"] == "b") & (found["segment"] == "new"), "purchase"] = number % 2 == 0

    told = reported(trial, found).by_segment

    assert {each.segment for each in told} == {"new", "lost"}  # ten champions an arm are too few
    assert {each.against for each in told} == {HOLDOUT}
    clear = {(each.segment, each.arm) for each in told if each.clear}
    assert clear == {("new", "b")}
    (new,) = (e for e in told if (e.segment, e.arm, e.metric) == ("new", "b", "purchase"))
    assert new.difference == pytest.approx(0.4)
    assert reported(TRIAL, found[found["arm"] != HOLDOUT]).by_segment == []
