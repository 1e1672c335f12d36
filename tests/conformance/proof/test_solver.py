"""What is proved, what is needed for it, and what happens if something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance.proof import finite
from conformance.proof.encodings import ENCODINGS
from conformance.proof.evaluate import Stepper, compiled
from conformance.proof.finite import Found
from conformance.proof.logic import Encoding
from conformance.proof.obligations import FACT, obligations, weaker
from conformance.proof.solver import FALSE, PROVED, proofs, prove
from conformance.proof.table import table
from conformance.proof.voting_logic import VOTING
from tests.conformance.proof.breaks import BREAKS, MEETINGS, meeting


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_invariant_is_inductive_and_gives_the_properties(name: str) -> None:
    encoding = ENCODINGS[name]
    done = list(proofs(encoding))
    assert [o.obligation.name for o in done if o.verdict != PROVED] == []
    conjuncts = len(encoding.invariant)
    shown = conjuncts * (1 + len(encoding.actions)) + len(encoding.lemmas) + len(encoding.goals)
    shown += sum(lemma.first is not None for lemma in encoding.lemmas)
    assert len([o for o in done if o.obligation.kind != FACT]) == shown


CONJUNCTS = [
    (name, conjunct)
    for name, encoding in ENCODINGS.items()
    for conjunct in encoding.invariant
    if conjunct not in encoding.needless
]


@pytest.mark.parametrize(("name", "conjunct"), CONJUNCTS)
def test_a_conjunct_is_needed(name: str, conjunct: str) -> None:
    """Without it there is a state in which nothing is wrong, and a step that makes it wrong: seen
    without the solver too."""
    encoding = ENCODINGS[name]
    found = finite.first(encoding, weaker(encoding, conjunct))
    assert found is not None
    state = encoding.state()
    goals = {name: goal.claim for name, goal in encoding.goals.items()}
    rest = {**encoding.without(conjunct).invariant, **goals}
    true = [*encoding.axioms.values(), *(claim(state) for claim in rest.values())]
    assert all(compiled(formula)(found.before) for formula in true)
    broken = compiled(rest[found.obligation.claim](state))
    assert not broken(found.after)
    label = found.obligation.action, found.parameters
    steps = Stepper(encoding).steps(found.before)
    assert [s.after for s in steps if (s.action, s.parameters) == label] == [found.after]


@pytest.mark.parametrize(("name", "change", "false"), BREAKS)
def test_a_broken_action_is_not_proved(
    name: str, change: Callable[[Encoding], Encoding], false: str
) -> None:
    broken = change(ENCODINGS[name])
    actions = (action for action in broken.actions if false.startswith(f"{action.name} "))
    encoding = replace(broken, actions=tuple(actions), lemmas=())
    (obligation,) = (o for o in obligations(encoding) if o.name == false)
    found = finite.first(encoding, [obligation])
    assert found is not None
    assert table(encoding, found).startswith("step")


@pytest.mark.parametrize("otherwise", MEETINGS)
@pytest.mark.parametrize("name", ENCODINGS)
def test_the_quorums_of_the_two_phases_have_to_meet(name: str, otherwise: str) -> None:
    """Nothing else is assumed of them; and that those of one phase meet does not help."""
    encoding = meeting(otherwise)(ENCODINGS[name])
    lemma = encoding.lemmas[0]
    assert lemma.name.startswith("later ")
    (obligation,) = (o for o in obligations(encoding) if o.claim == lemma.name)
    found = finite.first(encoding, [obligation])
    assert found is not None and found.obligation is obligation


def test_a_counterexample_as_a_table() -> None:
    found: Found | None = finite.first(VOTING, weaker(VOTING, "VotesBroadcast"))
    assert found is not None and found.obligation.claim == "Integrity"
    assert prove(VOTING, found.obligation).verdict == FALSE
    assert table(VOTING, found).splitlines()[0] == "step       Learn(l1, 1, v1, r1)"
