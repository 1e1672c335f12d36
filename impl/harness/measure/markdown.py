"""Tables in Markdown, as `text.table` makes them, and what stands around them, as data again: what
the page of a comparison or a benchmark is made from. So the page says what `table.md` says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from msgspec import Struct, field

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
_LINK = re.compile(r"\[(.*)\]\((.*)\)")


class Cell(Struct, frozen=True):
    """A cell: what it says, what it is sorted by, and where it leads to, if anywhere."""

    text: str
    key: float | None
    """The first number in it; None if there is none, and it is sorted by its text."""
    link: str = ""


class Table(Struct, frozen=True):
    """A table."""

    heads: list[str]
    rows: list[list[Cell]]


class Section(Struct):
    """What stands below a heading: tables, paragraphs, and lists, in their order."""

    title: str
    parts: list[Table | str | list[str]] = field(default_factory=list)


def sections(text: str) -> list[Section]:
    """The text in sections; the first has the title of the whole."""
    found: list[Section] = []
    for line, block in groupby(text.splitlines(), _kind):
        lines = list(block)
        if line == "heading":
            found += [Section(each.lstrip("# ")) for each in lines]
        elif line and found:
            found[-1].parts += _parts(line, lines)
    return found


def _kind(line: str) -> str:
    """What a line is a part of; "" is nothing."""
    if line.startswith("#"):
        return "heading"
    if line.startswith("|"):
        return "table"
    if line.startswith("- "):
        return "list"
    return "text" if line.strip() else ""


def _parts(kind: str, lines: list[str]) -> Iterator[Table | str | list[str]]:
    if kind == "table":
        heads, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
        yield Table(heads, [[cell(text) for text in row] for row in rows])
    elif kind == "list":
        yield [line.removeprefix("- ") for line in lines]
    else:
        yield " ".join(lines)


def cell(text: str) -> Cell:
    """A cell that says this, or is a link in Markdown."""
    link = _LINK.fullmatch(text)
    said = link[1] if link else text
    number = _NUMBER.search(said)
    starts = number is not None and not said[: number.start()].strip("+~≈ ")
    key = float(number[0].replace(",", "")) if number and starts else None
    return Cell(said, key, link[2] if link else "")
