"""What fits one message: whatever a role makes with a list in it is cut here, in bytes, so that no
message is larger than a datagram.

How many bytes something takes is estimated, and never too low: every number is taken for the
largest that there is, which MessagePack writes longest. The estimates are measured on messages made
of such numbers, so they follow the definitions of the messages.

A part alone always fits, by configuration: packets and batches are bounded by `max_payload_bytes`
and `max_batch_bytes` of the settings, and a span of values is short.
"""

from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import Any, TypeVar

from paxos.core.ballot import LARGEST_INT, Ballot
from paxos.core.batch import MAX_VALUE_BYTES, Packet
from paxos.core.messages import (
    DIGEST_BYTES,
    Delivered,
    Fate,
    Inquire,
    Outcome,
    Outcomes,
    PacketPlace,
    Promise,
    SnapshotAsk,
    SnapshotPart,
    Span,
    Submit,
    Vote,
    Votes,
    encode_messages,
)

Part = TypeVar("Part")

LONGEST_NAME = "9" * 9 + "." + "9" * 16
"""A client's name as long as names get."""

LARGEST_BALLOT = Ballot(LARGEST_INT, LARGEST_INT)

LIST_BYTES = 2
"""What the length of a list takes beyond that of an empty one, up to 65,535 parts. A datagram holds
no more, since the smallest part takes 7 bytes."""

_BYTES = bytes(MAX_VALUE_BYTES)

PACKET_BYTES = len(encode_messages(Packet("", LARGEST_INT, LARGEST_INT, _BYTES))) - len(_BYTES)
"""What a packet takes beyond its payload and its client's name."""

VOTE_BYTES = len(encode_messages(Vote(LARGEST_INT, LARGEST_BALLOT, _BYTES))) - len(_BYTES)
"""What a vote takes beyond its batch."""

SPAN_BYTES = len(encode_messages((LONGEST_NAME, LARGEST_INT, LARGEST_INT)))
"""What a span of values takes."""

PLACE_BYTES = len(encode_messages((LONGEST_NAME, LARGEST_INT, LARGEST_INT, LARGEST_INT)))
"""What the place of a packet takes."""

OUTCOME_BYTES = len(
    encode_messages(
        Outcome(LONGEST_NAME, LARGEST_INT, LARGEST_INT, Fate.FORGOTTEN, LARGEST_INT, LARGEST_INT)
    )
)
"""What the outcome of a value takes."""

ASKED_BYTES = len(encode_messages((LARGEST_INT, LARGEST_INT)))
"""What a span of parts takes that is asked for."""


SNAPSHOT_PART_BYTES = (
    len(encode_messages(SnapshotPart(bytes(DIGEST_BYTES), LARGEST_INT, b""))) + LIST_BYTES
)
"""What a part of a checkpoint takes in a SnapshotPart beyond its data."""


def packet_bytes(packet: Packet) -> int:
    """What a packet takes in a Submit or in a batch."""
    return PACKET_BYTES + len(packet.client) + len(packet.payload)


def vote_bytes(vote: Vote) -> int:
    """What a vote takes in an answer of an acceptor."""
    return VOTE_BYTES + len(vote.batch)


def span_bytes(span: Span) -> int:
    """What a span of values takes in an Inquire."""
    return SPAN_BYTES


def delivered_bytes(part: Span | PacketPlace) -> int:
    """What either takes in a Delivered."""
    return SPAN_BYTES if len(part) == 3 else PLACE_BYTES


def outcome_bytes(outcome: Outcome) -> int:
    """What the outcome of a value takes in an Outcomes."""
    return OUTCOME_BYTES


def asked_bytes(span: tuple[int, int]) -> int:
    """What a span of a checkpoint's parts takes in a SnapshotAsk."""
    return ASKED_BYTES


_EMPTY = (
    Submit([], LARGEST_INT),
    Promise(LARGEST_BALLOT, LARGEST_INT, LARGEST_INT, []),
    Votes([], LARGEST_INT),
    Delivered(LARGEST_INT, [], [], LARGEST_INT),
    Inquire([]),
    Outcomes([]),
    SnapshotAsk(LARGEST_INT, bytes(DIGEST_BYTES), []),
)
_LISTS: dict[type, int] = {Delivered: 2}
EMPTY_BYTES = {
    type(message): len(encode_messages(message)) + _LISTS.get(type(message), 1) * LIST_BYTES
    for message in _EMPTY
}
"""What each kind of message that has lists, most have one, takes beyond the parts in them."""

PART_BYTES: dict[type, Callable[[Any], int]] = {
    Submit: packet_bytes,
    Promise: vote_bytes,
    Votes: vote_bytes,
    Delivered: delivered_bytes,
    Inquire: span_bytes,
    Outcomes: outcome_bytes,
    SnapshotAsk: asked_bytes,
}
"""What a part takes in each of them."""


def portions(kind: type, parts: Iterable[Part], message_bytes: int) -> Iterator[list[Part]]:
    """Cut `parts`, in their order, into as few lists as possible such that a message of `kind` with
    any of them is at most `message_bytes` large. One that does not fit alone is alone."""
    return cut(parts, PART_BYTES[kind], message_bytes - EMPTY_BYTES[kind])


def cut(
    parts: Iterable[Part], part_bytes: Callable[[Part], int], room: int, most: float = inf
) -> Iterator[list[Part]]:
    """Cut `parts`, in their order, into as few lists as possible of at most `room` bytes and `most`
    parts. One that does not fit alone is alone."""
    some: list[Part] = []
    taken = 0
    for part in parts:
        size = part_bytes(part)
        if some and (taken + size > room or len(some) == most):
            yield some
            some, taken = [], 0
        some.append(part)
        taken += size
    if some:
        yield some
