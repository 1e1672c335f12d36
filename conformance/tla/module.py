"""The specification's text: where the conjuncts of an action stand, and what they say.

This reads TLA+ as it is laid out in spec/: a definition begins at the left margin, and a list of
conjuncts has its bullets below one another. A test holds that against TLC's own parser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.paths import SPEC
from conformance.tla.comments import strip_comments

_DEFINITION = re.compile(r"^(\w+)(?:\(([^)]*)\))?\s*==", re.M)
_WORD = re.compile(r"[A-Za-z]\w*")
_NO_NAME = re.compile(r'"[^"]*"|\.\w+|\w+\s*\|->')  # strings, and the fields of records
_EXTENDS = re.compile(r"^EXTENDS\s+([\w, \n]+?)\n", re.M)
_NEXT = re.compile(r"^(?:-{4,}|={4,}|VARIABLES?\b|CONSTANTS?\b|ASSUME\b|RECURSIVE\b)", re.M)
_VARIABLES = re.compile(r"^VARIABLES?\s+((?:\w+\s*,\s*)*\w+)", re.M)


@dataclass(frozen=True)
class Conjunct:
    """One conjunct of a definition: the `index`-th (from 1), on this line of spec/<module>.tla."""

    module: str
    definition: str
    index: int
    line: int
    text: str

    @property
    def place(self) -> str:
        return f"spec/{self.module}.tla:{self.line}"


@dataclass(frozen=True)
class Definition:
    module: str
    name: str
    parameters: tuple[str, ...]
    line: int
    body: str

    def conjuncts(self) -> tuple[Conjunct, ...]:
        """The bullets of the definition; all of it, if it is no list of conjuncts."""
        lines = self.body.split("\n")
        first = next((k for k, text in enumerate(lines) if text.strip()), 0)
        column = re.match(r"\s*", lines[first])[0]  # type: ignore[index]
        if not lines[first].startswith(column + "/\\"):
            return (Conjunct(self.module, self.name, 1, self.line + first, _one_line(lines)),)
        starts = [k for k, text in enumerate(lines) if text.startswith(column + "/\\")]
        ends = [*starts[1:], len(lines)]
        return tuple(
            Conjunct(self.module, self.name, n, self.line + start, _one_line(lines[start:end])[3:])
            for n, (start, end) in enumerate(zip(starts, ends, strict=True), 1)
        )


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_NO_NAME.sub(" ", text)))


def _one_line(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@dataclass(frozen=True)
class Source:
    """A module with all that it extends, of those in the folder."""

    definitions: dict[str, Definition]
    variables: tuple[str, ...]

    def is_action(self, text: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the text says something of the next state, itself or by what it names."""
        words = _words(text)
        if "UNCHANGED" in words or "'" in _NO_NAME.sub("", text):
            return True
        named = {w for w in words if w in self.definitions} - seen
        return any(self.is_action(self.definitions[w].body, seen | named) for w in named)

    def variables_in(self, text: str) -> set[str]:
        """The variables that the text reads, itself or by what it names."""
        words, seen = _words(text), set[str]()
        while new := {w for w in words if w in self.definitions} - seen:
            seen |= new
            words = words.union(*(_words(self.definitions[w].body) for w in new))
        return words & set(self.variables)

    def guards(self, action: str) -> tuple[Conjunct, ...]:
        """The conjuncts of the action that say something of this state only."""
        return tuple(c for c in self.definitions[action].conjuncts() if not self.is_action(c.text))


@cache
def read(module: str, *folders: Path) -> Source:
    """Read a module and all that it extends from the folders (spec/ if none is given), the first
    that has it. Raises OSError if a file is not there."""
    folders = folders or (SPEC,)
    path = _find(module, folders) or folders[0] / f"{module}.tla"
    text = strip_comments(path.read_text(encoding="utf-8"))
    definitions: dict[str, Definition] = {}
    variables: list[str] = []
    if found := _EXTENDS.search(text):
        for name in _WORD.findall(found[1]):
            if _find(name, folders):
                other = read(name, *folders)
                definitions.update(other.definitions)
                variables += other.variables
    for found in _VARIABLES.finditer(text):
        variables += _WORD.findall(found[1])
    definitions.update((d.name, d) for d in _definitions(module, text))
    return Source(definitions, tuple(variables))


def _find(module: str, folders: Sequence[Path]) -> Path | None:
    files = (folder / f"{module}.tla" for folder in folders)
    return next((file for file in files if file.is_file()), None)


def _definitions(module: str, text: str) -> list[Definition]:
    starts = list(_DEFINITION.finditer(text))
    ends = [found.start() for found in starts[1:]] + [len(text)]
    result = []
    for found, end in zip(starts, ends, strict=True):
        body = text[found.end() : end]
        body = _NEXT.split(body, maxsplit=1)[0]
        # What stands beside the == keeps its column, so that bullets stay below one another.
        begin = text.rfind("\n", 0, found.start()) + 1
        body = " " * (found.end() - begin) + body.rstrip()
        line = text.count("\n", 0, found.start()) + 1
        parameters = tuple(_WORD.findall(found[2] or ""))
        result.append(Definition(module, found[1], parameters, line, body))
    return result
