"""Datagrams: what is sealed is opened, and anything else is refused with a reason."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.core.ballot import Ballot
from paxos.core.batch import Packet, encode_batch, pack
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Decide,
    Delivered,
    Heartbeat,
    Message,
    Prepare,
    Promise,
    Reject,
    Submit,
    Vote,
    Votes,
    decode_messages,
    encode_messages,
)
from paxos.runtime.envelope import OVERHEAD_BYTES, Envelope, RejectedError, bodies

TAG = b"12345678"
B = Ballot(3, 1)
BATCH = encode_batch([pack("1.1", 5, [b"a", b""])])

SAMPLES: dict[str, list[Message]] = {
    "client": [Submit([])],
    "proposer": [Prepare(B, 1, 9), Accept(B, 1, BATCH), Decide(B, 1, b""), Heartbeat(B, 0)],
    "acceptor": [
        Promise(B, 1, 2, [Vote(1, B, BATCH)]),
        Accepted(B, 1),
        Reject(B),
        Votes([Vote(1, B, BATCH)]),
    ],
    "learner": [Delivered(4, [("1.1", 1, 2)]), Ask(1, 2)],
}


def envelope(role: str = "acceptor", number: int = 2, tag: bytes = TAG) -> Envelope:
    return Envelope(tag, role, number, incarnation=7, acceptors=3)


def seal(sender: Envelope, messages: list[Message], clock: int = 99) -> bytes:
    (body,) = bodies([encode_messages(m) for m in messages], 60_000)
    return sender.header(clock) + body


def reason(datagram: bytes) -> str:
    with pytest.raises(RejectedError) as caught:
        envelope().open(datagram)
    return str(caught.value)


@pytest.mark.parametrize("role", SAMPLES)
def test_round_trip(role: str) -> None:
    received = envelope("learner", 1).open(seal(envelope(role), SAMPLES[role]))
    assert received == (role, 2, 7, 99, SAMPLES[role])


def test_what_is_refused() -> None:
    good = seal(envelope(), [Reject(B)])
    assert reason(b"") == reason(b"Px") == reason(b"x" * 100) == "not of this program"
    assert "version 2" in reason(good[:2] + b"\2" + good[3:])
    assert "another name" in reason(seal(envelope(tag=b"87654321"), [Reject(B)]))
    assert "unknown role" in reason(good[:3] + b"\x09" + good[4:])
    assert "acceptor 4, which is not configured" in reason(seal(envelope(number=4), [Reject(B)]))
    assert "learner 0" in reason(seal(envelope("learner", 0), [Ask(1, 1)]))
    assert reason(good[:-1]) == reason(good + b"\0") == "malformed"


@pytest.mark.parametrize("role", SAMPLES)
def test_a_role_says_only_what_it_may(role: str) -> None:
    for other, messages in SAMPLES.items():
        for message in messages:
            if other != role:
                assert "does not say" in reason(seal(envelope(role), [message]))


def test_values_out_of_range_are_malformed() -> None:
    for message in (Prepare(B, 0, 1), Prepare(B, 1, 2**60), Votes([]), Ask(-1, 1)):
        (body,) = bodies([msgspec.msgpack.encode(message)], 1000)
        sender = envelope("proposer" if isinstance(message, Prepare) else "acceptor")
        assert reason(sender.header(1) + body) == "malformed"


@given(st.binary(max_size=200))
def test_garbage_after_a_good_header_never_raises_anything_else(garbage: bytes) -> None:
    try:
        envelope().open(envelope().header(1) + garbage)
    except RejectedError as error:
        assert len(str(error)) < 100


@given(st.data())
def test_damaged_datagrams_never_raise_anything_else(data: st.DataObject) -> None:
    role = data.draw(st.sampled_from(list(SAMPLES)))
    datagram = bytearray(seal(envelope(role), SAMPLES[role]))
    for _ in range(data.draw(st.integers(1, 4))):
        datagram[data.draw(st.integers(0, len(datagram) - 1))] = data.draw(st.integers(0, 255))
    try:
        envelope().open(bytes(datagram))
    except RejectedError as error:
        assert str(error)


BAD_PACKETS = [
    Packet("1.1", 1, 1, b""),
    Packet("1.1", 1, 1, b"\5\0abc"),
    Packet("1.1", 1, 1, b"\0\0abc"),
    Packet("1.1", 1, 2**53 - 1, b"\0\0"),
    Packet("1.1", 2**53 - 1, 2, b"\0\0\0\0"),
]
BAD_BATCHES = [b"x", b"\x90\x90", BATCH[:-1], *(encode_batch([p]) for p in BAD_PACKETS)]


def test_values_that_cannot_be_unpacked_are_malformed() -> None:
    """A role that got them would fail when it needs them, and so would everyone after a restart."""
    for packet in BAD_PACKETS:
        assert reason(seal(envelope("client"), [Submit([packet])])) == "malformed"
    for batch in BAD_BATCHES:
        for message in (Accept(B, 1, batch), Decide(B, 1, batch)):
            assert reason(seal(envelope("proposer"), [message])) == "malformed"
        vote = Vote(1, B, batch)
        for answer in (Promise(B, 1, 1, [vote]), Votes([vote])):
            assert reason(seal(envelope("acceptor"), [answer])) == "malformed"


def test_deep_nesting_is_malformed() -> None:
    assert reason(envelope().header(1) + b"\x91" * 60_000) == "malformed"


@given(st.lists(st.integers(0, 500), max_size=60), st.integers(100, 700))
def test_messages_share_datagrams_in_order(sizes: list[int], datagram_bytes: int) -> None:
    messages = [msgspec.msgpack.encode(bytes([n % 256]) * size) for n, size in enumerate(sizes)]
    packed = list(bodies(messages, datagram_bytes))
    unpacked = [msgspec.msgpack.decode(body) for body in packed]
    assert [m for body in unpacked for m in body] == list(map(msgspec.msgpack.decode, messages))
    for body, content in zip(packed, unpacked, strict=True):
        assert len(content) == 1 or len(body) + OVERHEAD_BYTES - 3 <= datagram_bytes
    for body, following in zip(packed, unpacked[1:], strict=False):
        first = len(msgspec.msgpack.encode(following[0]))
        assert len(body) + first + OVERHEAD_BYTES > datagram_bytes, "it would have fitted"


@pytest.mark.parametrize("count", [1, 15, 16, 65_535, 65_536])
def test_array_headers(count: int) -> None:
    packed = list(bodies([encode_messages(Ask(1, 1))] * count, 10_000_000))
    assert sum(len(decode_messages(body)) for body in packed) == count
