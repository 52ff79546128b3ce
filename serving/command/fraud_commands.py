"""Commands about fraud: replay, watch, policy, shadow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from serving.command.auditing import note_command
from serving.command.options import Json
from serving.command.output import show

commands = typer.Typer(no_args_is_help=True, help="Fraud: replay, watch, policy, shadow.")


@commands.command("replay")
def replay_decision(
    decision: Annotated[str, typer.Argument(help="A decision_id, or a payment_id.")],
    as_json: Json = False,
) -> None:
    """Make a stored decision again, bit for bit. Exit code 3: it came out differently."""
    from data.environment import load_settings
    from decisions.fraud.replay import find_decision, replay
    from decisions.runtime import open_runtime

    runtime = open_runtime(load_settings())
    result = replay(find_decision(runtime.records, decision), runtime.records, runtime.registry)
    show(result, as_json)
    if not result.same:
        raise typer.Exit(3)


@commands.command("watch")
def watch_fraud(
    days: Annotated[int, typer.Option(min=1, help="How many days back.")] = 30,
    as_json: Json = False,
) -> None:
    """How the decisions did, day by day; of the shadow too."""
    from data.environment import load_settings
    from decisions.fraud.watch import watch
    from decisions.runtime import open_runtime

    runtime = open_runtime(load_settings())
    runtime.refresh()
    show({"days": watch(runtime, datetime.now(UTC) - timedelta(days=days))}, as_json)


@commands.command("policy")
def retune_policy(
    apply: Annotated[
        bool, typer.Option("--apply", help="Use it; without, it is only shown.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The policy that fits the rate of fraud that is really reported, beside the one in use."""
    from data.environment import load_settings
    from decisions.fraud.tuning import retune
    from decisions.runtime import open_runtime

    runtime = open_runtime(load_settings())
    runtime.refresh()
    found = retune(runtime, datetime.now(UTC), apply=apply)
    if apply:
        note_command(runtime.records, "argosy fraud policy --apply", {"use_case": "fraud"})
    show(found, as_json)
    if not apply:
        typer.echo("Nothing is changed; to use this policy: argosy fraud policy --apply", err=True)


@commands.command("shadow")
def shadow_fraud(
    version: Annotated[str, typer.Argument(help='A version to score beside; "" ends it.')],
    as_json: Json = False,
) -> None:
    """Score with another version beside the champion, without acting."""
    from data.environment import load_settings
    from decisions.fraud.controls import set_shadow
    from decisions.runtime import open_runtime

    runtime = open_runtime(load_settings())
    found = set_shadow(runtime, version, author="argosy fraud")
    note_command(runtime.records, "argosy fraud shadow", {"version": version})
    show(found, as_json)
