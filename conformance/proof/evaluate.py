"""What a formula is in a finite structure: the very formulas that the solver is given, as Python.

So an encoding can be held against what TLC finds, state by state and step by step, and by other
means than the solver's.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from conformance.proof.logic import Action, Encoding, State, Symbol

Meaning = frozenset[tuple[int, ...]] | dict[tuple[int, ...], int]
"""Of a relation, the tuples that are in it; of a function, its values. The elements of a sort are
numbers from 0."""


@dataclass(frozen=True)
class Structure:
    """Sizes of the sorts, and what the symbols mean, both by their names."""

    sizes: Mapping[str, int]
    meanings: Mapping[str, Meaning]

    def but(self, changed: Mapping[str, Meaning]) -> Structure:
        """The same with other meanings of some symbols."""
        return Structure(self.sizes, {**self.meanings, **changed})


@dataclass(frozen=True)
class Taken:
    """A step of an encoding: its action, the parameters, and the state after it."""

    action: str
    parameters: tuple[int, ...]
    after: Structure


Evaluated = Callable[..., Any]
"""A formula or term, by a structure and what stands for its constants."""


class NotFinite(Exception):
    """The formula has something that is not of these encodings; says what."""


def compiled(expression: Any, constants: Sequence[Any] = ()) -> Evaluated:
    """The expression as a function of a structure and the elements that stand for `constants`."""
    writer = _Writer({constant.get_id(): f"c{n}" for n, constant in enumerate(constants)})
    body = writer.text(expression, [])
    arguments = ", ".join(["structure", *writer.constants.values()])
    text = f"lambda {arguments}: (lambda M, N: {body})(structure.meanings, structure.sizes)"
    function: Evaluated = eval(text)
    return function


_BETWEEN = {z3.Z3_OP_AND: " and ", z3.Z3_OP_OR: " or ", z3.Z3_OP_EQ: " == "}
_EMPTY = {z3.Z3_OP_TRUE: "True", z3.Z3_OP_FALSE: "False"}
_NAME = re.compile(r"\bx\d+\b")


def _names(text: str) -> set[str]:
    """The bound variables in it."""
    return set(_NAME.findall(text))


def _asked_first(quantified: Any) -> tuple[list[Any], Any]:
    """What is so of whatever matters: what "for all" assumes, or the parts of what there is. Each
    is asked as soon as its variables have values, so that few are tried. And the rest."""
    body = quantified.body()
    if not quantified.is_forall():
        return (body.children(), z3.BoolVal(True)) if z3.is_and(body) else ([], body)
    if z3.is_implies(body):
        assumed, shown = body.children()
        return (assumed.children() if z3.is_and(assumed) else [assumed]), shown
    return [], body


class _Writer:
    """Writes an expression as Python."""

    def __init__(self, constants: dict[int, str]) -> None:
        self.constants = constants
        self._fresh = itertools.count()

    def text(self, expression: Any, bound: list[str]) -> str:
        """`bound` are the names of z3's bound variables, the innermost last."""
        if z3.is_var(expression):
            index: int = z3.get_var_index(expression)
            return bound[-1 - index]
        if z3.is_quantifier(expression):
            return self._quantified(expression, bound)
        kind = expression.decl().kind()
        if kind == z3.Z3_OP_UNINTERPRETED:
            return self._applied(expression, bound)
        parts = [self.text(child, bound) for child in expression.children()]
        if kind in _EMPTY:
            return _EMPTY[kind]
        if kind in _BETWEEN and not parts:
            return str(kind == z3.Z3_OP_AND)
        if kind in _BETWEEN:
            return f"({_BETWEEN[kind].join(parts)})"
        if kind == z3.Z3_OP_NOT:
            return f"(not {parts[0]})"
        if kind == z3.Z3_OP_IMPLIES:
            return f"(not {parts[0]} or {parts[1]})"
        if kind == z3.Z3_OP_ITE:
            return f"({parts[1]} if {parts[0]} else {parts[2]})"
        if kind == z3.Z3_OP_DISTINCT and len(parts) == 2:
            return f"({parts[0]} != {parts[1]})"
        raise NotFinite(str(expression))

    def _quantified(self, expression: Any, bound: list[str]) -> str:
        names = [f"x{next(self._fresh)}" for _ in range(expression.num_vars())]
        sorts = {x: expression.var_sort(n).name() for n, x in enumerate(names)}
        inner, free, over = [*bound, *names], dict.fromkeys(names), list[str]()
        conditions, rest = _asked_first(expression)
        left = [(condition, self.text(condition, inner)) for condition in conditions]
        while free or left:
            over += [f"if {text}" for _, text in left if free.keys().isdisjoint(_names(text))]
            left = [each for each in left if not free.keys().isdisjoint(_names(each[1]))]
            for place, (condition, _) in enumerate(left):
                if loop := self._loop(condition, inner, free):
                    over += loop
                    del left[place]
                    break
            else:
                if not free:
                    break
                x = next(iter(free))
                del free[x]
                over.append(f"for {x} in range(N[{sorts[x]!r}])")
        body = self.text(rest, inner)
        return f"{'all' if expression.is_forall() else 'any'}({body} {' '.join(over)})"

    def _loop(self, condition: Any, bound: list[str], free: dict[str, None]) -> list[str]:
        """A loop over what is in a relation, if the condition is that something is: variables that
        are free get their values from it. Empty: it is of another kind, or none would."""
        if not z3.is_app(condition) or condition.decl().kind() != z3.Z3_OP_UNINTERPRETED:
            return []
        targets, same, given = list[str](), list[str](), list[str]()
        for child in condition.children():
            text = self.text(child, bound)
            if text in free and text not in given:
                given.append(text)
                targets.append(text)
            elif free.keys() & _names(text):
                return []
            else:
                targets.append(f"y{next(self._fresh)}")
                same.append(f"if {targets[-1]} == {text}")
        for x in given:
            del free[x]
        loop = f"for {', '.join(targets)}, in M[{condition.decl().name()!r}]"
        return [loop, *same] if given else []

    def _applied(self, expression: Any, bound: list[str]) -> str:
        if expression.get_id() in self.constants:
            return self.constants[expression.get_id()]
        name = expression.decl().name()
        parts = "".join(f"{self.text(child, bound)}, " for child in expression.children())
        if z3.is_bool(expression):
            return f"(({parts}) in M[{name!r}])"
        return f"M[{name!r}][({parts})]"


class Stepper:
    """Takes all steps of an encoding from a structure."""

    def __init__(self, encoding: Encoding) -> None:
        self._variables = {v.name(): v for v in encoding.variables}
        state = encoding.state()
        self._actions = [self._compiled(action, state) for action in encoding.actions]

    def _compiled(self, action: Action, state: State) -> tuple[Action, Evaluated, dict[str, Any]]:
        parameters = action.parameters()
        step = action.step(state, *parameters)
        changed = {}
        for name, meaning in step.changed.items():
            places = _places(self._variables[name])
            changed[name] = compiled(meaning(*places), [*parameters, *places])
        return action, compiled(step.enabled, parameters), changed

    def steps(self, before: Structure) -> Iterator[Taken]:
        """All of them; also those that change nothing."""
        for action, enabled, changed in self._actions:
            for given in itertools.product(*(range(before.sizes[s.name()]) for s in action.sorts)):
                if enabled(before, *given):
                    after = {
                        name: self._after(name, meaning, before, given)
                        for name, meaning in changed.items()
                    }
                    yield Taken(action.name, given, before.but(after))

    def _after(
        self, name: str, meaning: Evaluated, before: Structure, given: tuple[int, ...]
    ) -> Meaning:
        symbol = self._variables[name]
        every = tuples(symbol, before.sizes)
        if symbol.range() == z3.BoolSort():
            return frozenset(at for at in every if meaning(before, *given, *at))
        return {at: meaning(before, *given, *at) for at in every}


def tuples(symbol: Symbol, sizes: Mapping[str, int]) -> Iterator[tuple[int, ...]]:
    """All that the symbol may be applied to."""
    each = [range(sizes[symbol.domain(n).name()]) for n in range(symbol.arity())]
    return itertools.product(*each)


def _places(symbol: Symbol) -> list[Any]:
    return [z3.FreshConst(symbol.domain(n), "at") for n in range(symbol.arity())]
