"""Lines of a run whose writer does not know everything that an event says.

The header lists what is left out (`omits`): whole events, or fields of events. What is left out is
optional: where it is there, it is taken. inference.py puts in what is not.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import UNSET, UnsetType

from conformance.trace.schema import (
    Ballot,
    Batch,
    Broadcast,
    Deliver,
    Event,
    Id,
    Learn,
    OfSnapshot,
    Quorum,
    Recover,
    Trim,
    Vote,
)


class PartialPhase1a(
    Event, frozen=True, kw_only=True, tag="Phase1a", rename={"first": "from", "last": "to"}
):
    action = "Phase1a"
    ballot: Ballot
    first: Id
    last: Id | UnsetType = UNSET


class PartialPhase1b(
    Event, frozen=True, kw_only=True, tag="Phase1b", rename={"first": "from", "last": "to"}
):
    action = "Phase1b"
    ballot: Ballot
    first: Id
    last: Id
    votes: tuple[Vote, ...] | UnsetType = UNSET


class PartialPhase2a(Event, frozen=True, kw_only=True, tag="Phase2a"):
    action = "Phase2a"
    ballot: Ballot
    instance: Id
    batch: Batch
    quorum: Quorum | UnsetType = UNSET


class PartialPhase2b(Event, frozen=True, kw_only=True, tag="Phase2b"):
    """Where no Phase2a says it, the vote says which batch it is for."""

    action = "Phase2b"
    ballot: Ballot
    instance: Id
    batch: Batch | UnsetType = UNSET


class PartialDecide(Event, frozen=True, kw_only=True, tag="Decide"):
    action = "Decide"
    ballot: Ballot
    instance: Id
    quorum: Quorum | UnsetType = UNSET


PartialEvent = (
    Broadcast
    | PartialPhase1a
    | PartialPhase1b
    | PartialPhase2a
    | PartialPhase2b
    | PartialDecide
    | Learn
    | Deliver
    | OfSnapshot
    | Trim
    | Recover
)

# The fields that `omits` makes optional, by the event, and what of `omits` does.
_OPTIONAL = {
    PartialPhase1a: ("last", "Phase1a.to"),
    PartialPhase1b: ("votes", "Phase1b.votes"),
    PartialPhase2a: ("quorum", "Phase2a.quorum"),
    PartialDecide: ("quorum", "Decide.quorum"),
}


def is_whole_but_for(event: PartialEvent, omits: Collection[str]) -> bool:
    """Whether the event has the fields that it must have in a run that omits this."""
    if isinstance(event, PartialPhase2b):
        return (event.batch is not UNSET) == ("Phase2a" in omits)
    field, allows = _OPTIONAL.get(type(event), ("", ""))
    return not field or getattr(event, field) is not UNSET or allows in omits
