"""State graphs in the terms of the specification, and how TLC's are made.

A graph is what a specification is for one choice of its constants: all reachable states, and all
steps between them with their parameters. TLC prints its own here, by spec/models/MCGraph*.tla;
explore.py makes the one of the checker's rules. Synod is MultiPaxos with one instance and batches
of one value. Nothing here knows the rules of either.
"""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from conformance.paths import MODELS, SPEC
from conformance.tla.value import NotAValue, parse
from conformance.tlc import runner

Batch = tuple[str, ...]
Vote = tuple[int, Batch]
Quorum = tuple[int, ...]
Message = tuple[Any, ...]
"""("1a", b, from, to), ("1b", a, b, from, to, votes), ("2a", b, i, batch), ("2b", a, b, i),
("Decide", b, i) or ("Delivered", l, i); votes are a frozenset of (i, b, batch)."""
Label = tuple[Any, ...]
"""The action and its parameters, as in the specification: ("Phase2a", b, i, batch, Q)."""

NO_VOTE: Vote = (0, ())


class State(NamedTuple):
    """A state of MultiPaxos.tla. Acceptors, learners, instances and ballots are numbers from 1;
    what is per acceptor, learner or instance is a tuple in their order. Of Synod, what is about
    delivery and trimming, `chosen` and `order` stays as it is at first."""

    broadcast: frozenset[str]
    msgs: frozenset[Message]
    promised: tuple[Any, ...]  # of the log: a ballot; otherwise one for each instance
    vote: tuple[tuple[Vote, ...], ...]
    trimmed: tuple[int, ...]
    learned: tuple[tuple[Vote, ...], ...]
    prefix: tuple[int, ...]
    delivered: tuple[Batch, ...]
    votes: tuple[tuple[frozenset[Vote], ...], ...]
    chosen: tuple[frozenset[Batch], ...]
    order: Batch


@dataclass(frozen=True)
class Bounds:
    """The constants of one graph. `requests` bounds the 1a messages; `all_quorums` says that all
    majorities are quorums, and not only the least ones; `crashes`, that acceptors come back with
    what nobody has seen, which makes a graph several times as large."""

    spec: str = "MultiPaxos"
    direct: bool = False
    ahead: bool = False
    max_batch: int = 1
    acceptors: int = 1
    learners: int = 1
    values: int = 1
    proposers: int = 1
    rounds: int = 1
    instances: int = 1
    requests: int = 99
    all_quorums: bool = False
    crashes: bool = True
    scope: str = "log"  # of promises
    fifo: bool = False  # v2 after v1, v4 after v3

    @property
    def ballots(self) -> range:
        return range(1, self.proposers * self.rounds + 1)

    def owner(self, ballot: int) -> int:
        """Owner(b)"""
        return (ballot - 1) % self.proposers + 1

    def round(self, ballot: int) -> int:
        return (ballot - 1) // self.proposers + 1

    def quorums(self) -> list[Quorum]:
        least = self.acceptors // 2 + 1
        sizes = range(least, (self.acceptors if self.all_quorums else least) + 1)
        everybody = range(1, self.acceptors + 1)
        return [q for size in sizes for q in itertools.combinations(everybody, size)]

    def names(self) -> list[str]:
        """The values."""
        return [f"v{k}" for k in range(1, self.values + 1)]

    def batches(self) -> list[Batch]:
        """Batch; for Synod, one value."""
        sizes = [1] if self.spec == "Synod" else range(self.max_batch + 1)
        return [b for size in sizes for b in itertools.permutations(self.names(), size)]

    def initial(self) -> State:
        each, none = range(self.instances), frozenset[Any]()
        votes = tuple(NO_VOTE for _ in each)
        acceptors, learners = range(self.acceptors), range(self.learners)
        return State(
            broadcast=none,
            msgs=none,
            promised=((0,) * self.instances if self.scope == "instance" else 0,) * self.acceptors,
            vote=tuple(votes for _ in acceptors),
            trimmed=(0,) * self.acceptors,
            learned=tuple(votes for _ in learners),
            prefix=(0,) * self.learners,
            delivered=tuple(() for _ in learners),
            votes=tuple(tuple(none for _ in each) for _ in acceptors),
            chosen=tuple(none for _ in each),
            order=(),
        )

    def config(self, view: str = "") -> str:
        """The configuration file for TLC."""

        def some(letter: str, count: int) -> str:
            return "{" + ", ".join(f"{letter}{k}" for k in range(1, count + 1)) + "}"

        quorums = ", ".join("{" + ", ".join(f"a{a}" for a in q) + "}" for q in self.quorums())
        lines = [
            "SPECIFICATION GraphSpec",
            f"CONSTANTS Value = {some('v', self.values)}",
            f"Acceptor = {some('a', self.acceptors)} Learner = {some('l', self.learners)}",
            f"Quorum = {{{quorums}}} Proposers = {self.proposers} Rounds = {self.rounds}",
            f"Requests = {self.requests}",
        ]
        lines.append(f"DirectLearning = {str(self.direct).upper()}")
        if self.spec == "Synod":
            lines.append("None = None")
        else:
            lines.append(f"Instances = {self.instances} MaxBatch = {self.max_batch}")
            before = "FirstOfTwo" if self.fifo else "NothingBefore"
            lines.append(f'PromiseScope = "{self.scope}" Before <- {before}')
            lines.append("Later <- NothingLater Keeps = {}")
            switches = f"PrepareAhead = {self.ahead} Crashes = {self.crashes}"
            lines.append(switches.replace("True", "TRUE").replace("False", "FALSE"))
        return "\n".join([*lines, view, ""])

    def __str__(self) -> str:
        names = ("acceptors", "values", "proposers", "rounds", "instances", "learners")
        counts = {name: getattr(self, name) for name in names}
        shown = [f"{n} {name if n > 1 else name[:-1]}" for name, n in counts.items() if n > 1]
        if self.requests < 99:
            shown.append(f"{self.requests} request{'s' if self.requests > 1 else ''}")
        switches = {
            "all quorums": self.all_quorums,
            "no crashes": not self.crashes,
            "a promise an instance": self.scope == "instance",
            "FIFO": self.fifo,
        }
        return ", ".join([*shown, *(words for words, on in switches.items() if on)])


@dataclass
class Graph:
    """States by number, 0 the initial one; for each, its steps: label to state."""

    states: list[State] = field(default_factory=list)
    steps: list[dict[Label, int]] = field(default_factory=list)
    numbers: dict[State, int] = field(default_factory=dict)

    def number(self, state: State) -> int:
        """The number of a state, a new one if it is new."""
        found = self.numbers.get(state)
        if found is None:
            found = self.numbers[state] = len(self.states)
            self.states.append(state)
            self.steps.append({})
        return found

    def has(self, source: State, label: Label, target: State) -> bool:
        """Whether it has this step."""
        number = self.numbers.get(source)
        if number is None or label not in self.steps[number]:
            return False
        return self.states[self.steps[number][label]] == target

    def transitions(self) -> Iterator[tuple[int, Label, int]]:
        for source, steps in enumerate(self.steps):
            for label, target in steps.items():
                yield source, label, target

    def size(self) -> int:
        """How many transitions there are."""
        return sum(map(len, self.steps))


class GraphError(Exception):
    """TLC's output is not a graph; says which line."""


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
            case "Delivered":
                return kind, number(m["lrn"]), i
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
            case "Deliver" | "Trim" | "Recover" | "RecoverPromise" | "RecoverVote" | "Repeat":
                return name, number(p[0]), *p[1:]
        return step


def number(name: str) -> int:
    """Of a1: 1."""
    return int(name[1:])


def numbers(names: frozenset[str]) -> Quorum:
    return tuple(sorted(map(number, names)))


# -- comparing -----------------------------------------------------------------------------------
def differences(ours: Graph, theirs: Graph, us: str, them: str) -> Iterator[str]:
    """In words, what one graph has and the other has not; nothing if they are the same."""
    for graph, other, owner, rest in ((ours, theirs, us, them), (theirs, ours, them, us)):
        for source, state in enumerate(graph.states):
            there = other.numbers.get(state)
            if there is None:
                yield f"{owner} reaches a state that {rest} does not: {state}"
                continue
            for label, target in graph.steps[source].items():
                found = other.steps[there].get(label)
                if found is None:
                    yield f"{owner} allows {label}, {rest} does not, in {state}"
                elif graph is ours and other.states[found] != graph.states[target]:
                    yield (
                        f"{label} leads {us} to {graph.states[target]}, "
                        f"{them} to {other.states[found]}, from {state}"
                    )
