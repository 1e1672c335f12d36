"""State graphs as TLC prints them, by spec/models/MCGraph*.tla, in the terms of graph.py."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from conformance.paths import MODELS, SPEC
from conformance.statespace.graph import (
    NO_VOTE,
    Bounds,
    Graph,
    GraphError,
    Label,
    Message,
    Quorum,
    Snapshot,
    State,
    Vote,
)
from conformance.tla.value import NotAValue, parse
from conformance.tlc import runner


def tlc_graph(bounds: Bounds, *, seconds: float = 3600, heap_mb: int = 2048) -> Graph:
    """The graph that TLC finds. Raises TlcError or GraphError."""
    with tempfile.TemporaryDirectory(prefix="graph-") as folder:
        config, printed = Path(folder) / "graph.cfg", Path(folder) / "edges"
        config.write_text(bounds.config("VIEW vars\nACTION_CONSTRAINT Edge"), encoding="utf-8")
        task = runner.Task(MODELS / f"MCGraph{bounds.spec}.tla", config, [SPEC])
        manner = runner.Manner(short=True, options=("-userFile", str(printed)))
        result = runner.run(task, runner.Limits(seconds, heap_mb, workers=1), manner)
        with printed.open(encoding="utf-8") as lines:
            graph = read_edges(bounds, lines)
    if result.violation is not None or len(graph.states) != result.distinct:
        raise GraphError(f"TLC counts {result.distinct} states, but printed {len(graph.states)}")
    return graph


# -- reading what GraphEdges.tla prints ----------------------------------------------------------
# Of a large graph there are millions: what is in their brackets is parsed once for each text.
_EDGE = re.compile(r'<<(\d+), (\d+), (<<.*>>), "=>", (<<.*>>)>>$')
Change = list[tuple[int, Any]]


def read_edges(bounds: Bounds, lines: Iterator[str]) -> Graph:
    """Put the printed steps together. A line's source was the target of an earlier line, or is
    the initial state."""
    graph, terms = Graph(), Terms(bounds)
    known = {0: graph.number(bounds.initial())}  # TLC's number to ours
    labels: dict[str, Label] = {}
    changes: dict[str, Change] = {}
    for line in lines:
        found = _EDGE.match(line.rstrip("\n"))
        if found is None:
            raise GraphError(f"not a step: {line[:200]!r}")
        source, number, step, change = found.groups()
        try:
            if step not in labels:
                labels[step] = terms.label(parse(step))
            if change not in changes:
                changes[change] = terms.change(parse(change))
        except (NotAValue, KeyError, ValueError, TypeError) as error:
            raise GraphError(f"{error!r} in {line[:200]!r}") from error
        at = known[int(source)]
        target = graph.number(apply(graph.states[at], changes[change]))
        known[int(number)] = target
        before = graph.steps[at].setdefault(labels[step], target)
        if before != target:
            raise GraphError(f"two states after {labels[step]}: {line[:200]!r}")
    return graph


def apply(state: State, change: Change) -> State:
    """The state after a change; that of the messages is (those that came, those that went)."""
    if not change:
        return state
    fields: list[Any] = list(state)
    for position, value in change:
        if position == 1:
            fields[1] = (state.msgs - value[1]) | value[0]
        else:
            fields[position] = value
    return State(*fields)


class Terms:
    """From TLC's values to those of `State` and `Label`."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.synod = bounds.spec == "Synod"
        self.acceptors = [f"a{a}" for a in range(1, bounds.acceptors + 1)]
        self.learners = [f"l{x}" for x in range(1, bounds.learners + 1)]
        self._read: dict[str, Callable[[Any], Any]] = {
            "broadcast": frozenset,
            "promised": lambda f: self.each(f, self.acceptors, self.promises_of),
            "vote": lambda f: self.each(f, self.acceptors, self.votes_at),
            "trimmed": lambda f: self.each(f, self.acceptors),
            "learned": lambda f: self.each(f, self.learners, self.votes_at),
            "prefix": lambda f: self.each(f, self.learners),
            "delivered": lambda f: self.each(f, self.learners),
            "known": lambda f: self.each(f, self.learners),
            "taken": lambda f: self.each(f, self.learners, self.snapshot),
            "checkpoint": lambda f: self.each(f, self.learners, self.snapshot),
            "votes": lambda f: self.each(f, self.acceptors, self.history_at),
            "chosen": tuple,
            "order": tuple,
        }

    def each(
        self, function: Any, names: list[str], read: Callable[[Any], Any] = lambda x: x
    ) -> tuple[Any, ...]:
        return tuple(read(function[name]) for name in names)

    def vote(self, vote: tuple[int, Any]) -> Vote:
        if not self.synod:
            return vote
        return NO_VOTE if vote[0] == 0 else (vote[0], (vote[1],))

    def promises_of(self, promised: Any) -> Any:
        """An acceptor's promise: Synod has no scope, that of the log is number 0."""
        if self.synod:
            return promised
        return tuple(promised) if self.bounds.scope == "instance" else promised[0]

    def snapshot(self, s: Any) -> Snapshot:
        return s["prefix"], s["delivered"], s["known"]

    def votes_at(self, votes: Any) -> tuple[Vote, ...]:
        """The last vote in each instance."""
        return (self.vote(votes),) if self.synod else tuple(votes)

    def history_at(self, votes: Any) -> tuple[frozenset[Vote], ...]:
        """All votes in each instance."""
        return (frozenset(map(self.vote, votes)),) if self.synod else tuple(votes)

    def state(self, values: dict[str, Any]) -> State:
        """A whole state, by the specification's variables."""
        read = {name: self._read[name](values[name]) for name in self._read if name in values}
        return self.bounds.initial()._replace(
            msgs=frozenset(map(self.message, values["msgs"])), **read
        )

    def change(self, value: Any) -> Change:
        """What a step changed: (position in State, new value)."""
        read: Change = []
        for name, *values in value:
            position = State._fields.index(name)
            if name == "msgs":
                came, went = (frozenset(map(self.message, some)) for some in values)
                read.append((position, (came, went)))
            else:
                read.append((position, self._read[name](values[0])))
        return read

    def message(self, m: Any) -> Message:
        kind, b = m["type"], m.get("bal")
        i = 1 if self.synod else m.get("inst")
        match kind:
            case "1a":
                return (kind, b, 1, 1) if self.synod else (kind, b, m["from"], m["to"])
            case "1b" if self.synod:
                vote = self.vote(m["vote"])
                votes = frozenset() if vote == NO_VOTE else frozenset({(1, *vote)})
                return kind, number(m["acc"]), b, 1, 1, votes
            case "1b":
                return kind, number(m["acc"]), b, m["from"], m["to"], m["votes"]
            case "2a":
                return kind, b, i, (m["val"],) if self.synod else m["batch"]
            case "2b":
                return kind, number(m["acc"]), b, i
            case "Decide":
                return kind, b, i
            case "Delivered" | "Checkpointed":
                return kind, number(m["lrn"]), i
            case "Snapshot":
                return kind, *self.snapshot(m["state"])
        raise ValueError(f"no such message: {m}")

    def label(self, step: tuple[Any, ...]) -> Label:
        """A step's name and parameters. A learner that does not learn from votes counts none, so
        that its quorum is no choice: ()."""
        name, *p = step
        match name:
            case "Phase1a" if self.synod:
                return name, *p, 1, 1
            case "Phase1b":
                return name, number(p[0]), *(p[1:] if not self.synod else (p[1], 1, 1))
            case "Phase2a" if self.synod:
                return name, p[0], 1, (p[1],), numbers(p[2])
            case "Phase2a":
                return name, p[0], p[1], p[2], numbers(p[3])
            case "Phase2b":
                return name, number(p[0]), p[1], 1 if self.synod else p[2]
            case "Decide":
                return name, p[0], 1 if self.synod else p[1], numbers(p[-1])
            case "Learn":
                i = 1 if self.synod else p[2]
                return name, number(p[0]), p[1], i, numbers(p[-1]) if self.bounds.direct else ()
            case "InstallSnapshot" | "RecoverInstall":
                return name, number(p[0]), self.message(p[1])
            case "Broadcast" | "Phase1a" | "Init":
                return step
        return name, number(p[0]), *p[1:]


def number(name: str) -> int:
    """Of a1: 1."""
    return int(name[1:])


def numbers(names: frozenset[str]) -> Quorum:
    return tuple(sorted(map(number, names)))
