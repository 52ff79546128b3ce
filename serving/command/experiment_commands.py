"""Commands about experiments of the storefront: report, stop, roll out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from serving.command.options import Json
from serving.command.output import show

if TYPE_CHECKING:
    from data.records.storefront import StorefrontRecords
    from data.storefront import Experiment

commands = typer.Typer(
    no_args_is_help=True, help="Experiments of the storefront: report, stop, roll out."
)


@commands.command("report")
def report_experiment(
    name: Annotated[str | None, typer.Argument(metavar="[EXPERIMENT]", help="One of them.")] = None,
    as_json: Json = False,
) -> None:
    """What each arm changes: clicks, carts, purchases, orders, revenue, margin; with intervals."""
    from data.environment import load_settings
    from data.lake import open_lake
    from data.records import open_records
    from decisions.recommendation.report import reports
    from features.store import Store

    settings = load_settings()
    storefront, lake = open_records(settings).storefront, open_lake(settings)
    found = reports(storefront, lake, Store(settings, lake), name, settings.base_currency)
    if as_json:
        show(found, as_json)
    for each in [] if as_json else found:
        show(each, as_json)
    if not found:
        raise typer.BadParameter(
            "no such experiment; start one: POST /v1/experiments, see /docs of the server"
        )


@commands.command("stop")
def stop_experiment(
    name: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="The one to end.")],
) -> None:
    """End an experiment: everybody is answered as without it."""
    storefront = _storefront()
    _known(storefront, name)
    ended = storefront.stop_experiment(name)
    typer.echo(f"{name}: {'stopped' if ended else 'was stopped already'}.")


@commands.command("roll-out")
def roll_out_experiment(
    name: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="The one to end.")],
    arm: Annotated[str, typer.Argument(metavar="ARM", help="The arm everybody gets.")],
) -> None:
    """End an experiment, and answer everybody at its placement as one of its arms does."""
    from decisions.recommendation.placements import roll_out

    storefront = _storefront()
    experiment = _known(storefront, name)
    if roll_out(storefront, experiment, arm) is None:
        known = ", ".join(each.name for each in experiment.arms)
        raise typer.BadParameter(f"arm {arm}: it can be {known}")
    typer.echo(f"{name}: stopped; {experiment.placement} is answered as {arm} for everybody.")


def _storefront() -> StorefrontRecords:
    from data.environment import load_settings
    from data.records import open_records

    return open_records(load_settings()).storefront


def _known(storefront: StorefrontRecords, name: str) -> Experiment:
    found = {each.experiment_id: each for each in storefront.experiments()}
    if name not in found:
        known = ", ".join(sorted(found)) or "there is none"
        raise typer.BadParameter(f"experiment {name}: it can be {known}")
    return found[name]
