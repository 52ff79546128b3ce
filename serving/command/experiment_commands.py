"""Commands about experiments of the storefront: report."""

from __future__ import annotations

from typing import Annotated

import typer

from serving.command.options import Json
from serving.command.output import show

commands = typer.Typer(no_args_is_help=True, help="Experiments of the storefront: report.")


@commands.command("report")
def report_experiment(
    name: Annotated[str | None, typer.Argument(metavar="[EXPERIMENT]", help="One of them.")] = None,
    as_json: Json = False,
) -> None:
    """Click, cart and purchase uplift of each arm, with confidence intervals."""
    from data.environment import load_settings
    from data.lake import open_lake
    from data.records import open_records
    from decisions.recommendation.report import reports

    settings = load_settings()
    found = reports(open_records(settings).storefront, open_lake(settings), name)
    if as_json:
        show(found, as_json)
    for each in [] if as_json else found:
        show(each, as_json)
    if not found:
        raise typer.BadParameter(
            "no such experiment; start one: POST /v1/experiments, see /docs of the server"
        )
