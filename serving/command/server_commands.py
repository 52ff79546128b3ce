"""Commands that serve: serve, demo."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from serving.command.output import progress

commands = typer.Typer()


class MerchantSize(StrEnum):
    """How much of the sample merchant is built."""

    small = "small"
    full = "full"


@commands.command()
def serve(
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Answer over HTTP."""
    from data.environment import load_settings
    from serving.http.app import run

    run(load_settings(), host=host, port=port, workers=workers)


@commands.command()
def demo(
    size: MerchantSize = MerchantSize.full,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    fresh: Annotated[bool, typer.Option(help="Build everything anew.")] = False,
    serving: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Whether to end with a running server.")
    ] = True,
) -> None:
    """Build the sample merchant, train all use cases, serve, say where to look."""
    from data.environment import load_settings
    from serving.command.demo import build_demo

    base = load_settings()
    settings = base.model_copy(update={"home": base.home / "demo", "auth": False})
    with progress() as report:
        build_demo(settings, size.value, fresh=fresh, report=report)
    if serving:
        from serving.command.tour import page
        from serving.http.app import run

        run(settings, host="127.0.0.1", port=port, workers=1, ready=page)
