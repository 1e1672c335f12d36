"""Trim, in spec/MultiPaxos.tla: an acceptor forgets its votes where every learner has delivered.

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
    "delivered", "each learner that the cluster is known to have delivered it, in one of its lives"
)
def delivered(s: State, a: int, e: Trim) -> Fault | None:
    if not s.cluster.learners:
        return Fault("a cluster whose learners are known", "any learner may take part")
    behind = {x: n for x in s.cluster.learners if (n := s.delivered_to(x)) < e.last}
    if not behind:
        return None
    found = ", ".join(f"learner {x} up to {n}" for x, n in behind.items())
    return Fault(
        f"a Deliver of instance {e.last} by each of the learners {list(s.cluster.learners)}",
        f"delivered: {found}",
        tuple(("learner", x) for x in behind),
    )


def do_trim(s: State, a: int, e: Trim) -> None:
    s.trim(a, e.last)
