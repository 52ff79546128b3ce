"""Commands about the shop in figures and who is told: kpis, alerts, webhooks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import typer

from serving.command.options import Json
from serving.command.output import show

commands = typer.Typer()
webhooks = typer.Typer(no_args_is_help=True, help="Webhooks: deliver.")


def parse_day(text: str) -> date:
    """A day such as 2017-12-01."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no zone
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day; say 2017-12-01") from error


@commands.command("kpis")
def show_kpis(
    day: Annotated[
        Any,
        typer.Option(
            "--day", parser=parse_day, metavar="DAY", help="Default: the newest whole day."
        ),
    ] = None,
    kpi: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    rebuild: Annotated[
        bool, typer.Option(help="Compute every day anew, not only those that may have changed.")
    ] = False,
    update: Annotated[bool, typer.Option(help="Compute what is new before telling.")] = True,
    as_json: Json = False,
) -> None:
    """Compute the KPIs of the days that may have changed, keep them, and tell one day's.

    Exit code 4 when one is past a critical bound.
    """
    from data.environment import load_settings
    from decisions.kpis.compute import update_kpis, whole_day
    from decisions.kpis.report import standings
    from decisions.runtime import open_runtime

    runtime = open_runtime(load_settings())
    if update or rebuild:
        update_kpis(runtime, rebuild=rebuild)
    told = day or whole_day(runtime)
    found = standings(runtime.records, told, kpi or ())
    rows = [
        {
            "kpi": one.kpi.name,
            "value": one.value,
            "unit": one.kpi.unit,
            "window_value": one.window_value,
            "window_days": one.kpi.window_days,
            "status": one.status,
            "warn": one.kpi.warn,
            "critical": one.kpi.critical,
            "owner": one.kpi.owner,
        }
        for one in found
    ]
    show({"day": told.isoformat(), "kpis": rows}, as_json)
    if any(one.status == "critical" for one in found):
        raise typer.Exit(4)


@commands.command("alerts")
def show_alerts(
    update: Annotated[bool, typer.Option(help="Compute KPIs and look before telling.")] = True,
    as_json: Json = False,
) -> None:
    """Look for what is wrong on the days not looked at yet, and tell the open alerts.

    Exit code 4 when one is critical and nobody has acknowledged it.
    """
    from data.environment import load_settings
    from decisions.kpis.alerts import check_alerts
    from decisions.kpis.compute import update_kpis
    from decisions.runtime import open_runtime

    runtime = open_runtime(load_settings())
    if update:
        update_kpis(runtime)
        check_alerts(runtime)
    found = runtime.records.alerts.open()
    names = ("alert_id", "severity", "text", "first_day", "last_day", "acknowledged_by")
    lines = [{name: getattr(one, name) for name in names} for one in found]
    show(found if as_json else {"alerts": lines}, as_json)
    if any(one.severity == "critical" and one.acknowledged_at is None for one in found):
        raise typer.Exit(4)


@webhooks.command("deliver")
def deliver_webhooks(as_json: Json = False) -> None:
    """Send what waits in the outbox and is due, then end; the server does so all the time."""
    from data.environment import load_settings
    from data.records import open_records
    from decisions.webhooks.delivery import deliver_due
    from decisions.webhooks.sending import sender

    settings = load_settings()
    report = deliver_due(open_records(settings), sender(settings))
    show(vars(report), as_json)


@commands.command("consume")
def consume_streams(
    streams: Annotated[
        list[str] | None, typer.Argument(help="events, outcomes, stock; by default all.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=5_000, help="Messages taken together.")] = 500,
    until_empty: Annotated[bool, typer.Option(help="End when nothing waits.")] = False,
    as_json: Json = False,
) -> None:
    """Take events, outcomes of payments and counts of stock from the broker, until stopped.

    ARGOSY_BROKER_URL says where; queues are NAMESPACE.events and so on, NAMESPACE.dead keeps what
    cannot be read.
    """
    from data.environment import load_settings
    from decisions.runtime import open_runtime
    from decisions.streams.broker import STREAMS
    from decisions.streams.connecting import connector
    from decisions.streams.consume import consume

    chosen = [stream for stream in STREAMS if stream in (streams or STREAMS)]
    if unknown := sorted(set(streams or ()) - set(STREAMS)):
        raise typer.BadParameter(f"{', '.join(unknown)}: say some of {', '.join(STREAMS)}")
    settings = load_settings()
    runtime = open_runtime(settings)
    counts = consume(
        runtime,
        connector(settings, chosen, batch),
        batch=batch,
        is_over=lambda _, idle: until_empty and idle,
    )
    show({"taken": dict(counts.taken), "dead": counts.dead}, as_json)
