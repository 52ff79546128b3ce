"""Lists and experiments as they may be sent."""

import pytest
from pydantic import ValidationError

from data.storefront import HOLDOUT
from serving.http.recommendation.merchandising_schemas import BoostIn, ExperimentIn


def experiment(*arms: str, **more: object) -> ExperimentIn:
    return ExperimentIn(
        experiment_id="x", placement="home", arms=[{"name": arm} for arm in arms], **more
    )


def test_one_arm_is_enough_beside_a_holdout() -> None:
    assert experiment("a", holdout=0.1).arms[0].weight == 1.0
    assert len(experiment("a", "b").arms) == 2


@pytest.mark.parametrize(
    ("arms", "more", "said"),
    [
        (["a"], {}, "at least two"),
        (["a", "a"], {}, "a name of its own"),
        (["a", HOLDOUT], {}, "a name of its own"),
        ([], {}, "arms"),
        (["a", "b"], {"holdout": 1.0}, "holdout"),
    ],
)
def test_arms_that_cannot_be_told_apart_are_refused(
    arms: list[str], more: dict[str, object], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        experiment(*arms, **more)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"factor": 2.0}, "one of them must be given"),
        ({"factor": 0.0, "brand": "b"}, "factor"),
        ({"factor": 1001.0, "brand": "b"}, "factor"),
        ({"factor": "2", "brand": "b"}, "factor"),
    ],
)
def test_a_boost_says_of_what_and_how_much(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        BoostIn(**given)
