"""A page to one HTML file that needs nothing else and asks nobody for anything.

What a trace says is data in it, never markup and never script: it stands as JSON in an element that
no browser runs, with each "<" written as an escape, and the page's script puts it on the screen as
text. The page's own policy allows the script and the style that are in it, by their hashes, and no
request at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import jinja2
import msgspec

from conformance.formats.atomic_file import write_atomically
from conformance.report.page import Titled

HERE = files(__package__ or "conformance.report")
_MODULE_WORDS = re.compile(r"^(?:import\s.*?;\n|export\s+(?=\w))", re.M | re.S)

SCRIPTS = {
    "run.html.j2": (
        *("timeline.js", "find.js", "follow.js", "dom.js", "lanes.js", "panel.js", "totals.js"),
        "app.js",
    ),
    "graph.html.j2": (
        *("timeline.js", "find.js", "dom.js", "panel.js", "graph.js", "graph_drawing.js"),
        *("graph_panel.js", "graph_app.js"),
    ),
}
"""Of each template the modules of its script, each after those that it imports."""

STYLES = {"run.html.j2": ("page.css",), "graph.html.j2": ("page.css", "graph.css")}

LIBRARIES = {"graph.html.j2": "cytoscape.min.js"}
"""Of a template the library in vendored/ that its script calls, as its makers ship it."""


def write(page: Titled, output: Path, template: str = "run.html.j2") -> None:
    """Write the page; the file is there whole or not at all. Raises OSError."""
    write_atomically(output, render(page, template))


def render(page: Titled, template: str = "run.html.j2") -> str:
    """The HTML of the page."""
    style, script = _style(STYLES[template]), _script(SCRIPTS[template])
    library = _library(LIBRARIES[template]) if template in LIBRARIES else ""
    scripts = " ".join(f"'{_hash(text)}'" for text in (library, script) if text)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src {scripts}; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {"style": style, "script": script, "library": library, "data": embedded(page)}
    return _environment().get_template(template).render(page=page, policy=policy, **parts)


def embedded(page: Titled) -> str:
    """The page as JSON that can stand in a script element: nothing in it ends the element."""
    text = msgspec.json.encode(page).decode("utf-8")
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FunctionLoader(lambda name: HERE.joinpath(name).read_text(encoding="utf-8"))
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )


@cache
def _style(names: tuple[str, ...]) -> str:
    return "\n".join(HERE.joinpath(name).read_text(encoding="utf-8") for name in names)


@cache
def _library(name: str) -> str:
    return HERE.joinpath("vendored", name).read_text(encoding="utf-8")


@cache
def _script(names: tuple[str, ...]) -> str:
    """The modules as one script: what they import from one another is there already."""
    texts = (HERE.joinpath("static", name).read_text(encoding="utf-8") for name in names)
    joined = "\n".join(_MODULE_WORDS.sub("", text) for text in texts)
    return f'"use strict";\n(() => {{\n{joined}\n}})();\n'


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
