"""The modules of a specification as pages for a browser: an index, and a page for each module, in
which every name is a link to its definition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from itertools import takewhile
from pathlib import Path

from conformance.tla.hypertext import hypertext

INDEX = "index.html"

_STYLE = files("conformance.tla").joinpath("document.css").read_text(encoding="utf-8")


def document(folders: Sequence[Path]) -> dict[str, str]:
    """The pages by their names, the index first.

    Args:
        folders: where the modules are; of two of one name, the first one's counts.

    Raises:
        OSError: a module cannot be read.
        UnicodeDecodeError: a module is not in UTF-8.
    """
    groups = [(folder, sorted(folder.glob("*.tla"))) for folder in folders]
    pages = {path.stem: f"{path.stem}.html" for _, modules in groups for path in modules}
    found = {INDEX: _page("Specifications", "".join(_index(groups)))}
    for name, page in pages.items():
        text = hypertext(name, folders, pages)
        links = f'<p><a href="{INDEX}">All modules</a></p>'
        found[page] = _page(name, f'{links}\n<pre class="tla">{text}</pre>')
    return found


def _index(groups: Sequence[tuple[Path, Sequence[Path]]]) -> Iterator[str]:
    for folder, modules in groups:
        yield f"<h2>{escape(folder.name)}/</h2>\n<dl>\n"
        for path in modules:
            about = escape(_about(path.read_text(encoding="utf-8")))
            yield f'<dt><a href="{path.stem}.html">{path.stem}</a></dt><dd>{about}</dd>\n'
        yield "</dl>\n"


def _about(text: str) -> str:
    """The first sentence of the comment that a module begins with, if it begins with one."""
    lines = text.split("\n")[1:]
    comment = list(takewhile(lambda line: line.startswith(("(*", " ")), lines))
    plain = (re.sub(r"^ *\(\*+|\*+\) *$", "", line) for line in comment)
    words = " ".join(" ".join(plain).strip(" *)").split())
    return re.split(r"(?<=\.) (?=[A-Z])", words)[0]


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )
