"""Fields of events that some kinds of them have, and that a writer may leave out."""

from __future__ import annotations

from typing import Any

from conformance.trace.schema import Ballot, Batch


def quorum_of(event: Any) -> tuple[int, ...]:
    """The acceptors that were counted; none if the event does not say."""
    quorum = getattr(event, "quorum", ())
    return quorum if isinstance(quorum, tuple) else ()


def batch_of(event: Any) -> Batch:
    """The batch of a Phase2a, a Learn, or where it is told there, a Phase2b; else none."""
    batch = getattr(event, "batch", ())
    return batch if isinstance(batch, tuple) else ()


def ballot_of(event: Any) -> Ballot | None:
    """The ballot that the event is in."""
    ballot = getattr(event, "ballot", None)
    return ballot if isinstance(ballot, tuple) else None
