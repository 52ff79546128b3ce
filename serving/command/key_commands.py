"""Commands about API keys: add, rotate, list, drop."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from serving.command.options import Json
from serving.command.output import show

commands = typer.Typer(no_args_is_help=True, help="API keys: add, rotate, list, drop.")


@commands.command("add")
def add_key(
    name: str,
    scopes: Annotated[
        str,
        typer.Option(help="Of: events, recommend, plan, approve, decide, review, admin, public."),
    ] = "events,recommend,plan,decide",
    days: Annotated[float | None, typer.Option(help="How long it is good for.")] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=1, help="Requests it may make in a minute.")
    ] = None,
) -> None:
    """Make an API key; it is shown once."""
    from data.environment import load_settings
    from data.records import open_records
    from serving.http.auth import create_key

    lasts = timedelta(days=days) if days else None
    wanted = tuple(part.strip() for part in scopes.split(","))
    records = open_records(load_settings())
    typer.echo(create_key(records, name, wanted, lasts=lasts, per_minute=per_minute))


@commands.command("rotate")
def rotate_key(
    name: str,
    grace: Annotated[float, typer.Option(help="Hours for which the old key still holds.")] = 24.0,
) -> None:
    """Make a new key in the place of an old one; it is shown once."""
    from data.environment import load_settings
    from data.records import open_records
    from serving.http.auth import rotate_key

    typer.echo(rotate_key(open_records(load_settings()), name, timedelta(hours=grace)))


@commands.command("list")
def list_keys(as_json: Json = False) -> None:
    """The names and scopes of the keys."""
    from data.environment import load_settings
    from data.records import open_records

    columns = ("name", "scopes", "created_at", "expires_at", "former_until", "per_minute")
    known = open_records(load_settings()).keys()
    lines = [{name: getattr(key, name) for name in columns} for key in known]
    show([line | {"scopes": " ".join(line["scopes"])} for line in lines], as_json)


@commands.command("drop")
def drop_key(name: str) -> None:
    """Make a key worthless at once."""
    from data.environment import load_settings
    from data.records import open_records

    open_records(load_settings()).drop_key(name)
