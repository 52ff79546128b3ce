"""The command `argosy`: it parses, calls, prints. Nothing heavy is imported until it is needed."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from data.lake import Lake
    from data.records import Records
    from data.settings import Settings
    from features.store import Store
    from models.registry import Registry, VersionInfo
    from training.job import Context, Outcome

# Before numpy loads: implicit recalculates a user 50 times slower with a threaded BLAS.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Argosy: what to recommend, what will sell, what to order, which payment to trust.",
)
keys = typer.Typer(no_args_is_help=True, help="API keys: add, list, drop.")
app.add_typer(keys, name="keys")
experiment = typer.Typer(no_args_is_help=True, help="Experiments of the storefront: report.")
app.add_typer(experiment, name="experiment")
fraud = typer.Typer(no_args_is_help=True, help="Fraud: replay, watch, policy, shadow.")
app.add_typer(fraud, name="fraud")

Report = Callable[[str, float | None], None]
_IS_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*Z$")


class Row(StrEnum):
    """The four rows of the house."""

    recommendation = "recommendation"
    forecasting = "forecasting"
    replenishment = "replenishment"
    fraud = "fraud"


class BacktestRow(StrEnum):
    """The rows whose past can be replayed under another policy."""

    replenishment = "replenishment"


class RowOrAll(StrEnum):
    """One row, or all four in the order in which they need each other."""

    all = "all"
    recommendation = "recommendation"
    forecasting = "forecasting"
    replenishment = "replenishment"
    fraud = "fraud"


class Size(StrEnum):
    """How much of the sample merchant."""

    small = "small"
    full = "full"


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no ISO 8601 time; say 2017-12-01 or 2017-12-01T18:00:00Z"
        ) from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _levels(text: str) -> tuple[float, ...]:
    try:
        levels = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}; say 0.1,0.5,0.9") from error
    if not all(0 < level < 1 for level in levels):
        raise typer.BadParameter(f"{text!r}: each level must lie between 0 and 1")
    return levels


AsOf = Annotated[
    datetime | None,
    typer.Option(
        parser=_time,
        metavar="T",
        help="As if it were T (UTC when no zone is given). Default: the newest fact in the lake.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


# What is asked ------------------------------------------------------------------------------


@app.command()
def ingest(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of tables.")],
    as_json: Json = False,
) -> None:
    """Validate the tables of DIR and put them into the lake.

    Exit code 3: some rows went to quarantine, the rest is in. 1: refused, nothing changed.
    """
    with _progress() as report:
        result = _lake(_settings()).ingest(folder, progress=report)
    _show(result, as_json)
    for fault in result.faults:
        typer.echo(str(fault), err=True)
    if not result.ok:
        typer.echo("The rows named above are in quarantine; the others are in the lake.", err=True)
        raise typer.Exit(3)


@app.command()
def status(as_json: Json = False) -> None:
    """What is here, how fresh, and which models."""
    settings = _settings()
    lake, registry = _lake(settings), _registry(settings)
    champions = {version.row: version for version in registry.versions() if version.champion}
    models = champions if as_json else [_brief(version) for version in champions.values()]
    _show({"clock": lake.clock(), "tables": lake.tables(), "models": models}, as_json)


@app.command()
def materialize(as_of: AsOf = None, as_json: Json = False) -> None:
    """Compute the features from the lake, offline and online."""
    settings = _settings()
    lake = _lake(settings)
    with _progress() as report:
        _absorb(settings, lake)
        result = _store(settings, lake).materialize(_moment(lake, as_of), progress=report)
    _show(result, as_json)


@app.command()
def train(
    row: RowOrAll,
    as_of: AsOf = None,
    settings_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Another value for a model's parameter."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit, compare with the baselines, log, gate and register."""
    settings = _settings()
    with _progress() as report:
        outcomes = _train(settings, _rows(row), as_of, _pairs(settings_ or []), report)
    _show_outcomes(outcomes, as_json)
    if any(outcome.version is None for outcome in outcomes):
        raise typer.Exit(3)


@app.command()
def score(
    row: Row,
    out: Annotated[Path, typer.Option(help="Where to: .parquet or .csv.")],
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, help="recommendation: items a customer.")] = 10,
    new_only: Annotated[bool, typer.Option(help="recommendation: nothing bought before.")] = False,
    horizon: Annotated[
        int | None, typer.Option(min=1, help="forecasting: how many periods ahead.")
    ] = None,
    quantiles: Annotated[
        Any, typer.Option(parser=_levels, metavar="Q,Q,…", help="forecasting: such as 0.1,0.5,0.9.")
    ] = "0.1,0.5,0.9",
    payments: Annotated[
        Path | None, typer.Option(metavar="DIR", help="fraud: folder with a payments table.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Batch answers, by the same models and features as the API."""
    if out.suffix not in {".parquet", ".csv"}:
        raise typer.BadParameter(f"--out {out}: the name must end in .parquet or .csv")
    if row is Row.fraud and payments is None:
        raise typer.BadParameter("fraud needs --payments DIR, a folder with a payments table")
    options: dict[str, Any] = {
        Row.recommendation: {"limit": limit, "new_only": new_only},
        Row.forecasting: {"horizon": horizon, "quantiles": quantiles},
        Row.replenishment: {},
        Row.fraud: {"payments": payments},
    }[row]
    with _progress() as report:
        frame = _score(_settings(), row, as_of, options, report)
    _write(frame, out)
    _show({"row": row.value, "rows": len(frame), "out": str(out)}, as_json)


@app.command()
def backtest(
    row: Annotated[BacktestRow, typer.Argument(help="What to replay.")],
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Replay the past under our policy and plain ones: cost, fill rate, stock, stock-outs."""
    from training import replenishment

    settings = _settings()
    with _progress() as report:
        context = _context(settings, as_of, {}, report)
        done = replenishment.backtest(context)
        run_id = replenishment.log(done, context, _registry(settings))
    tables = {"policies": done.policies, "classes": done.classes}
    plain = {name: table.to_dict("records") for name, table in tables.items()}
    _show({"row": row.value, "from": done.cut.isoformat(), **plain, "run_id": run_id}, as_json)


@app.command()
def models(as_json: Json = False) -> None:
    """Every registered version, its figures, and which one serves."""
    versions = _registry(_settings()).versions()
    _show(versions if as_json else {"models": [_brief(version) for version in versions]}, as_json)


@app.command()
def promote(
    row: Row,
    version: str,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "",
    as_json: Json = False,
) -> None:
    """Make a registered version the one that serves."""
    _registry(_settings()).promote(row.value, version, reason)
    _show({"row": row.value, "champion": version}, as_json)


@app.command()
def rollback(row: Row, as_json: Json = False) -> None:
    """Go back to the version that served before."""
    version = _registry(_settings()).rollback(row.value)
    _show({"row": row.value, "champion": version}, as_json)


@app.command()
def serve(
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Answer over HTTP."""
    from serving.http.app import run

    run(_settings(), host=host, port=port, workers=workers)


@keys.command("add")
def add_key(
    name: str,
    scopes: Annotated[
        str, typer.Option(help="Of: events, recommend, plan, approve, decide, review, admin.")
    ] = "events,recommend,plan,decide",
    days: Annotated[float | None, typer.Option(help="How long it is good for.")] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=1, help="Requests it may make in a minute.")
    ] = None,
) -> None:
    """Make an API key; it is shown once."""
    from serving.http.auth import create_key

    lasts = timedelta(days=days) if days else None
    wanted = tuple(part.strip() for part in scopes.split(","))
    records = _records(_settings())
    typer.echo(create_key(records, name, wanted, lasts=lasts, per_minute=per_minute))


@keys.command("rotate")
def rotate_key(
    name: str,
    grace: Annotated[float, typer.Option(help="Hours for which the old key still holds.")] = 24.0,
) -> None:
    """Make a new key in the place of an old one; it is shown once."""
    from serving.http.auth import rotate_key

    typer.echo(rotate_key(_records(_settings()), name, timedelta(hours=grace)))


@keys.command("list")
def list_keys(as_json: Json = False) -> None:
    """The names and scopes of the keys."""
    columns = ("name", "scopes", "created_at", "expires_at", "former_until", "per_minute")
    known = _records(_settings()).keys()
    lines = [{name: getattr(key, name) for name in columns} for key in known]
    _show([line | {"scopes": " ".join(line["scopes"])} for line in lines], as_json)


@keys.command("drop")
def drop_key(name: str) -> None:
    """Make a key worthless at once."""
    _records(_settings()).drop_key(name)


@experiment.command("report")
def report_experiment(
    name: Annotated[str | None, typer.Argument(metavar="[EXPERIMENT]", help="One of them.")] = None,
    as_json: Json = False,
) -> None:
    """Click, cart and purchase uplift of each arm, with confidence intervals."""
    from decisions.recommendation.report import reports

    settings = _settings()
    found = reports(_records(settings).storefront, _lake(settings), name)
    if as_json:
        _show(found, as_json)
    for each in [] if as_json else found:
        _show(each, as_json)
    if not found:
        raise typer.BadParameter(
            "no such experiment; start one: POST /v1/experiments, see /docs of the server"
        )


@fraud.command("replay")
def replay_decision(
    decision: Annotated[str, typer.Argument(help="A decision_id, or a payment_id.")],
    as_json: Json = False,
) -> None:
    """Make a stored decision again, bit for bit. Exit code 3: it came out differently."""
    from decisions.fraud.analyst_commands import replay

    result = replay(_settings(), decision)
    _show(result, as_json)
    if not result.same:
        raise typer.Exit(3)


@fraud.command("watch")
def watch_fraud(
    days: Annotated[int, typer.Option(min=1, help="How many days back.")] = 30,
    as_json: Json = False,
) -> None:
    """How the decisions did, day by day; of the shadow too."""
    from decisions.fraud.analyst_commands import watch

    _show({"days": watch(_settings(), days)}, as_json)


@fraud.command("policy")
def retune_fraud(as_json: Json = False) -> None:
    """Solve the policy anew for the rate of fraud that is really reported, and use it."""
    from decisions.fraud.analyst_commands import policy

    _show(policy(_settings()), as_json)


@fraud.command("shadow")
def shadow_fraud(
    version: Annotated[str, typer.Argument(help='A version to score beside; "" ends it.')],
    as_json: Json = False,
) -> None:
    """Score with another version beside the champion, without acting."""
    from decisions.fraud.analyst_commands import shadow

    _show(shadow(_settings(), version), as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check every connection, version, permission, clock and disk, and say what to do.

    Exit code 1 when something failed.
    """
    from decisions.doctor import examine

    findings = examine(_settings())
    _show(findings if as_json else {"findings": findings}, as_json)
    if any(finding.status == "failed" for finding in findings):
        raise typer.Exit(1)


@app.command()
def monitor(
    out: Annotated[Path, typer.Option(help="Where to: an HTML file.")] = Path("monitor.html"),
    days: Annotated[int, typer.Option(min=1, help="The window that is looked at.")] = 7,
    as_json: Json = False,
) -> None:
    """Watch what is served: skew, drift, labels, freshness. Exit code 4 past a limit."""
    from decisions.monitor import look, write
    from decisions.runtime import Runtime

    runtime = Runtime(_settings())
    runtime.records.migrate()
    report = look(runtime, days=days)
    write(report, out)
    _show({"watches": report.watches, "within limits": report.ok, "out": str(out)}, as_json)
    if not report.ok:
        raise typer.Exit(4)


@app.command()
def run(
    schedule: Annotated[Path, typer.Argument(metavar="SCHEDULE.toml")],
    once: Annotated[bool, typer.Option(help="Do what is due now, then end.")] = False,
) -> None:
    """Do the steps of a schedule, each once a window, one at a time across machines."""
    from decisions import schedule as clockwork

    records = _records(_settings())
    if not once:
        clockwork.forever(schedule, records)
    steps = clockwork.read(schedule)
    done = clockwork.once(steps, records, datetime.now(UTC), clockwork.command)
    _show({"done": ", ".join(done)}, as_json=False)


@app.command()
def erase(
    customer_id: str,
    export: Annotated[bool, typer.Option(help="Only print what is kept; erase nothing.")] = False,
) -> None:
    """Erase one customer from lake, features and records; the receipt is printed and kept."""
    from decisions.privacy import erase as erase_customer
    from decisions.privacy import found
    from decisions.runtime import Runtime

    runtime = Runtime(_settings())
    runtime.records.migrate()
    result = (
        found(runtime, customer_id) if export else erase_customer(runtime, customer_id).model_dump()
    )
    _show(result, as_json=True)


@app.command()
def demo(
    size: Size = Size.full,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    fresh: Annotated[bool, typer.Option(help="Build everything anew.")] = False,
    serving: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Whether to end with a running server.")
    ] = True,
) -> None:
    """Build the sample merchant, train all four rows, serve, say where to look."""
    base = _settings()
    settings = base.model_copy(update={"home": base.home / "demo", "auth": False})
    with _progress() as report:
        _build_demo(settings, size, fresh, report)
    if serving:
        from serving.command.tour import page
        from serving.http.app import run

        run(settings, host="127.0.0.1", port=port, workers=1, ready=page)


# How it is done -----------------------------------------------------------------------------


def _settings() -> Settings:
    from data.settings import Settings

    return Settings()


def _lake(settings: Settings) -> Lake:
    from data.lake import Lake

    return Lake(settings.lake, max_bad_share=settings.max_bad_share)


def _store(settings: Settings, lake: Lake) -> Store:
    from features.store import Store

    return Store(settings, lake)


def _records(settings: Settings) -> Records:
    from data.records import Records

    records = Records(settings.database, settings.namespace)
    records.migrate()
    return records


def _registry(settings: Settings) -> Registry:
    from models.registry import Registry

    return Registry(settings.mlflow, settings.artifacts, settings.namespace)


def _absorb(settings: Settings, lake: Lake) -> None:
    """What came by HTTP since goes into the lake first."""
    from data.inbox import absorb

    records = _records(settings)
    absorb(records, lake)
    records.close()


def _moment(lake: Lake, as_of: datetime | None) -> datetime:
    moment = as_of or lake.clock()
    if moment is None:
        raise typer.BadParameter("the lake is empty: argosy ingest DIR first, or argosy demo")
    return moment


def _rows(row: RowOrAll) -> list[str]:
    return [each.value for each in RowOrAll if each is not RowOrAll.all and row in {each, row.all}]


def _pairs(texts: list[str]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise typer.BadParameter(f"--set {text}: say key=value")
    return dict(text.split("=", 1) for text in texts)


def _train(
    settings: Settings,
    rows: list[str],
    as_of: datetime | None,
    overrides: dict[str, str],
    report: Report,
) -> list[Outcome]:
    from training import job

    context = _context(settings, as_of, overrides, report)
    registry = _registry(settings)
    recipes = [import_module(f"training.{row}").RECIPE for row in rows]
    return [job.run(recipe, context, registry) for recipe in recipes]


def _context(
    settings: Settings, as_of: datetime | None, overrides: dict[str, str], report: Report
) -> Context:
    """What training and back-tests read: the features as of then, computed first."""
    from training import job

    lake = _lake(settings)
    _absorb(settings, lake)
    store = _store(settings, lake)
    moment = _moment(lake, as_of)
    report("computing the features", None)
    store.ensure(moment)
    return job.Context(
        settings, lake, store, moment, overrides, progress=lambda text: report(text, None)
    )


def _score(
    settings: Settings,
    row: Row,
    as_of: datetime | None,
    options: dict[str, Any],
    report: Report,
) -> pd.DataFrame:
    from decisions.runtime import Runtime

    runtime = Runtime(settings)
    moment = _moment(runtime.lake, as_of)
    report("computing the features", None)
    runtime.store.ensure(moment)
    runtime.refresh()
    if row is Row.replenishment and not _forecasts_are_fresh(runtime.store, moment):
        report("forecasting first: the store has no forecasts as of then", None)
        import_module("serving.http.forecasting").score(runtime, moment)
    report(f"scoring {row.value}", None)
    frame: pd.DataFrame = import_module(f"serving.{row.value}").score(runtime, moment, **options)
    return frame


def _forecasts_are_fresh(store: Store, moment: datetime) -> bool:
    made = store.latest("forecast", moment)["event_timestamp"]
    return len(made) > 0 and bool(made.max() >= moment)


def _build_demo(settings: Settings, size: Size, fresh: bool, report: Report) -> None:
    import shutil

    from data import sample

    if fresh:
        shutil.rmtree(settings.home, ignore_errors=True)
    tables = settings.home / "sample"
    if not (tables / "README.txt").exists():
        report("building the sample merchant", None)
        sample.build(tables, size=size.value, seed=settings.seed, progress=report)
    lake = _lake(settings)
    lake.ingest(tables, progress=report)
    registry = _registry(settings)
    missing = [each.value for each in Row if registry.champion_version(each.value) is None]
    if missing:
        outcomes = _train(settings, missing, None, {}, report)
        _show_outcomes(outcomes, as_json=False)


# How it is shown ----------------------------------------------------------------------------


@contextmanager
def _progress() -> Iterator[Report]:
    """A bar on a terminal, plain lines elsewhere; always on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        started, last = datetime.now(UTC), ""

        def plain(text: str, share: float | None) -> None:
            nonlocal last
            if text != last:
                seconds = (datetime.now(UTC) - started).total_seconds()
                typer.echo(f"[{seconds:6.1f} s] {text}", err=True)
                last = text

        yield plain
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("starting", total=None)

        def bar(text: str, share: float | None) -> None:
            bars.update(task, description=text, total=1.0 if share is not None else None)
            if share is not None:
                bars.update(task, completed=share)

        yield bar


def _write(frame: pd.DataFrame, out: Path) -> None:
    """Write whole or not at all: a file beside it takes its place at the end."""
    draft = out.with_name(f".{out.name}.part")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".csv":
        frame.to_csv(draft, index=False)
    else:
        frame.to_parquet(draft, index=False)
    draft.replace(out)


def _plain(value: Any) -> Any:
    """Dataclasses, times and paths as JSON has them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _show(result: Any, as_json: bool) -> None:
    """A result for people (tables) or machines (JSON)."""
    plain = _plain(result)
    if as_json:
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False))
        return
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160)
    sections = plain.items() if isinstance(plain, dict) else [("", plain)]
    for name, value in sections:
        if rows := _rows_of(value):
            console.print(_table(name, rows))
        else:
            console.print(
                f"{name}: {'none' if value in (None, [], {}) else value}", highlight=False
            )


def _rows_of(value: Any) -> list[dict[str, Any]]:
    """A value as the rows of a table; empty when it is no table. Nested values are left to JSON."""
    if isinstance(value, dict) and any(isinstance(item, dict) for item in value.values()):
        items = [(key, item) for key, item in value.items() if isinstance(item, dict)]
        value = [item if key in item.values() else {"name": key} | item for key, item in items]
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return []
    flat = (str, int, float, bool, type(None))
    return [{key: cell for key, cell in item.items() if isinstance(cell, flat)} for item in value]


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        numbers = all(isinstance(row.get(name), int | float | None) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in names))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str) and _IS_TIME.match(value):
        return value[:16].replace("T", " ")
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _brief(version: VersionInfo) -> dict[str, Any]:
    """A version as a person asks for it; run, metrics and note are in the JSON."""
    names = ("row", "version", "champion", "model", "cut_off", "created_at")
    return {name: getattr(version, name) for name in names}


def _show_outcomes(outcomes: list[Outcome], as_json: bool) -> None:
    """Ours beside the best baseline, a line a row."""
    if as_json:
        _show(outcomes, as_json)
        return
    rows = []
    for outcome in outcomes:
        for name, figures in outcome.baselines.items():
            theirs, ours = figures[outcome.metric], outcome.metrics[outcome.metric]
            registered = f"version {outcome.version}" if outcome.version else outcome.reason
            rows.append(
                {"row": outcome.row, "metric": outcome.metric, "ours": ours}
                | {"baseline": name, "theirs": theirs, "registered": registered}
            )
    _show({"trained": rows}, as_json)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; an error of ours is one message, never a traceback."""
    try:
        app(arguments)
    except Exception as error:
        from data.errors import ArgosyError

        if not isinstance(error, ArgosyError):
            raise
        typer.echo(f"argosy: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
