"""Plots where people would rather look than read: small helpers over matplotlib, PNG out."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

OURS, THEIRS = "#0b6e4f", "#9aa5b1"


@contextmanager
def drawing(path: Path, title: str, *, x: str = "", y: str = "") -> Iterator[Axes]:
    """One pair of axes, saved to `path` (PNG) at the end; no global state of matplotlib's.

    title: heading of the plot; x: label of the axis; y: label of the axis.
    """
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    yield axes
    with warnings.catch_warnings():
        # Titles are the merchant's; a sign that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", r"Glyph .* missing from font", UserWarning)
        figure.savefig(path, dpi=110)


def comparison(path: Path, title: str, figures: Mapping[str, float], *, ours: str) -> None:
    """Bars, one a model; ours stands out.

    path: the file; title: heading of the plot; figures: model -> figure.
    """
    with drawing(path, title) as axes:
        names = list(figures)
        colours = [OURS if name == ours else THEIRS for name in names]
        bars = axes.barh(names, [figures[name] for name in names], color=colours)
        axes.bar_label(bars, fmt=" %.4g")
        axes.invert_yaxis()


def line(path: Path, title: str, x: Sequence[float], y: Mapping[str, Sequence[float]]) -> None:
    """Lines over one x, named in a legend.

    path: the file; title: heading of the plot; y: legend -> values.
    """
    with drawing(path, title) as axes:
        for name, values in y.items():
            axes.plot(x, values, label=name)
        axes.legend(frameon=False)
