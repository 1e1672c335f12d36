"""The page of a comparison or a benchmark: index.html, one file that needs nothing else.

It has the tables of `table.md`, which can be sorted, and the plots, which tell their figures when
they are pointed at. A browser runs no script but the one that sorts, and loads nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup

from harness.measure.markdown import sections

HERE = files(__package__ or "harness.measure")

_NAMED = re.compile(r'(\sid="|href="#|url\(#)')
_PROLOGUE = re.compile(r"\A.*?(?=<svg\b)", re.DOTALL)
_HEIGHT = re.compile(r'(<svg\b[^>]*?)\sheight="[\d.]+pt"')


def write(folder: Path, tables: str, plots: Sequence[str]) -> Path:
    """Write `index.html` into the folder.

    Args:
        folder: where the plots are, and where the page goes.
        tables: `table.md`, and what else is to be shown, in Markdown.
        plots: the names of plots; one that is not there is left out.

    Returns:
        The page.

    Raises:
        OSError: it cannot be written.
    """
    shown = [(name, folder / f"{name}.svg") for name in plots]
    drawn = [(name, inline(path, name)) for name, path in shown if path.is_file()]
    path = folder / "index.html"
    path.write_text(render(tables, drawn), encoding="utf-8")
    return path


def render(tables: str, plots: Sequence[tuple[str, str]]) -> str:
    """The page: of each plot its name, and its SVG."""
    style, script = _text("figures.css"), _text("sort.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    first, *rest = sections(tables)
    return (
        _environment()
        .get_template("figures.html.j2")
        .render(
            title=first.title,
            facts=[fact.partition(": ") for part in first.parts for fact in _facts(part)],
            notes=[part for part in first.parts if isinstance(part, str)],
            plots=[(name, Markup(svg)) for name, svg in plots],
            sections=rest,
            style=Markup(style),
            script=Markup(script),
            policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
        )
    )


def _facts(part: object) -> list[str]:
    return part if isinstance(part, list) else []


def inline(path: Path, name: str) -> str:
    """A plot as a part of a page: its names are of no other's, and it is no wider."""
    svg = _PROLOGUE.sub("", path.read_text(encoding="utf-8"))
    svg = _HEIGHT.sub(r"\1", svg, count=1)  # it follows from the width, as the page has it
    return _NAMED.sub(rf"\g<1>{name}-", svg)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _text(name: str) -> str:
    return HERE.joinpath(name).read_text(encoding="utf-8")
