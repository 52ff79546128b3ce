"""The command line: its groups put together, and its errors as messages."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
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
    """Run the command; an error is one message, never a traceback.

    Exit code 1: an error that the user can mend; 70: a defect of ours, kept in a file.

    arguments: as on the command line; None: those of this process.
    """
    try:
        app(arguments)
    except Exception as error:
        from data.defects import keep_defect
        from data.errors import ArgosyError

        known = isinstance(error, ArgosyError)
        told = str(error) if known else keep_defect(error, _home())
        typer.echo(f"argosy: {told}", err=True)
        sys.exit(1 if known else 70)


def _home() -> Path:
    """The ARGOSY_HOME, also where another setting cannot be read."""
    from data.settings import Settings

    return Path(os.environ.get("ARGOSY_HOME") or Settings.model_fields["home"].default)
