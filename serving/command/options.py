"""Arguments and options that several commands share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from data.use_cases import USE_CASES


def parse_time(text: str) -> datetime:
    """An ISO 8601 time; UTC when no zone is given."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no ISO 8601 time; say 2017-12-01 or 2017-12-01T18:00:00Z"
        ) from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_levels(text: str) -> tuple[float, ...]:
    """Quantile levels parted by commas, each between 0 and 1."""
    try:
        levels = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}; say 0.1,0.5,0.9") from error
    if not all(0 < level < 1 for level in levels):
        raise typer.BadParameter(f"{text!r}: each level must lie between 0 and 1")
    return levels


AsOf = Annotated[
    datetime | None,
    typer.Option(
        parser=parse_time,
        metavar="T",
        help="As if it were T (UTC when no zone is given). Default: the newest fact in the lake.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def parse_use_case(text: str) -> str:
    """One of the use cases."""
    if text not in USE_CASES:
        raise typer.BadParameter(f"{text!r} is no use case; there are {', '.join(USE_CASES)}")
    return text


def parse_use_case_or_all(text: str) -> str:
    """One of the use cases, or `all`."""
    return text if text == "all" else parse_use_case(text)


UseCase = Annotated[
    str,
    typer.Argument(parser=parse_use_case, metavar="USE_CASE", help=f"{', '.join(USE_CASES)}."),
]
UseCaseOrAll = Annotated[
    str,
    typer.Argument(
        parser=parse_use_case_or_all, metavar="USE_CASE", help=f"{', '.join(USE_CASES)}, or all."
    ),
]


def parse_pairs(texts: list[str]) -> dict[str, str]:
    """The values of `--set key=value`, by key."""
    for text in texts:
        if "=" not in text:
            raise typer.BadParameter(f"--set {text}: say key=value")
    return dict(text.split("=", 1) for text in texts)
