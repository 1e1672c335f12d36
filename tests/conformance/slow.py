"""The invariants of the specifications as they are written, over the whole state, slowly.

The checker looks only at what an event could have changed; this is what that is held against.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from conformance.rules.state import State
from conformance.trace.schema import NO_BALLOT

Values = list[tuple[str, int]]


def values(ranges: Any) -> Values:
    """The values of some ranges, one by one."""
    return [(r[0], k) for r in ranges for k in range(r[1], r[1] + r[2])]


def quorums(s: State) -> list[set[int]]:
    return [
        set(q)
        for n in range(1, len(s.acceptors) + 1)
        for q in combinations(sorted(s.acceptors), n)
        if 2 * n > len(s.acceptors)
    ]


def false_invariants(s: State) -> set[str]:
    """The names of the invariants of MultiPaxos.tla that do not hold."""
    holds = {
        "TypeOK": type_ok(s),
        "Agreement": all(len(i.chosen) <= 1 for i in s.instances.values()),
        "Integrity": all(integrity(s, x.delivered) for x in s.learners.values()),
        "TotalOrder": all(
            prefix(x.delivered, y.delivered) or prefix(y.delivered, x.delivered)
            for x in s.learners.values()
            for y in s.learners.values()
        ),
        "FIFO": not s.constants.fifo or all(in_turn(x.delivered) for x in s.learners.values()),
        "OneBatchPerBallot": all(
            len(set(batches)) == 1 for i in s.instances.values() for batches in i.accepts.values()
        ),
        "VotesBelowPromise": all(
            vote[0] <= s.promised[a].highest(n, n)
            for n, i in s.instances.items()
            for a, vote in i.vote.items()
        ),
        "TrimmedIsOver": all(trimmed_is_over(s, a) for a in s.acceptors),
        "LearnedFromOneBallot": all(
            any(q <= i.voters.get(b, set()) for q in quorums(s))
            for i in s.instances.values()
            for b, _ in i.learned.values()
        ),
    }
    return {name for name, true in holds.items() if not true}


def false_synod_invariants(s: State) -> set[str]:
    """The same of Synod.tla, whose variables are those of instance 1."""
    one = s.look(1)
    learned = [batch for _, batch in one.learned.values()]
    false = false_invariants(s)
    if any(x != y for x in learned for y in learned):
        false.add("Agreement")
    if not all(s.is_broadcast(r) for batch in learned for r in batch):
        false.add("Integrity")
    return false


def in_turn(delivered: Any) -> bool:
    """Of each client, the values from 1 on, in a row."""
    ends: dict[str, int] = {}
    for client, first, count, _ in delivered:
        if first != ends.get(client, 0) + 1:
            return False
        ends[client] = first + count - 1
    return True


def prefix(x: Any, y: Any) -> bool:
    return len(x) <= len(y) and list(x) == list(y)[: len(x)]


def integrity(s: State, delivered: Any) -> bool:
    each = values(delivered)
    return len(set(each)) == len(each) and all(s.is_broadcast(r) for r in delivered)


def trimmed_is_over(s: State, a: int) -> bool:
    last = s.trimmed[a]
    delivered = all(
        any(
            x.prefix >= last for name, x in s.learners.items() if name.split(".")[0] == str(learner)
        )
        for learner in s.cluster.learners
    )
    return last == 0 or (delivered and not any(a in s.look(i).vote for i in range(1, last + 1)))


def type_ok(s: State) -> bool:
    def ballot(b: tuple[int, int]) -> bool:
        return b[0] >= 1 and b[1] in s.cluster.proposers

    def batch(x: Any) -> bool:
        each = values(x)
        return len(each) <= s.constants.max_batch and len(set(each)) == len(each)

    def vote(v: Any) -> bool:
        return ballot(v[0]) and batch(v[1])

    return (
        all(ballot(b) for b in s.asked)
        and all(ballot(b) for b in s.covered)
        and all(b == NO_BALLOT or ballot(b) for x in s.promised.values() for _, _, b in x.runs())
        and all(
            all(ballot(b) and all(map(batch, x)) for b, x in i.accepts.items())
            and all(map(vote, i.learned.values()))
            and all(ballot(b) for b in i.decided)
            and all(
                ballot(b) and all(vote(v) for said in by.values() for v in said)
                for b, by in i.reported.items()
            )
            and all(map(batch, i.chosen))
            for i in s.instances.values()
        )
    )
