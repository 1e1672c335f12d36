"""Counterexamples for readers: actions with their parameters, what each changes, ITF, drawings."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from conformance.draw.counterexample import events_of
from conformance.modelcheck.counterexample_files import show_counterexample
from conformance.modelcheck.manifest import Model, choose, load
from conformance.paths import HOME, MANIFEST, SPEC
from conformance.tla.diff import changes, show
from conformance.tla.itf import encode
from conformance.tla.module import read
from conformance.tla.value import Function, Record, Text, parse
from conformance.tlc import runner
from conformance.tlc.name_steps import Step, disjuncts, model_values

pytestmark = pytest.mark.timeout(400)  # TLC on a loaded machine

# ---- what a step changes


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("1", "1", []),
        ("1", "2", ["x: 1 -> 2"]),
        ("TRUE", "FALSE", ["x: TRUE -> FALSE"]),
        ('"a"', "a", []),  # as Python compares them; TLC never puts one in place of the other
        ("{1, 2}", "{2, 3}", ["x gains 3", "x loses 1"]),
        ("(a :> 1 @@ b :> 2)", "(a :> 1 @@ b :> 3)", ["x[b]: 2 -> 3"]),
        ("[p |-> {}, q |-> 1]", "[p |-> {v}, q |-> 1]", ["x.p gains v"]),
        ("(a :> <<{}, {}>>)", "(a :> <<{}, {1}>>)", ["x[a][2] gains 1"]),
        ("<<>>", "<<v>>", ["x appends v"]),
        ("<<v>>", "<<w>>", ["x[1]: v -> w"]),
        # A vote is a pair, and changes as one.
        ("<<0, <<>>>>", "<<1, <<v>>>>", ["x: <<0, <<>>>> -> <<1, <<v>>>>"]),
        ("<<>>", "(m :> 2)", ["x gains m :> 2"]),
        ("(m :> 2 @@ n :> 1)", "(m :> 2)", ["x loses n"]),
        ("{}", '{[type |-> "2b", acc |-> a1, bal |-> 1]}', ["x gains 2b [acc |-> a1, bal |-> 1]"]),
    ],
)
def test_changes(before: str, after: str, said: list[str]) -> None:
    assert list(changes("x", parse(before), parse(after))) == said


@pytest.mark.parametrize(
    "text", ["1", '"a"', "a", "{1, 2}", "<<1, {a}>>", "[p |-> 1, q |-> <<>>]", "(a :> 1 @@ b :> 2)"]
)
def test_a_value_is_shown_as_it_was(text: str) -> None:
    assert show(parse(text)) == text


def test_values_as_itf() -> None:
    value = parse('<<1, {2}, [p |-> "s"], (a :> TRUE)>>')
    assert encode(value) == {"#tup": [1, {"#set": [2]}, {"p": "s"}, {"#map": [["a", True]]}]}


# ---- which step it is

MODULE = """---- MODULE Lamp ----
EXTENDS Naturals
CONSTANTS Who, Limit
VARIABLES on, count
Init == on = [w \\in Who |-> FALSE] /\\ count = 0
May(w) == ~on[w]
Press(w, n) == /\\ May(w)
               /\\ count < Limit
               /\\ on' = [on EXCEPT ![w] = TRUE] /\\ count' = count + n
Release(w) == on[w] /\\ on' = [on EXCEPT ![w] = FALSE] /\\ UNCHANGED count
Next == \\/ \\E w \\in Who, n \\in 1..2 : Press(w, n)
        \\/ \\E w \\in Who : Release(w)
Rest == count >= Limit /\\ UNCHANGED <<on, count>>
Reduced == IF count >= Limit THEN \\E w \\in Who : Release(w) ELSE Next
Anyway(w) == TRUE
Spec == Init /\\ [][Reduced]_<<on, count>> /\\ WF_<<on, count>>(Reduced)
Small == count < 4
OneAtATime == \\A w, x \\in Who : on[w] /\\ on[x] => w = x
Dark == <>[](on = [w \\in Who |-> FALSE])
Full == <>(count >= 4)
====
"""


def lamp(folder: Path, cfg: str) -> tuple[Model, runner.Result]:
    (folder / "Lamp.tla").write_text(MODULE, encoding="utf-8")
    (folder / "lamp.cfg").write_text(cfg, encoding="utf-8")
    model = Model("lamp", "Lamp.tla", "lamp.cfg", "tiny", "ok", states=0, depth=0)
    limits = runner.Limits(60, heap_mb=256)
    return model, runner.run(
        runner.Task(folder / "Lamp.tla", folder / "lamp.cfg"), limits, runner.SHORT
    )


def shown(folder: Path, cfg: str) -> str:
    model, result = lamp(folder, cfg)
    assert result.violation is not None
    return show_counterexample(model, folder, result, folder / "out")


CONSTANTS = "CONSTANTS Who = {u1, u2} Limit = 3\n"


@pytest.mark.tlc
def test_a_counterexample_is_a_table(tmp_path: Path) -> None:
    text = shown(tmp_path, f"SPECIFICATION Spec\n{CONSTANTS}INVARIANT Small\n")
    lines = text.splitlines()
    assert lines[0].split() == ["step", "action", "what", "changes"]
    assert re.fullmatch(r" +1  Init +on = \(u1 :> FALSE @@ u2 :> FALSE\)", lines[1])
    assert re.fullmatch(r" +count = 0", lines[2])
    # TLC says only "Reduced": the action and its parameters were asked for.
    assert re.fullmatch(r" +2  Press\(w=u1, n=[12]\) +on\[u1\]: FALSE -> TRUE", lines[3])
    assert re.fullmatch(r" +count: 0 -> [12]", lines[4])
    assert lines[-1].endswith("lamp.itf.json, " + str(tmp_path / "out" / "lamp.svg"))
    ElementTree.fromstring((tmp_path / "out" / "lamp.svg").read_text())


@pytest.mark.tlc
def test_under_the_models_own_mutant(tmp_path: Path) -> None:
    """It is Anyway, in place of May, that makes the second step one of the specification."""
    constants = "CONSTANTS Who = {u1} Limit = 9 May <- Anyway\n"
    text = shown(tmp_path, f"SPECIFICATION Spec\n{constants}INVARIANT Small\n")
    assert len(re.findall(r"Press\(w=u1, n=2\)", text)) == 2
    assert "Release" not in text


@pytest.mark.tlc
def test_one_that_goes_round_for_ever(tmp_path: Path) -> None:
    text = shown(tmp_path, f"SPECIFICATION Spec\n{CONSTANTS}PROPERTY Full\n")
    itf = json.loads((tmp_path / "out" / "lamp.itf.json").read_text())
    assert itf["#meta"]["description"] == "lamp violates Full"
    assert len(itf["states"]) > itf["loop"] >= 0
    assert itf["states"][1]["#meta"]["parameters"]["w"] in ("u1", "u2")
    assert itf["vars"] == ["on", "count"]
    assert re.search("for ever$", text, re.MULTILINE)


def test_actions_that_a_module_offers() -> None:
    source = read("MCMultiPaxos", MANIFEST.parent, SPEC)
    offered = {d.action: d for d in disjuncts(source)}
    assert {"Broadcast", "Phase1a", "Phase1b", "Phase2a", "Phase2b", "Learn"} <= set(offered)
    assert offered["Phase2a"].names == ("b", "i", "batch", "Q")
    quantified = "b \\in Ballot, i \\in Instance, batch \\in Batch, Q \\in Quorum1"
    text = offered["Phase2a"].text(3)
    assert text.startswith(f"\\/ \\E {quantified} : Phase2a(b, i, batch, Q)")


def test_model_values_of_a_configuration() -> None:
    text = "Value = {v1, v2} Quorum = {{a1}, {a2}} None = Nil Limit = 3 On = TRUE May <- Anyway"
    assert model_values(text) == ["v1", "v2", "a1", "a2", "Nil"]


@pytest.mark.tlc
@pytest.mark.parametrize("name", ["synod-vote-lost", "log-gap-skipped", "delays-least-off"])
def test_of_the_projects_models_every_step_is_known(name: str, tmp_path: Path) -> None:
    model = choose(load(), "all", [name])[0]
    folder = MANIFEST.parent
    limits = runner.Limits(100, heap_mb=1024)
    module, config = folder / model.module, folder / model.config
    result = runner.run(runner.Task(module, config, [folder.parent]), limits, runner.SHORT)
    text = show_counterexample(model, folder, result, tmp_path)
    actions = re.findall(r"^ +\d+  (\w+)(\(?)", text, re.MULTILINE)
    assert len(actions) == len(result.trace)
    assert actions[0] == ("Init", "")
    assert all(parameters == "(" for _, parameters in actions[1:])
    assert "Next" not in text
    if name == "synod-vote-lost":  # the example in the documentation
        page = (HOME / "docs" / "model-checking.md").read_text(encoding="utf-8")
        blocks = re.findall(r"```\n(.*?)\n```", page, re.DOTALL)
        [example] = [block for block in blocks if "Recover(a=a2)" in block]
        assert example in text


# ---- how it is drawn


def step(action: str, state: dict[str, Any], **parameters: Any) -> Step:
    return Step(action, parameters, state)


def test_whose_a_step_is_and_what_it_needed() -> None:
    request = Record({"type": Text("1a"), "bal": 4})
    promise = Record({"type": Text("1b"), "bal": 4, "acc": "a2", "vote": (0, "None")})
    proposal = Record({"type": Text("2a"), "bal": 4, "val": "v1"})
    said: dict[str, Any] = {"broadcast": frozenset(), "msgs": frozenset()}
    steps = [step("Init", said)]

    def then(action: str, *messages: Record, values: tuple[str, ...] = (), **p: Any) -> None:
        nonlocal said
        said = {
            "broadcast": said["broadcast"] | set(values),
            "msgs": said["msgs"] | set(messages),
        }
        steps.append(step(action, said, **p))

    then("Broadcast", values=("v1",), v="v1")
    then("Phase1a", request, b=4)
    then("Phase1b", promise, a="a2", b=4)
    then("Phase2a", proposal, b=4, v="v1", Q=frozenset({"a2"}))
    then("Learn", l="l1", b=4)
    then("Elsewhere")
    drawn = events_of(steps, proposers=3)
    assert [str(d.lane) for d in drawn] == [
        *("client", "proposer-1", "acceptor-2", "proposer-1", "learner-1", "service"),
    ]
    assert [d.causes for d in drawn] == [(), (), ((3, "1a"),), ((4, "1b"), (2, "value")), (), ()]
    assert drawn[2].text == "4  Phase1b b 4"


def test_a_function_is_not_a_record() -> None:
    assert parse("[a |-> 1]") == parse("(a :> 1)") == {"a": 1}
    assert isinstance(parse("[a |-> 1]"), Record)
    assert not isinstance(parse("(a :> 1)"), Record)
    assert isinstance(parse("(a :> 1)"), Function)
