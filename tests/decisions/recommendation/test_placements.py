"""The merchant's lists in memory, good while the database is away."""

from pathlib import Path

from data.records import Records
from data.storefront import Arm, Experiment, Placement
from decisions.recommendation.placements import Placements


def opened(path: Path) -> Records:
    made = Records(f"sqlite:///{path}")
    made.migrate()
    return made


def test_a_change_of_ours_holds_at_once_and_one_of_others_soon(tmp_path: Path) -> None:
    records = opened(tmp_path / "r.db")
    here, there = (Placements(records.storefront, seconds=s) for s in (3600.0, 0.0))
    assert here.current().lists == {}
    records.storefront.put_placement(Placement("home", ("tea",)))
    assert here.current().lists == {}
    assert there.current().lists["home"].pins == ("tea",)
    here.changed(lambda: records.storefront.put_placement(Placement("cart", ("pan",))))
    assert sorted(here.held().lists) == ["cart", "home"]


def test_an_experiment_that_was_stopped_runs_no_more(tmp_path: Path) -> None:
    records = opened(tmp_path / "r.db")
    records.storefront.start_experiment(Experiment("x", "home", (Arm("a"), Arm("b"))))
    plans = Placements(records.storefront, seconds=0.0)
    assert plans.current().running["home"].experiment_id == "x"
    records.storefront.stop_experiment("x")
    assert plans.current().running == {}
