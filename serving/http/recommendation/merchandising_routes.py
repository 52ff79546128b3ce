"""The routes of who runs the shop: the merchant's lists by placement, and experiments."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from data.storefront import Arm, Experiment, Placement, Push
from decisions.recommendation.placements import Placements, roll_out
from decisions.recommendation.report import ExperimentReport, report
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.errors import Problem
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.recommendation.merchandising_schemas import (
    ArmIn,
    BoostIn,
    ExperimentFull,
    ExperimentIn,
    ExperimentsOut,
    PlacementIn,
    PlacementOut,
    PlacementsOut,
    RollOutIn,
)

_MAY = [Depends(scoped("admin"))]
Name = Annotated[str, Path(min_length=1, max_length=128)]


def router(runtime: Runtime, placements: Placements) -> APIRouter:
    """The routes under /v1/placements and /v1/experiments.

    runtime: the stores and releases in use; placements: the plans in use, changed by the routes.
    """
    routes = APIRouter()
    _lists(routes, runtime, placements)
    _experiments(routes, runtime, placements)
    return routes


def _lists(routes: APIRouter, runtime: Runtime, placements: Placements) -> None:
    storefront = runtime.records.storefront

    @routes.get("/placements", dependencies=_MAY)
    def list_placements() -> PlacementsOut:
        """What the merchant wants where: pins and boosts."""
        return PlacementsOut(data=[_placement_out(each) for each in storefront.placements()])

    @routes.put("/placements/{placement}", dependencies=_MAY)
    def set_placement(placement: Name, body: PlacementIn) -> PlacementOut:
        """Pin products to the first places, boost or bury others; all workers within seconds."""
        pins, boosts = tuple(body.pins), _pushes(body.boosts)
        arm = None if body.arm is None else _arm(body.arm)
        wanted = Placement(placement, pins, boosts, strategy=body.strategy or "", arm=arm)
        placements.changed(lambda: storefront.put_placement(wanted))
        return _placement_out(placements.current().lists.get(placement, wanted))

    @routes.delete("/placements/{placement}", status_code=204, dependencies=_MAY)
    def drop_placement(placement: Name) -> None:
        """Forget what was wanted there."""
        placements.changed(lambda: storefront.drop_placement(placement))


def _experiments(routes: APIRouter, runtime: Runtime, placements: Placements) -> None:
    storefront = runtime.records.storefront

    @routes.get("/experiments", dependencies=_MAY)
    def list_experiments() -> ExperimentsOut:
        """All experiments, running and stopped."""
        return ExperimentsOut(data=[_experiment_out(each) for each in storefront.experiments()])

    @routes.post(
        "/experiments",
        status_code=201,
        response_model=ExperimentFull,
        dependencies=[*_MAY, IDEMPOTENT],
    )
    def start_experiment(request: Request, body: ExperimentIn) -> Response:
        """Start an experiment; a placement has one at a time, a name is used once."""

        def begin() -> ExperimentFull:
            placements.changed(lambda: storefront.start_experiment(_experiment(body)))
            return _experiment_out(placements.current().running[body.placement])

        return once(runtime, request, body, begin, status=201)

    @routes.post("/experiments/{experiment_id}:stop", status_code=204, dependencies=_MAY)
    def stop_experiment(experiment_id: Name) -> None:
        """End an experiment: everybody is answered as without it. Stopping twice is no error."""
        _known(runtime, experiment_id)
        placements.changed(lambda: storefront.stop_experiment(experiment_id))

    @routes.post("/experiments/{experiment_id}:roll-out", dependencies=_MAY)
    def roll_out_experiment(experiment_id: Name, body: RollOutIn) -> PlacementOut:
        """End an experiment and answer everybody at its placement as one of its arms does.

        Pins, boosts and strategy of the placement stay; setting the placement anew ends it.
        """
        experiment = _known(runtime, experiment_id)
        kept = roll_out(storefront, experiment, body.arm)
        if kept is None:
            known = ", ".join(arm.name for arm in experiment.arms)
            raise Problem(422, "unknown_arm", f"arm {body.arm}: it can be {known}.")
        placements.changed(lambda: None)
        return _placement_out(kept)

    @routes.get("/experiments/{experiment_id}/report", dependencies=_MAY)
    def report_experiment(experiment_id: Name) -> ExperimentReport:
        """What each arm changes, with intervals: clicks, carts and purchases of what was shown,
        and orders, revenue and margin afterwards."""
        experiment = _known(runtime, experiment_id)
        base = runtime.settings.base_currency
        return report(storefront, runtime.lake, runtime.store, experiment, base)


def _known(runtime: Runtime, experiment_id: str) -> Experiment:
    for each in runtime.records.storefront.experiments():
        if each.experiment_id == experiment_id:
            return each
    raise Problem(404, "unknown_experiment", "There is no experiment of that name.")


def _pushes(boosts: list[BoostIn]) -> tuple[Push, ...]:
    return tuple(Push(**boost.model_dump()) for boost in boosts)


def _placement_out(placement: Placement) -> PlacementOut:
    return PlacementOut(
        placement=placement.placement,
        pins=list(placement.pins),
        boosts=[BoostIn(**vars(push)) for push in placement.boosts],
        updated_at=placement.updated_at,
        strategy=placement.strategy or None,
        arm=None if placement.arm is None else ArmIn.model_validate(asdict(placement.arm)),
    )


def _arm(body: ArmIn) -> Arm:
    return Arm(**{**body.model_dump(exclude={"boosts"}), "boosts": _pushes(body.boosts)})


def _experiment(body: ExperimentIn) -> Experiment:
    arms = tuple(_arm(arm) for arm in body.arms)
    return Experiment(body.experiment_id, body.placement, arms, body.holdout)


def _experiment_out(experiment: Experiment) -> ExperimentFull:
    return ExperimentFull.model_validate(experiment, from_attributes=True)
