"""The variables of a specification as tables: what stands in which cell in each of some states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.report.page import Table, clipped
from conformance.tla.diff import show
from conformance.tla.value import Function

Cells = dict[tuple[str, str], str]
"""Of one variable in one state: by row and column."""


class Variables:
    """The variables of these states, in the order in which the specification declares them."""

    def __init__(self, declared: Sequence[str], states: Sequence[Mapping[str, Any]]) -> None:
        first = states[0]
        self._names = [
            *(v for v in declared if v in first),
            *(v for v in first if v not in declared),
        ]
        self._shapes = {v: _shape([state[v] for state in states]) for v in self._names}
        self._numbers: dict[tuple[int, str, str], int] = {}
        columns: dict[str, dict[str, None]] = {v: {} for v in self._names}
        for state in states:
            for t, v in enumerate(self._names):
                for row, column in self._cells(v, state[v]):
                    self._numbers.setdefault((t, row, column), len(self._numbers))
                    columns[v].setdefault(column)
        self.tables = tuple(
            Table(v, columns=tuple(columns[v]) or ("",), shape=self._shapes[v]) for v in self._names
        )

    @property
    def cells(self) -> tuple[tuple[int, str, str], ...]:
        """Table, row and column of each cell, by its number."""
        return tuple(self._numbers)

    def changes(
        self, before: Mapping[str, Any] | None, after: Mapping[str, Any]
    ) -> tuple[tuple[int, str], ...]:
        """What the state after has in cells in which the one before had something else."""
        found = []
        for t, v in enumerate(self._names):
            if before is not None and before[v] == after[v]:
                continue
            old = {} if before is None else self._cells(v, before[v])
            new = self._cells(v, after[v])
            for cell in {**old, **new}:
                if new.get(cell, "") != old.get(cell, ""):
                    found.append((self._numbers[t, *cell], new.get(cell, "")))
        return tuple(found)

    def _cells(self, variable: str, value: Any) -> Cells:
        shape = self._shapes[variable]
        if shape == "one":
            return {("", ""): clipped(show(value))}
        if shape == "list":
            if isinstance(value, frozenset):
                return {(clipped(show(v)), ""): "has" for v in value}
            return {(f"{n}: {clipped(show(v))}", ""): "has" for n, v in enumerate(value, 1)}
        return dict(_points(value))


def _shape(values: Sequence[Any]) -> str:
    """Of a variable, from all its values: a function is a grid, also one of 1..n, which TLC prints
    as a sequence and which never gets longer."""
    if all(isinstance(v, Function) for v in values):
        return "grid"
    if all(isinstance(v, tuple) for v in values):
        return "grid" if values[0] and len({len(v) for v in values}) == 1 else "list"
    return "list" if all(isinstance(v, frozenset) for v in values) else "one"


def _points(value: Any) -> Iterator[tuple[tuple[str, str], str]]:
    """The points of a function; of one whose values are functions, rows and columns."""
    for key, inner in _items(value):
        rows = isinstance(inner, Function) or _of_instances(inner)
        for column, text in _items(inner) if rows else [("", inner)]:
            yield (key, column), clipped(show(text))


def _items(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Function):
        return [(show(k), v) for k, v in value.items()]
    return [(str(n), v) for n, v in enumerate(value, 1)]


def _of_instances(value: Any) -> bool:
    """Whether it is a function of 1..n to votes or sets of them, and no pair such as a vote."""
    kinds = {type(v) for v in value} if isinstance(value, tuple) else set()
    return kinds in ({tuple}, {frozenset})
