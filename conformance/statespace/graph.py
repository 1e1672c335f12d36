"""State graphs in the terms of the specification.

A graph is what a specification is for one choice of its constants: all reachable states, and all
steps between them with their parameters. printed_graph.py has TLC's; explore.py makes the one of
the checker's rules. Synod is MultiPaxos with one instance and batches
of one value. Nothing here knows the rules of either.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Batch = tuple[str, ...]
Vote = tuple[int, Batch]
Quorum = tuple[int, ...]
Message = tuple[Any, ...]
"""("1a", b, from, to), ("1b", a, b, from, to, votes), ("2a", b, i, batch), ("2b", a, b, i),
("Decide", b, i), ("Delivered", l, i), ("Checkpointed", l, i) or ("Snapshot", *snapshot); votes are
a frozenset of (i, b, batch)."""
Label = tuple[Any, ...]
"""The action and its parameters, as in the specification: ("Phase2a", b, i, batch, Q)."""

NO_VOTE: Vote = (0, ())

Snapshot = tuple[int, Batch, frozenset[str]]
"""prefix, delivered, known"""

BEGINNING: Snapshot = (0, (), frozenset())


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
    known: tuple[frozenset[str], ...]
    taken: tuple[Snapshot, ...]
    checkpoint: tuple[Snapshot, ...]
    votes: tuple[tuple[frozenset[Vote], ...], ...]
    chosen: tuple[frozenset[Batch], ...]
    order: Batch


@dataclass(frozen=True)
class Bounds:
    """The constants of one graph. `requests` bounds the 1a messages; `quorums` are the sizes of the
    least quorums of phases 1 and 2, (): majorities; `all_quorums` says that all larger sets are
    quorums too; `crashes`, that processes come back with
    what nobody has seen, which makes a graph several times as large. Of the learners, the first
    `keeps` keep checkpoints; `checkpoints` is the cluster's switch, with which a majority of them
    is enough to trim, and v1, v2, ... are values of one client, one of each incarnation. `blank`:
    one that has no checkpoint yet restarts too, which is said and so is another state."""

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
    quorums: tuple[int, ...] = ()
    all_quorums: bool = False
    crashes: bool = True
    scope: str = "log"  # of promises
    fifo: bool = False  # v2 after v1, v4 after v3
    keeps: int = 0
    checkpoints: bool = False
    blank: bool = True

    def __post_init__(self) -> None:
        if self.fifo and self.checkpoints:
            raise ValueError("with FIFO and sessions together values would need other names")

    @property
    def ballots(self) -> range:
        return range(1, self.proposers * self.rounds + 1)

    def owner(self, ballot: int) -> int:
        """Owner(b)"""
        return (ballot - 1) % self.proposers + 1

    def round(self, ballot: int) -> int:
        return (ballot - 1) // self.proposers + 1

    def least(self, phase: int) -> int:
        """How many acceptors the least quorums of phase 1 or 2 have."""
        return self.quorums[phase - 1] if self.quorums else self.acceptors // 2 + 1

    def quorums_of(self, phase: int) -> list[Quorum]:
        """Quorum1 or Quorum2."""
        least = self.least(phase)
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
            known=tuple(none for _ in learners),
            taken=tuple(BEGINNING for _ in learners),
            checkpoint=tuple(BEGINNING for _ in learners),
            votes=tuple(tuple(none for _ in each) for _ in acceptors),
            chosen=tuple(none for _ in each),
            order=(),
        )

    def config(self, view: str = "") -> str:
        """The configuration file for TLC."""

        def some(letter: str, count: int) -> str:
            return "{" + ", ".join(f"{letter}{k}" for k in range(1, count + 1)) + "}"

        def quorums(phase: int) -> str:
            some = ("{" + ", ".join(f"a{a}" for a in q) + "}" for q in self.quorums_of(phase))
            return "{" + ", ".join(some) + "}"

        lines = [
            "SPECIFICATION GraphSpec",
            f"CONSTANTS Value = {some('v', self.values)}",
            f"Acceptor = {some('a', self.acceptors)} Learner = {some('l', self.learners)}",
            f"Quorum1 = {quorums(1)} Quorum2 = {quorums(2)}",
            f"Proposers = {self.proposers} Rounds = {self.rounds}",
            f"Requests = {self.requests}",
        ]
        lines.append(f"DirectLearning = {str(self.direct).upper()}")
        if self.spec == "Synod":
            lines.append("None = None")
        else:
            lines.append(f"Instances = {self.instances} MaxBatch = {self.max_batch}")
            before = "FirstOfTwo" if self.fifo else "NothingBefore"
            lines.append(f'PromiseScope = "{self.scope}" Before <- {before}')
            later = "NextLives" if self.checkpoints else "NothingLater"
            lines.append(f"Later <- {later} Keeps = {some('l', self.keeps)}")
            lines += ["Keepers <- KeepersMajority"] if self.checkpoints else []
            switches = f"PrepareAhead = {self.ahead} Crashes = {self.crashes} Blank = {self.blank}"
            lines.append(switches.replace("True", "TRUE").replace("False", "FALSE"))
        return "\n".join([*lines, view, ""])

    def __str__(self) -> str:
        names = ("acceptors", "values", "proposers", "rounds", "instances", "learners")
        counts = {name: getattr(self, name) for name in names}
        shown = [f"{n} {name if n > 1 else name[:-1]}" for name, n in counts.items() if n > 1]
        if self.requests < 99:
            shown.append(f"{self.requests} request{'s' if self.requests > 1 else ''}")
        switches = {
            "quorums of {} and {}".format(*self.quorums or (0, 0)): bool(self.quorums),
            "all quorums": self.all_quorums,
            "no crashes": not self.crashes,
            "a promise an instance": self.scope == "instance",
            "FIFO": self.fifo,
            "keeping checkpoints": self.keeps > 0 and self.keeps == self.learners,
            f"{self.keeps} keeping checkpoints": 0 < self.keeps < self.learners,
            "trimming by a majority, sessions": self.checkpoints,
            "no restart without a checkpoint": not self.blank,
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
