"""Which conjunct of an action is false at a row that TLC does not take: the module that asks TLC.

The specification needs no annotation: a conjunct is named by its place in its definition, as in
Phase2b(a, b, i)!2, and TLC evaluates it in the state that it stopped in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.source import SPEC, Conjunct, Source, read

_CALL = re.compile(r"(\w+)(?:\((.*)\))?$")
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
    me = take + (f"({', '.join(definition.parameters)})" if definition.parameters else "")
    found: list[Guard] = []
    for conjunct in definition.conjuncts():
        if not source.is_action(conjunct.text):
            found.append(Guard(conjunct, f"{me}!{conjunct.index}"))
        elif (call := _CALL.fullmatch(conjunct.text)) and call[1] in source.definitions:
            for inner in source.guards(call[1]):
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
        whole = " ".join(d.body.split())
        result.append(Conjunct(d.module, name, 0, d.line, f"{name} == {whole}"))
    return tuple(result)


def takes(source: Source) -> Iterator[tuple[str, str, str]]:
    """Of each kind of row: its name, the operator that takes it, and with what arguments."""
    for conjunct in source.definitions["Take"].conjuncts():
        yield from _ROW.findall(conjunct.text)


@cache
def variables(module: str, folder: Path = SPEC) -> tuple[str, ...]:
    """The variables of the specification itself."""
    return read(module.removeprefix("Trace"), folder).variables


def module(name: str, folder: Path = SPEC) -> str:
    """The text of module Why<name>: it prints what is false where a row is not taken.

    <<"guard", window, row, number of the guard>>, or <<"invariants", window, row, those that
    hold>>; and then each variable: of the state before, or for an invariant after.
    """
    source = read(name, folder)
    lines = [f"---- MODULE Why{name} ----", f"EXTENDS {name}", ""]
    cases = []
    for kind, take, arguments in takes(source):
        parameters = source.definitions[take].parameters
        head = f"Why{take}" + (f"({', '.join(parameters)})" if parameters else "")
        chain = "".join(
            f"\n    IF ~({g.expression}) THEN {k} ELSE"
            for k, g in enumerate(guards(name, take, folder), 1)
        )
        lines += [f"{head} =={chain} 0", ""]
        cases.append(f"IsRow(K{kind}) -> Why{take}{arguments}")
    say = 'PrintT(<<"state", "{0}", ToString({0}{1})>>)'
    before = "".join(f"\n    /\\ {say.format(v, '')}" for v in variables(name, folder))
    after = "".join(f"\n    /\\ {say.format(v, chr(39))}" for v in variables(name, folder))
    holds = ", ".join(f"{c.definition}'" for c in invariants(name, folder))
    lines += [
        "Why == CASE " + "\n    [] ".join(cases),
        "",
        "Refused ==\n    /\\ laid\n    /\\ Why # 0"
        '\n    /\\ PrintT(<<"guard", window, row, Why>>)' + before + "\n    /\\ FALSE",
        "",
        "Broken ==\n    /\\ laid\n    /\\ Why = 0\n    /\\ Attempt\n    /\\ ~Invariants'"
        f'\n    /\\ PrintT(<<"invariants", window, row, <<{holds}>>>>)' + after + "\n    /\\ FALSE",
        "",
        "WhyNext == TraceNext \\/ Refused \\/ Broken",
        "====",
        "",
    ]
    return "\n".join(lines)


def config(text: str) -> str:
    """The trace specification's configuration, with WhyNext as its next-state relation."""
    return re.sub(r"NEXT\s+\w+", "NEXT WhyNext", text)
