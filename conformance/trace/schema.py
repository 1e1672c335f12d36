"""The lines of a trace as typed records: what traces/schema.json says, for Python.

Only shapes live here, no meaning: a record that decodes may still be an event that the
specification forbids. The two statements of the shape, this and the JSON Schema, are held equal
by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from conformance.trace.process import PROCESS_NAME, Role, decode

__all__ = [
    "EVENTS",
    "SCHEMA",
    "AnyEvent",
    "Broadcast",
    "Checkpoint",
    "Cluster",
    "Constants",
    "Decide",
    "Deliver",
    "Event",
    "Header",
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

SCHEMA = 1

SpecName = Literal["MultiPaxos", "Synod"]
Scope = Literal["log", "instance"]

FROM_A_CLOCK = 10**12
"""Incarnations of a process are numbered from 1. A process that keeps nothing cannot count them: it
takes the time in microseconds, which is above this. An incarnation with such a number may be the
first one."""

LARGEST_NUMBER = 2**63 - 1
Id = Annotated[int, Meta(ge=1, le=LARGEST_NUMBER)]
Count = Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]
Text = Annotated[str, Meta(max_length=256)]
# What else the names and the digests of events must be is in line.py: a regular expression for each
# would take most of the time that reading takes. `$` also matches before a trailing newline.
ClientName = Annotated[str, Meta(max_length=39)]
ProcessName = Annotated[str, Meta(pattern=rf"^{PROCESS_NAME}(?!\n)$")]
Digest = Annotated[str, Meta(min_length=16, max_length=16)]

Ballot = tuple[Id, Id]
Range = tuple[ClientName, Id, Id, Digest]
Batch = tuple[Range, ...]
Quorum = Annotated[tuple[Id, ...], Meta(min_length=1)]
Vote = tuple[Id, Ballot, Batch]
Promised = tuple[Id, Id, Ballot]  # from, to: the same ballot in each of these instances

OWN = "x_"
"""What the names of fields begin with that a writer of traces adds for itself: see line.py."""
NO_FIELDS: Mapping[str, Any] = MappingProxyType({})

Clock = Literal["carried", "host"]
"""Where the clocks of a run come from: messages carry them, so that one is behind where a program
does not do so; or all processes read that of their one host, and none can be."""
Omission = Literal[
    "Broadcast",
    "Phase1a",
    "Phase1a.to",
    "Phase1b.votes",
    "Phase2a",
    "Phase2a.quorum",
    "Decide.quorum",
    "Learn",
    "Learn.quorum",
]
"""An event, or a field of one, that a writer need not write, if the header says so."""

NO_BALLOT = (0, 0)
NO_OP: tuple[Range, ...] = ()


class Constants(Struct, frozen=True, forbid_unknown_fields=True):
    """The constants of the specification that a run was made under."""

    direct_learning: bool
    prepare_ahead: bool
    max_batch: Id
    promise_scope: Scope = "log"
    fifo: bool = False
    checkpoints: bool = False
    phase1_quorum: Id | UnsetType = UNSET  # how many acceptors; not given: a majority
    phase2_quorum: Id | UnsetType = UNSET

    def quorums(self, acceptors: int) -> tuple[int, int]:
        """The sizes of Quorum1 and Quorum2, of so many acceptors."""
        majority = acceptors // 2 + 1
        phase1 = majority if self.phase1_quorum is UNSET else self.phase1_quorum
        phase2 = majority if self.phase2_quorum is UNSET else self.phase2_quorum
        return phase1, phase2

    def fit(self, spec: str) -> bool:
        """Whether the specification has these constants: Synod has one instance and one value, so
        that of them it has direct learning only."""
        more = self.prepare_ahead or self.fifo or self.checkpoints
        return spec != "Synod" or not (more or self.max_batch > 1 or self.promise_scope != "log")


class Cluster(Struct, frozen=True, forbid_unknown_fields=True):
    """Who may take part. An empty list (not for acceptors) says: not fixed in advance."""

    acceptors: Annotated[tuple[Id, ...], Meta(min_length=1)]
    proposers: tuple[Id, ...]
    learners: tuple[Id, ...]
    clients: tuple[Id, ...]

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            ids = getattr(self, name)
            if len(set(ids)) != len(ids):
                raise ValueError(f"{name} names an id twice")

    def admits(self, role: str, number: int) -> bool:
        """Whether the process `role`-`number` may be part of this cluster."""
        ids: tuple[int, ...] = getattr(self, role + "s")
        return not ids or number in ids


class Header(
    Struct, frozen=True, dict=True, forbid_unknown_fields=True, tag_field="event", tag="Header"
):
    """The first line of a trace file. `extra`: the fields that its writer added, by their names."""

    extra: ClassVar[Mapping[str, Any]] = NO_FIELDS
    schema: Literal[1]
    run: Annotated[str, Meta(min_length=1, max_length=256)]
    process: ProcessName
    role: Role
    id: Id
    incarnation: Id
    spec: SpecName
    constants: Constants
    cluster: Cluster
    config: dict[str, str | Annotated[int, Meta(ge=-LARGEST_NUMBER - 1, le=LARGEST_NUMBER)] | bool]
    omits: tuple[Omission, ...] = ()
    clock: Clock = "carried"
    keeps: bool = False

    def __post_init__(self) -> None:
        if len(set(self.omits)) != len(self.omits):
            raise ValueError("omits names something twice")


AGREED = ("run", "spec", "constants", "cluster", "omits", "clock")
"""What all headers of a run say."""


class Event(
    Struct, frozen=True, kw_only=True, dict=True, forbid_unknown_fields=True, tag_field="event"
):
    """What all events have: who, the how-manieth of its file, and when (microseconds).

    `extra` has the fields that the writer added, by their names. Two events are equal if they are
    so without these.
    """

    action: ClassVar[str] = ""
    extra: ClassVar[Mapping[str, Any]] = NO_FIELDS
    process: Text
    seq: Id
    hlc: Id


class Broadcast(Event, frozen=True, kw_only=True, tag="Broadcast"):
    """A client has broadcast values."""

    action: ClassVar[str] = "Broadcast"
    values: Annotated[tuple[Range, ...], Meta(min_length=1)]


class Phase1a(
    Event, frozen=True, kw_only=True, tag="Phase1a", rename={"first": "from", "last": "to"}
):
    """A proposer asks for promises of instances `first` to `last`."""

    action: ClassVar[str] = "Phase1a"
    ballot: Ballot
    first: Id
    last: Id


class Phase1b(
    Event, frozen=True, kw_only=True, tag="Phase1b", rename={"first": "from", "last": "to"}
):
    """An acceptor promises, and reports its votes in these instances."""

    action: ClassVar[str] = "Phase1b"
    ballot: Ballot
    first: Id
    last: Id
    votes: tuple[Vote, ...]


class Phase2a(Event, frozen=True, kw_only=True, tag="Phase2a"):
    """A proposer proposes a batch, having counted the promises of a quorum."""

    action: ClassVar[str] = "Phase2a"
    ballot: Ballot
    instance: Id
    batch: Batch
    quorum: Quorum


class Phase2b(Event, frozen=True, kw_only=True, tag="Phase2b"):
    """An acceptor votes for what was proposed in a ballot and instance."""

    action: ClassVar[str] = "Phase2b"
    ballot: Ballot
    instance: Id


class Decide(Event, frozen=True, kw_only=True, tag="Decide"):
    """A proposer has counted the votes of a quorum."""

    action: ClassVar[str] = "Decide"
    ballot: Ballot
    instance: Id
    quorum: Quorum


class Learn(Event, frozen=True, kw_only=True, tag="Learn"):
    """A learner learns a batch, by a Decide or by the votes of a quorum."""

    action: ClassVar[str] = "Learn"
    ballot: Ballot
    instance: Id
    batch: Batch
    quorum: Quorum | UnsetType = UNSET


class Deliver(Event, frozen=True, kw_only=True, tag="Deliver"):
    """A learner delivers the values of an instance, without those delivered before."""

    action: ClassVar[str] = "Deliver"
    instance: Id
    position: Id
    values: tuple[Range, ...]


class TakeSnapshot(Event, frozen=True, kw_only=True, tag="TakeSnapshot"):
    """A learner's state, with instances 1 to `instance` and `position` values delivered, is on its
    way to the disk."""

    action: ClassVar[str] = "TakeSnapshot"
    instance: Id
    position: Count


class Checkpoint(Event, frozen=True, kw_only=True, tag="Checkpoint"):
    """The snapshot that a learner took there is durable."""

    action: ClassVar[str] = "Checkpoint"
    instance: Id
    position: Count


class Restart(Event, frozen=True, kw_only=True, tag="Restart"):
    """A learner has come back with its checkpoint of this place."""

    action: ClassVar[str] = "Restart"
    instance: Id
    position: Count


class SendSnapshot(Event, frozen=True, kw_only=True, tag="SendSnapshot"):
    """A learner gives its checkpoint of this place to others."""

    action: ClassVar[str] = "SendSnapshot"
    instance: Id
    position: Count


class InstallSnapshot(
    Event, frozen=True, kw_only=True, tag="InstallSnapshot", rename={"giver": "from"}
):
    """A learner goes on from the snapshot of this place that learner `giver` gave; or where that is
    its own id, from one that an earlier incarnation had as its checkpoint."""

    action: ClassVar[str] = "InstallSnapshot"
    giver: Id
    instance: Id
    position: Count


class Trim(Event, frozen=True, kw_only=True, tag="Trim", rename={"last": "to"}):
    """An acceptor forgets its votes in instances 1 to `last`."""

    action: ClassVar[str] = "Trim"
    last: Id


class Recover(Event, frozen=True, kw_only=True, tag="Recover"):
    """A process has come back with this durable state."""

    action: ClassVar[str] = "Recover"
    promised: Ballot | UnsetType = UNSET
    promises: tuple[Promised, ...] | UnsetType = UNSET
    votes: tuple[Vote, ...] | UnsetType = UNSET
    trimmed: Id | UnsetType = UNSET
    round: Id | UnsetType = UNSET

    def __post_init__(self) -> None:
        role = decode(self.process).role
        for name in ("promised", "promises", "votes", "trimmed", "round"):
            whose = "proposer" if name == "round" else "acceptor"
            if getattr(self, name) is not UNSET and role != whose:
                raise ValueError(f"{name} is kept by a {whose}, and this is a {role}")


AnyEvent = (
    Broadcast
    | Phase1a
    | Phase1b
    | Phase2a
    | Phase2b
    | Decide
    | Learn
    | Deliver
    | TakeSnapshot
    | Checkpoint
    | Restart
    | SendSnapshot
    | InstallSnapshot
    | Trim
    | Recover
)
OfSnapshot = TakeSnapshot | Checkpoint | Restart | SendSnapshot | InstallSnapshot
"""What a learner that keeps checkpoints does with them. All have an instance and a position."""

EVENTS: dict[str, type[Event]] = {kind.action: kind for kind in get_args(AnyEvent)}

OF_SNAPSHOT = frozenset(kind.action for kind in get_args(OfSnapshot))
# Which actions a role takes. Synod has no Deliver: what is learned is the output; and of one
# instance nothing is trimmed, and nothing kept in a checkpoint.
ACTIONS_OF: dict[str, frozenset[str]] = {
    "client": frozenset({"Broadcast", "Recover"}),
    "proposer": frozenset({"Phase1a", "Phase2a", "Decide", "Recover"}),
    "acceptor": frozenset({"Phase1b", "Phase2b", "Trim", "Recover"}),
    "learner": frozenset({"Learn", "Deliver", "Recover"}) | OF_SNAPSHOT,
}


def actions_of(role: str, spec: str) -> frozenset[str]:
    """The names of the events that a process of this role may log under this specification."""
    none = {"Deliver", "Trim"} | OF_SNAPSHOT if spec == "Synod" else frozenset()
    return ACTIONS_OF[role] - none


def fields(event: Event) -> dict[str, Any]:
    """The event as the trace writes it, without process, seq and hlc; `extra` comes last."""
    built = msgspec.to_builtins(event)
    own = {k: v for k, v in built.items() if k not in ("process", "seq", "hlc")}
    return {**own, **event.extra}
