"""The graphs that are compared and driven: Synod, and MultiPaxos in every combination of the
optimisations; tiny ones for every test run, larger ones for `make graph`."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any

from conformance.statespace.explore import model_graph
from conformance.statespace.graph import Bounds, Graph, Label, State, differences
from conformance.statespace.printed_graph import tlc_graph
from conformance.statespace.random_walks import Node, Replay, draw
from tests.statespace.cast import Cast
from tests.statespace.drive import (
    AGAIN,
    ANSWERED,
    KEPT,
    LEAST,
    ONCE,
    ORDER,
    PARTS,
    TURN,
    UPWARD,
    WHOLE,
    OfGraph,
)
from tests.statespace.drive_snapshots import NOTHING, STATION, DriverOfAll

TINY = {
    "synod": Bounds("Synod", acceptors=3, proposers=2, requests=1, all_quorums=True),
    "synod-contest": Bounds("Synod", acceptors=2, values=2, proposers=2),
    "plain": Bounds(values=2, instances=2),
    "direct": Bounds(direct=True, acceptors=2, proposers=2),
    "ahead": Bounds(ahead=True, acceptors=2, proposers=2),
    "batch": Bounds(max_batch=2, values=2, proposers=2),
    "direct-ahead": Bounds(direct=True, ahead=True, instances=2, requests=1, learners=0),
    "direct-batch": Bounds(direct=True, max_batch=2, values=2, proposers=2),
    "ahead-batch": Bounds(ahead=True, max_batch=2, acceptors=2, values=2),
    "all": Bounds(
        direct=True, ahead=True, max_batch=2, acceptors=2, values=2, proposers=2, requests=1
    ),
    "fifo": Bounds(direct=True, max_batch=2, values=2, instances=2, crashes=False, fifo=True),
    "flexible": Bounds(acceptors=2, proposers=2, quorums=(2, 1)),
    "flexible-least": Bounds(direct=True, acceptors=2, proposers=2, quorums=(1, 2)),
    "checkpoint": Bounds(keeps=1),
    "checkpoint-beside": Bounds(keeps=1, learners=2),
    "checkpoint-given": Bounds(direct=True, keeps=2, learners=2, blank=False),
    "checkpoint-sessions": Bounds(
        direct=True, max_batch=2, values=2, keeps=1, checkpoints=True, crashes=False
    ),
}

COMPARED = {
    "synod-direct": Bounds("Synod", direct=True, acceptors=2, values=2, proposers=2),
    "per-instance": Bounds(
        direct=True, proposers=2, instances=2, requests=3, learners=0, scope="instance"
    ),
}
"""What others do and the roles of this implementation do not: the specification and the rules are
compared, and nothing is driven."""

LEFT = {
    "synod": {("Decide", LEAST): 192, ("Phase2a", LEAST): 2},
    "plain": {("Phase1a", UPWARD): 9, ("Phase2a", ONCE): 88},
    "fifo": {
        ("Phase1a", UPWARD): 4,
        ("Phase1a", AGAIN): 18,
        ("Phase2a", ONCE): 196,
        ("Phase2a", ORDER): 13,
        ("Phase2a", TURN): 12,
    },
    "checkpoint": {
        ("TakeSnapshot", NOTHING): 64,
        ("Restart", NOTHING): 80,
        ("SendSnapshot", NOTHING): 80,
        ("TakeSnapshot", STATION): 168,
        ("Learn", KEPT): 64,
    },
    "checkpoint-beside": {
        ("TakeSnapshot", NOTHING): 112,
        ("Restart", NOTHING): 160,
        ("SendSnapshot", NOTHING): 160,
        ("TakeSnapshot", STATION): 376,
        ("Learn", KEPT): 128,
    },
    "checkpoint-sessions": {
        ("TakeSnapshot", NOTHING): 208,
        ("Restart", NOTHING): 304,
        ("SendSnapshot", NOTHING): 304,
        ("TakeSnapshot", STATION): 816,
        ("Learn", KEPT): 384,
    },
    "checkpoint-given": {
        ("TakeSnapshot", NOTHING): 288,
        ("SendSnapshot", NOTHING): 544,
        ("TakeSnapshot", STATION): 2368,
        ("Learn", KEPT): 896,
    },
    "direct-ahead": {
        ("Phase1a", ANSWERED): 1346,
        ("Phase1b", PARTS): 1364,
        ("Phase2a", ONCE): 98,
        ("Phase2a", ORDER): 5,
        ("Phase2a", WHOLE): 1,
    },
}
"""How many transitions of these no role takes, by action and reason; of the other tiny graphs the
roles take all. A role that takes fewer has lost steps that it should take."""

LARGE = {
    "synod": Bounds("Synod", acceptors=2, values=2, proposers=3),
    "plain": Bounds(values=1, proposers=2, instances=2, crashes=False),
    "direct": Bounds(direct=True, rounds=2, instances=2),
    "ahead": Bounds(ahead=True, instances=2, crashes=False),
    "batch": Bounds(max_batch=2, acceptors=2, values=2, proposers=2, crashes=False),
    "direct-ahead": Bounds(
        direct=True, ahead=True, instances=2, proposers=2, requests=1, crashes=False
    ),
    "direct-batch": Bounds(
        direct=True, max_batch=2, values=2, instances=2, learners=2, crashes=False
    ),
    "ahead-batch": Bounds(
        ahead=True, max_batch=2, values=2, instances=2, requests=1, learners=0, crashes=False
    ),
    "all": Bounds(
        direct=True, ahead=True, max_batch=2, acceptors=3, values=2, proposers=2, requests=1,
        all_quorums=True, crashes=False,
    ),
    "checkpoint": Bounds(keeps=1, instances=2, blank=False),
    "checkpoint-given": Bounds(keeps=2, learners=2),
    "checkpoint-sessions": Bounds(
        direct=True, ahead=True, values=2, instances=2, requests=1, keeps=1, checkpoints=True,
        crashes=False, blank=False,
    ),
    "checkpoint-majority": Bounds(
        direct=True, keeps=2, learners=3, checkpoints=True, crashes=False, blank=False
    ),
}  # fmt: skip

DRAWN = {
    "plain": Bounds(acceptors=3, learners=2, values=3, proposers=2, rounds=2, instances=2),
    "all": Bounds(
        direct=True, ahead=True, max_batch=2, acceptors=3, learners=2, values=3, proposers=2,
        rounds=2, instances=3,
    ),
}  # fmt: skip
"""Too large for a graph: behaviours are drawn at random."""


CONTEST = Bounds(acceptors=3, proposers=3, rounds=2, values=2)
CONTESTED: list[Label] = [
    ("Broadcast", "v1"),
    ("Broadcast", "v2"),
    ("Phase1a", 1, 1, 1),
    ("Phase1b", 1, 1, 1, 1),
    ("Phase1b", 2, 1, 1, 1),
    ("Phase2a", 1, 1, ("v1",), (1, 2)),
    ("Phase2b", 1, 1, 1),
    ("Phase1a", 2, 1, 1),
    ("Phase1b", 2, 2, 1, 1),
    ("Phase1b", 3, 2, 1, 1),
    ("Phase2a", 2, 1, ("v2",), (2, 3)),
    ("Phase2b", 2, 2, 1),
    ("Phase1a", 3, 1, 1),
    ("Phase1b", 1, 3, 1, 1),
    ("Phase1b", 2, 3, 1, 1),
    ("Phase2a", 3, 1, ("v2",), (1, 2)),
    ("Phase2b", 1, 3, 1),
    ("Phase2b", 3, 3, 1),
    ("Decide", 3, 1, (1, 3)),
    ("Learn", 1, 3, 1, ()),
    ("Deliver", 1, 1),
]
"""Three leaders, each with other votes: that takes a graph too large, so one behaviour of it."""


@dataclass
class Row:
    """What came of one graph."""

    name: str
    bounds: Bounds
    states: int = 0
    transitions: int = 0
    differences: list[str] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    """Transitions by action."""
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Transitions that no role takes, by action and reason."""
    unexplained: Counter[str] = field(default_factory=Counter)
    """Transitions that were not driven for none of the reasons, by action."""
    refusals: int = 0
    seconds: float = 0.0


@cache
def of_rules(bounds: Bounds) -> Graph:
    """The graph of the checker's rules, made once."""
    return model_graph(bounds)


def compare(name: str, bounds: Bounds) -> tuple[Row, Graph]:
    """Make the graph twice; how they differ, and TLC's. Raises Drift, TlcError."""
    with ThreadPoolExecutor(1) as beside:
        made = beside.submit(tlc_graph, bounds)
        graph = of_rules(bounds)
        theirs = made.result()
    row = Row(name, bounds, len(theirs.states), theirs.size())
    row.differences = list(islice(differences(graph, theirs, "the checker", "TLC"), 5))
    return row, theirs


def compare_and_drive(name: str, bounds: Bounds) -> Row:
    """Make the graph twice, compare, and drive the roles over it. Raises Wrong, Drift, TlcError."""
    started = time.monotonic()
    row, theirs = compare(name, bounds)
    driver = DriverOfAll(Cast(bounds), OfGraph(theirs))
    for node, steps in enumerate(theirs.steps):
        driver.drive(node, steps)
    _count(row, driver, ((source, label) for source, label, _ in theirs.transitions()))
    row.seconds = time.monotonic() - started
    return row


def _count(row: Row, driver: DriverOfAll, steps: Any) -> None:
    left = driver.left()
    for source, label in steps:
        row.steps[label[0]] += 1
        if (source, label) in left:
            row.left[label[0], left[source, label]] += 1
        elif (source, label) not in driver.executed:
            row.unexplained[label[0]] += 1
    row.refusals = driver.refusals.total()


class OfRules(Replay):
    """The steps that the checker's rules allow, made on the way."""

    def state(self, node: Node) -> State:
        return node.state


def replay_and_drive(name: str, bounds: Bounds, number: int, depth: int, seed: int = 1) -> Row:
    """Replay behaviours that TLC draws, by the checker's rules and by the roles."""
    started = time.monotonic()
    row, rules, taken = Row(name, bounds), OfRules(bounds), list[tuple[Node, Label]]()
    driver = DriverOfAll(Cast(bounds), rules)
    for moments in draw(bounds, number, depth, seed):
        node = rules.start
        if moments[0].state != node.state:
            row.differences.append(f"initially: {moments[0].state}, not {node.state}")
        for moment in moments[1:]:
            driver.drive(node, [moment.label])
            taken.append((node, moment.label))
            target = rules.step(node, moment.label)
            if target is None or target.state != moment.state:
                row.differences.append(f"{moment.label} from {node.state}: not {moment.state}")
                break
            node = target
            row.states += 1
    row.transitions = len(taken)
    _count(row, driver, taken)
    row.seconds = time.monotonic() - started
    return row


def drive_contest() -> DriverOfAll:
    """The roles over CONTESTED. Raises Wrong, or KeyError if it is no behaviour of the rules."""
    rules = OfRules(CONTEST)
    driver, node = DriverOfAll(Cast(CONTEST), rules), rules.start
    for label in CONTESTED:
        driver.drive(node, [label])
        found = rules.step(node, label)
        if found is None:
            raise KeyError(label)
        node = found
    return driver
