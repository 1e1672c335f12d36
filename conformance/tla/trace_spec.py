"""What the trace specifications say: the guards of the operators that take events, the invariants.

The specification needs no annotation: a conjunct is named by its place in its definition, as in
Phase2b(a, b, i)!2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.paths import SPEC
from conformance.tla.module import Conjunct, Source, read

_ROW = re.compile(
    r"IsRow\(K(\w+)\)\s*->\s*(Take\w+)(\((?:[^\[]|\[(?!\])[^\]]*\])*?\))?\s*(?=\[\]|$)"
)


@dataclass(frozen=True)
class Guard:
    """A conjunct that says something of the state before the event, and how TLA+ names it."""

    conjunct: Conjunct
    expression: str


@cache
def guards(module: str, take: str, folder: Path = SPEC) -> tuple[Guard, ...]:
    """The guards of an operator of the trace specification, such as TakePhase2b, in order; an
    action of the specification that it takes stands for its own guards."""
    source = read(module, folder)
    definition = source.definitions[take]
    found: list[Guard] = []
    for conjunct in definition.conjuncts():
        if not source.is_action(conjunct.text):
            found.append(Guard(conjunct, f"{definition.head}!{conjunct.index}"))
        elif conjunct.called in source.definitions:
            for inner in source.guards(conjunct.called):
                found.append(Guard(inner, f"{conjunct.text}!{inner.index}"))
    return tuple(found)


@cache
def invariants(module: str, folder: Path = SPEC) -> tuple[Conjunct, ...]:
    """The invariants: each as its definition in the specification."""
    source = read(module, folder)
    names = [c.text for c in source.definitions["Invariants"].conjuncts()]
    result = []
    for name in names:
        d = source.definitions[name]
        result.append(Conjunct(d.module, name, 0, d.line, d.text))
    return tuple(result)


def takes(source: Source) -> Iterator[tuple[str, str, str]]:
    """Of each kind of row: its name, the operator that takes it, and with what arguments."""
    for conjunct in source.definitions["Take"].conjuncts():
        yield from _ROW.findall(conjunct.text)


@cache
def variables(module: str, folder: Path = SPEC) -> tuple[str, ...]:
    """The variables of the specification itself."""
    return read(module.removeprefix("Trace"), folder).variables
