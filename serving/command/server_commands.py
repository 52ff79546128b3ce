"""Commands that serve: serve, demo."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from serving.command.output import progress

if TYPE_CHECKING:
    from data.settings import Settings
    from serving.console.oidc import OidcClient
    from serving.http.app import Front

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
    console: Annotated[
        bool, typer.Option(help="Whether one worker shows the screens at /console, too.")
    ] = True,
) -> None:
    """Answer over HTTP; one worker shows the console at /console, too."""
    from data.environment import load_settings
    from serving.http.app import run

    settings = load_settings()
    front = _console_beside(settings) if console and workers == 1 else None
    run(settings, host=host, port=port, workers=workers, front=front)


@commands.command(name="console")
def serve_console(
    api: Annotated[str, typer.Option(help="Where the API answers, such as http://127.0.0.1:8000.")],
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8001,
) -> None:
    """Show the console of an API that runs elsewhere, on as many workers as it likes."""
    from data.environment import load_settings
    from data.use_cases import USE_CASES
    from decisions import logs
    from serving.console.mount import console_of, run_console

    settings = load_settings()
    front = console_of(api, settings.console_idle_minutes, USE_CASES, _oidc_client(settings))
    run_console(front, host=host, port=port, log_config=logs.config(access=False))


def _console_beside(settings: Settings) -> Front:
    """Makes the console before an application of the API. settings: of this installation."""
    from serving.console.mount import with_console

    return partial(
        with_console,
        idle_minutes=settings.console_idle_minutes,
        use_cases=settings.use_cases,
        oidc=_oidc_client(settings),
    )


def _oidc_client(settings: Settings) -> OidcClient | None:
    """The console as a provider of accounts knows it; None where people sign in with keys only."""
    from data.environment import SettingsError
    from serving.console.oidc import OidcClient

    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None  # the API may take the provider's tokens all the same
    if settings.console_url is None:
        raise SettingsError(
            "ARGOSY_OIDC_CLIENT_ID needs ARGOSY_CONSOLE_URL: where people open the console, such "
            "as https://argosy.example. The provider must know the address to lead people back to, "
            "ARGOSY_CONSOLE_URL/console/sign-in/back"
        )
    secret = settings.oidc_client_secret
    return OidcClient(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        secret=secret.get_secret_value() if secret else None,
        request=settings.oidc_request,
        console_url=settings.console_url,
    )


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
    own = {"home": base.home / "demo", "bucket": base.bucket and f"{base.bucket}/demo"}
    settings = base.model_copy(update={**own, "auth": False})
    with progress() as report:
        build_demo(settings, size.value, fresh=fresh, report=report)
    if serving:
        from serving.command.tour import page
        from serving.http.app import run

        front = _console_beside(settings)
        run(settings, host="127.0.0.1", port=port, workers=1, ready=page, front=front)
