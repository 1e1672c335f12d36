"""A model's state graph to a page: each state by what it changes of the one before it on a shortest
path, the steps between them, and where they stand when they are drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from conformance.draw.counterexample import Needs, words
from conformance.draw.spacetime import LANES
from conformance.report.layers import Point, places
from conformance.report.model_page import START, actions_of, place_of, proposers_of
from conformance.report.page import Action, Table, Titled, clipped
from conformance.report.projection import Parts, about_ballot, about_instance, known
from conformance.report.variables import Variables
from conformance.tla.config import sections
from conformance.tla.diff import show
from conformance.tla.module import Source, read
from conformance.tla.value import parse
from conformance.tlc.name_steps import Step
from conformance.tlc.runner import Result
from conformance.tlc.state_graph import StateGraph, shortest

EVERY = "every state"


class Move(Struct, frozen=True, omit_defaults=True):
    """An action with its parameters, as it is taken on an edge; `lane` has the number of who."""

    kind: str
    lane: int
    text: str
    parameters: tuple[tuple[str, str], ...] = ()
    first: int = 0  # the instances that it is about; 0: none
    last: int = 0
    ballot: str = ""


class Node(Struct, frozen=True, omit_defaults=True):
    """A state: its depth, the state before it on a shortest path (-1: it is an initial one), what
    it has in cells in which that one has something else, and the invariants that are false."""

    depth: int
    parent: int
    changes: tuple[tuple[int, int], ...]  # cells, and places in `GraphPage.texts`
    false: tuple[int, ...] = ()


class Invariant(Struct, frozen=True):
    """An invariant of the model, where it stands and what it says."""

    name: str
    place: str
    text: str


class View(Struct, frozen=True):
    """What is drawn as one node: of each state, its group. Where the groups stand, and how deep."""

    name: str
    words: str
    groups: tuple[int, ...]
    places: tuple[Point, ...]
    depths: tuple[int, ...]


class GraphPage(Titled, frozen=True):
    """Everything that a page of a state graph is drawn from. States are numbered from 0."""

    verdict: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    lanes: tuple[str, ...]
    tables: tuple[Table, ...]
    cells: tuple[tuple[int, str, str], ...]  # table, row, column
    texts: tuple[str, ...]
    states: tuple[Node, ...]
    moves: tuple[Move, ...]
    edges: tuple[tuple[int, int, int], ...]  # source, target, move
    views: tuple[View, ...]
    invariants: tuple[Invariant, ...]
    actions: tuple[Action, ...]
    open_at: int  # the state that is seen first


def graph_page(
    name: str, module: Path, config: Path, library: Path, found: tuple[StateGraph, Result]
) -> GraphPage:
    """The page of the state graph of the model of this name, with TLC's result on it."""
    graph, result = found
    source = read(module.stem, module.parent, library)
    states = [dict(zip(graph.variables, values, strict=True)) for values in graph.states]
    variables = Variables(graph.variables, states)
    tree = sorted(shortest(graph))
    texts: dict[str, int] = {}
    nodes = []
    for number, depth, parent in tree:
        before = None if parent is None else states[parent]
        changes = variables.changes(before, states[number])
        nodes.append(
            Node(
                depth,
                -1 if parent is None else parent,
                tuple((cell, texts.setdefault(text, len(texts))) for cell, text in changes),
                tuple(k for k, true in enumerate(graph.holds[number]) if not true),
            )
        )
    moves = _Moves(graph, proposers_of(config))
    promises = 'PromiseScope = "instance"' in config.read_text(encoding="utf-8")
    return GraphPage(
        title=f"State graph of {name}",
        verdict="violation" if result.violation else "conforms",
        summary=_summary(result, graph),
        facts=tuple(_facts(config, graph, nodes)),
        notes=tuple(_notes(config, graph, result)),
        lanes=moves.lanes,
        tables=variables.tables,
        cells=variables.cells,
        texts=tuple(texts),
        states=tuple(nodes),
        moves=moves.all,
        edges=moves.edges,
        views=tuple(_views(graph, [n.depth for n in nodes], promise_an_instance=promises)),
        invariants=tuple(_invariants(graph.invariants, source, module.parent)),
        actions=tuple(actions_of(source, {t.action for t in graph.steps.values()}, module.parent)),
        open_at=_open_at(graph, result),
    )


def _summary(result: Result, graph: StateGraph) -> str:
    if result.violation is None:
        return f"all {len(graph.states):,} states; each invariant is true in each of them"
    return f"TLC found that {result.violation.name} is violated"


def _facts(config: Path, graph: StateGraph, nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
    yield "model", config.name
    yield "states", f"{len(graph.states):,}, of which {len(graph.initial):,} initial"
    yield "depth", f"{max(n.depth for n in nodes):,} steps at most on a shortest path"
    yield "steps", f"{len(graph.steps):,} from one state to another or the same"
    yield "invariants", ", ".join(graph.invariants) or "none in this model"


def _notes(config: Path, graph: StateGraph, result: Result) -> Iterator[str]:
    """What the graph shows and what it does not."""
    given = sections(config.read_text(encoding="utf-8"))
    if graph.invariants:
        yield "TLC evaluated each invariant in each state that is drawn; nothing is inferred."
    else:
        yield "This model asks for no invariant."
    if result.violation is not None:
        yield (
            "TLC stops at the first violation that it finds. The states are those that it had "
            "found by then: further ones, and steps of the deepest ones, are missing."
        )
    if graph.symmetric:
        symmetry = given["SYMMETRY"].strip()
        yield (
            f"States that are the same but for names ({symmetry}) are one state here, as for TLC. "
            "The steps of a shortest path are exact; another step may lead to the state that is "
            "drawn with its names exchanged."
        )
    if properties := given.get("PROPERTY", "").split():
        yield (
            f"What is said of whole behaviours ({', '.join(properties)}; fairness) is not seen in "
            "single states. For a counterexample to it: conformance spec --model NAME --report."
        )


def _views(
    graph: StateGraph, depths: Sequence[int], *, promise_an_instance: bool
) -> Iterator[View]:
    """All states; and by each instance and each ballot, where there are several."""
    everything = list(range(len(graph.states)))
    yield _view(EVERY, "each state is a node", everything, graph, depths)
    parts = Parts(graph.variables, promise_an_instance=promise_an_instance)
    states = [parts.of(state) for state in graph.states]
    instances, ballots = known(states)
    for what, numbers, about in (
        ("instance", instances, about_instance),
        ("ballot", ballots, about_ballot),
    ):
        for n in numbers if len(numbers) > 1 else ():
            groups: dict[Any, int] = {}
            of = [groups.setdefault(about(state, n), len(groups)) for state in states]
            explained = f"states that differ in other {what}s only are one node"
            yield _view(f"{what} {n}", explained, of, graph, depths)


def _view(
    name: str, explained: str, groups: Sequence[int], graph: StateGraph, depths: Sequence[int]
) -> View:
    least = [len(depths)] * (max(groups) + 1)
    for state, group in enumerate(groups):
        least[group] = min(least[group], depths[state])
    edges = {(groups[s], groups[t]) for s, t in graph.steps}
    found = places(least, sorted(edges))
    return View(
        name,
        explained,
        tuple(groups),
        tuple((round(x, 2), round(y, 2)) for x, y in found),
        tuple(least),
    )


def _invariants(names: Iterable[str], source: Source, models: Path) -> Iterator[Invariant]:
    for name in names:
        found = source.definitions.get(name)
        text = "\n".join(found.lines()) if found else name
        yield Invariant(name, place_of(found, models) if found else "", clipped(text))


def _open_at(graph: StateGraph, result: Result) -> int:
    """A state in which an invariant is false; or the last of the counterexample; or a deepest."""
    for number, holds in enumerate(graph.holds):
        if not all(holds):
            return number
    if result.trace:
        values = result.trace[-1].values
        last = tuple(parse(values[v]) if v in values else None for v in graph.variables)
        if last in graph.states:
            return graph.states.index(last)
    return max(shortest(graph), key=lambda found: found[1])[0]


class _Moves:
    """The edges with what is taken on each; what is taken on several is there once."""

    def __init__(self, graph: StateGraph, proposers: int) -> None:
        needs = Needs(proposers)
        steps = {
            edge: Step(taken.action, taken.parameters, {}) for edge, taken in graph.steps.items()
        }
        own = {edge: needs.lane(step) for edge, step in steps.items()}
        columns = sorted(set(own.values()), key=lambda lane: (LANES.index(lane.role), *lane[1:]))
        self.lanes = (START, *map(str, columns))
        numbers: dict[Move, int] = {}
        edges = []
        for (source, target), step in steps.items():
            lane = 1 + columns.index(own[source, target])
            move = numbers.setdefault(_move(step, lane), len(numbers))
            edges.append((source, target, move))
        self.edges = tuple(edges)
        self.all = tuple(numbers)


def _move(step: Step, lane: int) -> Move:
    p = step.parameters
    first, last = p.get("from", p.get("i", 0)), p.get("to", p.get("i", 0))
    return Move(
        kind=step.action or "a step without a name",
        lane=lane,
        text=clipped(words(step), 160) or "a step without a name",
        parameters=tuple((k, clipped(show(v))) for k, v in p.items()),
        first=first if isinstance(first, int) else 0,
        last=last if isinstance(last, int) else 0,
        ballot=str(p["b"]) if "b" in p else "",
    )
