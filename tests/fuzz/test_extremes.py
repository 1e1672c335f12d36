"""Valid messages with extreme values, drawn and shrunk by hypothesis: each role takes any of them
in any order, with ticks between, raises nothing and stays within its limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paxos.core.ballot import LARGEST_INT, Ballot
from paxos.core.batch import encode_batch, pack
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
    Trimmed,
    Vote,
    Votes,
    encode_messages,
)
from paxos.runtime.envelope import Envelope, bodies
from tests.fuzz import bounds
from tests.fuzz.table import CLUSTER, MEMBERS, SMALL, Seat, Table

numbers = st.sampled_from([1, 2, 3, 9, 50, 51, 52, 2**31, LARGEST_INT - 1, LARGEST_INT])
ranges = st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))
clients = st.builds("{}.{}".format, st.integers(1, 2), numbers)
packets = st.builds(
    lambda client, first, values: pack(client, min(first, LARGEST_INT + 1 - len(values)), values),
    clients,
    numbers,
    st.lists(st.binary(max_size=3), min_size=1, max_size=9),
)
batches = st.lists(packets, max_size=3).map(encode_batch)
ballots = st.builds(Ballot, numbers, st.integers(1, 2))
votes = st.builds(Vote, numbers, ballots, batches)
spans = st.tuples(clients, ranges).map(lambda span: (span[0], *span[1]))


def votes_in_a_row(ballot: Ballot, instances: tuple[int, int]) -> Accepted:
    first, last = instances
    return Accepted(ballot, first, 0, last - first)


@st.composite
def promises(draw: st.DrawFn) -> Promise:
    ballot, (first, last) = draw(ballots), draw(ranges)
    told = draw(st.lists(votes, max_size=3))
    return Promise(
        ballot,
        first,
        last,
        [Vote(last, min(v.ballot, ballot), v.batch) for v in told],
    )


@st.composite
def datagrams(draw: st.DrawFn) -> tuple[str, int, int, list[Message]]:
    """Of which role, sender and incarnation, and what it says."""
    role = draw(st.sampled_from(list(MEMBERS)))
    sender = draw(st.integers(1, MEMBERS[role]))
    own = st.builds(Ballot, numbers, st.just(sender))
    incarnation = draw(numbers) if role == "client" else 1
    message: st.SearchStrategy[Message]
    match role:
        case "client":
            name = f"{sender}.{incarnation}"
            named = packets.map(lambda p: type(p)(name, p.first, p.count, p.payload))
            message = st.builds(Submit, st.lists(named, max_size=4))
        case "proposer":
            message = st.one_of(
                st.builds(lambda ballot, r: Prepare(ballot, *r), own, ranges),
                st.builds(Accept, own, numbers, batches),
                st.builds(Decide, ballots, numbers, batches),
                st.builds(Heartbeat, own, numbers),
            )
        case "acceptor":
            message = st.one_of(
                promises(),
                st.builds(votes_in_a_row, ballots, ranges),
                st.builds(Reject, ballots),
                st.builds(Trimmed, numbers),
                st.builds(Votes, st.lists(votes, min_size=1, max_size=3)),
            )
        case _:
            message = st.one_of(
                st.builds(Delivered, numbers, st.lists(spans, max_size=4)),
                st.builds(lambda r: Ask(*r), ranges),
            )
    return role, sender, incarnation, draw(st.lists(message, max_size=4))


def seal(table: Table, said: tuple[str, int, int, list[Message]]) -> bytes:
    role, sender, incarnation, messages = said
    envelope = Envelope(CLUSTER, role, sender, incarnation, MEMBERS)
    body = next(bodies(map(encode_messages, messages), 60_000), b"\x90")
    return envelope.seal(table.tick_clock(), body)


def take(table: Table, seat: Seat, said: tuple[str, int, int, list[Message]]) -> None:
    refusal = table.give(seat, seal(table, said))
    assert refusal in (None, "of an earlier incarnation"), "only valid messages are drawn"


@given(
    st.lists(st.tuples(st.integers(0, 8), datagrams(), st.integers(0, 40)), max_size=25),
    st.booleans(),
)
def test_no_message_breaks_a_role(
    given_: list[tuple[int, tuple[str, int, int, list[Message]], int]], led: bool
) -> None:
    table = Table()
    table.submit(b"value")
    if led:
        table.run(200)
    for at, said, steps in given_:
        seat = table.seats[at]
        take(table, seat, said)
        table.run(steps)
        for seat in table.seats:
            bounds.check(seat.role, SMALL)
