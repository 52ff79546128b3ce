"""Commands about API keys: add, rotate, list, drop."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from serving.command.auditing import note_command
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
    owner: Annotated[
        str | None, typer.Option(help="The person or service that answers for it.")
    ] = None,
) -> None:
    """Make an API key; it is shown once."""
    from data.environment import load_settings
    from data.records import open_records
    from serving.http.auth import create_key

    lasts = timedelta(days=days) if days else None
    wanted = tuple(part.strip() for part in scopes.split(","))
    records = open_records(load_settings())
    token = create_key(records, name, wanted, lasts=lasts, per_minute=per_minute, owner=owner)
    note_command(records, "argosy keys add", {"key": name})
    typer.echo(token)


@commands.command("rotate")
def rotate_key(
    name: str,
    grace: Annotated[float, typer.Option(help="Hours for which the old key still holds.")] = 24.0,
) -> None:
    """Make a new key in the place of an old one; it is shown once."""
    from data.environment import load_settings
    from data.records import open_records
    from serving.http.auth import rotate_key

    records = open_records(load_settings())
    token = rotate_key(records, name, timedelta(hours=grace))
    note_command(records, "argosy keys rotate", {"key": name})
    typer.echo(token)


@commands.command("list")
def list_keys(as_json: Json = False) -> None:
    """The names and scopes of the keys."""
    from data.environment import load_settings
    from data.records import open_records

    columns = ("name", "owner", "scopes", "created_at", "expires_at", "former_until", "per_minute")
    known = open_records(load_settings()).keys()
    lines = [{name: getattr(key, name) for name in columns} for key in known]
    show([line | {"scopes": " ".join(line["scopes"])} for line in lines], as_json)


@commands.command("drop")
def drop_key(name: str) -> None:
    """Make a key worthless at once."""
    from data.environment import load_settings
    from data.records import open_records

    records = open_records(load_settings())
    records.drop_key(name)
    note_command(records, "argosy keys drop", {"key": name})
