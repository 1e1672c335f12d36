"""The properties of the specification, of what the roles on a stage show. Each says whether it
holds in the state after a step; `before` is that before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.statespace.graph import NO_VOTE, Bounds

Shown = Mapping[str, Any]


def holds(name: str, bounds: Bounds, before: Shown, after: Shown) -> bool:
    match name:
        case "Agreement":
            return agreement(bounds, after)
        case "OneBatchPerBallot":
            proposals = [m for m in after["msgs"] if m[0] == "2a"]
            return len({m[1:3] for m in proposals}) == len(proposals)
        case "VotesBelowPromise":
            return all(
                ballot <= promised
                for votes, promised in zip(after["vote"], after["promised"], strict=True)
                for ballot, _ in votes
            )
        case "LearnedFromOneBallot":
            return all(
                any(all(("2b", a, b, i) in after["msgs"] for a in q) for q in bounds.quorums_of(2))
                for votes in after["learned"]
                for i, (b, _) in enumerate(votes, 1)
                if b
            )
        case "Refinement":  # of the rung above, the part that these models break
            pairs = zip(before["promised"], after["promised"], strict=True)
            return all(old <= new for old, new in pairs)
    raise ValueError(f"no such property: {name}")


def agreement(bounds: Bounds, shown: Shown) -> bool:
    """At most one batch is chosen in an instance, and no two learners learn different ones."""
    for i in range(1, bounds.instances + 1):
        chosen = {
            m[3]
            for m in shown["msgs"]
            if m[0] == "2a"
            and m[2] == i
            and any(
                all(("2b", a, m[1], i) in shown["msgs"] for a in q) for q in bounds.quorums_of(2)
            )
        }
        learned = {votes[i - 1][1] for votes in shown["learned"] if votes[i - 1] != NO_VOTE}
        if len(chosen) > 1 or len(learned) > 1:
            return False
    return True
