"""Commands about the merchant's data: ingest, status, materialize."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serving.command.options import AsOf, Json
from serving.command.output import progress, show

commands = typer.Typer()


@commands.command()
def ingest(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of tables.")],
    as_json: Json = False,
) -> None:
    """Validate the tables of DIR and put them into the lake.

    Exit code 3: some rows went to quarantine, the rest is in. 1: refused, nothing changed.
    """
    from data.currencies import currency_findings
    from data.environment import load_settings
    from data.lake import open_lake

    settings = load_settings()
    lake = open_lake(settings)
    with progress() as report:
        result = lake.ingest(folder, progress=report)
    show(result, as_json)
    for finding in currency_findings(lake, settings.base_currency):
        typer.echo(f"{finding}.", err=True)
    for fault in result.faults:
        typer.echo(str(fault), err=True)
    if not result.ok:
        typer.echo("The rows named above are in quarantine; the others are in the lake.", err=True)
        raise typer.Exit(3)


@commands.command()
def status(as_json: Json = False) -> None:
    """What is here, how fresh, which models, and what is missing for what."""
    from data.environment import load_settings
    from data.lake import open_lake
    from data.lake.needs import missing_tables
    from data.use_cases import needs_of
    from models.registry import open_registry
    from serving.command.model_commands import brief_version

    settings = load_settings()
    lake, registry = open_lake(settings), open_registry(settings)
    champions = {
        version.use_case: version
        for version in registry.versions()
        if version.champion and version.use_case in settings.use_cases
    }
    shown = champions if as_json else [brief_version(each) for each in champions.values()]
    lacks = [
        {"use_case": name, "lacks": clause}
        for name in settings.use_cases
        for clause in missing_tables(lake, needs_of(name))
    ]
    show(
        {"clock": lake.clock(), "tables": lake.tables(), "models": shown, "missing": lacks}, as_json
    )


@commands.command()
def materialize(as_of: AsOf = None, as_json: Json = False) -> None:
    """Compute the features from the lake, offline and online."""
    from data.environment import load_settings
    from data.inbox import absorb_records
    from data.lake import open_lake
    from features.store import Store

    settings = load_settings()
    lake = open_lake(settings)
    with progress() as report:
        absorb_records(settings, lake)
        result = Store(settings, lake).materialize(lake.moment(as_of), progress=report)
    show(result, as_json)
