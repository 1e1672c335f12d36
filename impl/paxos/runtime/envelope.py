"""Datagrams: a fixed header that says whose it is, and a body of messages.

The header carries the format's version, the cluster, the sender with its incarnation, and its
hybrid logical clock. Whatever is not a datagram of this cluster is refused with `RejectedError`;
nothing else is raised, whatever the bytes.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from paxos.core import messages
from paxos.core.ballot import LARGEST_INT
from paxos.core.batch import Packet, decode_batch, is_well_formed
from paxos.core.messages import Message, decode_messages

ROLES = ("client", "proposer", "acceptor", "learner")
VERSION = 1
_MAGIC = b"Px"
_HEADER = struct.Struct("!2sBB8sIQQ")
OVERHEAD_BYTES = _HEADER.size + 3
"""What a datagram holds beyond its messages: the header, and the length of the array of them."""

_SENT_BY: dict[type[Message], str] = {
    messages.Submit: "client",
    messages.Prepare: "proposer",
    messages.Accept: "proposer",
    messages.Decide: "proposer",
    messages.Heartbeat: "proposer",
    messages.Promise: "acceptor",
    messages.Accepted: "acceptor",
    messages.Reject: "acceptor",
    messages.Votes: "acceptor",
    messages.Delivered: "learner",
    messages.Ask: "learner",
}


class RejectedError(ValueError):
    """A datagram that is not for this process; the text says why, in a few words."""


class Received(NamedTuple):
    """An opened datagram."""

    role: str
    sender: int
    incarnation: int
    clock: int
    messages: list[Message]


class Envelope:
    """Seals what one process sends and opens what it receives."""

    def __init__(
        self, cluster_tag: bytes, role: str, process_id: int, incarnation: int, acceptors: int
    ) -> None:
        self._cluster = cluster_tag
        self._acceptors = acceptors
        self._own = ROLES.index(role), process_id, incarnation

    def header(self, clock: int) -> bytes:
        """The header of a datagram sent at `clock`."""
        role, process_id, incarnation = self._own
        return _HEADER.pack(_MAGIC, VERSION, role, self._cluster, process_id, incarnation, clock)

    def open(self, datagram: bytes) -> Received:
        """Take a datagram apart. Raises `RejectedError`."""
        if len(datagram) < _HEADER.size or not datagram.startswith(_MAGIC):
            raise RejectedError("not of this program")
        _, version, role_number, cluster, sender, incarnation, clock = _HEADER.unpack_from(datagram)
        if version != VERSION:
            raise RejectedError(f"of format version {version}, not {VERSION}")
        if cluster != self._cluster:
            raise RejectedError("of a cluster with another name or other protocol settings")
        if role_number >= len(ROLES):
            raise RejectedError("of an unknown role")
        role = ROLES[role_number]
        # An acceptor too many would make a quorum out of a minority.
        if sender < 1 or (role == "acceptor" and sender > self._acceptors):
            raise RejectedError(f"of {role} {sender}, which is not configured")
        try:
            body = decode_messages(memoryview(datagram)[_HEADER.size :])
            well_formed = all(map(_is_well_formed, body))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            well_formed = False
        if not well_formed:
            raise RejectedError("malformed")
        for message in body:
            if _SENT_BY[type(message)] != role:
                raise RejectedError(f"of a {role}, which does not say such a thing")
        return Received(role, sender, incarnation, clock, body)


def _is_well_formed(message: Message) -> bool:
    """Whether the values that `message` carries can be unpacked; the roles rely on it. Raises what
    decoding raises."""
    match message:
        case messages.Accept(batch=batch) | messages.Decide(batch=batch):
            return _can_be_unpacked(decode_batch(batch))
        case messages.Promise(votes=votes) | messages.Votes(votes=votes):
            return all(_can_be_unpacked(decode_batch(vote.batch)) for vote in votes)
        case messages.Submit(packets=packets):
            return _can_be_unpacked(packets)
        case _:
            return True


def _can_be_unpacked(packets: Iterable[Packet]) -> bool:
    return all(packet.last <= LARGEST_INT and is_well_formed(packet) for packet in packets)


def bodies(encoded: Iterable[bytes], datagram_bytes: int) -> Iterator[bytes]:
    """Put encoded messages, in their order, into as few datagram bodies as hold them. A message
    that is larger than a datagram should be gets one of its own."""
    some: list[bytes] = []
    size = 0
    room = datagram_bytes - OVERHEAD_BYTES
    for message in encoded:
        if some and (size + len(message) > room or len(some) == _MAX_MESSAGES):
            yield _array(some)
            some, size = [], 0
        some.append(message)
        size += len(message)
    if some:
        yield _array(some)


_MAX_MESSAGES = 65_535


def _array(items: list[bytes]) -> bytes:
    """A MessagePack array of items that are encoded already."""
    count = len(items)
    head = bytes((0x90 | count,)) if count < 16 else b"\xdc" + count.to_bytes(2, "big")
    return head + b"".join(items)
