"""How plots look, and how they are saved. They must be legible in print: nothing is told by colour
alone, but by line style, marker, hatch and label too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#d8d8d8",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "paxos",
    "hatch.linewidth": 0.6,
    "savefig.dpi": 160,
}


LIGHT, MIDDLE, DARK, ORANGE = "#f2d3bd", "#9db4cc", "#17406d", "#d9722e"
"""Apart also as greys."""

BOX: Any = {"edgecolor": "black", "linewidth": 0.7}
"""The edge of a bar."""


def draw_all(figures: Iterable[tuple[str, Figure]], folder: Path) -> list[Path]:
    """Save figures, each with its name, which are made while this goes through them, in the same
    style; the paths. Raises `OSError`."""
    matplotlib.use("Agg")
    with matplotlib.rc_context(STYLE):
        return [path for name, figure in figures for path in save(figure, folder, name)]


def tip(artist: Artist, text: str) -> None:
    """Have what is drawn say this when it is pointed at, in an SVG."""
    artist.set_gid(f"{_TIP}{quote(text)}")


def tips(axes: Axes, points: Iterable[tuple[float, float, str]]) -> None:
    """The same of points, (x, y, text): of a line, each of which is one thing to be drawn."""
    for x, y, text in points:
        tip(axes.plot(x, y, marker="o", markersize=12, alpha=0, linestyle="")[0], text)


_TIP = "tip:"


def _with_titles(svg: str) -> str:
    """The SVG with what is said of its parts where a browser looks for it."""
    return re.sub(
        rf'<g id="{_TIP}([^"]*)">',
        lambda found: f"<g>\n<title>{escape(unquote(found[1]), quote=False)}</title>",
        svg,
    )


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Save a figure as PNG and SVG, the same bytes each time for the same figure; the paths.
    Raises `OSError`."""
    paths = []
    for suffix in ("png", "svg"):
        paths.append(folder / f"{name}.{suffix}")
        metadata = {"Date": None} if suffix == "svg" else None
        figure.savefig(paths[-1], bbox_inches="tight", metadata=metadata)
    svg = paths[-1].read_text(encoding="utf-8")
    paths[-1].write_text(_with_titles(svg), encoding="utf-8")
    return paths


@matplotlib.ticker.FuncFormatter
def thousands(number: float, _place: object) -> str:
    return f"{number:,.0f}"


def plain_ticks(axes: Axes, which: str, subs: Sequence[int] = (1, 2, 5)) -> None:
    """Plain numbers on a log axis, at these multiples of the powers of ten."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(matplotlib.ticker.LogLocator(base=10, subs=subs, numticks=30))
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda number, _: f"{number:,.9g}"))
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())
