"""Datagrams that are valid in every respect, and not true: what a process that lies could say, or
anybody where there is no key. They name the first instances and the last, rounds and clients
without end, and ranges of everything. (A few hold values that cannot be unpacked.)
"""

from __future__ import annotations

from random import Random

from paxos.core.ballot import LARGEST_INT, Ballot
from paxos.core.batch import Packet, encode_batch, pack, pack_parts
from paxos.core.messages import (
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
    Span,
    Submit,
    Trimmed,
    Vote,
    Votes,
    encode_messages,
)
from paxos.core.names import ROLES
from paxos.runtime.envelope import PRESENCE, Envelope, bodies
from paxos.runtime.hello import HOST_CHARACTERS, Hello, Reason, Unheard, encode_about
from tests.fuzz.table import CLUSTER, MEMBERS


def lie(random: Random, clock: int) -> bytes:
    """A datagram of some process, sent at `clock`. Clients begin ever new incarnations; of other
    roles a new one would only silence the true process."""
    role = random.choice(ROLES)
    sender = random.randint(1, MEMBERS[role])
    incarnation = 1
    if role == "client":
        incarnation = random.choice((1, clock))
    nonce = random.choice((0, 11, 22, 31, 42, 2**32 - 1))
    envelope = Envelope(CLUSTER, role, sender, incarnation, MEMBERS, nonce=nonce)
    commits = random.choice((*[0] * 200, 1, LARGEST_INT))
    if random.random() < 0.1:
        return envelope.seal(clock, encode_about(_tell(random)), commits=commits, kind=PRESENCE)
    said = [_say(random, role, sender, incarnation) for _ in range(random.choice((1, 1, 1, 2, 25)))]
    return envelope.seal(clock, next(bodies(map(encode_messages, said), 60_000)), commits=commits)


def _tell(random: Random) -> Hello | Unheard:
    nonce = random.choice((0, 11, 22, 31, 42, 2**32 - 1))
    number = random.choice((0, 1, 5, 10**6, LARGEST_INT))
    if random.random() < 0.5:
        host = random.choice(("", "host", "\n\x1b[2J", "x" * HOST_CHARACTERS))
        return Hello(number, random.random() < 0.5, nonce, host, number)
    reason = random.choice(list(Reason))
    return Unheard(random.randint(1, 3), nonce, reason, 1, number, random.randint(0, 9), number)


def _say(random: Random, role: str, sender: int, incarnation: int) -> Message:
    match role:
        case "client":
            if random.random() < 0.1:
                first = random.randint(1, 500)
                span = f"{sender}.{incarnation}", first, first + random.randint(0, 50)
                return Inquire([span], in_parts=random.random() < 0.5)
            count = random.randint(0, 4)
            return Submit([_packet(random, f"{sender}.{incarnation}") for _ in range(count)])
        case "proposer":
            return _propose(random, Ballot(_round(random), sender))
        case "acceptor":
            return _answer(random, Ballot(_round(random), random.randint(1, 2)))
        case _:
            if random.random() < 0.5:
                return Ask(*_range(random))
            if random.random() < 0.1:
                return Query(f"{sender}.{incarnation}", _instance(random))
            if random.random() < 0.1:
                client, first, last = _span(random)
                return Outcomes([Outcome(client, first, last, random.choice(list(Fate)))])
            spans = [_span(random) for _ in range(random.choice((0, 1, 9)))]
            places = [
                (client, first, at := random.randint(0, 9), at)
                for client, first, _ in spans[: random.randint(0, 9)]
            ]
            return Delivered(_instance(random), spans, places)


def _propose(random: Random, ballot: Ballot) -> Message:
    match random.randrange(4):
        case 0:
            return Prepare(ballot, *_range(random))
        case 1:
            return Accept(ballot, _instance(random), _batch(random))
        case 2:
            return Decide(ballot, _instance(random), _batch(random))
        case _:
            return Heartbeat(ballot, _instance(random))


def _answer(random: Random, ballot: Ballot) -> Message:
    first, last = _range(random)
    some = [
        Vote(random.choice((first, last)), min(ballot, Ballot(_round(random), 1)), _batch(random))
        for _ in range(random.randint(1, 3))
    ]
    match random.randrange(6):
        case 5:
            return Reached(f"{random.randint(1, 3)}.1", random.randint(1, 3), first)
        case 0:
            return Promise(ballot, first, last, random.choice(([], some)))
        case 1:
            return Accepted(ballot, first, 0, last - first)
        case 2:
            return Reject(ballot)
        case 3:
            return Trimmed(last)
        case _:
            return Votes(some)


def _instance(random: Random) -> int:
    near = random.randint(1, 100)
    return random.choice((near, near, near, random.randint(1, 10**6), LARGEST_INT))


def _range(random: Random) -> tuple[int, int]:
    first, last = sorted((_instance(random), _instance(random)))
    return first, last


def _round(random: Random) -> int:
    """Mostly one that may be in use; the last of all ends every election."""
    return random.choice((LARGEST_INT, 99, *[random.randint(1, 9)] * 98))


def _client(random: Random) -> str:
    return f"{random.randint(1, 2)}.{random.choice((1, random.randint(1, 10**6)))}"


def _span(random: Random) -> Span:
    first = random.randint(1, 10**6)
    return _client(random), first, random.choice((first, first, first + 5, LARGEST_INT))


def _packet(random: Random, client: str) -> Packet:
    if random.random() < 0.02:
        return Packet(client, 1, 1, b"not what it says")
    if random.random() < 0.3:
        return _part(random, client)
    return pack(client, random.choice((random.randint(1, 500), 10**9)), [b"lie"])


def _part(random: Random, client: str) -> Packet:
    """A part of a value of which others are missing; of its numbers some are in use."""
    value = bytes(random.choice((300, 300, 900, 20_000)))
    part = random.choice(pack_parts(client, 1, value, random.choice((100, 150, 250))))
    first = random.choice((part.first, random.randint(1, 50), random.randint(1, 10**6)))
    return Packet(client, first, 1, part.payload)


def _batch(random: Random) -> bytes:
    return encode_batch([_packet(random, _client(random)) for _ in range(random.randint(0, 3))])
