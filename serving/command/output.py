"""What a command prints: tables for people, JSON for machines, progress while it works."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

Report = Callable[[str, float | None], None]
_IS_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*Z$")


@contextmanager
def progress() -> Iterator[Report]:
    """A bar on a terminal, plain lines elsewhere; always on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        started, last = datetime.now(UTC), ""

        def plain(text: str, share: float | None) -> None:
            nonlocal last
            if text != last:
                seconds = (datetime.now(UTC) - started).total_seconds()
                typer.echo(f"[{seconds:6.1f} s] {text}", err=True)
                last = text

        yield plain
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("starting", total=None)

        def bar(text: str, share: float | None) -> None:
            bars.update(task, description=text, total=1.0 if share is not None else None)
            if share is not None:
                bars.update(task, completed=share)

        yield bar


def _plain(value: Any) -> Any:
    """Dataclasses, times and paths as JSON has them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return None  # an unknown number, which JSON has no word for
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def show(result: Any, as_json: bool) -> None:
    """A result for people (tables) or machines (JSON).

    result: dataclasses, mappings, lists; as_json: whether machines read it.
    """
    plain = _plain(result)
    if as_json:
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False))
        return
    from rich.console import Console

    # Texts of files and mappings are no markup: `[words]` stays as it is.
    console = Console(width=None if sys.stdout.isatty() else 160, markup=False, emoji=False)
    sections = plain.items() if isinstance(plain, dict) else [("", plain)]
    for name, value in sections:
        if rows := _rows_of(value):
            console.print(_table(name, rows))
        elif value and isinstance(value, list) and all(isinstance(item, str) for item in value):
            lines = "\n".join(f"  {item}" for item in value)
            console.print(f"{name.replace('_', ' ')}:\n{lines}", highlight=False, soft_wrap=True)
        else:
            console.print(
                f"{name}: {'none' if value in (None, [], {}) else value}", highlight=False
            )


def _rows_of(value: Any) -> list[dict[str, Any]]:
    """A value as the rows of a table; empty when it is no table. Nested values are left to JSON."""
    if isinstance(value, dict) and any(isinstance(item, dict) for item in value.values()):
        items = [(key, item) for key, item in value.items() if isinstance(item, dict)]
        value = [item if key in item.values() else {"name": key} | item for key, item in items]
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return []
    flat = (str, int, float, bool, type(None))
    return [{key: cell for key, cell in item.items() if isinstance(cell, flat)} for item in value]


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        numbers = all(isinstance(row.get(name), int | float | None) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in names))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str) and _IS_TIME.match(value):
        return value[:16].replace("T", " ")
    return f"{value:.4g}" if isinstance(value, float) else str(value)
