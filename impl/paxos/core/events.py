"""The events of a trace: one class per action of the spec, with the choice that the code made.

`traces/schema.json` is the contract; these classes are how this implementation writes it. The
runtime fills in `process`, `seq` and `hlc` when it writes the event.
"""

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from paxos.core.ballot import Ballot
from paxos.core.batch import Range

__all__ = [
    "Broadcast",
    "Checkpoint",
    "Decide",
    "Deliver",
    "Event",
    "InstallSnapshot",
    "Learn",
    "Phase1a",
    "Phase1b",
    "Phase2a",
    "Phase2b",
    "Recover",
    "Restart",
    "SendSnapshot",
    "TakeSnapshot",
    "Trim",
]

VoteDescription = tuple[int, Ballot, list[Range]]
"""`(instance, ballot, batch)`."""


class Event(Struct, tag_field="event", kw_only=True):
    """What every event has: who took the step, the how manieth of its steps, and when."""

    process: str = ""
    seq: int = 0
    hlc: int = 0


class Broadcast(Event, tag=True):
    """A client broadcasts the values of these ranges."""

    values: Sequence[Range]


class Phase1a(Event, tag=True, rename={"first": "from", "last": "to"}):
    """A proposer asks for promises for instances `first..last`."""

    ballot: Ballot
    first: int
    last: int


class Phase1b(Event, tag=True, rename={"first": "from", "last": "to"}):
    """An acceptor promises, and reports its votes in `first..last`."""

    ballot: Ballot
    first: int
    last: int
    votes: Sequence[VoteDescription]


class Phase2a(Event, tag=True):
    """A proposer proposes, having counted the promises of `quorum`."""

    ballot: Ballot
    instance: int
    batch: Sequence[Range]
    quorum: Sequence[int]


class Phase2b(Event, tag=True):
    """An acceptor votes."""

    ballot: Ballot
    instance: int


class Decide(Event, tag=True):
    """A proposer has counted the votes of `quorum` and tells the learners."""

    ballot: Ballot
    instance: int
    quorum: Sequence[int]


class Learn(Event, tag=True):
    """A learner learns; with direct learning it has counted the votes of `quorum`."""

    ballot: Ballot
    instance: int
    batch: Sequence[Range]
    quorum: Sequence[int] | UnsetType = UNSET


class Deliver(Event, tag=True):
    """A learner delivers `values`, what is new in the batch; the first of them is at `position`,
    counted from 1."""

    instance: int
    position: int
    values: Sequence[Range]


class Trim(Event, tag=True, rename={"last": "to"}):
    """An acceptor forgets its votes in instances `1..last`."""

    last: int


class Recover(Event, tag=True):
    """A process came back with this durable state."""

    promised: Ballot | UnsetType = UNSET
    votes: Sequence[VoteDescription] | UnsetType = UNSET
    trimmed: int | UnsetType = UNSET
    round: int | UnsetType = UNSET


class TakeSnapshot(Event, tag=True):
    """A learner's state as it is with instances `1..instance` delivered, `position` values, is on
    its way to the disk."""

    instance: int
    position: int


class Checkpoint(Event, tag=True):
    """The snapshot that was taken at that place is durable: a learner comes back with it."""

    instance: int
    position: int


class Restart(Event, tag=True):
    """A learner came back with its checkpoint of that place: it is the same learner as the
    incarnation before. The first event of an incarnation."""

    instance: int
    position: int


class SendSnapshot(Event, tag=True):
    """A learner offers its checkpoint of that place to others."""

    instance: int
    position: int


class InstallSnapshot(Event, tag=True, rename={"giver": "from"}):
    """A learner goes on from learner `giver`'s snapshot of that place, which is durable as its own
    checkpoint before that. If it has that id itself, it has lost its newest checkpoint, is another
    learner than before, and goes on from one that is older."""

    giver: int
    instance: int
    position: int


def came_back(instance: int, position: int, giver: int = 0) -> Restart | InstallSnapshot:
    """The first event of a learner that begins with a checkpoint of that place. Where learner
    `giver` gave it, or has the same id and is an earlier life whose newest one is damaged, it may
    not be the same learner: acceptors forget by what was in the newest, and an earlier life may
    have lost that. So it is another one, which goes on from what was given: a file is a message to
    the next life, and a snapshot that was sent may be installed whenever it comes (spec:
    `SendSnapshot`, `InstallSnapshot`)."""
    if giver:
        return InstallSnapshot(giver=giver, instance=instance, position=position)
    return Restart(instance=instance, position=position)
