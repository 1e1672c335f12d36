"""Prose is British English: in the pages, in what TLA+ modules say, in docstrings and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_layout import tracked

AMERICAN = re.compile(
    r"\b(?:"
    r"(?:behavi|col|fav|flav|harb|hon|hum|lab|neighb|rum)or(?:s|ed|ing|able|ite|hood|al)?"
    r"|(?:author|categor|character|custom|emphas|final|general|initial|maxim|minim|normal|optim"
    r"|organ|parallel|prior|random|real|recogn|serial|summar|synchron|util|visual)"
    r"iz(?:e[ds]?|ing|ations?|er)"
    r"|(?:anal|paral)yz(?:e[ds]?|ing)"
    r"|(?:cancel|label|model|signal|total|travel)(?:ed|ing)"
    r"|(?:center|fiber|liter|meter)(?:s|ed)?"
    r"|(?:catalog|dialog)s?|(?:de|of|pre)fense|artifacts?|gray|fulfills?|skeptic\w*"
    r"|(?:acknowledg|judg)ment"
    r")\b",
    re.IGNORECASE,
)
"""The common forms of American English that have another one in British English."""


def prose(path: Path) -> Iterator[str]:
    """What is written for people in a file: all of a page but for code, what it links to and titles
    (in italics), the comments of a module of TLA+, docstrings and comments of Python."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|\*[^*\n]+\*", " ", text, flags=re.DOTALL)
    elif path.suffix == ".tla":
        yield from re.findall(r"\(\*.*?\*\)|\\\*.*", text, re.DOTALL)
    elif path.suffix == ".py":
        for found in re.finditer(r'"""(?s:.*?)"""|# .*', text):
            yield re.sub(r"`[^`]*`", " ", found[0])


FILES = [
    path
    for path in tracked()
    if path.suffix in (".md", ".tla", ".py") and path.name != Path(__file__).name
]


def test_nothing_is_spelt_in_the_american_way() -> None:
    found = {
        (path.name, word)
        for path in FILES
        for text in prose(path)
        for word in AMERICAN.findall(text)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("name", "text", "is_found"),
    [
        ("a.md", "The behavior.", True),
        ("a.md", "The behaviour; `color`; see [there](optimize.md).", False),
        ("a.md", "In *Behavior in Color*, 1990.", False),
        ("a.tla", "(* Initialize\n it *)", True),
        ("a.tla", "Initialize == 1", False),
        ("a.py", '"""An optimization."""', True),
        ("a.py", "x = 1  # neighbors", True),
        ("a.py", 'color = "gray"', False),
    ],
)
def test_it_looks_at_what_is_written_for_people(
    name: str, text: str, is_found: bool, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert any(AMERICAN.search(part) for part in prose(path)) == is_found
