"""What the machine changes: which parts of a formula it finds, and what it makes of them."""

from __future__ import annotations

from collections import Counter

import pytest

from conformance.specmutants.changes import KINDS, changes
from conformance.specmutants.explained import load, stale
from conformance.specmutants.junctions import conditions, filters, operands, ranges
from conformance.specmutants.mutants import NoSuchMutant, chosen, every
from conformance.tla.module import Source, parse

MODULE = """
---- MODULE M ----
VARIABLES x, y
pair == <<x, y>>
Far(n) == n > 1
Act(n) ==
    /\\ far:: Far(n)
    /\\ \\E m \\in 1..n : /\\ m >= x
                      /\\ m # y
    /\\ x' = IF n = 1 THEN 0 ELSE n
    /\\ y' = y + 1
Rest(n) ==
    /\\ {m \\in 0..n : m = x} = {}
    /\\ x' = n
    /\\ UNCHANGED y
All(S) == \\A m \\in S : m < x /\\ m < y
====
"""


def source() -> Source:
    module = parse("M", MODULE)
    return Source(module.definitions, module.variables)


def made(name: str) -> list[tuple[str, str, str]]:
    found = changes(source().definitions[name], source(), {"x": "0", "y": "{}"})
    return [(change.kind, change.was, change.new) for change in found]


def test_operands_are_found_in_lists_and_in_lines_also_inside_others() -> None:
    body = source().definitions["Act"].body
    assert [span.of(body) for span in operands(body)] == [
        "Far(n)",
        "\\E m \\in 1..n : /\\ m >= x /\\ m # y",
        "m >= x",
        "m # y",
        "x' = IF n = 1 THEN 0 ELSE n",
        "y' = y + 1",
    ]
    line = "A(x) /\\ B[1 /\\ 2] /\\ (C /\\ D) => E"
    assert {span.of(line) for span in operands(line)} >= {"A(x)", "(C /\\ D)", "C", "D", "1", "2"}


def test_sets_conditions_and_ranges_are_found() -> None:
    line = "IF x = {} THEN {m \\in 1..Len(s) : m # 2} ELSE {f(m) : m \\in 0..(n - 1)}"
    assert [span.of(line) for span in conditions(line)] == ["x = {}"]
    assert [span.of(line) for span in filters(line)] == ["m # 2"]
    assert [(a.of(line), b.of(line)) for a, b in ranges(line)] == [
        ("1", "Len(s)"),
        ("0", "(n - 1)"),
    ]


def test_each_kind_of_change_is_made() -> None:
    act, rest, everybody = made("Act"), made("Rest"), made("All")
    assert ("drop", "Far(n)", "TRUE") in act and ("drop", "m # y", "TRUE") in act
    assert ("near", ">=", "+ 1 >=") in act
    assert {("range", "1..n", "1..1"), ("range", "1..n", "n..n")} <= {*act}
    assert {("branch", "n = 1", "TRUE"), ("branch", "n = 1", "FALSE")} <= {*act}
    assert ("stays", "y' = y + 1", "UNCHANGED <<y>>") in act
    assert ("reset", "UNCHANGED y", "y' = ({})") in rest
    assert ("stays", "x' = n", "UNCHANGED <<x>>") not in rest, "its only effect"
    assert ("one", "\\A", "\\E") in everybody and ("near", "<", "<=") in everybody
    assert made("Far") == [("drop", "n > 1", "TRUE"), ("near", ">", ">=")]
    assert made("pair") == []


def test_a_change_leaves_lines_and_columns_of_what_follows() -> None:
    mutants = every()
    for mutant in mutants:
        text = mutant.text()
        assert len(text.split("\n")) == len(parse_text(mutant.module).split("\n")), mutant.name
        assert text != parse_text(mutant.module), mutant.name
    assert {mutant.change.kind for mutant in mutants} == {*KINDS}
    assert max(Counter(mutant.name for mutant in mutants).values()) == 1


def parse_text(module: str) -> str:
    from conformance.paths import SPEC
    from conformance.tla.comments import strip_comments

    return strip_comments((SPEC / f"{module}.tla").read_text(encoding="utf-8"))


def test_what_is_listed_as_equivalent_is_there() -> None:
    reasons = load().reasons()
    assert stale(reasons, every()) == []
    assert stale(["Voting.Nothing.drop-1: x -> TRUE"], every()) != []


def test_a_name_stands_for_a_mutant_a_definition_or_a_module() -> None:
    mutants = every()
    assert {m.module for m in chosen(mutants, ["Voting"])} == {"Voting"}
    assert {m.definition for m in chosen(mutants, ["Voting.Vote"])} == {"Vote"}
    assert [m.name for m in chosen(mutants, ["Voting.Vote.drop-1"])] == ["Voting.Vote.drop-1"]
    assert chosen(mutants, []) == mutants
    with pytest.raises(NoSuchMutant, match=r"there is no mutant Votin;"):
        chosen(mutants, ["Votin"])
