"""Which conjunct of an action is false at a row that TLC does not take: the module that asks TLC.

The specification needs no annotation: a conjunct is named by its place in its definition, as in
Phase2b(a, b, i)!2, and TLC evaluates it in the state that it stopped in.
"""

from __future__ import annotations

import re
from pathlib import Path

from conformance.paths import SPEC
from conformance.tla.module import read
from conformance.tla.trace_spec import guards, invariants, takes, variables


def module(name: str, folder: Path = SPEC) -> str:
    """The text of module Why<name>: it prints what is false where a row is not taken.

    <<"guard", window, row, number of the guard>>, or <<"invariants", window, row, numbers of those
    that do not hold>>; and then each variable: of the state before, or for an invariant after.
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
    every = [f"{c.definition}'" for c in invariants(name, folder)]
    false = f"{{k \\in 1..{len(every)} : ~(<<{', '.join(every)}>>)[k]}}"  # TLC breaks long lines
    lines += [
        "Why == CASE " + "\n    [] ".join(cases),
        "",
        "Refused ==\n    /\\ laid\n    /\\ Why # 0"
        '\n    /\\ PrintT(<<"guard", window, row, Why>>)' + before + "\n    /\\ FALSE",
        "",
        "Broken ==\n    /\\ laid\n    /\\ Why = 0\n    /\\ Attempt\n    /\\ ~Invariants'"
        f'\n    /\\ PrintT(<<"invariants", window, row, {false}>>)' + after + "\n    /\\ FALSE",
        "",
        "WhyNext == TraceNext \\/ Refused \\/ Broken",
        "====",
        "",
    ]
    return "\n".join(lines)


def config(text: str) -> str:
    """The trace specification's configuration, with WhyNext as its next-state relation."""
    return re.sub(r"NEXT\s+\w+", "NEXT WhyNext", text)
