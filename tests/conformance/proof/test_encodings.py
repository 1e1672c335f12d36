"""The modules in first-order logic are the modules of the specification, as far as small models
go: TLC and the formulas say the same of every state that has the right types, and of every step.
"""

from __future__ import annotations

import re

import pytest

from conformance.paths import SPEC
from conformance.proof.encodings import ENCODINGS
from conformance.tla.module import read
from tests.conformance.proof.broken import FILES, tried
from tests.conformance.proof.held_against_tlc import (
    axioms_that_are_false,
    steps_that_differ,
    truths_that_differ,
)
from tests.conformance.proof.small_models import SMALL, held


@pytest.mark.tlc
@pytest.mark.parametrize("name", SMALL)
def test_tlc_and_the_encoding_say_the_same_of_all_states_and_steps(name: str) -> None:
    model, theirs = held(name)
    assert len(theirs.states) > 200
    assert axioms_that_are_false(model.encoding, model) == []
    assert list(truths_that_differ(model, model.encoding, theirs)) == []
    assert list(steps_that_differ(model.encoding, theirs)) == []
    taken = {label[0] for steps in theirs.steps.values() for label in steps}
    assert taken >= {action.name for action in model.encoding.actions} - {"Learn", "Decide"}
    assert any(not all(truths) for truths in theirs.states.values())


EVERY = {"Voting": 5, "Synod": 18, "LogVoting": 15, "MultiPaxos": 29}
"""Of so many mutants one is tried here."""


@pytest.mark.tlc
@pytest.mark.timeout(300)
@pytest.mark.parametrize("module", FILES)
def test_an_encoding_that_is_broken_is_noticed(module: str) -> None:
    """Some of those that `make proof` tries."""
    mutants = list(tried(module, every=EVERY[module]))
    assert len(mutants) >= 10
    assert [m.change for m in mutants if not m.noticed_by and not m.reason] == []


MORE = {"Synod": {"OneBatchPerBallot"}, "MultiPaxos": {"OneBatchPerBallot"}}
"""Conjuncts that the encodings have and Inv has not."""

MORE_GOALS = {"MultiPaxos": {"TrimmedIsKept"}}
"""Properties that are proved and Goal has not."""


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_names_are_those_of_the_module(name: str) -> None:
    """Of actions, of the properties, and of the conjuncts of Inv: no more, no fewer."""
    source = read(f"{name}Inductive", SPEC)
    encoding = ENCODINGS[name]
    asked = set(re.findall(r"(?:/\\|==) *(\w+)", source.definitions["Inv"].text))
    assert set(encoding.invariant) - MORE.get(name, set()) == asked
    assert {action.name for action in encoding.actions} <= set(source.definitions)
    goals = set(re.findall(r"\w+", source.definitions["Goal"].text)) - {"Goal"}
    assert set(encoding.goals) - MORE_GOALS.get(name, set()) == goals
    steps = set(re.findall(r": *\n? *(\w+)\(", source.definitions["Next"].text))
    assert {action.name for action in encoding.actions} == steps
