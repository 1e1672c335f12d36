"""The mutants there are: each a module of spec/ with one change in one definition.

What is changed is what the next-state relation of a module reaches: its actions, and what these ask
and do. Properties are not changed, nor what says which states there are at the beginning.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.paths import SPEC
from conformance.specmutants.changes import Change, changes
from conformance.tla.comments import strip_comments
from conformance.tla.module import Definition, Source, parse, read


@dataclass(frozen=True)
class Target:
    """A module whose definitions are changed, as far as these roots reach."""

    module: str
    roots: tuple[str, ...] = ("Next",)


TARGETS = (
    Target("Consensus"),
    Target("Voting"),
    Target("LogVoting"),
    Target("AtomicBroadcast"),
    Target("Synod"),
    Target("Reads", ("ReadNext", "Protocol")),
    Target("LargeValues", ("Assembled",)),
    Target("Delays", ("DNext",)),
    Target("Checkpoints", ("Next",)),
    Target("MultiPaxosState"),
    Target("MultiPaxos"),
    Target("Batches"),
    Target("Election"),
)
"""In the order in which they are tried."""

_WHOLE = {
    "Checkpoints": "MultiPaxos",
    "MultiPaxosState": "MultiPaxos",
    "Batches": "LogVoting",
}
"""Parts of a specification stand for themselves, as not all models see them."""
_CHOICES = {"Next", "ReadNext", "DNext"}  # only say over what actions range
_STRING = re.compile(r'"[^"]*"')
_WORD = re.compile(r"[A-Za-z]\w*")


class NoSuchMutant(Exception):
    """There is no mutant, or no module, of this name; one line."""


@dataclass(frozen=True)
class Mutant:
    """One change in one definition of one module: it stands on this line. Its name is that of the
    definition with the kind of change, and a number among those."""

    name: str
    module: str
    definition: str
    line: int
    change: Change

    @property
    def place(self) -> str:
        """The definition, with its module."""
        return f"{self.module}.{self.definition}"

    @property
    def words(self) -> str:
        """What it is, on one line."""
        return f"{self.change.was} -> {self.change.new}"

    @property
    def key(self) -> str:
        """How it is called in files: it is another one if the text that it changes is another."""
        return f"{self.name}: {self.words}"

    def text(self, folder: Path = SPEC) -> str:
        """The module with the change, without comments."""
        text = stripped(self.module, folder)
        definition = parse(self.module, text).definitions[self.definition]
        return replaced(text, definition, self.change.applied(definition.body))


def replaced(text: str, definition: Definition, body: str) -> str:
    """The module's text with another body of the definition; lines and columns are those of it."""
    lines = text.split("\n")
    first = definition.line - 1
    count = definition.body.count("\n") + 1
    new = body.split("\n")
    head = len(definition.body) - len(definition.body.lstrip(" "))
    head = min(head, lines[first].index("==") + 2)
    new[0] = lines[first][:head] + new[0][head:]
    return "\n".join([*lines[:first], *new, *lines[first + count :]])


@cache
def stripped(module: str, folder: Path) -> str:
    """The text of a module without its comments."""
    return strip_comments((folder / f"{module}.tla").read_text(encoding="utf-8"))


def reached(
    source: Source, roots: Iterable[str], instead: dict[str, str] | None = None
) -> set[str]:
    """The definitions that these use, themselves or by what they use. A name is taken for another
    that stands in for it, as `<-` in a configuration has it."""
    instead = instead or {}
    found: set[str] = set()
    waiting = [instead.get(root, root) for root in roots]
    while waiting:
        name = waiting.pop()
        if name in found or name not in source.definitions:
            continue
        found.add(name)
        words = _WORD.findall(_STRING.sub("", source.definitions[name].body))
        waiting += [instead.get(word, word) for word in words]
    return found


def every(folder: Path = SPEC) -> list[Mutant]:
    """All mutants, target by target."""
    return [mutant for target in TARGETS for mutant in of_target(target, folder)]


def of_target(target: Target, folder: Path = SPEC) -> list[Mutant]:
    """The mutants of one module."""
    source = read(_WHOLE.get(target.module, target.module), folder)
    initial = _initial(source)
    names = reached(source, target.roots) - _CHOICES
    module = parse(target.module, stripped(target.module, folder))
    return [
        mutant
        for definition in module.definitions.values()
        if definition.name in names and _is_of_the_steps(definition, source)
        for mutant in _of_definition(definition, source, initial)
    ]


def _is_of_the_steps(definition: Definition, source: Source) -> bool:
    """Whether it says something of states or steps: constants and tuples of variables do not."""
    if definition.name == "vars" or definition.body.strip().startswith("<<"):
        return False
    return bool(definition.parameters or source.variables_in(definition.body))


def _of_definition(definition: Definition, source: Source, initial: dict[str, str]) -> list[Mutant]:
    counts: Counter[str] = Counter()
    result = []
    for change in changes(definition, source, initial):
        counts[change.kind] += 1
        name = f"{definition.module}.{definition.name}.{change.kind}-{counts[change.kind]}"
        line = definition.line + definition.body.count("\n", 0, change.start)
        result.append(Mutant(name, definition.module, definition.name, line, change))
    return result


def _initial(source: Source) -> dict[str, str]:
    """The value of each variable at the beginning, as text."""
    result = {}
    for definition in source.definitions.values():
        if definition.name.endswith("Init"):
            for conjunct in definition.conjuncts():
                found = re.fullmatch(r"(\w+)\s+= (.*)", conjunct.text)
                if found and found[1] in source.variables:
                    result[found[1]] = _renamed(found[2])
    return result


def _renamed(value: str) -> str:
    """The expression with other bound names: an action may have parameters of the same."""
    for name in set(re.findall(r"(\w+) \\in ", value)):
        value = re.sub(rf"\b{name}\b", f"{name}_", value)
    return value


def chosen(mutants: list[Mutant], names: list[str]) -> list[Mutant]:
    """Those named, or whose module or definition is: all, if there are no names. Raises
    NoSuchMutant."""
    result = []
    for name in names:
        found = [m for m in mutants if m.name == name or m.name.startswith(f"{name}.")]
        if not found:
            raise NoSuchMutant(f"there is no mutant {name}; `spec-mutants --list` has all")
        result += found
    return list(dict.fromkeys(result)) if names else mutants
