"""No message that a role makes is larger than a datagram, whatever its kind, however small or large
datagrams are, at the largest of names, numbers and values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from paxos.config import MAX_DATAGRAM_BYTES, Config, override
from paxos.core.acceptor import Acceptor
from paxos.core.ballot import LARGEST_INT, Ballot
from paxos.core.batch import NO_OP, Packet, encode_batch, pack
from paxos.core.client import Client
from paxos.core.giver import Giver, parts_of
from paxos.core.learner import Learner
from paxos.core.messages import (
    DIGEST_BYTES,
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
from paxos.core.portions import EMPTY_BYTES, LARGEST_BALLOT, LONGEST_NAME, PART_BYTES, portions
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.step import Step
from paxos.core.taker import Taker
from paxos.datagram import OVERHEAD_BYTES
from paxos.errors import InputError
from paxos.runtime.envelope import Envelope, bodies

SMALLEST_DATAGRAM_BYTES = 512
BEGUN = LARGEST_INT - 1_000_000
"""The instances and sequence numbers of these tests are beyond: they take the most bytes."""

SWEEP = {
    "every size up to 2,000": range(SMALLEST_DATAGRAM_BYTES, 2_000),
    "larger ones": [*range(2_000, MAX_DATAGRAM_BYTES, 997), MAX_DATAGRAM_BYTES],
}


def settings_of(datagram_bytes: int) -> Settings:
    return Config(datagram_bytes=datagram_bytes, batch_values=65_536).settings()


def give(role: Role, *said: Message, now_s: float = 1.0) -> list[Message]:
    """What a role says to something."""
    for message in said:
        role.receive(1, message, now_s)
    return [message for _, message in role.flush(now_s).sends]


def packets(settings: Settings) -> list[Packet]:
    """One of the largest value, and one full of small ones; some of middle size and some small, of
    each as many as fill more than a message."""
    size, most = settings.message_bytes, settings.max_payload_bytes
    first = BEGUN
    made = []
    middle = [[b""] * min(256, most // 2)] * (size // 500 + 2)
    small = [[b"x"]] * (size // 20 + 5)
    for values in ([bytes(settings.packed_value_bytes)], [b""] * (most // 2), *middle, *small):
        made.append(pack(LONGEST_NAME, first, values))
        first += len(values)
    return made


# For each kind of message, those that the role makes that makes the largest.


def submits(settings: Settings) -> list[Message]:
    client = Client(settings, LONGEST_NAME, 0.0)
    client.next_seq = BEGUN
    for packet in packets(settings):
        client.submit([b""] * packet.count, 0.0)
    client.submit([bytes(settings.packed_value_bytes)], 0.0)
    return give(client) + give(client, now_s=1e6)


def leader(settings: Settings) -> tuple[Proposer, list[Message]]:
    """One that begins to lead, and what it says then."""
    proposer = Proposer(settings, 999, 0.0, LARGEST_INT - 1)
    proposer.chosen.add(1, BEGUN)
    proposer.top = LARGEST_INT
    proposer.receive(1, Submit(packets(settings)), 1e6)
    proposer.tick(1e6)
    return proposer, give(proposer, now_s=1e6)


def asks_for_promises(settings: Settings) -> list[Message]:
    return leader(settings)[1]


def proposals(settings: Settings) -> list[Message]:
    """Of what clients have submitted, and of what promises oblige to."""
    proposer, said = leader(settings)
    [prepare] = [m for m in said if isinstance(m, Prepare)]
    vote = Vote(prepare.first, Ballot(1, 1), largest_batch(settings))
    for acceptor in (1, 2):
        promise = Promise(prepare.ballot, prepare.first, prepare.last, [vote])
        proposer.receive(acceptor, promise, 1.0)
    proposed = give(proposer)
    for acceptor in (1, 2):
        for accept in proposed:
            assert isinstance(accept, Accept)
            assert len(accept.batch) <= settings.max_batch_bytes, "an answer could not tell it"
            proposer.receive(acceptor, Accepted(accept.ballot, accept.instance), 1.0)
    return proposed + give(proposer)


def decisions(settings: Settings) -> list[Message]:
    return proposals(replace(settings, direct_learning=False))


def largest_batch(settings: Settings) -> bytes:
    """What a proposer makes of one packet of the largest value."""
    return encode_batch(packets(settings)[:1])


def answers(settings: Settings) -> list[Message]:
    """Of an acceptor with votes for batches of all sizes, to all that it can be asked."""
    made = [m.batch for m in proposals(settings) if isinstance(m, Accept)]
    batches = [*made, *[NO_OP] * (settings.message_bytes // 15)]
    votes = [Vote(BEGUN + 10 + n, LARGEST_BALLOT, batch) for n, batch in enumerate(batches)]
    acceptor = Acceptor(settings, LARGEST_BALLOT, {v.instance: v for v in votes}, BEGUN)
    said = give(
        acceptor,
        Prepare(LARGEST_BALLOT, 1, LARGEST_INT),
        Prepare(Ballot(1, 1), 1, 1),
        *(Ask(v.instance, v.instance + 255) for v in votes[::256][:4]),
        Query(LONGEST_NAME, LARGEST_INT),
        *(Accept(LARGEST_BALLOT, BEGUN + 5_000 + n, batch) for n, batch in enumerate(made)),
    )
    voted = [1 + m.more for m in said if isinstance(m, Accepted)]
    assert sum(voted) == 2 * len(made), "it takes them all"
    return said


def deliveries(settings: Settings) -> list[Message]:
    """Of a learner whom a client asks about values with gaps between them."""
    learner = Learner(settings, 0.0, 1)
    learner.prefix = BEGUN
    firsts = range(BEGUN, BEGUN + settings.message_bytes // 10, 2)
    for first in firsts:
        learner.table.add(LONGEST_NAME, first, first)
    said = give(learner, Inquire([(LONGEST_NAME, first, first) for first in firsts]))
    assert sum(len(m.values) for m in said if isinstance(m, Delivered)) == 2 * len(firsts)
    assert sum(len(m.places) for m in said if isinstance(m, Delivered)) == len(firsts)
    return said


def outcomes(settings: Settings) -> list[Message]:
    """Of a learner that has delivered many values in parts."""
    learner = Learner(settings, 0.0, 1)
    learner.prefix = BEGUN
    learner.table.add(LONGEST_NAME, 1, LARGEST_INT)
    numbers = (LARGEST_INT - n for n in range(settings.message_bytes // 10))
    learner.assembler.settled += [
        Outcome(LONGEST_NAME, n, LARGEST_INT, Fate.DELIVERED, LARGEST_INT, LARGEST_INT)
        for n in numbers
    ]
    return give(learner, Inquire([(LONGEST_NAME, LARGEST_INT, LARGEST_INT)]))


def questions(settings: Settings) -> list[Message]:
    learner = Learner(replace(settings, acceptors=1_000), 0.0, 1)
    learner.prefix = BEGUN
    learner.receive(1, Heartbeat(LARGEST_BALLOT, LARGEST_INT), 1.0)
    for now_s in (2.0, 3.0):
        learner.tick(now_s)
    learner.reads.begin()
    return give(learner)


def transfers(settings: Settings) -> list[Message]:
    """Of a taker and its giver, where every other part was lost, and of a file of the largest size
    and places there are."""
    giver, taker = Giver(settings, 999), Taker(replace(settings, transfer_bytes=LARGEST_INT))
    giver.has(LARGEST_INT, LARGEST_INT, bytes(DIGEST_BYTES), LARGEST_INT)
    step = Step()
    taker.want(LARGEST_INT - 1, 1.0)
    taker.tick(1.0, step)
    giver.on_wanted(SnapshotWanted(1), step)
    assert giver.newest
    taker.on_offer(999, giver.newest, 1.0)
    count = parts_of(giver.newest)
    taker._got.add(1, count - 10_000)
    for number in range(count - 9_000, count - 8_000, 2):
        taker._got.add(number, number)
    taker.tick(1.0, step)
    full = bytes(giver.newest.part_bytes)
    return [
        *(message for _, message in step.sends),
        SnapshotPart(bytes(DIGEST_BYTES), LARGEST_INT, full),
    ]


CASES: dict[type, Callable[[Settings], list[Message]]] = {
    Submit: submits,
    Prepare: asks_for_promises,
    Heartbeat: asks_for_promises,
    Accept: proposals,
    Decide: decisions,
    Promise: answers,
    Accepted: answers,
    Reject: answers,
    Votes: answers,
    Trimmed: answers,
    Delivered: deliveries,
    Outcomes: outcomes,
    Ask: questions,
    Inquire: submits,
    SnapshotWanted: transfers,
    SnapshotOffer: transfers,
    SnapshotAsk: transfers,
    SnapshotPart: transfers,
    Query: questions,
    Reached: answers,
}

BELOW = {Inquire, SnapshotAsk}
"""Of the packets that a window admits, or of so many spans, and so shorter than they are."""

NEARLY_BYTES = 200
"""Of a message that could not be larger, so many bytes are left at most."""


def sealed(said: Sequence[Message], datagram_bytes: int) -> Iterator[bytes]:
    """The datagrams in which they travel, of the longest kind: with a tag, and large numbers."""
    envelope = Envelope(b"cluster!", "learner", 999, LARGEST_INT, {}, b"k" * 64)
    for body in bodies(map(encode_messages, said), datagram_bytes):
        decode_messages(body)
        yield envelope.seal(2**64 - 1, body)


def test_every_kind_of_message_has_a_case() -> None:
    assert set(CASES) == set(get_args(Message))


def test_every_kind_of_message_with_a_list_is_cut() -> None:
    """A list or bytes: all else is short. Of bytes there is one batch."""
    lists = {
        kind
        for kind in get_args(Message)
        if any("list" in str(field.type) for field in structs.fields(kind))
    }
    assert lists == set(EMPTY_BYTES) == set(PART_BYTES)


@pytest.mark.parametrize("sizes", SWEEP.values(), ids=SWEEP)
@pytest.mark.parametrize("make", dict.fromkeys(CASES.values()), ids=lambda make: make.__name__)
def test_what_a_role_makes_fits_a_datagram(
    make: Callable[[Settings], list[Message]], sizes: Sequence[int]
) -> None:
    kinds = {kind for kind, case in CASES.items() if case is make}
    for datagram_bytes in sizes:
        settings = settings_of(datagram_bytes)
        said = make(settings)
        for kind in kinds:
            encoded = [len(encode_messages(m)) for m in said if isinstance(m, kind)]
            assert encoded, kind
            assert max(encoded) <= settings.message_bytes
            if kind in EMPTY_BYTES.keys() - BELOW or kind in (Accept, Decide):
                assert max(encoded) >= settings.message_bytes - NEARLY_BYTES, "no limit is met"
        assert all(len(datagram) <= datagram_bytes for datagram in sealed(said, datagram_bytes))


def test_a_part_alone_fits_where_datagrams_are_smallest() -> None:
    """So it fits wherever they are larger: all limits grow with `message_bytes`."""
    settings = settings_of(SMALLEST_DATAGRAM_BYTES)
    packet = Packet(LONGEST_NAME, LARGEST_INT, LARGEST_INT, bytes(settings.max_payload_bytes))
    batch = encode_batch([packet])
    assert len(batch) <= settings.max_batch_bytes
    vote = Vote(LARGEST_INT, LARGEST_BALLOT, bytes(settings.max_batch_bytes))
    for message in (
        Submit([packet]),
        Promise(LARGEST_BALLOT, LARGEST_INT, LARGEST_INT, [vote]),
        Votes([vote]),
        Accept(LARGEST_BALLOT, LARGEST_INT, vote.batch),
        Decide(LARGEST_BALLOT, LARGEST_INT, vote.batch),
        Delivered(LARGEST_INT, [(LONGEST_NAME, LARGEST_INT, LARGEST_INT)]),
        Delivered(LARGEST_INT, [], [(LONGEST_NAME, LARGEST_INT, LARGEST_INT, LARGEST_INT)]),
    ):
        assert len(encode_messages(message)) <= settings.message_bytes, message


def test_smaller_datagrams_are_not_configured() -> None:
    with pytest.raises(InputError, match="512"):
        override(Config(), datagram_bytes=SMALLEST_DATAGRAM_BYTES - 1)


NAMES = st.from_regex(r"[1-9][0-9]{0,8}\.[1-9][0-9]{0,15}", fullmatch=True)
NUMBERS = st.integers(1, LARGEST_INT)
BALLOTS = st.builds(Ballot, NUMBERS, NUMBERS)
BYTES = st.integers(0, 300).map(bytes)
PARTS: dict[type, st.SearchStrategy[object]] = {
    Submit: st.builds(Packet, NAMES, NUMBERS, NUMBERS, BYTES),
    Promise: st.builds(Vote, NUMBERS, BALLOTS, BYTES),
    Votes: st.builds(Vote, NUMBERS, BALLOTS, BYTES),
    Delivered: st.tuples(NAMES, NUMBERS, NUMBERS) | st.tuples(NAMES, NUMBERS, NUMBERS, NUMBERS),
}
WHOLE: dict[type, Callable[[list], Message]] = {  # type: ignore[type-arg]
    Submit: Submit,
    Promise: lambda votes: Promise(LARGEST_BALLOT, LARGEST_INT, LARGEST_INT, votes),
    Votes: Votes,
    Delivered: lambda parts: Delivered(
        LARGEST_INT, [p for p in parts if len(p) == 3], [p for p in parts if len(p) == 4]
    ),
}


@given(st.data(), st.sampled_from(sorted(PARTS, key=str)), st.integers(512, 4_000))
def test_portions_are_the_parts_and_fit_and_are_few(
    data: st.DataObject, kind: type, datagram_bytes: int
) -> None:
    limit = datagram_bytes - OVERHEAD_BYTES
    parts = data.draw(st.lists(PARTS[kind], max_size=60))
    cut = list(portions(kind, parts, limit))
    assert [part for some in cut for part in some] == parts
    assert all(cut)
    for some in cut:
        assert len(encode_messages(WHOLE[kind](some))) <= limit
    for some, following in pairwise(cut):
        taken = EMPTY_BYTES[kind] + sum(map(PART_BYTES[kind], [*some, following[0]]))
        assert taken > limit, "it would have fitted"


@given(
    st.integers(512, 4_000), st.lists(st.tuples(NAMES, NUMBERS, st.integers(1, 300)), max_size=60)
)
def test_batches_of_any_packets_fit(
    datagram_bytes: int, submitted: list[tuple[str, int, int]]
) -> None:
    settings = replace(settings_of(datagram_bytes), in_flight=100)
    proposer = Proposer(settings, 1, 0.0)
    for name, first, size in submitted:
        proposer.receive(1, Submit([pack(name, first, [bytes(size)])]), 0.0)
    proposer.tick(1.0)
    [prepare] = [m for m in give(proposer) if isinstance(m, Prepare)]
    for acceptor in (1, 2):
        proposer.receive(acceptor, promise_all(prepare), 1.0)
    proposed = [m for m in give(proposer) if isinstance(m, Accept)]
    assert bool(proposed) == bool(submitted)
    for accept in proposed:
        assert len(accept.batch) <= settings.max_batch_bytes
        assert len(encode_messages(accept)) <= settings.message_bytes


def promise_all(prepare: Prepare) -> Promise:
    return Promise(prepare.ballot, prepare.first, prepare.last, [])
