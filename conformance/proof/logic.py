"""What an encoding is made of: sorts, a state, actions, an invariant, in first-order logic.

A module of the specification is written down a second time here, for a solver that reasons about
any number of acceptors, ballots and values. A set or a function of TLA+ is a relation or a function
on sorts; an action is a guard and, for each variable that it changes, what the variable is
afterwards, said of the state before. So a step has no choice but that of its parameters.

Nothing here knows what is proved, or how: proof.py asks the solver, finite.py looks for small
counterexamples, and evaluate.py says what a formula is in a structure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import z3

Formula = Any
"""A z3 expression that is true or false. (z3 has no types that a checker could use.)"""
Term = Any
"""A z3 expression of a sort."""
Sort = Any
Symbol = Any
"""A relation or function: z3's FuncDecl."""


def sort(name: str) -> Sort:
    """A set of which nothing is known: the solver considers all sizes, one and more."""
    return z3.DeclareSort(name)


def relation(name: str, *sorts: Sort) -> Symbol:
    """A set of tuples."""
    return z3.Function(name, *sorts, z3.BoolSort())


def function(name: str, *sorts: Sort) -> Symbol:
    """A function to the last of the sorts; of one sort, a constant."""
    return z3.Function(name, *sorts)


def every(*parts: Any) -> Formula:
    """every(S, T, lambda s, t: ...): for all s in S and t in T. The names are fresh, so that no
    formula captures what it is given."""
    return z3.ForAll(*_bound(parts))


def some(*parts: Any) -> Formula:
    """some(S, T, lambda s, t: ...): there is an s in S and a t in T."""
    return z3.Exists(*_bound(parts))


def _bound(parts: tuple[Any, ...]) -> tuple[list[Term], Formula]:
    *sorts, body = parts
    names = [z3.FreshConst(each, each.name().lower()[:1]) for each in sorts]
    return names, body(*names)


class State:
    """The variables of a state, as functions: `state.votes(a, b, v)` is a formula."""

    def __init__(self, meanings: Mapping[str, Callable[..., Any]]) -> None:
        self._meanings = dict(meanings)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        try:
            return self._meanings[name]
        except KeyError:
            raise AttributeError(name) from None

    def but(self, changed: Mapping[str, Callable[..., Any]]) -> State:
        """This state, with other meanings of some variables: UNCHANGED are the rest."""
        if unknown := changed.keys() - self._meanings.keys():
            raise KeyError(f"no variable {', '.join(sorted(unknown))}")
        return State({**self._meanings, **changed})


@dataclass(frozen=True)
class Step:
    """A step with given parameters: `guards` by their names in the module, and what the variables
    that it changes are afterwards."""

    guards: Mapping[str, Formula]
    changed: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def enabled(self) -> Formula:
        return z3.And(*self.guards.values())


@dataclass(frozen=True)
class Fact:
    """What is true where a step is taken, of the state before: shown from axioms, guards, conjuncts
    and earlier facts, by their names. It is a step of the proof for people too."""

    name: str
    formula: Formula
    uses: tuple[str, ...]


def no_facts(*_: Any) -> tuple[Fact, ...]:
    """The solver needs none."""
    return ()


@dataclass(frozen=True)
class Action:
    """An action of the module: the sorts of its parameters, and its step by the state and these.
    So are the facts on the way to what the step keeps."""

    name: str
    sorts: tuple[Sort, ...]
    step: Callable[..., Step]
    facts: Callable[..., tuple[Fact, ...]] = no_facts

    def parameters(self) -> tuple[Term, ...]:
        """A constant for each: whatever it is."""
        return tuple(z3.Const(f"{self.name}.{n}.{s}", s) for n, s in enumerate(self.sorts, 1))


Claim = Callable[[State], Formula]

NO_AXIOMS = "no axioms"
NO_GUARDS = "no guards"
"""In what is used, by their names: there is no need of any."""


@dataclass(frozen=True)
class Induction:
    """What follows from the invariant in each state by induction: `claim(state, n)` for all n of a
    sort that is ordered by `below`. Shown is, from what it `uses`: where it is so of all below n,
    it is so of n. With `first`, `below` is said of neighbours only: shown is that it is so of the
    first, and of each that comes after one of which it is so."""

    name: str
    sort: Sort
    below: Callable[[Term, Term], Formula]
    claim: Callable[[State, Term], Formula]
    uses: tuple[str, ...]
    first: Term = None

    def everywhere(self, state: State) -> Formula:
        return every(self.sort, lambda n: self.claim(state, n))


def by_itself(_: Term, __: Term) -> Formula:
    """In place of what is below: there is no need of induction."""
    return z3.BoolVal(False)


@dataclass(frozen=True)
class Goal:
    """A property, and what it is shown from: names of conjuncts, lemmas and axioms. With fewer
    formulas that speak of quorums the solver has less to try in vain."""

    claim: Claim
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Encoding:
    """A module. `constants` are its relations and functions that no step changes, of which `orders`
    order their sorts, from 0; `axioms` are what is assumed of them: those that are named, one by
    one or by what is before their colon; where none is named, and not NO_AXIOMS, the `usual` ones,
    and if there are none either, all. `invariant` and `goals` have
    the names of their definitions in the module.

    `hints` are, by the names of obligations that the solver finds hard, what is enough for them, or
    as in "keeps VotesSafe" for this of any action:
    conjuncts, facts, lemmas and goals. "X afterwards" is X in the state after the step, for which
    see obligations.py. `needless` are conjuncts that the proof does without,
    each with the reason why it stays.
    `sizes` are where counterexamples are looked for, by the names of the sorts, smallest first; and
    `wrong_without` says of a conjunct which obligation is false without it, where a search in all
    of them would take too long."""

    name: str
    sorts: tuple[Sort, ...]
    constants: tuple[Symbol, ...]
    orders: tuple[Symbol, ...]
    axioms: Mapping[str, Formula]
    variables: tuple[Symbol, ...]
    init: Claim
    actions: tuple[Action, ...]
    invariant: Mapping[str, Claim]
    lemmas: tuple[Induction, ...]
    goals: Mapping[str, Goal]
    hints: Mapping[str, tuple[str, ...]]
    needless: Mapping[str, str]
    sizes: tuple[Mapping[str, int], ...]
    usual: tuple[str, ...] = ()
    wrong_without: Mapping[str, str] = field(default_factory=dict)

    def state(self) -> State:
        """A state of which nothing is known."""
        return State({v.name(): v for v in self.variables})

    def without(self, conjunct: str) -> Encoding:
        """The same with a weaker invariant."""
        kept = {name: claim for name, claim in self.invariant.items() if name != conjunct}
        return replace(self, invariant=kept)
