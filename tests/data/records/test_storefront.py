"""Visits, lists and experiments in the records."""

from datetime import timedelta

import pytest

from data.records import Records
from data.storefront import Arm, Experiment, ExperimentError, Exposure, Placement, Push
from tests.data.records.rows import NOON, event


def test_a_trail_is_newest_first_and_a_later_unhide_takes_a_hide_back(records: Records) -> None:
    records.add_events(
        [
            event("a", 0, product_id="tea"),
            event("b", 1, product_id="pan", kind="hide"),
            event("c", 2, product_id="toy", kind="hide"),
            event("d", 3, product_id="pan", kind="unhide"),
            event("e", 4, product_id="milk"),
            event("f", 5, product_id="tea", visitor_id="another"),
        ]
    )
    trail = records.storefront.trail("v1", None)
    assert [touch.product_id for touch in trail.touches] == ["milk", "tea"]
    assert [(e.product_id, e.kind) for e in trail.hides] == [("pan", "unhide"), ("toy", "hide")]
    then = records.storefront.trail("v1", None, until=NOON + timedelta(minutes=2))
    assert [(e.product_id, e.kind) for e in then.hides] == [("toy", "hide"), ("pan", "hide")]
    assert records.storefront.trail(None, None).touches == ()


def test_a_customers_unit_is_that_of_the_first_link(records: Records) -> None:
    kept = records.storefront
    assert kept.link("v1", "ann", at=NOON)
    assert not kept.link("v1", "ann")
    assert kept.link("v2", "ann", at=NOON + timedelta(hours=1))
    for visitor, customer in (("v1", None), ("v2", None), (None, "ann")):
        links = kept.links(visitor, customer)
        assert links.customers == ("ann",)
        assert links.visitors == ("v2", "v1")
        assert links.unit == "visitor:v1"
    assert kept.links("nobody", None).unit is None


def test_who_was_answered_as_a_customer_stays_that_unit(records: Records) -> None:
    kept = records.storefront
    kept.add_exposure(Exposure("r", NOON, "x", "a", 0.5, "home", "ann", "personal", ("tea",)))
    kept.link("v1", "ann")
    assert kept.links("v1", None).unit == "ann"


def test_a_placement_takes_the_place_of_the_one_before(records: Records) -> None:
    kept = records.storefront
    kept.put_placement(Placement("home", ("milk",)))
    wanted = Placement("home", ("tea",), (Push(2.0, brand="acme"),), NOON)
    kept.put_placement(wanted)
    assert kept.placements() == [wanted]
    assert kept.drop_placement("home")
    assert not kept.drop_placement("home")


def test_a_stopped_experiment_frees_its_placement_but_not_its_name(records: Records) -> None:
    kept = records.storefront
    first = Experiment("one", "home", (Arm("a"), Arm("b", boosts=(Push(3.0, category="tea"),))))
    started = kept.start_experiment(first)
    assert kept.experiments() == [started]
    with pytest.raises(ExperimentError, match="stop it"):
        kept.start_experiment(Experiment("two", "home", first.arms))
    assert kept.stop_experiment("one")
    assert not kept.stop_experiment("one")
    kept.start_experiment(Experiment("two", "home", first.arms))
    with pytest.raises(ExperimentError, match="'one' at 'cart'"):
        kept.start_experiment(Experiment("one", "cart", first.arms))
