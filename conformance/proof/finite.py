"""Small counterexamples: structures of a few elements in which an obligation is false.

Where the solver is asked about all structures, a question that has an answer "yes" may never end.
With the sizes of the sorts bounded it does; and what it finds is small enough to be looked at.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from conformance.proof.asking import Limits, answer, solver_for
from conformance.proof.evaluate import Meaning, Structure, tuples
from conformance.proof.logic import Encoding, Formula, Symbol
from conformance.proof.obligations import Obligation

SECONDS = 10.0
"""How long the solver may look for one counterexample of given sizes."""


@dataclass(frozen=True)
class Found:
    """A counterexample: the structure with the state before, the one after, and the parameters. If
    the obligation is about no step, both are the same."""

    obligation: Obligation
    before: Structure
    after: Structure
    parameters: tuple[int, ...]


class Unknown(Exception):
    """The solver gave up; says where."""


class _Small:
    """Structures of given sizes. What it has said of a formula without quantifiers, it keeps: most
    obligations assume the same."""

    def __init__(self, encoding: Encoding, sizes: Mapping[str, int], memory_mb: int) -> None:
        self._encoding, self._memory_mb = encoding, memory_mb
        self._elements = {s.name(): _elements(s, sizes[s.name()]) for s in encoding.sorts}
        self._known: dict[int, tuple[Any, Any]] = {}

    def counterexample(self, obligation: Obligation) -> Found | None:
        """One to the obligation, if there is one. Raises Unknown and OutOfMemory."""
        grounded = map(self._grounded, obligation.counterexample)
        solver = solver_for(grounded, SECONDS, self._memory_mb)
        constants = [p.decl() for p in obligation.parameters]
        for symbol in (*self._encoding.constants, *self._encoding.variables, *constants):
            solver.add(*self._closed(symbol))
        said = answer(solver)
        if said == z3.unknown:
            raise Unknown(f"{obligation.name}: {solver.reason_unknown()}")
        if said == z3.unsat:
            return None
        return _Reader(self._encoding, solver.model(), self._elements, self._grounded).found(
            obligation
        )

    def _grounded(self, formula: Any) -> Any:
        """The formula without quantifiers: said of each element."""
        if formula.get_id() not in self._known:
            self._known[formula.get_id()] = formula, self._said_of_each(formula)
        return self._known[formula.get_id()][1]

    def _said_of_each(self, formula: Any) -> Any:
        if z3.is_quantifier(formula):
            sorts = [formula.var_sort(n).name() for n in range(formula.num_vars())]
            bodies = (
                z3.substitute_vars(formula.body(), *reversed(some))
                for some in itertools.product(*(self._elements[name] for name in sorts))
            )
            said = [self._grounded(body) for body in bodies]
            return z3.And(*said) if formula.is_forall() else z3.Or(*said)
        parts = [self._grounded(child) for child in formula.children()]
        if z3.is_and(formula):
            return z3.And(*parts)
        if z3.is_or(formula):
            return z3.Or(*parts)
        return formula.decl()(*parts) if parts else formula

    def _closed(self, symbol: Symbol) -> Iterator[Formula]:
        """A function has no values but the elements."""
        if symbol.range() != z3.BoolSort():
            each = [self._elements[symbol.domain(n).name()] for n in range(symbol.arity())]
            values = self._elements[symbol.range().name()]
            for at in itertools.product(*each):
                yield z3.Or(*(symbol(*at) == value for value in values))


def _elements(each: Any, size: int) -> list[Any]:
    """Constants for the elements of a sort. Two of them may be the same element."""
    return [z3.Const(f"{each.name()}#{n}", each) for n in range(size)]


class _Reader:
    """Reads a model of the solver. Elements that are ordered are numbered in their order."""

    def __init__(
        self,
        encoding: Encoding,
        model: Any,
        elements: Mapping[str, Sequence[Any]],
        grounded: Callable[[Any], Any],
    ) -> None:
        self.encoding, self.model, self._grounded = encoding, model, grounded
        self.of_sort = {
            name: list({self._value(e).get_id(): self._value(e) for e in some}.values())
            for name, some in elements.items()
        }
        for order in encoding.orders:
            self._arrange(order)
        self.number = {
            value.get_id(): n for some in self.of_sort.values() for n, value in enumerate(some)
        }
        self.sizes = {name: len(some) for name, some in self.of_sort.items()}

    def _arrange(self, order: Symbol) -> None:
        """Put the elements of a sort into their order."""
        elements = self.of_sort[order.domain(0).name()]
        rank = {
            x.get_id(): sum(z3.is_true(self._value(order(y, x))) for y in elements)
            for x in elements
        }
        elements.sort(key=lambda x: rank[x.get_id()])

    def _value(self, term: Any) -> Any:
        return self.model.evaluate(term, model_completion=True)

    def found(self, obligation: Obligation) -> Found:
        symbols = [*self.encoding.constants, *self.encoding.variables]
        before = Structure(self.sizes, {s.name(): self._meaning(s, s) for s in symbols})
        changed = {
            v.name(): self._meaning(v, obligation.changed[v.name()])
            for v in self.encoding.variables
            if v.name() in obligation.changed
        }
        given = tuple(self.number[self._value(p).get_id()] for p in obligation.parameters)
        return Found(obligation, before, before.but(changed), given)

    def _meaning(self, symbol: Symbol, meaning: Any) -> Meaning:
        """Of a symbol of these sorts, by what it is applied."""
        values: dict[tuple[int, ...], Any] = {}
        for at in tuples(symbol, self.sizes):
            arguments = [
                self.of_sort[symbol.domain(n).name()][number] for n, number in enumerate(at)
            ]
            values[at] = self._value(self._grounded(meaning(*arguments)))
        if symbol.range() == z3.BoolSort():
            return frozenset(at for at, value in values.items() if z3.is_true(value))
        return {at: self.number[value.get_id()] for at, value in values.items()}


def first(
    encoding: Encoding, some: Iterable[Obligation], memory_mb: int = Limits.memory_mb
) -> Found | None:
    """The smallest counterexample to any of the obligations. Raises Unknown if there is none, as
    far as the solver did not give up, and OutOfMemory."""
    asked = list(some)
    left: Unknown | None = None
    for sizes in encoding.sizes:
        small = _Small(encoding, sizes, memory_mb)
        for obligation in asked:
            try:
                found = small.counterexample(obligation)
            except Unknown as unknown:
                left = unknown
                continue
            if found is not None:
                return found
    if left is not None:
        raise left
    return None
