"""Draws the picture of the house from the code: `python docs/house.py` writes docs/house.svg."""

from __future__ import annotations

import ast
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from data.use_cases import USE_CASES  # noqa: E402  # found by the line above

COLUMNS = (
    "data",
    "features",
    "models",
    "training",
    "decisions",
    "serving/http",
    "serving/console",
    "serving/command",
)
_WIDTH, _HEIGHT, _LEFT, _TOP = 138, 46, 132, 132
_INK, _SOFT, _WALL, _ROOM = "#24323f", "#55606b", "#e6e2d8", "#ffffff"


def draw() -> str:
    """The picture as SVG: a column a folder, a floor a use case, what they share at the ground."""
    width = _LEFT + len(COLUMNS) * (_WIDTH + 6) + 14
    ground = _TOP + len(USE_CASES) * (_HEIGHT + 6)
    height = ground + 132
    label = f"The house: {len(COLUMNS)} columns, {len(USE_CASES)} use cases"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="Helvetica, Arial, sans-serif" role="img" aria-label="{label}">'
    )
    peak = (_LEFT + width) // 2
    roof = f"{_LEFT - 20},74 {peak},14 {width - 4},74"
    parts = [
        svg,
        f'<rect width="{width}" height="{height}" fill="#fbfaf7"/>',
        f'<polygon points="{roof}" fill="{_INK}"/>',
        _text(peak, 60, "argosy", 22, "#fff", middle=True, bold=True),
    ]
    for place, column in enumerate(COLUMNS):
        parts += _column(_LEFT + place * (_WIDTH + 6), column, ground)
    for floor, use_case in enumerate(USE_CASES):
        parts.append(_text(_LEFT - 8, _middle(floor) + 4, use_case, 12, "#0b6e4f", end=True))
    parts.append(_text(_LEFT - 8, ground + 24, "shared", 12, _SOFT, end=True))
    told = "Imports point to the left; use cases never import each other."
    parts.append(_text(_LEFT, height - 8, told, 11, _SOFT))
    return "\n".join([*parts, "</svg>", ""])


def _column(x: int, column: str, ground: int) -> list[str]:
    """A column: its name, what it is for, its rooms, and what they share."""
    parts = [
        f'<rect x="{x}" y="80" width="{_WIDTH}" height="46" fill="{_WALL}"/>',
        _text(x + 8, 97, f"{column}/", 13, _INK, bold=True),
    ]
    for line, words in enumerate(_wrapped(_purpose(ROOT / column / "__init__.py"), 24)[:2]):
        parts.append(_text(x + 8, 110 + 11 * line, words, 9, _SOFT))
    for floor, use_case in enumerate(USE_CASES):
        if room := _room(column, use_case):
            y = _middle(floor) - _HEIGHT // 2
            parts.append(
                f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" fill="{_ROOM}" '
                f'stroke="{_WALL}"/>'
            )
            parts.append(_text(x + 8, y + 17, use_case, 11, _INK))
            for line, words in enumerate(_wrapped(_purpose(room), 26)[:2]):
                parts.append(_text(x + 8, y + 30 + 10 * line, words, 8.5, _SOFT))
    parts.append(
        f'<rect x="{x}" y="{ground}" width="{_WIDTH}" height="98" fill="{_ROOM}" stroke="{_WALL}"/>'
    )
    shared = ", ".join(_shared(column))
    for line, words in enumerate(_wrapped(shared, 30)[:8]):
        parts.append(_text(x + 8, ground + 14 + 11 * line, words, 8.5, _SOFT))
    return parts


def _room(column: str, use_case: str) -> Path | None:
    """The file that opens a use case's room in a column; None where it has none."""
    places = (ROOT / column / use_case / "__init__.py", ROOT / column / f"{use_case}.py")
    return next((place for place in places if place.is_file()), None)


def _shared(column: str) -> list[str]:
    """The packages and modules of a column that belong to no use case."""
    folder = ROOT / column
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    packages = [path.name for path in paths if (path / "__init__.py").is_file()]
    modules = [path.stem for path in paths if path.suffix == ".py" and path.stem != "__init__"]
    return [name for name in (*packages, *modules) if name not in USE_CASES]


def _purpose(file: Path) -> str:
    """The first words of a package's docstring, up to a colon or full stop."""
    text = (ast.get_docstring(ast.parse(file.read_text())) or "") if file.is_file() else ""
    return text.partition("\n")[0].partition(":")[0].partition(".")[0]


def _middle(floor: int) -> int:
    return _TOP + floor * (_HEIGHT + 6) + _HEIGHT // 2


def _wrapped(text: str, most: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _text(
    x: float,
    y: float,
    words: str,
    size: float,
    fill: str,
    *,
    bold: bool = False,
    middle: bool = False,
    end: bool = False,
) -> str:
    weight = ' font-weight="700"' if bold else ""
    anchor = ' text-anchor="middle"' if middle else ' text-anchor="end"' if end else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{weight}{anchor}>'
        f"{escape(words)}</text>"
    )


if __name__ == "__main__":
    (ROOT / "docs" / "house.svg").write_text(draw())
