"""What is written to stable storage, and the digests by which damage is noticed. No file here.

SQLite notices a page that makes no sense, but not a byte that was changed within a value, and of a
damaged log it silently takes the part before the damage. So each vote has a digest; the state says
how many votes there are, what their digests add up to, and how many commits were made; and it has
a digest too. A change that leaves all of this as it was has changed nothing that is read.

The state is written with each commit: in the row of the last vote of it, so that a vote costs one
page, or by itself where a commit has no vote. The one with the most commits is the state.
"""

import struct
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct, structs

from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.messages import Vote

FORMAT = 4
"""The version of all this; another one is refused."""

COMMITS_BYTES = 16


class StateRecord(Struct, kw_only=True):
    """The state of a process but for its votes, as of one commit."""

    incarnation: int = 0
    commits: int = 0
    """How many commits were made, this one included."""
    promised_round: int = NO_BALLOT.round
    promised_proposer: int = NO_BALLOT.proposer
    round: int = 0
    trimmed: int = 0
    clock: int = 0
    """The process's hybrid logical clock, in microseconds: its next incarnation must begin
    later."""
    votes: int = 0
    """How many there are."""
    votes_digest: int = 0
    """The digests of all votes, one xor the other."""
    storage_id: int = 0
    """Drawn when the storage was made: the files that belong to it have it too."""

    @property
    def promised(self) -> Ballot:
        """The acceptor's promise."""
        return Ballot(self.promised_round, self.promised_proposer)


class Place(NamedTuple):
    """Where a batch is that is not in the row of its vote."""

    segment: int
    start: int
    """In bytes, from the beginning of the segment."""
    size: int


IN_ROW = Place(0, 0, 0)
"""Of a batch that is in its row. The first segment is 1."""

_FIELDS = StateRecord.__struct_fields__
_PACKED = struct.Struct(f"!{len(_FIELDS)}q")
_DIGEST_BYTES = 8
_ROW = struct.Struct("!6q")
_HEADER = struct.Struct("!4sq")


def encode_state(record: StateRecord, identity: str) -> bytes:
    """The state as storage has it, with a digest of it and of whose it is. Raises `struct.error` if
    a field does not fit eight bytes."""
    packed = _PACKED.pack(*structs.astuple(record))
    return packed + _digest(packed + identity.encode(), b"state")


def decode_state(data: bytes, identity: str) -> StateRecord | None:
    """The state; None if these are not bytes that `encode_state` has made."""
    packed = data[: _PACKED.size]
    if data != packed + _digest(packed + identity.encode(), b"state"):
        return None
    return StateRecord(**dict(zip(_FIELDS, _PACKED.unpack(packed), strict=True)))


def vote_digest(vote: Vote, place: Place) -> int:
    """Of a vote, and of where its batch is. Of a batch, which is long, a CRC: a cryptographic
    digest of every vote would cost a tenth of all the time that a busy cluster has, and nobody
    forges here. Raises `struct.error` or `TypeError` if a field is not of its type."""
    return crc32(vote.batch, crc32(_ROW.pack(vote.instance, *vote.ballot, *place)))


def encode_header(storage_id: int) -> bytes:
    """What each segment of a storage begins with."""
    packed = _HEADER.pack(b"PaxB", storage_id)
    return packed + _digest(packed, b"segment")


def _digest(data: bytes, person: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_BYTES, person=person).digest()


def encode_commits(commits: int, identity: str) -> bytes:
    """The number of commits as the file beside the database has it."""
    packed = struct.pack("!q", commits)
    return packed + _digest(packed + identity.encode(), b"commits")


def decode_commits(data: bytes, identity: str) -> int | None:
    """The number of commits; None if these are not bytes that `encode_commits` has made."""
    if len(data) != COMMITS_BYTES:
        return None
    (commits,) = struct.unpack_from("!q", data)
    return int(commits) if data == encode_commits(commits, identity) else None
