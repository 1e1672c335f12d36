"""A model's counterexample to a page: the states that TLC went through, with the actions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from conformance.draw.counterexample import Needs, words
from conformance.draw.spacetime import LANES
from conformance.report.page import Action, Conjunct, FalseRule, Page, Step, Table, clipped
from conformance.tla.config import sections
from conformance.tla.diff import show
from conformance.tla.module import Conjunct as Cited
from conformance.tla.module import Definition, Source, read
from conformance.tla.value import Function
from conformance.tlc import name_steps
from conformance.tlc.runner import Result

Cells = dict[tuple[str, str], str]
"""Of one variable in one state: by row and column."""

START = "initial state"


def model_page(name: str, module: Path, config: Path, library: Path, result: Result) -> Page:
    """The page of the counterexample of the model of this name. Raises TlcError if TLC cannot be
    asked which actions it takes."""
    taken = name_steps.steps(module, config, library, result)
    source = read(module.stem, module.parent, library)
    constants = sections(config.read_text(encoding="utf-8")).get("CONSTANT", "")
    proposers = re.search(r"\bProposers\s*=\s*(\d+)", constants)
    needs = Needs(int(proposers[1]) if proposers else 1)
    own = [needs.lane(step) for step in taken[1:]]
    columns = sorted(set(own), key=lambda lane: (LANES.index(lane.role), *lane[1:]))
    lanes = [0, *(1 + columns.index(lane) for lane in own)]
    state = _State(source.variables, taken)
    goes_on = result.loops_to is not None or result.stutters
    last_is_false = () if goes_on else _false(result, source, module.parent)
    violated = result.violation.name if result.violation else "nothing"
    ending = _ending(result)
    return Page(
        title=f"Counterexample of {name}",
        verdict="violation",
        summary=f"{violated} is violated after {len(taken) - 1} steps{ending}",
        facts=(("model", config.name), ("states", f"{result.distinct:,} distinct")),
        report=clipped(f"{violated} is violated{ending}"),
        lanes=(START, *map(str, columns)),
        tables=state.tables,
        cells=tuple((t, row, column) for t, row, column in state.numbers),
        before=(),
        steps=tuple(_steps(taken, lanes, needs, state, last_is_false)),
        actions=tuple(_actions(source, {step.action for step in taken}, module.parent)),
        total=len(taken),
        open_at=1,
        noun="state",
        loops_to=result.loops_to or (len(taken) if result.stutters else 0),
    )


def _ending(result: Result) -> str:
    if result.loops_to is not None:
        return f"; from the last one it goes on from state {result.loops_to}, for ever"
    return "; and then nothing more happens, for ever" if result.stutters else ""


def _steps(
    taken: Sequence[name_steps.Step],
    lanes: Sequence[int],
    needs: Needs,
    state: _State,
    false: tuple[FalseRule, ...],
) -> Iterator[Step]:
    """The states; `lanes` are the numbers of theirs, and `false` is what is false of the last."""
    for number, step in enumerate(taken, 1):
        causes: tuple[tuple[int, str], ...] = ()
        if number > 1:
            before = taken[number - 2]
            needs.before(number - 1, before)
            sent = step.state.get("msgs", frozenset()) - before.state.get("msgs", frozenset())
            causes = tuple(dict.fromkeys(needs.of(step, {m["type"] for m in sent})))
        p = step.parameters
        first, last = p.get("from", p.get("i", 0)), p.get("to", p.get("i", 0))
        wrong = false if number == len(taken) else ()
        yield Step(
            number=number,
            lane=lanes[number - 1],
            kind=step.action,
            text=clipped(words(step), 160),
            first=first if isinstance(first, int) else 0,
            last=last if isinstance(last, int) else 0,
            ballot=str(p["b"]) if "b" in p else "",
            causes=causes,
            changes=state.changes(step.state),
            parameters=tuple((k, clipped(show(v))) for k, v in p.items()),
            false=wrong,
            mark="violates" if wrong else "",
        )


def _false(result: Result, source: Source, models: Path) -> tuple[FalseRule, ...]:
    """What does not hold in the last state."""
    if result.violation is None:
        return ()
    name = result.violation.name
    found = source.definitions.get(name)
    text = "\n".join(found.lines()) if found else name
    place = _place(found, models) if found else ""
    words = "it must hold in every state"
    return (FalseRule(name, words, (), place, clipped(text), "", ""),)


def _actions(source: Source, names: set[str], models: Path) -> Iterator[Action]:
    for name in sorted(names & source.definitions.keys()):
        d = source.definitions[name]
        conjuncts = (
            Conjunct(clipped(c.text), _place(c, models), source.is_action(c.text))
            for c in d.conjuncts()
        )
        yield Action(name, d.head, _place(d, models), tuple(conjuncts))


def _place(cited: Definition | Cited, models: Path) -> str:
    """Its file, in the folder of the models or in that of the specifications, and its line."""
    inside = (models / f"{cited.module}.tla").is_file()
    return f"spec/{'models/' if inside else ''}{cited.module}.tla:{cited.line}"


class _State:
    """The variables as tables, and what each state changes in them."""

    def __init__(self, variables: Sequence[str], taken: Sequence[name_steps.Step]) -> None:
        first = taken[0].state
        self._names = [
            *(v for v in variables if v in first),
            *(v for v in first if v not in variables),
        ]
        self._shapes = {v: _shape([step.state[v] for step in taken]) for v in self._names}
        self._last: dict[str, Cells] = {v: {} for v in self._names}
        self.numbers: dict[tuple[int, str, str], int] = {}
        columns: dict[str, dict[str, None]] = {v: {} for v in self._names}
        for step in taken:
            for t, v in enumerate(self._names):
                for row, column in self._cells(v, step.state[v]):
                    self.numbers.setdefault((t, row, column), len(self.numbers))
                    columns[v].setdefault(column)
        self.tables = tuple(
            Table(v, columns=tuple(columns[v]) or ("",), shape=self._shapes[v]) for v in self._names
        )

    def changes(self, state: dict[str, Any]) -> tuple[tuple[int, str], ...]:
        """What this state has in cells in which the one before had something else."""
        found = []
        for t, v in enumerate(self._names):
            now, before = self._cells(v, state[v]), self._last[v]
            for cell in {**before, **now}:
                if now.get(cell, "") != before.get(cell, ""):
                    found.append((self.numbers[t, *cell], now.get(cell, "")))
            self._last[v] = now
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
