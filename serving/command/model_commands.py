"""Commands about models: train, score, backtest, models, promote, rollback."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serving.command.auditing import note_with
from serving.command.options import (
    AsOf,
    Json,
    UseCase,
    UseCaseOrAll,
    parse_levels,
    parse_pairs,
)
from serving.command.output import progress, show

if TYPE_CHECKING:
    from models.registry import VersionInfo
    from training.run import TrainingReport

commands = typer.Typer()


@commands.command()
def train(
    use_case: UseCaseOrAll,
    as_of: AsOf = None,
    settings_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Another value for a model's parameter."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit, compare with the baselines, log, gate and register.

    Exit code 3: some use cases serve what was trained, others were held back or lack data, and the
    message says what. 1: nothing was trained.
    """
    from data.environment import load_settings
    from decisions.batch import keep_answers
    from training.run import train_use_cases

    settings = load_settings()
    chosen = settings.use_cases if use_case == "all" else (use_case,)
    with progress() as report:
        result = train_use_cases(settings, chosen, as_of, parse_pairs(settings_ or []), report)
        keep_answers(settings, served_anew(result), as_of, report)
    show_training(result, as_json)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def served_anew(result: TrainingReport) -> list[str]:
    """The use cases that serve what was trained."""
    return [outcome.use_case for outcome in result.outcomes if outcome.version is not None]


@commands.command()
def score(
    use_case: UseCase,
    out: Annotated[Path, typer.Option(help="Where to: .parquet, .csv or .xlsx.")],
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, help="recommendation: items a customer.")] = 10,
    new_only: Annotated[bool, typer.Option(help="recommendation: nothing bought before.")] = False,
    horizon: Annotated[
        int | None, typer.Option(min=1, help="forecasting: periods ahead; customers: days ahead.")
    ] = None,
    quantiles: Annotated[
        Any,
        typer.Option(
            parser=parse_levels, metavar="Q,Q,…", help="forecasting: such as 0.1,0.5,0.9."
        ),
    ] = "0.1,0.5,0.9",
    payments: Annotated[
        Path | None, typer.Option(metavar="DIR", help="fraud: folder with a payments table.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Batch answers, by the same models and features as the API."""
    from data.environment import load_settings
    from data.table_files import SUFFIXES, write_table
    from decisions.batch import score_use_case

    if out.suffix not in SUFFIXES:
        raise typer.BadParameter(f"--out {out}: the name must end in {', '.join(SUFFIXES)}")
    if use_case == "fraud" and payments is None:
        raise typer.BadParameter("fraud needs --payments DIR, a folder with a payments table")
    options: dict[str, dict[str, Any]] = {
        "recommendation": {"limit": limit, "new_only": new_only},
        "forecasting": {"horizon": horizon, "quantiles": quantiles},
        "fraud": {"payments": payments},
        "customers": {"horizon": horizon},
    }
    with progress() as report:
        frame = score_use_case(load_settings(), use_case, as_of, options.get(use_case, {}), report)
    write_table(frame, out)
    show({"use_case": use_case, "rows": len(frame), "out": str(out)}, as_json)


@commands.command()
def backtest(
    use_case: UseCase,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Replay the past under our policy and plain ones: cost, fill rate, stock, stock-outs."""
    from data.environment import load_settings
    from models.registry import open_registry
    from training import replenishment
    from training.run import open_context

    if use_case != "replenishment":
        raise typer.BadParameter(f"{use_case} has no back-test of its own; replenishment has one")
    settings = load_settings()
    with progress() as report:
        context = open_context(settings, as_of, {}, report)
        done = replenishment.backtest(context)
        run_id = replenishment.log(done, context, open_registry(settings))
    tables = {"policies": done.policies, "classes": done.classes}
    plain = {name: table.to_dict("records") for name, table in tables.items()}
    show({"use_case": use_case, "from": done.cut.isoformat(), **plain, "run_id": run_id}, as_json)


@commands.command()
def models(as_json: Json = False) -> None:
    """Every registered version, its figures, and which one serves."""
    from data.environment import load_settings
    from models.registry import open_registry

    versions = open_registry(load_settings()).versions()
    show(versions if as_json else {"models": [brief_version(each) for each in versions]}, as_json)


@commands.command()
def promote(
    use_case: UseCase,
    version: str,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "",
    force: Annotated[
        str | None, typer.Option(metavar="WHY", help="Also when it fails the checks, and why.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a registered version the one that serves, if it passes the checks against the champion.

    Exit code 1: it does not; the champion stays.
    """
    from data.environment import load_settings
    from models.promotion import promote_release
    from models.registry import open_registry

    settings = load_settings()
    failed = promote_release(
        open_registry(settings), use_case, version, reason=force or reason, force=bool(force)
    )
    note_with(settings, "argosy promote", {"use_case": use_case, "version": version})
    show({"use_case": use_case, "champion": version, "failed checks": failed}, as_json)


@commands.command()
def rollback(use_case: UseCase, as_json: Json = False) -> None:
    """Go back to the version that served before."""
    from data.environment import load_settings
    from models.registry import open_registry

    settings = load_settings()
    version = open_registry(settings).rollback(use_case)
    note_with(settings, "argosy rollback", {"use_case": use_case, "version": version})
    show({"use_case": use_case, "champion": version}, as_json)


def brief_version(version: VersionInfo) -> dict[str, Any]:
    """A version as a person asks for it; run, metrics and note are in the JSON."""
    names = ("use_case", "version", "champion", "model", "cut_off", "created_at")
    return {name: getattr(version, name) for name in names}


def show_training(result: TrainingReport, as_json: bool) -> None:
    """Ours beside each baseline, and what the other use cases lack.

    result: how training ended; as_json: whether machines read it.
    """
    if as_json:
        show({"trained": result.outcomes, "lacking": result.lacking}, as_json)
        return
    rows = []
    for outcome in result.outcomes:
        for name, figures in outcome.baselines.items():
            theirs, ours = figures[outcome.metric], outcome.metrics[outcome.metric]
            serves = f"version {outcome.version}" if outcome.version else "the champion stays"
            rows.append(
                {"use_case": outcome.use_case, "metric": outcome.metric, "ours": ours}
                | {"baseline": name, "theirs": theirs, "serves": serves}
            )
    if rows:
        show({"trained": rows}, as_json)
    for outcome in result.outcomes:
        if outcome.reason:
            served = f"{outcome.served} serves. " if outcome.served else ""
            typer.echo(f"{outcome.use_case}: {served}{outcome.reason}", err=True)
    for sentence in result.lacking.values():
        typer.echo(sentence, err=True)
