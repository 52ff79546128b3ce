"""The command line: its groups put together, and its errors as messages."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from serving.command import (
    data_commands,
    experiment_commands,
    fraud_commands,
    key_commands,
    kpi_commands,
    model_commands,
    operation_commands,
    server_commands,
)

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Argosy: what to recommend, what will sell, what to order, which payment to trust.",
)
for group in (
    data_commands,
    model_commands,
    server_commands,
    operation_commands,
    kpi_commands,
):
    app.registered_commands.extend(group.commands.registered_commands)
app.add_typer(key_commands.commands, name="keys")
app.add_typer(experiment_commands.commands, name="experiment")
app.add_typer(fraud_commands.commands, name="fraud")
app.add_typer(operation_commands.schedule, name="schedule")
app.add_typer(kpi_commands.webhooks, name="webhooks")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"argosy {version('argosy')}")
        raise typer.Exit


@app.callback()
def _root(
    wanted: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options of the command itself."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a known error is one message and exit code 1, never a traceback.

    arguments: as on the command line; None: those of this process.
    """
    try:
        app(arguments)
    except Exception as error:
        from data.errors import ArgosyError

        if not isinstance(error, ArgosyError):
            raise
        typer.echo(f"argosy: {error}", err=True)
        sys.exit(1)
