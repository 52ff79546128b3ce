"""Pages of the documentation that are made from the code, so that they cannot be out of date."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent.parent))

_NOTE = "*This page is made from the code.*\n\n"


def on_files(files: Files, *, config: Any, **_: Any) -> Files:
    """Add the reference pages to the site."""
    pages = {
        "reference/settings.md": settings_page,
        "reference/tables.md": tables_page,
        "reference/commands.md": commands_page,
        "reference/http.md": http_page,
    }
    for place, page in pages.items():
        files.append(File.generated(config, place, content=page()))
    return files


def settings_page() -> str:
    """Every setting: its variable, what it means, its default."""
    from data.settings import Settings

    lines = ["# Settings", "", _NOTE, "Settings are environment variables, read once.", ""]
    lines += ["| variable | meaning | default |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        lines.append(f"| `ARGOSY_{name.upper()}` | {_cell(field.description)} | {default} |")
    return "\n".join([*lines, ""])


def tables_page() -> str:
    """Every table a merchant may bring: its key and its columns."""
    from data.tables import TABLES

    lines = ["# Tables", "", _NOTE]
    told = (
        "Any subset of these tables is enough to begin with. `*` marks a column that a file must "
        "have. Ids are texts of at most 128 characters, times carry a zone, money is in major "
        "units. A row replaces the older one of its key; what becomes known later (marked "
        "`later`) stays where a file has no column of its time."
    )
    lines += [told, ""]
    for table in TABLES.values():
        lines += [f"## {table.name}", "", f"Key: {', '.join(table.key)}.", ""]
        lines += ["| column | kind | values |", "|---|---|---|"]
        for column in table.columns:
            star = "*" if column.required else ""
            kind = f"{column.kind}, later" if table.later_times(column.name) else column.kind
            lines.append(f"| {column.name}{star} | {kind} | {', '.join(column.values)} |")
        lines.append("")
    return "\n".join(lines)


def commands_page() -> str:
    """Every command of `argosy` with its arguments and options."""
    from typer.main import get_command

    from argosy import app

    lines = ["# Commands", "", _NOTE]
    _describe(get_command(app), "argosy", lines)
    return "\n".join(lines)


def _describe(command: Any, name: str, lines: list[str]) -> None:
    """Add a command, or those of a group, to the lines."""
    if hasattr(command, "commands"):
        for each, inner in sorted(command.commands.items()):
            _describe(inner, f"{name} {each}", lines)
        return
    lines += [f"## {name}", "", (command.help or "").strip(), ""]
    rows = []
    for parameter in command.params:
        shown = ", ".join(f"`{text}`" for text in (*parameter.opts, *parameter.secondary_opts))
        rows.append(f"| {shown} | {_cell(getattr(parameter, 'help', None))} |")
    if rows:
        lines += ["| argument or option | meaning |", "|---|---|", *rows, ""]


def http_page() -> str:
    """Every operation of the API: method, path, what it does."""
    from data.settings import Settings
    from serving.http.app import create_app

    with tempfile.TemporaryDirectory() as home:
        described = create_app(Settings(home=Path(home), auth=False)).openapi()
    lines = ["# HTTP", "", _NOTE]
    lines += [
        "A running server describes itself at `/openapi.json`. Errors are RFC 9457 problem+json.",
        "",
        "| operation | request | what it does |",
        "|---|---|---|",
    ]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            asked = f"`{method.upper()} {path}`"
            lines.append(
                f"| `{operation['operationId']}` | {asked} | {_cell(operation['summary'])} |"
            )
    return "\n".join([*lines, ""])


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")
