"""Commands for whoever runs it: doctor, monitor, schedule, erase, version."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from serving.command.auditing import note_command, note_with
from serving.command.options import Json, parse_time
from serving.command.output import progress, show

commands = typer.Typer()
schedule = typer.Typer(no_args_is_help=True, help="The schedule: run.")


@commands.command()
def version(as_json: Json = False) -> None:
    """The version of Argosy, and of the model format that it reads."""
    from importlib.metadata import version as installed

    from models.release import FORMAT

    show({"argosy": installed("argosy"), "model format": FORMAT}, as_json)


@commands.command()
def doctor(as_json: Json = False) -> None:
    """Check every connection, version, permission, clock and disk, and say what to do.

    Exit code 1 when something failed.
    """
    from data.environment import load_settings
    from decisions.doctor import examine

    findings = examine(load_settings())
    show(findings if as_json else {"findings": findings}, as_json)
    if any(finding.status == "failed" for finding in findings):
        raise typer.Exit(1)


@commands.command()
def monitor(
    out: Annotated[Path, typer.Option(help="Where to: an HTML file.")] = Path("monitor.html"),
    days: Annotated[int, typer.Option(min=1, help="The window that is looked at.")] = 7,
    limits: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Limits of your own, such as ops/monitor.toml."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Watch what is served: data, skew, drift, calibration, labels, freshness, by use case.

    Exit code 4 past a limit. Figures of the runs before are kept beside the page (.jsonl) and drawn
    in it.
    """
    from data.environment import load_settings
    from decisions.monitor import MonitorLimits, look
    from decisions.monitor_page import write
    from decisions.runtime import open_runtime

    wanted = MonitorLimits() if limits is None else MonitorLimits.read(limits)
    report = look(open_runtime(load_settings()), wanted, days=days)
    write(report, out)
    show({"watches": report.watches, "within limits": report.ok, "out": str(out)}, as_json)
    if not report.ok:
        raise typer.Exit(4)


@schedule.command("run")
def run_schedule(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Such as ops/schedule.toml.")],
    once: Annotated[bool, typer.Option(help="Do what is due now, then end.")] = False,
    step: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Do this step alone, then end: for an orchestrator."),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            parser=parse_time,
            metavar="T",
            help="With --step: its newest window that is due at T. Default: now.",
        ),
    ] = None,
) -> None:
    """Do the steps of a schedule, each once a window, one at a time across machines.

    With --step, exit code 0: the step is done for the window, now or before; 1: it failed, or
    another process is at the schedule.
    """
    from data.environment import load_settings
    from data.records import open_records
    from decisions import schedule as steps

    if at is not None and step is None:
        raise typer.BadParameter("say which step, too", param_hint="--at")
    planned = steps.read(file)
    records = open_records(load_settings())
    moment = at or datetime.now(UTC)
    if step is not None:
        is_new = steps.one_step(planned, step, records, moment, steps.command)
        show({"done": step if is_new else f"{step}, before"}, as_json=False)
        return
    if not once:
        steps.forever(file, records)
    done = steps.once(planned, records, moment, steps.command)
    show({"done": ", ".join(done)}, as_json=False)


@commands.command()
def erase(
    customer_id: str,
    export: Annotated[bool, typer.Option(help="Only print what is kept; erase nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
) -> None:
    """Erase one customer from lake, features and records; the receipt is printed and kept."""
    from data.environment import load_settings
    from decisions.privacy import erase as erase_customer
    from decisions.privacy import found
    from decisions.runtime import open_runtime

    runtime = open_runtime(load_settings())
    if export:
        show(found(runtime, customer_id), as_json=True)
        return
    if not yes:
        typer.confirm(f"Erase customer {customer_id!r} for good?", abort=True)
    receipt = erase_customer(runtime, customer_id)
    note_command(runtime.records, "argosy erase", {"receipt": receipt.receipt_id})
    show(receipt.model_dump(), as_json=True)


@commands.command()
def backup(
    target: Annotated[str, typer.Argument(metavar="DIR", help="A folder, or s3://bucket/folder.")],
    as_json: Json = False,
) -> None:
    """Save lake, features, models and records into a new folder under DIR, while serving."""
    from data.environment import load_settings
    from decisions.backup import back_up

    with progress() as say:
        report = back_up(load_settings(), target, say)
    show(report, as_json)


@commands.command()
def restore(
    source: Annotated[
        str, typer.Argument(metavar="BACKUP", help="A backup, or the folder that holds several.")
    ],
    aside: Annotated[
        bool, typer.Option("--aside", help="Put what the home holds into .before-… in it.")
    ] = False,
    receipts: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="A home or newer backup that knows who was erased since, too."
        ),
    ] = None,
    with_erasures: Annotated[
        bool,
        typer.Option(
            "--with-erasures/--without-erasures",
            help="Whether people who were erased after the backup are erased from it again.",
        ),
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Bring a backup back into ARGOSY_HOME and the database, the newest where there are several.

    End the server first. Every file is checked before anything is changed. Whoever was erased after
    the backup is erased from it again, by the receipts that the home, newer backups beside it and
    --receipts hold.
    """
    from data.environment import load_settings
    from decisions.backup import restore as bring_back

    settings = load_settings()
    if aside and not yes:
        typer.confirm(f"Put away what {settings.home} holds?", abort=True)
    with progress() as say:
        report = bring_back(
            settings, source, say, aside=aside, receipts=receipts, with_erasures=with_erasures
        )
    note_with(
        settings,
        "argosy restore",
        {"backup": Path(report.folder).name, "erasures": report.erasures},
    )
    show(report, as_json)


@commands.command()
def audit(
    limit: Annotated[int, typer.Option(min=0, help="At most so many of the newest entries.")] = 20,
    head: Annotated[
        str | None, typer.Option(help="A head kept from before: is all up to it still there?")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who did what, and check that no entry was changed or taken away.

    Exit code 1 when one was. Keep the head that is printed elsewhere: with it even entries cut off
    at the end are noticed.
    """
    from data.environment import load_settings
    from data.records import open_records

    records = open_records(load_settings())
    log, found = records.audit.entries(limit=limit), records.audit.check()
    lost = head is not None and not records.audit.holds(head)
    state = "whole"
    if found.broken_at is not None:
        state = f"broken at entry {found.broken_at}: it was changed, or entries were taken away"
    elif lost:
        state = "entries are missing at the end: the head given is not there"
    lines = [
        {"seq": e.seq, "at": e.at, "actor": e.actor, "owner": e.owner, "action": e.action}
        | {"target": ", ".join(f"{name} {value}" for name, value in e.target.items())}
        for e in log
    ]
    told = {"entries": found.entries, "head": found.head, "state": state}
    show({**told, "newest": lines}, as_json)
    if state != "whole":
        raise typer.Exit(1)
