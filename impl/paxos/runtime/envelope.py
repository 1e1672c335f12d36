"""Datagrams: a fixed header that says whose it is, a tag if the cluster has a key, and a body:
messages of the protocol, or what a process says of itself or of another (`paxos.runtime.hello`).

The header carries the format's version, the kind of the body, the cluster, the sender with its
incarnation and a random number of this process, how many commits its storage has, its wall clock,
which clients it is for, and its hybrid logical clock. The tag is keyed BLAKE2b over header and
body: only who has the key can make it. Whatever is not a datagram of this cluster is refused with
`RejectedError`; nothing else is raised, whatever the bytes.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple, TypeVar

import msgspec

from paxos.core import messages
from paxos.core.ballot import LARGEST_INT
from paxos.core.messages import MAX_MESSAGES, Message, decode_messages
from paxos.core.names import OBSERVER, ROLES, Member
from paxos.core.portions import cut
from paxos.core.validity import is_valid
from paxos.datagram import HEADER, OVERHEAD_BYTES, TAG_BYTES
from paxos.runtime.addressing import EVERYBODY, address
from paxos.runtime.hello import Hello, Unheard, decode_about
from paxos.runtime.questions import Answer, Question, decode_answer, decode_question
from paxos.runtime.socket_filter import Block, marked, of_others

PLAIN, TAGGED = 5, 6
"""The versions of the format: without and with a tag."""
PROTOCOL, PRESENCE, QUESTION, ANSWER = range(4)
"""The kinds of body: messages of the protocol; what a process says of itself or of another; a
question of somebody who is no process of the cluster, and the answer to it."""
_ABOUT: dict[int, Callable[[memoryview], Hello | Unheard | Answer]] = {
    PRESENCE: decode_about,
    ANSWER: decode_answer,
}
_NUMBERS = (*ROLES, OBSERVER)
_MAGIC = b"Px"
_KIND_AT = 3
_WHO = slice(13, 21)
"""Where the sender's id and its nonce are."""
_FOR_AT = HEADER.size - 16
"""Where it says which clients it is for."""

_SENT_BY: dict[type[Message], str] = {
    messages.Submit: "client",
    messages.Inquire: "client",
    messages.Outcomes: "learner",
    messages.Prepare: "proposer",
    messages.Accept: "proposer",
    messages.Decide: "proposer",
    messages.Heartbeat: "proposer",
    messages.Promise: "acceptor",
    messages.Accepted: "acceptor",
    messages.Reject: "acceptor",
    messages.Votes: "acceptor",
    messages.Trimmed: "acceptor",
    messages.Delivered: "learner",
    messages.Ask: "learner",
    messages.SnapshotWanted: "learner",
    messages.SnapshotOffer: "learner",
    messages.SnapshotAsk: "learner",
    messages.SnapshotPart: "learner",
    messages.Query: "learner",
    messages.Reached: "acceptor",
}


class RejectedError(ValueError):
    """A datagram that is not for this process; the text says why, in a few words. `detail` says
    more, for people: in whose name it is (anybody may have written that), and what to do."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.detail = detail


class Received(NamedTuple):
    """An opened datagram. It has either `messages` or something `about` a process."""

    role: str
    sender: int
    nonce: int
    """A random number of the process, by which namesakes are told apart."""
    incarnation: int
    commits: int
    """How many its storage had; 0: it keeps nothing."""
    clock: int
    """The sender's hybrid clock."""
    wall_us: int
    """The sender's wall clock; 0: not said."""
    messages: list[Message]
    about: Hello | Unheard | Question | Answer | None = None

    @property
    def member(self) -> Member:
        """Whose datagram it is."""
        return _member(self.role, self.sender)


_member = lru_cache(maxsize=4_096)(Member)


class Envelope:
    """Seals what one process sends and opens what it receives."""

    def __init__(
        self,
        cluster_tag: bytes,
        role: str,
        process_id: int,
        incarnation: int,
        members: Mapping[str, int],
        key: bytes | None = None,
        nonce: int = 0,
    ) -> None:
        """`members` is the highest id of each role; `key`, if there is one, 1 to 64 bytes;
        `nonce` is below 2**32."""
        self._cluster = cluster_tag
        self._members = members
        self._own = _NUMBERS.index(role), process_id, nonce, incarnation
        self._who = struct.pack("!II", process_id, nonce)
        self._version = PLAIN if key is None else TAGGED
        self._mac = None if key is None else blake2b(key=key, digest_size=TAG_BYTES)

    def seal(
        self,
        clock: int,
        body: bytes,
        wall_us: int = 0,
        commits: int = 0,
        kind: int = PROTOCOL,
        to: int = EVERYBODY,
    ) -> bytes:
        """The datagram with `body`, sent at `clock`, when the storage had so many commits;
        `wall_us`, if not 0, is what the wall clock shows; `to` says which clients it is for
        (`paxos.runtime.addressing`)."""
        role, process_id, nonce, incarnation = self._own
        whose = _MAGIC, self._version, kind, role, self._cluster
        header = HEADER.pack(*whose, process_id, nonce, incarnation, commits, wall_us, to, clock)
        return header + self._tag(header, body) + body if self._mac else header + body

    def _tag(self, header: bytes, body: bytes | memoryview) -> bytes:
        if self._mac is None:
            return b""
        mac = self._mac.copy()
        mac.update(header)
        mac.update(body)
        return mac.digest()

    @property
    def own(self) -> Block:
        """Has the kernel drop what `is_own`."""
        return marked(_WHO.start, self._who)

    def of_other_clients(self, client: int) -> Block:
        """Has the kernel drop what is not for the client with this id."""
        start = _MAGIC + bytes((self._version,))
        return of_others(start, _FOR_AT, address(client))

    def is_own(self, datagram: bytes) -> bool:
        """Whether this process seems to have sent it, in whatever role: without opening it, which
        takes long. Who forges that has it dropped."""
        return datagram[_WHO] == self._who

    def open(self, datagram: bytes) -> Received:
        """Take a datagram apart. Raises `RejectedError`."""
        if len(datagram) < HEADER.size or not datagram.startswith(_MAGIC):
            raise RejectedError("not of this program")
        _, version, kind, role_number, cluster, *numbers = HEADER.unpack_from(datagram)
        sender, nonce, incarnation, commits, wall_us, _, clock = numbers
        if version not in (PLAIN, TAGGED):
            raise RejectedError(f"of format version {version}, not {self._version}")
        if cluster != self._cluster:
            raise RejectedError(
                "of a cluster with another name or other protocol settings",
                self._name(role_number, sender, "each cluster its own name, or its own groups"),
            )
        body = self._authentic_body(version, memoryview(datagram), role_number, sender)
        if kind == QUESTION and role_number == _NUMBERS.index(OBSERVER):
            question = _decode_about(body, decode_question)
            return Received(OBSERVER, sender, nonce, 0, 0, 0, 0, [], question)
        if role_number >= len(ROLES):
            raise RejectedError("of an unknown role")
        role = ROLES[role_number]
        # An acceptor too many would make a quorum out of a minority; anybody too many would have
        # to be remembered.
        if not 1 <= sender <= self._members[role]:
            raise RejectedError(f"of {role} {sender}, which is not configured")
        if not 1 <= incarnation <= LARGEST_INT or commits > LARGEST_INT:
            raise RejectedError("malformed")
        if kind in _ABOUT:
            about = _decode_about(body, _ABOUT[kind])
            return Received(role, sender, nonce, incarnation, commits, clock, wall_us, [], about)
        if kind != PROTOCOL:
            raise RejectedError("malformed")
        said = _decode(body)
        _check(said, role, sender, f"{sender}.{incarnation}")
        return Received(role, sender, nonce, incarnation, commits, clock, wall_us, said)

    def _authentic_body(
        self, version: int, datagram: memoryview, role_number: int, sender: int
    ) -> memoryview:
        """The body, of a datagram that has the tag it should have, or none if it should not."""
        if version != self._version:
            raise RejectedError(
                "with a tag, and no key_file is configured here"
                if version == TAGGED
                else "without a tag, and a key_file is configured here",
                self._name(role_number, sender, _SAME_KEY),
            )
        if version == PLAIN:
            return datagram[HEADER.size :]
        tag = datagram[HEADER.size : HEADER.size + TAG_BYTES]
        body = datagram[HEADER.size + TAG_BYTES :]
        if not compare_digest(tag, self._tag(bytes(datagram[: HEADER.size]), body)):
            raise RejectedError("with a wrong tag", self._name(role_number, sender, _SAME_KEY))
        return body

    def _name(self, role_number: int, sender: int, advice: str) -> str:
        """In whose name a datagram is that is not to be believed, if it is a member's: strangers
        could name no end of others."""
        if role_number < len(ROLES) and 1 <= sender <= self._members[ROLES[role_number]]:
            return f" (in the name of {ROLES[role_number]} {sender}; give {advice})"
        return ""


_SAME_KEY = "all processes of the cluster the same key file"


def may_be(kind: int, datagram: bytes) -> bool:
    """Whether it may be of this kind: without opening it, which takes long."""
    return len(datagram) >= HEADER.size and datagram[_KIND_AT] == kind


def _decode(body: memoryview) -> list[Message]:
    try:
        return decode_messages(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RejectedError("malformed") from error


About = TypeVar("About")


def _decode_about(body: memoryview, decode: Callable[[memoryview], About]) -> About:
    try:
        return decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RejectedError("malformed") from error


def _check(said: Iterable[Message], role: str, sender: int, client: str) -> None:
    for message in said:
        if _SENT_BY[type(message)] != role:
            raise RejectedError(f"of a process ({role}) that does not say such a thing")
        try:
            valid = is_valid(message, sender, client)
        except (msgspec.MsgspecError, ValueError, RecursionError):  # of a batch inside
            valid = False
        if not valid:
            raise RejectedError("malformed")


def bodies(
    encoded: Iterable[bytes], datagram_bytes: int, share_bytes: int | None = None
) -> Iterator[bytes]:
    """Put encoded messages, in their order, into as few datagram bodies as hold them. None of them
    may be larger than `datagram_bytes` less `OVERHEAD_BYTES`; they share no datagram that would be
    larger than `share_bytes` (default: the same)."""
    room = datagram_bytes - OVERHEAD_BYTES
    share = room if share_bytes is None else min(room, share_bytes - OVERHEAD_BYTES)
    return map(array, shared(encoded, room, share))


def shared(encoded: Iterable[bytes], room: int, share: int | None = None) -> Iterator[list[bytes]]:
    """The same before they are put together; `room` and `share` are for the messages alone, in
    bytes."""
    for some in cut(encoded, len, room if share is None else share, MAX_MESSAGES):
        assert len(some) > 1 or len(some[0]) <= room, "a message larger than a datagram"
        yield some


def array(items: list[bytes]) -> bytes:
    """A MessagePack array of items that are encoded already."""
    count = len(items)
    head = bytes((0x90 | count,)) if count < 16 else b"\xdc" + count.to_bytes(2, "big")
    return head + b"".join(items)
