"""The messages between roles, as they are on the wire: each a MessagePack array that starts with
its tag. Decoding checks types and bounds.

Prepare, Promise, Accept, Accepted and Decide are the spec's 1a, 1b, 2a, 2b and Decide. The others
change nothing that the spec sees: they carry values to the proposers (Submit), say what was
delivered (Delivered) and what became of values in parts (Outcomes), ask for that (Inquire), elect a
leader (Heartbeat, Reject), repair loss (Ask, Votes), say what nobody can repair any more
(Trimmed), give a learner that comes too late the checkpoint of another one (SnapshotWanted,
SnapshotOffer, SnapshotAsk, SnapshotPart: together they are the spec's Snapshot), and let learners
read (Query, Reached: spec/Reads.tla).
"""

from enum import IntEnum, StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from paxos.core.ballot import Ballot, Natural, Positive
from paxos.core.batch import ClientName, Packet

__all__ = [
    "Accept",
    "Accepted",
    "Ask",
    "Decide",
    "Delivered",
    "Fate",
    "Group",
    "Heartbeat",
    "Inquire",
    "Message",
    "Outcome",
    "Outcomes",
    "Prepare",
    "Promise",
    "Query",
    "Reached",
    "Reject",
    "SnapshotAsk",
    "SnapshotOffer",
    "SnapshotPart",
    "SnapshotWanted",
    "Submit",
    "Trimmed",
    "Vote",
    "Votes",
    "decode_messages",
    "encode_messages",
]


class Group(StrEnum):
    """The multicast groups, one per role."""

    CLIENTS = "clients"
    PROPOSERS = "proposers"
    ACCEPTORS = "acceptors"
    LEARNERS = "learners"


class Vote(Struct, array_like=True, frozen=True, gc=False):
    """An acceptor's vote in an instance: the batch, and the ballot it was proposed in."""

    instance: Positive
    ballot: Ballot
    batch: bytes


class Submit(Struct, array_like=True, frozen=True, tag=0):
    """Client to proposers: values to broadcast. With fifo, all of its values up to `delivered` are,
    so that the next one is due."""

    packets: list[Packet]
    delivered: Natural = 0


class Prepare(Struct, array_like=True, frozen=True, tag=1):
    """1a, proposer to acceptors: promise me `ballot`, for instances `first..last`."""

    ballot: Ballot
    first: Positive
    last: Positive


class Promise(Struct, array_like=True, frozen=True, tag=2):
    """1b, acceptor to proposers: promised, and these are my votes in `first..last`, which is all
    that was asked for or a part of it."""

    ballot: Ballot
    first: Positive
    last: Positive
    votes: list[Vote]


class Accept(Struct, array_like=True, frozen=True, tag=3):
    """2a, proposer to acceptors: vote for `batch`. With direct learning learners have to hear of it
    too: acceptor `teller` tells them the batch with its vote; 0: this goes to them as well."""

    ballot: Ballot
    instance: Positive
    batch: bytes
    teller: Natural = 0


class Accepted(Struct, array_like=True, frozen=True, tag=4):
    """2b, acceptor to proposers (with direct learning to learners too): voted, in `instance` and in
    `more` instances after it. The batches are those that the ballot's owner proposed; `teller` says
    whom learners hear them from, as in Accept."""

    ballot: Ballot
    instance: Positive
    teller: Natural = 0
    more: Natural = 0


class Reject(Struct, array_like=True, frozen=True, tag=5):
    """Acceptor to proposers: a message came too late, or I have come back: I have promised
    `promised`."""

    promised: Ballot


class Decide(Struct, array_like=True, frozen=True, tag=6):
    """Proposer to learners: `batch` was chosen in `instance`, by a quorum of votes in `ballot`."""

    ballot: Ballot
    instance: Positive
    batch: bytes


class Heartbeat(Struct, array_like=True, frozen=True, tag=7):
    """Leader to proposers and learners: I lead with `ballot`; the highest instance that I know
    something was proposed in is `top` (0: none)."""

    ballot: Ballot
    top: Natural


Span = tuple[ClientName, Positive, Positive]
"""Values `first..last` of a client: `(client, first, last)`."""


PacketPlace = tuple[ClientName, Positive, Natural, Natural]
"""Where a packet is in the order, by its first value: `(client, first, instance, position)`. If it
is forgotten, the last two are 0."""


class Delivered(Struct, array_like=True, frozen=True, tag=8):
    """Learner to clients and proposers: instances `1..prefix` are delivered, these values with
    them, now or earlier. From time to time, without values, to acceptors."""

    prefix: Natural
    values: list[Span]
    places: list[PacketPlace] = []
    """To clients: the places of packets that are delivered now, or were asked for."""
    needless: Natural | None = None
    """To acceptors: nothing need be kept of instances `1..needless` for this learner, as they are
    in its checkpoint; None: all that it has delivered, as it keeps none."""


class Ask(Struct, array_like=True, frozen=True, tag=9):
    """Learner to acceptors and proposers: I miss instances `first..last`. With direct learning
    acceptor `teller` answers with its votes, and the others only with the ballots of theirs, as
    one of them is enough to tell the batches; 0: all tell them. An acceptor tells from `first` on,
    as many as fit `room` bytes, at least one; 0: as many as it can."""

    first: Positive
    last: Positive
    teller: Natural = 0
    room: Natural = 0


class Trimmed(Struct, array_like=True, frozen=True, tag=11):
    """Acceptor to proposers or learners: I have forgotten my votes in instances `1..last`. Every
    learner had delivered them, so they are chosen."""

    last: Positive


class Inquire(Struct, array_like=True, frozen=True, tag=12):
    """Client to learners: I have not heard that these values of mine are delivered. Whoever has
    delivered them says so again."""

    values: Annotated[list[Span], Meta(min_length=1)]
    in_parts: bool = False
    """Each of these spans is all parts of one value, and what became of it is asked for, too."""


class Votes(Struct, array_like=True, frozen=True, tag=10):
    """Acceptor: my votes, with their batches. To learners with direct learning, who have asked or
    are to be told a batch; otherwise to proposers, who decide for a learner that has asked."""

    votes: Annotated[list[Vote], Meta(min_length=1)]
    last: Natural = 0
    """How far an answer goes that does not go as far as was asked; 0: it does."""


class Fate(IntEnum):
    """What became of a value in parts."""

    DELIVERED = 0
    NO_ROOM = 1
    """Discarded: too many values had missing parts."""
    TOO_OLD = 2
    """Discarded: too much was delivered since a part of it was."""
    LATER_INCARNATION = 3
    """Discarded: its client was started again."""
    FORGOTTEN = 4
    """All parts were delivered, and which of these became of it is not known any more."""


class Outcome(Struct, array_like=True, frozen=True, gc=False):
    """What became of the value whose parts are the values `first..last` of a client. If it was
    delivered, with which instance and at which position: those of the part that came last."""

    client: ClientName
    first: Positive
    last: Positive
    fate: Fate
    instance: Natural = 0
    position: Natural = 0


class Outcomes(Struct, array_like=True, frozen=True, tag=13):
    """Learner to clients: this became of values in parts, now or earlier."""

    values: Annotated[list[Outcome], Meta(min_length=1)]


DIGEST_BYTES = 32
"""Of the digest of a checkpoint's file: those with the same are the same."""

MAX_ASKED_SPANS = 64

Digest = Annotated[bytes, Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]


class SnapshotWanted(Struct, array_like=True, frozen=True, tag=16):
    """Learner to learners: I have delivered instances `1..prefix`, and nobody can tell me what
    comes next."""

    prefix: Natural


class SnapshotOffer(Struct, array_like=True, frozen=True, tag=17):
    """Learner to learners: my checkpoint of instances `1..prefix`, with `position` values, is a
    file of `size` bytes; I give it in parts of `part_bytes`, of which the last may be shorter."""

    prefix: Positive
    position: Natural
    digest: Digest
    size: Positive
    part_bytes: Positive


class SnapshotAsk(Struct, array_like=True, frozen=True, tag=18):
    """Learner to learners: `giver`, send these parts of that file, each span `first..last`; the
    first part is number 0."""

    giver: Positive
    digest: Digest
    parts: Annotated[list[tuple[Natural, Natural]], Meta(min_length=1, max_length=MAX_ASKED_SPANS)]


class SnapshotPart(Struct, array_like=True, frozen=True, tag=19):
    """Learner to learners: one of these parts."""

    digest: Digest
    number: Natural
    data: bytes


class Query(Struct, array_like=True, frozen=True, gc=False, tag=20):
    """Learner to acceptors: up to where have you voted? `reader` is this life of the learner, its
    id and its incarnation, and `number` one that it uses once."""

    reader: ClientName
    number: Positive


class Reached(Struct, array_like=True, frozen=True, gc=False, tag=21):
    """Acceptor to learners: when I heard your Query, the highest instance that I had voted in, or
    trimmed, was this one (0: none)."""

    reader: ClientName
    number: Positive
    instance: Natural


Message = (
    Submit
    | Prepare
    | Promise
    | Accept
    | Accepted
    | Reject
    | Decide
    | Heartbeat
    | Delivered
    | Ask
    | Votes
    | Trimmed
    | Inquire
    | Outcomes
    | SnapshotWanted
    | SnapshotOffer
    | SnapshotAsk
    | SnapshotPart
    | Query
    | Reached
)

MAX_MESSAGES = 4_096
"""Messages in one datagram. Far fewer are in flight at a time; and small ones can ask for much."""

encode_messages = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[list[Message]] = msgspec.msgpack.Decoder(
    Annotated[list[Message], Meta(max_length=MAX_MESSAGES)]
)
decode_messages = _decoder.decode
"""A datagram's body is a MessagePack array of messages."""
