"""The state graph of a model: all states that TLC finds, the steps between them, and which
invariants hold in each.

TLC checks the model as ever, with its own constants, reductions and symmetry, and prints while it
does: each state that is new with the truth of each invariant, and for each transition both states
and the actions, with their parameters, that lead from the one to the other. It stops where it stops
without that: at the end, or at the first violation.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.tla.config import sections
from conformance.tla.module import read
from conformance.tla.value import Function, Text, parse
from conformance.tlc import runner
from conformance.tlc.errors import TlcError
from conformance.tlc.name_steps import Disjunct, disjuncts

MOST_STATES = 2_000
"""States of a graph that can still be looked at; of a model that has more there is none."""

Values = tuple[Any, ...]
"""A state: the values of the variables, in their order."""

_FEW = "CxFew"


class NoGraph(TlcError):
    """There is no graph of this model; says why, and what to do."""


@dataclass(frozen=True)
class Taken:
    """An action, with its parameters by name, that leads from one state to another."""

    action: str
    parameters: dict[str, Any]


@dataclass
class StateGraph:
    """States by number, from 0, in the order in which TLC found them. With symmetry, a state stands
    for all that are the same but for the names, and a step to any of these leads to it; the step by
    which it was found leads to the state itself."""

    variables: tuple[str, ...]
    invariants: tuple[str, ...]
    symmetric: bool = False
    states: list[Values] = field(default_factory=list)
    initial: list[int] = field(default_factory=list)
    holds: list[tuple[bool, ...]] = field(default_factory=list)
    """Of each state, the truth of each invariant."""
    steps: dict[tuple[int, int], Taken] = field(default_factory=dict)
    """By source and target; of several actions, the first that the specification offers."""


def state_graph(
    module: Path, config: Path, library: Path, limits: runner.Limits, manner: runner.Manner
) -> tuple[StateGraph, runner.Result]:
    """The graph of the model, and TLC's result. Raises NoGraph if it has too many states or states
    that are told apart by a VIEW only, and any other TlcError."""
    given = sections(config.read_text(encoding="utf-8"))
    if "VIEW" in given:
        raise NoGraph(f"{config.name} has a VIEW: its states are not what TLC tells apart")
    source = read(module.stem, module.parent, library)
    offered = list(disjuncts(source))
    symmetry = given.get("SYMMETRY", "").strip()
    inside = " /\\ ".join(given.get("CONSTRAINT", "").split()) or "TRUE"
    graph = StateGraph(
        tuple(dict.fromkeys(source.variables)),
        tuple(given.get("INVARIANT", "").split()),
        symmetric=bool(symmetry),
    )
    with tempfile.TemporaryDirectory(prefix="states-") as folder:
        asked, printed = Path(folder) / "StateGraph.tla", Path(folder) / "printed"
        asked.write_text(_module(module.stem, graph, symmetry, inside, offered), encoding="utf-8")
        cfg = f"INVARIANTS {_FEW} CxState\n{config.read_text(encoding='utf-8')}"
        own = Path(folder) / config.name
        own.write_text(f"{cfg}\nACTION_CONSTRAINT CxStep\n", encoding="utf-8")
        printing = runner.Manner(
            manner.deadlock, short=True, options=[*manner.options, "-userFile", str(printed)]
        )
        task = runner.Task(asked, own, [module.parent, library])
        result = runner.run(task, limits, printing)
        if result.violation and _FEW in result.violation.names:
            raise NoGraph(
                f"it has more than {MOST_STATES:,} states, too many for a graph that can be "
                "looked at; choose a smaller model (conformance spec --list)"
            )
        with printed.open(encoding="utf-8") as lines:
            _read(graph, offered, lines)
    if len(graph.states) != result.distinct:
        raise NoGraph(f"TLC counts {result.distinct:,} states, but printed {len(graph.states):,}")
    return graph, result


def _module(
    name: str, graph: StateGraph, symmetry: str, inside: str, offered: Sequence[Disjunct]
) -> str:
    """The model's module, and what prints; `inside` is its constraint. A state is printed on a line
    of its own, so that its text is read once, however often it is printed."""
    truths = ", ".join(graph.invariants)
    lines = [
        "---- MODULE StateGraph ----",
        f"EXTENDS {name}, Integers, Sequences, TLC",
        f'ASSUME PrintT(<<"symmetry", {symmetry or "{}"}>>)',
        f"CxVars == <<{', '.join(graph.variables)}>>",
        f'{_FEW} == TLCGet("distinct") <= {MOST_STATES}',
        f'CxState == PrintT(<<"state", {inside}, <<{truths}>>>>) /\\ PrintT(CxVars)',
        "CxStep ==",
        '  /\\ PrintT(<<"step">>) /\\ PrintT(CxVars) /\\ PrintT(CxVars\')',
        *(f"  /\\ {_named(number, d)}" for number, d in enumerate(offered)),
        "====",
        "",
    ]
    return "\n".join(lines)


def _named(number: int, offered: Disjunct) -> str:
    """What prints the number of an action, with its parameters, if it leads to the next state."""
    arguments = ", ".join(offered.arguments)
    call = f"{offered.action}({arguments})" if arguments else offered.action
    bound = f"\\A {offered.bound} : " if offered.bound else ""
    printed = ", ".join(['"taken"', str(number), *offered.arguments])
    return f"({bound}({call} => PrintT(<<{printed}>>)))"


def _read(graph: StateGraph, offered: Sequence[Disjunct], lines: Iterable[str]) -> None:
    """Put together what was printed."""
    numbers = _Numbers()
    holds: dict[int, tuple[bool, ...]] = {}
    order: dict[tuple[int, int], int] = {}  # the number of the action that is kept
    at = iter(lines)
    edge = -1, -1  # the last one
    reached: dict[tuple[int, int], Values] = {}  # the state itself, of those that are alike
    named = False  # whether the actions that are printed are those of the last edge
    for line in at:
        match parse(line):
            case ("symmetry", group):
                numbers.renamings = [_Renaming(names) for names in _generated(group)]
            case ("state", inside, truth):
                number, _ = numbers.of(next(at))
                holds.setdefault(number, truth)
                if inside and not graph.steps and number not in graph.initial:
                    graph.initial.append(number)
            case ("step",):
                (source, _), (target, state) = numbers.of(next(at)), numbers.of(next(at))
                edge = source, target
                graph.steps.setdefault(edge, Taken("", {}))
                named = reached.setdefault(edge, state) == state
            case ("taken", int(which), *values):
                if named and which < order.get(edge, len(offered)):
                    order[edge] = which
                    taken = dict(zip(offered[which].names, values, strict=True))
                    graph.steps[edge] = Taken(offered[which].action, taken)
    _keep(graph, numbers.states, holds)


def _keep(graph: StateGraph, states: Sequence[Values], holds: Mapping[int, Any]) -> None:
    """Keep the states that are reached. A state outside the constraints of the model is printed
    too, but no step leads to it."""
    reached = sorted({*graph.initial, *(target for _, target in graph.steps)})
    new = {old: number for number, old in enumerate(reached)}
    graph.states = [states[old] for old in reached]
    graph.holds = [holds[old] for old in reached]
    graph.initial = [new[old] for old in graph.initial]
    graph.steps = {(new[s], new[t]): taken for (s, t), taken in graph.steps.items()}


class _Numbers:
    """The number of each state by its text. States that are the same but for a permutation of names
    have one number."""

    def __init__(self) -> None:
        self.renamings: list[_Renaming] = []
        self.states: list[Values] = []
        self._of_text: dict[str, tuple[int, Values]] = {}
        self._of_state: dict[Values, int] = {}

    def of(self, text: str) -> tuple[int, Values]:
        """The number of the state, and the state itself."""
        known = self._of_text.get(text)
        if known is None:
            state = parse(text)
            known = self._of_text[text] = self._number(state), state
        return known

    def _number(self, state: Values) -> int:
        if state not in self._of_state:
            for renaming in self.renamings:
                found = self._of_state.get(renaming.of(state))
                if found is not None:
                    self._of_state[state] = found
                    return found
            self._of_state[state] = len(self.states)
            self.states.append(state)
        return self._of_state[state]


def _generated(permutations: Iterable[Mapping[Any, Any]]) -> list[dict[Any, Any]]:
    """All that come of doing some of the permutations one after another."""
    given = [dict(p) for p in permutations]
    names = {name for p in given for name in p}
    found = {tuple(sorted((n, n) for n in names))}
    todo = list(found)
    while todo:
        before = dict(todo.pop())
        for p in given:
            after = tuple(sorted((n, p.get(to, to)) for n, to in before.items()))
            if after not in found:
                found.add(after)
                todo.append(after)
    return [dict(p) for p in sorted(found)]


class _Renaming:
    """Puts other names for the model values in a value. Most parts of a state are parts of many
    others too, and so each is renamed once."""

    def __init__(self, names: Mapping[Any, Any]) -> None:
        self._known: dict[Any, Any] = dict(names)

    def of(self, value: Any) -> Any:
        """The value with the other names."""
        if not isinstance(value, Function | frozenset | tuple):
            return value if isinstance(value, Text | int) else self._known.get(value, value)
        found = self._known.get(value)
        if found is None:
            found = self._known[value] = self._made(value)
        return found

    def _made(self, value: Any) -> Any:
        if isinstance(value, Function):
            return type(value)((self.of(k), self.of(v)) for k, v in value.items())
        return type(value)(map(self.of, value))


def shortest(graph: StateGraph) -> Iterator[tuple[int, int, int | None]]:
    """The states in the order of their depth, from 0: each with its depth and the state before it
    on a shortest path from an initial state (None: it is one): the one by which TLC found it."""
    after: dict[int, list[int]] = {}
    for source, target in graph.steps:
        after.setdefault(source, []).append(target)
    layer: list[tuple[int, int | None]] = [(n, None) for n in graph.initial]
    seen, depth = set(graph.initial), 0
    while layer:
        below: list[tuple[int, int | None]] = []
        for number, parent in layer:
            yield number, depth, parent
            for target in after.get(number, ()):
                if target not in seen:
                    seen.add(target)
                    below.append((target, number))
        layer, depth = below, depth + 1
