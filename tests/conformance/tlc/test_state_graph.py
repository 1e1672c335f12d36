"""State graphs as TLC prints them: which states, which steps, what holds where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.modelcheck.manifest import Model, load
from conformance.paths import MODELS, SPEC
from conformance.tlc import runner, state_graph
from conformance.tlc.name_steps import Disjunct
from conformance.tlc.state_graph import NoGraph, StateGraph, Taken, shortest
from tests.conformance.tlc.test_runner import write

pytestmark = pytest.mark.tlc

LIMITS = runner.Limits(100, 512)


def of(name: str) -> tuple[StateGraph, Model]:
    """The graph of a model of the manifest."""
    [model] = [m for m in load() if m.name == name]
    places = MODELS / model.module, MODELS / model.config, SPEC
    return state_graph.state_graph(*places, LIMITS, runner.Manner())[0], model


def named(graph: StateGraph, number: int) -> dict[str, Any]:
    return dict(zip(graph.variables, graph.states[number], strict=True))


def test_states_and_depth_are_those_of_the_manifest() -> None:
    for name in ("consensus", "synod-direct", "log-gap-skipped"):
        graph, model = of(name)
        depths = [depth for _, depth, _ in shortest(graph)]
        assert (len(graph.states), max(depths) + 1) == (model.states, model.depth), name
        assert len(depths) == len(graph.states) == len(graph.holds), name
        assert all(taken.action for taken in graph.steps.values()), name


def test_with_symmetry_the_steps_of_a_shortest_path_are_exact() -> None:
    """An action's parameters are those that the states before and after it have."""
    graph, _ = of("synod-tiny")
    assert graph.symmetric
    seen = 0
    for number, _, parent in shortest(graph):
        taken = graph.steps.get((parent, number)) if parent is not None else None
        if taken is not None and taken.action == "Phase1b":
            a, b = taken.parameters["a"], taken.parameters["b"]
            assert parent is not None
            before, after = named(graph, parent)["promised"], named(graph, number)["promised"]
            assert after == {**before, a: b}
            seen += before != after
    assert seen > 10


def test_each_invariant_is_evaluated_in_each_state() -> None:
    graph, _ = of("voting-passes-promise")
    assert graph.invariants[0] == "TypeOK"
    false = [n for n, holds in enumerate(graph.holds) if not holds[0]]
    assert len(false) == 1
    [promised] = [named(graph, n)["promised"] for n in false]
    assert max(promised.values()) == 3  # there are two ballots
    assert all(len(holds) == len(graph.invariants) for holds in graph.holds)


def test_of_states_that_are_alike_the_one_found_first_says_the_action() -> None:
    graph = StateGraph(("x",), ())
    offered = [Disjunct("Low", "v \\in V", ("v",), ("v",)), Disjunct("High", "", (), ())]
    printed = """<<"symmetry", {(a :> b @@ b :> a)}>>
        <<"state", TRUE, <<>>>>
        <<{}>>
        <<"step">>
        <<{}>>
        <<{a}>>
        <<"taken", 1>>
        <<"state", TRUE, <<>>>>
        <<{a}>>
        <<"step">>
        <<{}>>
        <<{b}>>
        <<"taken", 0, b>>"""
    state_graph._read(graph, offered, [line.strip() for line in printed.splitlines()])
    assert graph.states == [(frozenset(),), (frozenset({"a"}),)]
    assert graph.steps == {(0, 1): Taken("High", {})}


def made(folder: Path, cfg: str) -> StateGraph:
    module = write(folder, COUNTER)
    config = folder / "Counter.cfg"
    config.write_text(cfg, encoding="utf-8")
    return state_graph.state_graph(module, config, folder, LIMITS, runner.Manner())[0]


COUNTER = """
---- MODULE Counter ----
EXTENDS Integers
VARIABLE n
Init == n \\in {0, 5}
Up == n' = (n + 1) % 7
Next == \\/ Up
Small == n < 4
====
"""


def test_states_outside_the_constraint_are_no_part_of_it(tmp_path: Path) -> None:
    graph = made(tmp_path, "INIT Init\nNEXT Next\nCONSTRAINT Small\n")
    assert sorted(graph.states) == [(0,), (1,), (2,), (3,)]
    assert [graph.states[n] for n in graph.initial] == [(0,)]
    assert len(graph.steps) == 3


def test_too_many_states_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_graph, "MOST_STATES", 3)
    with pytest.raises(NoGraph, match=r"more than 3 states.*choose a smaller model"):
        made(tmp_path, "INIT Init\nNEXT Next\n")


def test_a_model_with_a_view_has_none(tmp_path: Path) -> None:
    with pytest.raises(NoGraph, match="has a VIEW"):
        made(tmp_path, "INIT Init\nNEXT Next\nVIEW n\n")
