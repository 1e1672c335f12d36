"""What has to be shown of an encoding, as formulas of which none may be satisfiable.

For each conjunct: it is true at the start, and each action keeps it. For each lemma: its step of
induction. For each goal: it follows from the invariant and the lemmas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from z3 import FreshConst, Implies, Not

from conformance.proof.logic import Encoding, Formula, State, Term, every, no_facts

INIT, FACT, KEEPS, INDUCTION, IMPLIES = "init", "fact", "keeps", "induction", "implies"
"""Kinds of obligations."""

_WORDS = {
    INIT: "Init implies",
    INDUCTION: "Inv gives, by induction:",
    IMPLIES: "Inv implies",
}


@dataclass(frozen=True)
class Obligation:
    """Nothing may satisfy `assumed` and not `shown`. Of FACT and KEEPS, `action` takes the step,
    with these parameters, and `changed` are the variables that it changes."""

    kind: str
    claim: str
    assumed: Mapping[str, Formula]
    shown: Formula
    action: str = ""
    parameters: tuple[Term, ...] = ()
    changed: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As in: Vote keeps VotesSafe."""
        verb = "gives:" if self.kind == FACT else "keeps"
        return f"{_WORDS.get(self.kind, f'{self.action} {verb}')} {self.claim}"

    @property
    def query(self) -> list[Formula]:
        """What nothing may satisfy."""
        return [*self.assumed.values(), Not(self.shown)]


def obligations(encoding: Encoding) -> Iterator[Obligation]:
    """All of a module."""
    state = encoding.state()
    started = {**encoding.axioms, "Init": encoding.init(state)}
    for name, claim in encoding.invariant.items():
        yield Obligation(INIT, name, started, claim(state))
    yield from kept(encoding)
    known = invariant(encoding, state)
    for lemma in encoding.lemmas:
        n = FreshConst(lemma.sort, "n")
        so_far = every(
            lemma.sort,
            lambda m, n=n, lemma=lemma: Implies(lemma.below(m, n), lemma.claim(state, m)),
        )
        used = {name: formula for name, formula in known.items() if name in lemma.uses}
        assumed = {**encoding.axioms, **used, "so far": so_far}
        yield Obligation(INDUCTION, lemma.name, assumed, lemma.claim(state, n), parameters=(n,))
        known[lemma.name] = lemma.everywhere(state)
    for name, goal in encoding.goals.items():
        used = {name: formula for name, formula in known.items() if name in goal.uses}
        yield Obligation(IMPLIES, name, {**encoding.axioms, **used}, goal.claim(state))


def kept(encoding: Encoding) -> Iterator[Obligation]:
    """Each action keeps each conjunct."""
    before = encoding.state()
    known = invariant(encoding, before)
    for action in encoding.actions:
        parameters = action.parameters()
        step = action.step(before, *parameters)
        after = before.but(step.changed)
        facts: dict[str, Formula] = {}
        for fact in action.facts(before, *parameters):
            every_one = {**encoding.axioms, **known, **step.guards, **facts}
            assumed = {n: f for n, f in every_one.items() if n in fact.uses}
            yield Obligation(FACT, fact.name, assumed, fact.formula, action.name, parameters)
            facts[fact.name] = fact.formula
        for name, claim in encoding.invariant.items():
            enough = encoding.hints.get(f"{action.name} keeps {name}", tuple(known))
            used = {n: f for n, f in {**known, **facts}.items() if n in enough}
            assumed = {**encoding.axioms, **used, action.name: step.enabled}
            yield Obligation(
                KEEPS, name, assumed, claim(after), action.name, parameters, step.changed
            )


def invariant(encoding: Encoding, state: State) -> dict[str, Formula]:
    """The conjuncts, of a state."""
    return {name: claim(state) for name, claim in encoding.invariant.items()}


def weaker(encoding: Encoding, conjunct: str) -> Iterator[Obligation]:
    """What steps would have to keep if the invariant had no such conjunct: the rest of it, and the
    goals. In the state before nothing is wrong yet, so that it is the step that makes it wrong."""
    goals = {name: goal.claim for name, goal in encoding.goals.items()}
    rest = encoding.without(conjunct)
    actions = tuple(replace(action, facts=no_facts) for action in rest.actions)
    both = {**goals, **rest.invariant}
    return kept(replace(rest, hints={}, actions=actions, invariant=both))
