"""Reads values as TLC prints them: numbers, strings, model values, sets, sequences, functions.

This is syntax only; the caller knows what a value means. A string is a `Text` and a record a
`Record`. They are equal to the str and the `Function` with the same contents, since a caller mostly
knows which of them stands where.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any


class Function(dict[Any, Any]):
    """A function or a record: arguments (or field names) to values. Not to be changed."""

    _hash: int | None = None  # of a message in many states it is asked for very often

    def __hash__(self) -> int:  # type: ignore[override]
        if self._hash is None:
            self._hash = hash(frozenset(self.items()))
        return self._hash


class Record(Function):
    """A record: what was printed with field names."""


class Text(str):
    """A string; any other str is a model value."""

    __slots__ = ()


class NotAValue(ValueError):
    """The text is not a value in TLC's syntax; says where."""


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?\d+) | "(?P<string>(?:[^"\\]|\\.)*)" | (?P<name>\w+)
      | (?P<mark><<|>>|\|->|:>|@@|\.\.|[{}\[\](),])
    )""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)")  # a quotation mark or a backslash, in a string
_NAMES: dict[str, Any] = {"TRUE": True, "FALSE": False}


def parse(text: str) -> Any:
    """The value: int, bool, str (a model value), Text, frozenset, tuple (a sequence), `Function` or
    `Record`."""
    reader = _Reader(text)
    value = reader.value()
    reader.expect("")
    return value


def tuples(lines: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """The tuples among lines that TLC printed; what is none is passed over. One that is wider than
    TLC's lines goes over several, all but the first of which are indented."""
    for text in _values(lines):
        try:
            value = parse(text)
        except NotAValue:
            continue
        if isinstance(value, tuple) and value:
            yield value


def _values(lines: Iterable[str]) -> Iterator[str]:
    """What begins as a tuple does, each with the lines that may belong to it."""
    text = ""
    for line in lines:
        if text and line.startswith(" "):
            text += "\n" + line
            continue
        if text:
            yield text
        text = line if line.startswith("<<") else ""
    if text:
        yield text


class _Reader:
    """One pass over the text: `kind` and `text` are the next token, "" at the end."""

    def __init__(self, text: str) -> None:
        self.all = text.rstrip()
        self.at = 0
        self.kind, self.text = "", ""
        self.advance()

    def advance(self) -> None:
        if self.at == len(self.all):
            self.kind, self.text = "mark", ""
            return
        found = _TOKEN.match(self.all, self.at)
        if found is None or found.lastgroup is None:
            raise NotAValue(f"at {self.at}: {self.all[self.at : self.at + 20]!r}")
        self.at = found.end()
        self.kind, self.text = found.lastgroup, found[found.lastgroup]

    def expect(self, mark: str) -> None:
        if (self.kind, self.text) != ("mark", mark):
            raise NotAValue(f"before {self.at}: {self.text!r} where {mark!r} was expected")
        self.advance()

    def take(self, mark: str) -> bool:
        """Whether the mark comes next; then it is passed."""
        if (self.kind, self.text) != ("mark", mark):
            return False
        self.advance()
        return True

    def value(self) -> Any:
        kind, text = self.kind, self.text
        self.advance()
        match kind, text:
            case "number", _ if self.take(".."):  # a set that TLC has not enumerated
                return frozenset(range(int(text), self.number() + 1))
            case "number", _:
                return int(text)
            case "string", _:
                return Text(_ESCAPED.sub(r"\1", text))
            case "name", _:
                return _NAMES.get(text, text)
            case "mark", "<<":
                return tuple(self.items(">>"))
            case "mark", "{":
                return frozenset(self.items("}"))
            case "mark", "[":
                return Record(self.pairs("|->", ",", "]"))
            case "mark", "(":
                return self.pairs(":>", "@@", ")")
        raise NotAValue(f"before {self.at}: {text!r} begins no value")

    def number(self) -> int:
        kind, text = self.kind, self.text
        if kind != "number":
            raise NotAValue(f"before {self.at}: {text!r} where a number was expected")
        self.advance()
        return int(text)

    def items(self, end: str) -> list[Any]:
        found: list[Any] = []
        if self.take(end):
            return found
        while True:
            found.append(self.value())
            if self.take(end):
                return found
            self.expect(",")

    def pairs(self, arrow: str, between: str, end: str) -> Function:
        found = Function()
        while True:
            key = self.value()
            self.expect(arrow)
            found[key] = self.value()
            if self.take(end):
                return found
            self.expect(between)
