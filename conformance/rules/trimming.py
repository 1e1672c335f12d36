"""Trim, in spec/MultiPaxos.tla: an acceptor forgets its votes where every learner has delivered,
or a majority of the learners has a checkpoint.

The table of actions is in multipaxos.py.
"""

from __future__ import annotations

from conformance.rules.rule import Fault, rule
from conformance.rules.state import State
from conformance.trace.schema import Trim


@rule("further", "the acceptor has not trimmed so far before")
def further(s: State, a: int, e: Trim) -> Fault | None:
    if e.last > s.trimmed[a]:
        return None
    return Fault(f"an instance above {s.trimmed[a]}, the last one trimmed", f"instance {e.last}")


@rule(
    "delivered",
    "each learner that the cluster is known to have delivered it, in one of its lives, or has it "
    "in a checkpoint, if it keeps such; with checkpoints, a majority of them has",
)
def delivered(s: State, a: int, e: Trim) -> Fault | None:
    if not s.cluster.learners:
        return Fault("a cluster whose learners are known", "any learner may take part")
    behind = s.behind(e.last)
    if not behind:
        return None
    found = ", ".join(f"learner {x} up to {n}" for x, n in behind.items())
    return Fault(
        f"{_due(s)} the learners {list(s.cluster.learners)}, of instance {e.last} or above",
        f"done: {found}",
        tuple(("learner", x) for x in behind),
    )


def _due(s: State) -> str:
    if s.constants.checkpoints:
        return "a Checkpoint by a majority of"
    return "a Deliver, or a Checkpoint if it keeps such, by each of"


def do_trim(s: State, a: int, e: Trim) -> None:
    s.trim(a, e.last)
