"""The text of modules: their definitions, where the conjuncts of an action stand, what they say.

This reads TLA+ as it is laid out in spec/: a definition begins at the left margin, and a list of
conjuncts has its bullets below one another. A conjunct may have a label: `once:: Unused(b, i)`. A
test holds that against TLC's own parser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.paths import SPEC
from conformance.tla.comments import strip_comments

_ARGUMENTS = r"\(((?:[^()]|\([^()]*\))*)\)"
_DEFINITION = re.compile(rf"^(?:LOCAL\s+)?(\w+)(?:{_ARGUMENTS})?\s*==", re.M)
_CALL = re.compile(rf"(\w+)(?:{_ARGUMENTS})?")
_LABEL = re.compile(r"(\w+)::\s*")
_WORD = re.compile(r"[A-Za-z]\w*")
_NO_NAME = re.compile(r'"[^"]*"|\.\w+|\w+\s*\|->|\w+::')  # strings, fields of records, labels
_EXTENDS = re.compile(r"\bEXTENDS\s+(\w+(?:\s*,\s*\w+)*)")
_INSTANCE = re.compile(r"\bINSTANCE\s+(\w+)")
_NEXT = re.compile(r"^(?:-{4,}|={4,}|VARIABLES?\b|CONSTANTS?\b|ASSUME\b|RECURSIVE\b)", re.M)
_VARIABLES = re.compile(r"^VARIABLES?\s+((?:\w+\s*,\s*)*\w+)", re.M)


@dataclass(frozen=True)
class Conjunct:
    """One conjunct of a definition: the `index`-th (from 1), on this line of spec/<module>.tla; and
    its label, if it has one, which is not in its text."""

    module: str
    definition: str
    index: int
    line: int
    text: str
    label: str = ""

    @property
    def place(self) -> str:
        return f"spec/{self.module}.tla:{self.line}"

    @property
    def called(self) -> str | None:
        """The operator that it calls, if it does nothing else."""
        found = _CALL.fullmatch(self.text)
        return found[1] if found else None


@dataclass(frozen=True)
class Definition:
    module: str
    name: str
    parameters: tuple[str, ...]
    line: int
    body: str

    @property
    def head(self) -> str:
        """The operator with its parameters."""
        return self.name + (f"({', '.join(self.parameters)})" if self.parameters else "")

    @property
    def text(self) -> str:
        """All of it on one line."""
        return f"{self.head} == {_LABEL.sub('', _one_line([self.body]))}"

    def lines(self) -> list[str]:
        """All of it as it is laid out, without comments."""
        first, *rest = self.body.split("\n")
        return [f"{self.head} == {first.strip()}".rstrip(), *filter(str.strip, rest)]

    def holds(self, line: int) -> bool:
        """Whether this line of the module belongs to it."""
        return self.line <= line <= self.line + self.body.count("\n")

    def conjuncts(self) -> tuple[Conjunct, ...]:
        """The bullets of the definition; all of it, if it is no list of conjuncts."""
        lines = self.body.split("\n")
        first = next((k for k, text in enumerate(lines) if text.strip()), 0)
        column = re.match(r"\s*", lines[first])[0]  # type: ignore[index]
        if not lines[first].startswith(column + "/\\"):
            return (self._conjunct(1, self.line + first, _one_line(lines)),)
        starts = [k for k, text in enumerate(lines) if text.startswith(column + "/\\")]
        ends = [*starts[1:], len(lines)]
        return tuple(
            self._conjunct(n, self.line + start, _one_line(lines[start:end])[3:])
            for n, (start, end) in enumerate(zip(starts, ends, strict=True), 1)
        )

    def _conjunct(self, index: int, line: int, text: str) -> Conjunct:
        found = _LABEL.match(text)
        label, text = (found[1], text[found.end() :]) if found else ("", text)
        return Conjunct(self.module, self.name, index, line, text, label)


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


@dataclass(frozen=True)
class Module:
    """One module alone: what it defines and declares, and which modules it names."""

    name: str
    definitions: dict[str, Definition]
    variables: tuple[str, ...]
    extends: tuple[str, ...]
    instances: tuple[str, ...]

    def instance(self, name: str) -> str:
        """The module that `name == INSTANCE ...` is of; "" if it is no such definition."""
        definition = self.definitions.get(name)
        found = _INSTANCE.search(definition.body) if definition else None
        return found[1] if found else ""


def parse(name: str, text: str) -> Module:
    """Read the text of the module of this name."""
    text = strip_comments(text)
    extends = _EXTENDS.search(text)
    return Module(
        name,
        {d.name: d for d in _definitions(name, text)},
        tuple(v for found in _VARIABLES.finditer(text) for v in _WORD.findall(found[1])),
        tuple(_WORD.findall(extends[1])) if extends else (),
        tuple(_INSTANCE.findall(text)),
    )


@cache
def read(module: str, *folders: Path) -> Source:
    """Read a module and all that it extends from the folders (spec/ if none is given), the first
    that has it. Raises OSError if a file is not there."""
    folders = folders or (SPEC,)
    path = _find(module, folders) or folders[0] / f"{module}.tla"
    alone = parse(module, path.read_text(encoding="utf-8"))
    definitions: dict[str, Definition] = {}
    variables: list[str] = []
    for name in alone.extends:
        if _find(name, folders):
            other = read(name, *folders)
            definitions.update(other.definitions)
            variables += other.variables
    # Two of those that it extends may extend the same one.
    variables = list(dict.fromkeys((*variables, *alone.variables)))
    return Source({**definitions, **alone.definitions}, tuple(variables))


def files_of(module: str, *folders: Path, instances: bool = True) -> dict[str, Path]:
    """By name, the file of the module and of all that it extends and, if asked, instantiates, of
    those in the folders, the first that has it."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _find(name, folders)
        if path is not None and name not in found:
            found[name] = path
            alone = _parsed(name, path)
            waiting += [*alone.extends, *(alone.instances if instances else ())]
    return found


@cache
def _parsed(name: str, path: Path) -> Module:
    return parse(name, path.read_text(encoding="utf-8"))


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
