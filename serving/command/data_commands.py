"""Commands about the merchant's data: ingest, status, materialize."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serving.command.options import AsOf, Json, parse_pairs
from serving.command.output import progress, show

if TYPE_CHECKING:
    from data.lake import Lake
    from data.sources.ingesting import SourceReport

commands = typer.Typer()


@commands.command()
def ingest(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder or file of tables, s3://bucket/folder, or a database's address.",
        ),
    ],
    mapping: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="NAME|FILE",
            help="shopify, woocommerce, amazon, magento, odoo, erpnext, or a mapping.toml.",
        ),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="What the files do not say: currency, country, time_zone, warehouse, decimal, "
            "date_order, counted_at.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would go in, and what is missing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Validate the tables of SOURCE and put them into the lake.

    Exit code 3: some rows went to quarantine, the rest is in. 1: refused, nothing changed.
    """
    from data.currencies import currency_findings
    from data.environment import load_settings
    from data.lake import open_lake
    from data.sources.ingesting import ingest_source
    from data.sources.locations import parse_address
    from data.unmatched_ids import unmatched_ids

    settings = load_settings()
    lake = open_lake(settings)
    with progress() as report:
        result = ingest_source(
            lake,
            parse_address(source),
            mapping=mapping,
            values=parse_pairs(values or []),
            base_currency=settings.base_currency,
            dry_run=dry_run,
            progress=report,
        )
    coming = [name for name, table in result.ingest.tables.items() if table.rows or table.new]
    show(shown_report(result, _lacks(lake, settings.use_cases, coming), dry_run), as_json)
    for name, table in result.ingest.tables.items():
        if not table.read:
            typer.echo(f"{name}: no row was read; what the lake holds of it stays.", err=True)
    for finding in [*currency_findings(lake, settings.base_currency), *unmatched_ids(lake)]:
        typer.echo(f"{finding}.", err=True)
    for fault in result.ingest.faults:
        typer.echo(str(fault), err=True)
    if not result.ingest.ok:
        told = "would go to quarantine" if dry_run else "are in quarantine; the others in the lake"
        typer.echo(f"The rows named above {told}.", err=True)
        raise typer.Exit(3)


def shown_report(
    report: SourceReport, lacks: Sequence[Mapping[str, str]], dry_run: bool
) -> dict[str, Any]:
    """What `ingest` prints: the lake's report first, then what a mapping did.

    report: of the source. lacks: use_case and what it lacks. dry_run: True if nothing changed.
    """
    shown: dict[str, Any] = {
        "tables": report.ingest.tables,
        "ignored": list(report.ingest.ignored),
        "missing": list(lacks),
    }
    if report.used:
        shown["files"] = [
            {
                "file": used.file,
                "is": used.sheet,
                "rows": used.rows,
                "gives": ", ".join(used.tables),
            }
            for used in report.used
        ]
        shown["not_given"] = list(report.left_out)
        shown["assumed"] = list(report.assumed)
    if report.without_home:
        shown["without_home"] = f"{report.without_home} rows say more of rows that are not here"
    return {"dry_run": "nothing was changed", **shown} if dry_run else shown


def _lacks(
    lake: Lake, use_cases: Sequence[str], coming: Collection[str] = ()
) -> list[dict[str, str]]:
    """What each use case lacks, a line a need. coming: tables that count as there."""
    from data.lake.needs import missing_tables
    from data.use_cases import needs_of

    return [
        {"use_case": name, "lacks": clause}
        for name in use_cases
        for clause in missing_tables(lake, needs_of(name), coming)
    ]


@commands.command()
def status(as_json: Json = False) -> None:
    """What is here, how fresh, which models, and what is missing for what."""
    from data.environment import load_settings
    from data.lake import open_lake
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
    lacks = _lacks(lake, settings.use_cases)
    show(
        {"clock": lake.clock(), "tables": lake.tables(), "models": shown, "missing": lacks}, as_json
    )


@commands.command()
def materialize(as_of: AsOf = None, as_json: Json = False) -> None:
    """Compute the features from the lake, offline and online."""
    from data.environment import load_settings
    from data.inbox import absorb_records
    from data.lake import open_lake
    from decisions.batch import keep_answers
    from features.store import Store

    settings = load_settings()
    lake = open_lake(settings)
    with progress() as report:
        absorb_records(settings, lake)
        result = Store(settings, lake).materialize(lake.moment(as_of), progress=report)
        keep_answers(settings, settings.use_cases, as_of, report)
    show(result, as_json)
