"""What has to be shown of an encoding, as formulas of which none may be satisfiable.

For each conjunct: it is true at the start, and each action keeps it. For each lemma: its step of
induction. For each goal: it follows from the invariant and the lemmas.

That an action keeps a conjunct may be shown by what the conjuncts before it give in the state after
the step: these are shown first, so it is induction on the conjuncts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from z3 import And, FreshConst, Implies, Not, is_and, is_app

from conformance.proof.logic import (
    NO_AXIOMS,
    NO_GUARDS,
    Encoding,
    Formula,
    Induction,
    State,
    Term,
    every,
    no_facts,
)

INIT, FACT, KEEPS, INDUCTION, IMPLIES = "init", "fact", "keeps", "induction", "implies"
"""Kinds of obligations."""

_WORDS = {
    INIT: "Init implies",
    INDUCTION: "Inv gives, by induction:",
    IMPLIES: "Inv implies",
}


AFTERWARDS = " afterwards"
"""After the name of what is so in the state after a step."""


@dataclass(frozen=True)
class Obligation:
    """Nothing may satisfy `assumed` and not `shown`. Of FACT and KEEPS, `action` takes the step,
    with these parameters, and `changed` are the variables that it changes. `given` is all that is
    true there, of which what is assumed is a part, or follows; if it is empty, that is all."""

    kind: str
    claim: str
    assumed: Mapping[str, Formula]
    shown: Formula
    action: str = ""
    parameters: tuple[Term, ...] = ()
    changed: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    given: Mapping[str, Formula] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As in: Vote keeps VotesSafe."""
        verb = "gives:" if self.kind == FACT else "keeps"
        return f"{_WORDS.get(self.kind, f'{self.action} {verb}')} {self.claim}"

    @property
    def queries(self) -> list[list[Formula]]:
        """What nothing may satisfy: for each part of what is shown, without it."""
        parts = self.shown.children() if is_and(self.shown) else [self.shown]
        return [[*self.assumed.values(), Not(part)] for part in parts]

    @property
    def counterexample(self) -> list[Formula]:
        """What a state and a step satisfy that are a counterexample."""
        return [*(self.given or self.assumed).values(), Not(self.shown)]


def obligations(encoding: Encoding) -> Iterator[Obligation]:
    """All of a module."""
    state = encoding.state()
    started = {"Init": encoding.init(state)}
    of_any_state = _of_any_state(encoding, state)
    for name, claim in encoding.invariant.items():
        enough = encoding.hints.get(f"Init implies {name}", ())
        assumed = _chosen(encoding, enough, {**started, **of_any_state}, always=started)
        real = {**encoding.axioms, **started}
        yield Obligation(INIT, name, assumed, claim(state), given=real)
    yield from kept(encoding)
    known = invariant(encoding, state)
    for lemma in encoding.lemmas:
        yield from _by_induction(encoding, lemma, state, _chosen(encoding, lemma.uses, known))
        known[lemma.name] = lemma.everywhere(state)
    for name, goal in encoding.goals.items():
        assumed = _chosen(encoding, goal.uses, known)
        real = {**encoding.axioms, **invariant(encoding, state)}
        yield Obligation(IMPLIES, name, assumed, goal.claim(state), given=real)


def _by_induction(
    encoding: Encoding, lemma: Induction, state: State, assumed: Mapping[str, Formula]
) -> Iterator[Obligation]:
    m, n = FreshConst(lemma.sort, "m"), FreshConst(lemma.sort, "n")
    claim = lemma.claim(state, n)
    if lemma.first is None:
        so_far = every(lemma.sort, lambda k: Implies(lemma.below(k, n), lemma.claim(state, k)))
        yield _induction(lemma.name, {**assumed, "so far": so_far}, claim, n)
    else:
        base = lemma.claim(state, lemma.first)
        yield _induction(f"{lemma.name}, at first", assumed, base)
        so_far = And(lemma.below(m, n), lemma.claim(state, m))
        yield _induction(lemma.name, {**assumed, "so far": so_far}, claim, m, n)


def _induction(
    name: str, assumed: Mapping[str, Formula], shown: Formula, *parameters: Term
) -> Obligation:
    return Obligation(INDUCTION, name, assumed, shown, parameters=parameters)


def kept(encoding: Encoding) -> Iterator[Obligation]:
    """Each action keeps each conjunct."""
    before = encoding.state()
    known, follows = invariant(encoding, before), consequences(encoding, before)
    symbols = {name: _symbols(formula) for name, formula in known.items()}
    for action in encoding.actions:
        parameters = action.parameters()
        step = action.step(before, *parameters)
        after = before.but(step.changed)
        taken = {action.name: step.enabled}
        facts: dict[str, Formula] = {}
        for fact in action.facts(before, *parameters):
            given = {**known, **follows, **step.guards, **facts}
            assumed = _chosen(encoding, fact.uses, given)
            real = {**encoding.axioms, **known, **step.guards}
            yield Obligation(
                FACT, fact.name, assumed, fact.formula, action.name, parameters, given=real
            )
            facts[fact.name] = fact.formula
        for name, claim in encoding.invariant.items():
            usual = encoding.hints.get(f"keeps {name}", tuple(known))
            enough = encoding.hints.get(f"{action.name} keeps {name}", usual)
            given = {**known, **facts, **follows}
            if any(each.endswith(AFTERWARDS) for each in enough):
                given |= _afterwards(encoding, name, after)
            always = {} if NO_GUARDS in enough else taken
            assumed, shown = _chosen(encoding, enough, given, always), claim(after)
            if not step.changed.keys() & symbols[name]:
                shown = known[name]
            yield Obligation(
                *(KEEPS, name, assumed, shown, action.name, parameters, step.changed),
                given={**encoding.axioms, **known, **taken},
            )


def _chosen(
    encoding: Encoding,
    names: Collection[str],
    given: Mapping[str, Formula],
    always: Mapping[str, Formula] | None = None,
) -> dict[str, Formula]:
    """What has these names, of what is given and of the axioms; of these the usual, if none is
    named."""
    axioms = _named(encoding, names)
    if not axioms and NO_AXIOMS not in names:
        axioms = _named(encoding, encoding.usual) or dict(encoding.axioms)
    return {**axioms, **{n: f for n, f in given.items() if n in names}, **(always or {})}


def _named(encoding: Encoding, names: Collection[str]) -> dict[str, Formula]:
    """The axioms that have these names."""
    return {n: a for n, a in encoding.axioms.items() if not _called(n).isdisjoint(names)}


def _called(axiom: str) -> set[str]:
    """What an axiom may be named by: with what is before its colon it is meant too."""
    return {axiom, axiom.partition(":")[0]}


def _symbols(formula: Formula) -> set[str]:
    """The names of all relations and functions in it."""
    found: set[str] = set()
    seen: set[int] = set()
    left = [formula]
    while left:
        at = left.pop()
        if at.get_id() in seen:
            continue
        seen.add(at.get_id())
        if is_app(at):
            found.add(at.decl().name())
        left += at.children()
    return found


def _of_any_state(encoding: Encoding, state: State) -> dict[str, Formula]:
    """The lemmas that need no conjunct."""
    conjuncts = set(encoding.invariant)
    found: dict[str, Formula] = {}
    for lemma in encoding.lemmas:
        others = {each.name for each in encoding.lemmas} - found.keys()
        if (conjuncts | others).isdisjoint(lemma.uses):
            found[lemma.name] = lemma.everywhere(state)
    return found


def invariant(encoding: Encoding, state: State) -> dict[str, Formula]:
    """The conjuncts, of a state."""
    return {name: claim(state) for name, claim in encoding.invariant.items()}


def consequences(encoding: Encoding, state: State) -> dict[str, Formula]:
    """What the invariant gives in a state: the lemmas and the goals."""
    lemmas = {lemma.name: lemma.everywhere(state) for lemma in encoding.lemmas}
    return {**lemmas, **{name: goal.claim(state) for name, goal in encoding.goals.items()}}


def _afterwards(encoding: Encoding, name: str, after: State) -> dict[str, Formula]:
    """What the conjuncts before this one give in the state after a step."""
    earlier = set(itertools.takewhile(lambda other: other != name, encoding.invariant))
    earlier.update(*map(_called, encoding.axioms))
    uses = {lemma.name: lemma.uses for lemma in encoding.lemmas}
    uses |= {goal: shown.uses for goal, shown in encoding.goals.items()}
    for shown, used in uses.items():
        if earlier.issuperset(used):
            earlier.add(shown)
    given = {**invariant(encoding, after), **consequences(encoding, after)}
    return {f"{n}{AFTERWARDS}": formula for n, formula in given.items() if n in earlier}


def weaker(encoding: Encoding, conjunct: str) -> Iterator[Obligation]:
    """What steps would have to keep if the invariant had no such conjunct: the rest of it, and the
    goals. In the state before nothing is wrong yet, so that it is the step that makes it wrong."""
    goals = {name: goal.claim for name, goal in encoding.goals.items()}
    rest, name = encoding.without(conjunct), encoding.wrong_without.get(conjunct, "")
    actions = tuple(
        replace(action, facts=no_facts)
        for action in rest.actions
        if not name or name.startswith(f"{action.name} ")
    )
    both = {**goals, **rest.invariant}
    asked = kept(replace(rest, hints={}, actions=actions, invariant=both))
    return (each for each in asked if not name or each.name == name)
