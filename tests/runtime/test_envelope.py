"""Datagrams: what is sealed is opened, and anything else is refused with a reason."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.core.ballot import LARGEST_INT, Ballot
from paxos.core.batch import Packet, encode_batch, pack
from paxos.core.messages import (
    MAX_MESSAGES,
    Accept,
    Accepted,
    Ask,
    Decide,
    Delivered,
    Fate,
    Heartbeat,
    Inquire,
    Message,
    Outcome,
    Outcomes,
    Prepare,
    Promise,
    Query,
    Reached,
    Reject,
    SnapshotAsk,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWanted,
    Submit,
    Trimmed,
    Vote,
    Votes,
    decode_messages,
    encode_messages,
)
from paxos.datagram import OVERHEAD_BYTES
from paxos.runtime.envelope import (
    PRESENCE,
    Envelope,
    RejectedError,
    bodies,
    may_be,
)
from paxos.runtime.hello import HOST_CHARACTERS, Hello, Reason, Unheard, encode_about

TAG = b"12345678"
B = Ballot(3, 2)
BATCH = encode_batch([pack("1.1", 5, [b"a", b""])])

SAMPLES: dict[str, list[Message]] = {
    "client": [Submit([pack("2.7", 5, [b"a", b""])]), Inquire([("2.7", 5, 6)])],
    "proposer": [Prepare(B, 1, 9), Accept(B, 1, BATCH), Decide(B, 1, b""), Heartbeat(B, 0)],
    "acceptor": [
        Promise(B, 1, 2, [Vote(1, B, BATCH)]),
        Accepted(B, 1),
        Reject(B),
        Trimmed(5),
        Votes([Vote(1, B, BATCH)]),
        Reached("1.9", 3, 0),
    ],
    "learner": [
        Delivered(4, [("1.1", 1, 2)], [("1.1", 1, 4, 7), ("1.1", 9, 0, 0)]),
        Outcomes([Outcome("1.1", 1, 2, Fate.DELIVERED, 3, 4)]),
        SnapshotWanted(3),
        SnapshotOffer(9, 40, bytes(32), 1_000, 400),
        SnapshotAsk(2, bytes(32), [(0, 2)]),
        SnapshotPart(bytes(32), 2, bytes(200)),
        Ask(1, 2),
        Query("2.7", 1),
    ],
}


MEMBERS = {"client": 5, "proposer": 2, "acceptor": 3, "learner": 4}
KEY = b"k" * 32
NONCE = 2**32 - 1
HEADER_BYTES = 61


def envelope(
    role: str = "acceptor",
    number: int = 2,
    tag: bytes = TAG,
    incarnation: int = 7,
    key: bytes | None = None,
) -> Envelope:
    return Envelope(tag, role, number, incarnation, MEMBERS, key, NONCE)


def seal(sender: Envelope, messages: list[Message], clock: int = 99) -> bytes:
    (body,) = bodies([encode_messages(m) for m in messages], 60_000)
    return sender.seal(clock, body)


def reason(datagram: bytes, receiver: Envelope | None = None) -> str:
    with pytest.raises(RejectedError) as caught:
        (receiver or envelope()).open(datagram)
    return str(caught.value)


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("role", SAMPLES)
def test_round_trip(role: str, key: bytes | None) -> None:
    sealed = seal(envelope(role, key=key), SAMPLES[role])
    received = envelope("learner", 1, key=key).open(sealed)
    assert received == (role, 2, NONCE, 7, 0, 99, 0, SAMPLES[role], None)


def test_every_kind_of_message_has_a_sample() -> None:
    """So that each is opened in what follows: one that no role may say would raise there."""
    sampled = {type(message) for messages in SAMPLES.values() for message in messages}
    assert sampled == set(get_args(Message))


def test_it_carries_both_clocks_of_its_sender_and_its_commits() -> None:
    datagram = envelope().seal(2**53 - 1, b"\x90", 1_700_000_000_000_000, 2**53 - 1)
    received = envelope().open(datagram)
    assert (received.clock, received.wall_us) == (2**53 - 1, 1_700_000_000_000_000)
    assert received.commits == 2**53 - 1
    too_many = envelope().seal(1, b"\x90", commits=2**53)
    assert reason(too_many) == "malformed"


def test_without_the_key_nobody_is_heard() -> None:
    keyed = envelope(key=KEY)
    assert reason(seal(envelope(key=b"another key"), [Reject(B)]), keyed) == "with a wrong tag"
    assert "without a tag" in reason(seal(envelope(), [Reject(B)]), keyed)
    assert "no key_file" in reason(seal(envelope(key=KEY), [Reject(B)]))


def test_the_tag_covers_every_byte() -> None:
    keyed = envelope(key=KEY)
    good = seal(keyed, [Reject(B)])
    assert keyed.open(good).messages == [Reject(B)]
    for at in range(len(good)):
        assert reason(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :], keyed)
    for cut in range(len(good)):
        assert reason(good[:cut], keyed)
    assert reason(good + b"\0", keyed) == "with a wrong tag"


def test_a_tag_is_of_one_sender() -> None:
    """What acceptor 1 said is not to be heard as of acceptor 2, not even by who has no key."""
    keyed = envelope(key=KEY)
    ours, theirs = (seal(envelope(number=n, key=KEY), [Reject(B)]) for n in (1, 2))
    assert reason(theirs[:HEADER_BYTES] + ours[HEADER_BYTES:], keyed) == "with a wrong tag"


def test_what_is_refused() -> None:
    good = seal(envelope(), [Reject(B)])
    assert reason(b"") == reason(b"Px") == reason(b"x" * 100) == "not of this program"
    assert "version 1, not 5" in reason(good[:2] + b"\1" + good[3:])
    assert "another name" in reason(seal(envelope(tag=b"87654321"), [Reject(B)]))
    assert "unknown role" in reason(good[:4] + b"\x09" + good[5:])
    assert reason(good[:-1]) == reason(good + b"\0") == "malformed"
    for incarnation in (0, 2**53):
        assert reason(seal(envelope(incarnation=incarnation), [Reject(B)])) == "malformed"


@pytest.mark.parametrize("role", SAMPLES)
def test_who_is_not_configured_is_not_heard(role: str) -> None:
    for number in (0, MEMBERS[role] + 1, 2**32 - 1):
        expected = f"of {role} {number}, which is not configured"
        assert reason(envelope(role, number).seal(1, b"\x90")) == expected
    assert envelope().open(envelope(role, MEMBERS[role]).seal(1, b"\x90")).messages == []


@pytest.mark.parametrize("role", SAMPLES)
def test_a_role_says_only_what_it_may(role: str) -> None:
    for other, messages in SAMPLES.items():
        for message in messages:
            if other != role:
                assert "does not say" in reason(seal(envelope(role), [message]))


NOT_VALID: list[tuple[str, Message]] = [
    ("proposer", Prepare(B, 0, 1)),
    ("proposer", Prepare(B, 1, 2**60)),
    ("proposer", Prepare(B, 3, 2)),
    ("proposer", Prepare(Ballot(3, 1), 1, 2)),
    ("proposer", Accept(Ballot(3, 1), 1, BATCH)),
    ("proposer", Accept(Ballot(0, 2), 1, BATCH)),
    ("proposer", Heartbeat(Ballot(3, 1), 1)),
    ("proposer", Decide(Ballot(0, 0), 1, BATCH)),
    ("acceptor", Votes([])),
    ("acceptor", Votes([Vote(1, Ballot(0, 0), BATCH)])),
    ("acceptor", Promise(B, 2, 1, [])),
    ("acceptor", Promise(B, 2, 3, [Vote(1, B, BATCH)])),
    ("acceptor", Promise(B, 1, 1, [Vote(1, Ballot(4, 1), BATCH)])),
    ("acceptor", Promise(Ballot(3, 0), 1, 1, [])),
    ("acceptor", Accepted(Ballot(0, 1), 1)),
    ("acceptor", Accepted(B, LARGEST_INT, more=1)),
    ("acceptor", Reject(Ballot(0, 0))),
    ("learner", Ask(-1, 1)),
    ("learner", Ask(2, 1)),
    ("learner", Delivered(1, [("1.1", 2, 1)])),
    ("learner", Delivered(1, [], [("1.1", 1, 1, 0)])),
    ("learner", Delivered(1, [], [("1.1", 1, 0, 1)])),
    ("learner", Delivered(1, [("1", 1, 1)])),
    ("learner", Query("1.7", 1)),
    ("learner", Query("2.6", 1)),
    ("learner", Query("2.7", 0)),
    ("acceptor", Reached("2", 1, 1)),
    ("acceptor", Reached("2.7", 1, -1)),
    ("client", Submit([pack("1.7", 1, [b"of another client"])])),
    ("client", Inquire([("1.7", 1, 1)])),
    ("client", Inquire([("2.7", 2, 1)])),
    ("learner", SnapshotOffer(9, 40, bytes(32), 399, 400)),
    ("learner", SnapshotAsk(2, bytes(32), [(3, 2)])),
    ("client", Submit([pack("2.6", 1, [b"of another incarnation"])])),
]


@pytest.mark.parametrize(("role", "message"), NOT_VALID)
def test_what_no_process_says_is_malformed(role: str, message: Message) -> None:
    (body,) = bodies([msgspec.msgpack.encode(message)], 60_000)
    assert reason(envelope(role).seal(1, body)) == "malformed"


def test_a_leader_decides_in_the_ballot_of_another() -> None:
    """It may have counted votes of an earlier ballot, for a learner that asked."""
    assert envelope().open(seal(envelope("proposer", 1), [Decide(B, 1, BATCH)]))


@given(st.binary(max_size=200), st.sampled_from([None, KEY]))
def test_no_bytes_raise_anything_else(datagram: bytes, key: bytes | None) -> None:
    for start in (b"", b"Px\3", b"Px\4", b"Px\3\0\2" + TAG, b"Px\3\1\2" + TAG):
        with pytest.raises(RejectedError):
            envelope(key=key).open(start + datagram)


@given(st.binary(max_size=200))
def test_garbage_after_a_good_header_never_raises_anything_else(garbage: bytes) -> None:
    try:
        envelope().open(envelope().seal(1, garbage))
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
    Packet("2.7", 1, 1, b""),
    Packet("2.7", 1, 1, b"\5\0abc"),
    Packet("2.7", 1, 1, b"\0\0abc"),
    Packet("2.7", 1, 2**53 - 1, b"\0\0"),
    Packet("2.7", 2**53 - 1, 2, b"\0\0\0\0"),
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
    assert reason(envelope().seal(1, b"\x91" * 60_000)) == "malformed"


@given(st.lists(st.integers(0, 500), max_size=60), st.integers(100, 700))
def test_messages_share_datagrams_in_order(sizes: list[int], datagram_bytes: int) -> None:
    room = datagram_bytes - OVERHEAD_BYTES - 5  # of which such a message has up to 5 bytes itself
    sizes = [min(size, room) for size in sizes]
    messages = [msgspec.msgpack.encode(bytes([n % 256]) * size) for n, size in enumerate(sizes)]
    packed = list(bodies(messages, datagram_bytes))
    unpacked = [msgspec.msgpack.decode(body) for body in packed]
    assert [m for body in unpacked for m in body] == list(map(msgspec.msgpack.decode, messages))
    for body, content in zip(packed, unpacked, strict=True):
        assert content and len(body) + OVERHEAD_BYTES - 3 <= datagram_bytes
    for body, following in zip(packed, unpacked[1:], strict=False):
        first = len(msgspec.msgpack.encode(following[0]))
        assert len(body) + first + OVERHEAD_BYTES > datagram_bytes, "it would have fitted"


def test_a_message_larger_than_a_datagram_is_never_put_into_one() -> None:
    fits = bytes(1_000 - OVERHEAD_BYTES)
    assert len(list(bodies([fits, fits], 1_000))) == 2
    with pytest.raises(AssertionError, match="larger than a datagram"):
        list(bodies([fits, fits + b"x"], 1_000))


@pytest.mark.parametrize("count", [1, 15, 16, MAX_MESSAGES, MAX_MESSAGES + 1])
def test_array_headers(count: int) -> None:
    packed = list(bodies([encode_messages(Ask(1, 1))] * count, 10_000_000))
    assert sum(len(decode_messages(body)) for body in packed) == count


ABOUT: list[Hello | Unheard] = [
    Hello(7, True, 2**32 - 1, "h" * HOST_CHARACTERS, 99),
    Unheard(3, 5, Reason.OLD_STORAGE, 2, 101, 2, 105),
]


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("about", ABOUT)
def test_what_is_not_of_the_protocol_is_of_another_kind(
    about: Hello | Unheard, key: bytes | None
) -> None:
    sealed = envelope(key=key).seal(99, encode_about(about), commits=8, kind=PRESENCE)
    received = envelope("learner", 1, key=key).open(sealed)
    assert received == ("acceptor", 2, NONCE, 7, 8, 99, 0, [], about)
    assert may_be(PRESENCE, sealed)
    assert not may_be(PRESENCE, seal(envelope(key=key), [Reject(B)]))
    as_protocol = envelope(key=key).seal(99, encode_about(about))
    assert reason(as_protocol, envelope(key=key)) == "malformed"
    assert len(sealed) < 200, "it always fits"


def test_what_is_told_has_limits() -> None:
    too_long = Hello(7, True, 0, "h" * (HOST_CHARACTERS + 1), 99)
    too_much = Hello(2**53, True, 0, "", 99)
    for about in (too_long, too_much, Unheard(0, 5, Reason.EARLIER, 2, 1, 2, 1)):
        sealed = envelope().seal(99, encode_about(about), kind=PRESENCE)
        assert reason(sealed) == "malformed"
    assert reason(envelope().seal(99, b"\x90", kind=PRESENCE)) == "malformed"
    assert reason(envelope().seal(99, b"\x90", kind=2)) == "malformed"


def test_whose_name_is_on_what_cannot_be_believed() -> None:
    """People are told, with what to do; unless it is nobody's, of which there are too many."""

    def detail(datagram: bytes) -> str:
        with pytest.raises(RejectedError) as caught:
            envelope(key=KEY).open(datagram)
        return caught.value.detail

    for wrong in (envelope(), envelope(key=b"another key"), envelope(tag=b"87654321")):
        assert "in the name of acceptor 2; give " in detail(seal(wrong, [Reject(B)]))
    assert detail(seal(envelope(number=77, key=b"another key"), [Reject(B)])) == ""
