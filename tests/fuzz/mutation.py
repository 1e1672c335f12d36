"""Damaged datagrams: of bytes, as a bad network or a stranger makes them, and of messages, as only
who knows the format does, with numbers and lists that no process would say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import msgspec

from paxos.core.ballot import LARGEST_INT
from paxos.core.names import ROLES
from paxos.runtime.envelope import PLAIN, TAGGED, Envelope
from tests.fuzz.table import CLUSTER, MEMBERS

HEADER_BYTES = len(Envelope(CLUSTER, "client", 1, 1, MEMBERS).seal(0, b""))
CLOCK_AT = HEADER_BYTES - 8
TAGGED_BYTES = len(Envelope(CLUSTER, "client", 1, 1, MEMBERS, b"key").seal(0, b""))
EXTREMES = (
    0,
    1,
    2,
    3,
    255,
    2**16,
    2**31,
    2**32,
    LARGEST_INT - 1,
    LARGEST_INT,
    2**53,
    2**64 - 1,
    -1,
)

# Of bytes.


def flip(random: Random, datagram: bytes, _: Sequence[bytes]) -> bytes:
    """Some bits are wrong."""
    damaged = bytearray(datagram)
    for _time in range(random.randint(1, 8)):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def cut(random: Random, datagram: bytes, _: Sequence[bytes]) -> bytes:
    """A part is missing."""
    start, end = sorted(random.randint(0, len(datagram)) for _ in "12")
    return datagram[:start] + datagram[end:]


def repeat(random: Random, datagram: bytes, _: Sequence[bytes]) -> bytes:
    """A part is there many times."""
    start, end = sorted(random.randint(0, len(datagram)) for _ in "12")
    return datagram[:start] + datagram[start:end] * random.randint(2, 50) + datagram[end:]


def splice(random: Random, datagram: bytes, others: Sequence[bytes]) -> bytes:
    """The beginning of one, the end of another."""
    other = random.choice(others)
    return datagram[: random.randint(0, len(datagram))] + other[random.randint(0, len(other)) :]


def behind_header(random: Random, datagram: bytes, others: Sequence[bytes]) -> bytes:
    """A good header, and the body of another datagram."""
    return datagram[:HEADER_BYTES] + random.choice(others)[HEADER_BYTES:]


def noise(random: Random, datagram: bytes, _: Sequence[bytes]) -> bytes:
    """Random bytes, sometimes behind a good header."""
    return datagram[: random.choice((0, 2, HEADER_BYTES))] + random.randbytes(
        random.randint(0, 300)
    )


def again(random: Random, datagram: bytes, _: Sequence[bytes]) -> bytes:
    """As it is, but with the clock of another time, or none but its own."""
    clock = random.choice(
        (datagram[CLOCK_AT:HEADER_BYTES], random.randbytes(8), random.randrange(10**7).to_bytes(8))
    )
    return datagram[:CLOCK_AT] + clock + datagram[HEADER_BYTES:]


def other_header(random: Random, datagram: bytes, _: Sequence[bytes]) -> bytes:
    """The same body said by somebody else, in some incarnation, at some time."""
    role = random.randrange(len(ROLES) + 1)
    sender = random.choice((0, 1, 2, 3, 4, 99, 2**32 - 1))
    incarnation = random.choice((0, *[1] * 50, 2, LARGEST_INT, 2**64 - 1))
    commits = random.choice((*[0] * 50, 1, LARGEST_INT, 2**64 - 1))
    version, kind = random.choice((0, 1, *[PLAIN] * 3, TAGGED, 255)), random.choice((0, 0, 0, 1, 2))
    head = b"Px" + bytes((version, kind, role)) + CLUSTER + sender.to_bytes(4)
    nonce, clock = random.randbytes(4), random.randrange(10**7).to_bytes(8)
    numbers = nonce + incarnation.to_bytes(8) + commits.to_bytes(8) + random.randbytes(8) + clock
    return head + numbers + datagram[HEADER_BYTES:]


# Of messages.


def other_numbers(random: Random, datagram: bytes, _: Sequence[bytes]) -> bytes:
    """The datagram of a liar: well formed, but for some numbers or lists in it."""
    start = HEADER_BYTES if datagram[2] == PLAIN else TAGGED_BYTES
    content = msgspec.msgpack.decode(datagram[start:])
    for _time in range(random.randint(1, 3)):
        content = _change(random, content)
    clock = random.randrange(10**7).to_bytes(8)
    return (
        datagram[:CLOCK_AT] + clock + datagram[HEADER_BYTES:start] + msgspec.msgpack.encode(content)
    )


def _change(random: Random, content: Any) -> Any:
    """`content` with something in it replaced."""
    if isinstance(content, list) and content and random.random() < 0.9:
        at = random.randrange(len(content))
        if random.random() < 0.05:
            return content[:at] + [content[at]] * random.randint(0, 200) + content[at + 1 :]
        return [*content[:at], _change(random, content[at]), *content[at + 1 :]]
    if isinstance(content, int):
        near = content + random.randint(1, 100), 2 * content, content - 1
        return random.choice((*EXTREMES, *[n for n in near if n < 2**64]))
    if isinstance(content, bytes):
        return _change_batch(random, content)
    if isinstance(content, str):
        return f"{random.choice((0, 1, 2, 99))}.{random.choice((1, 2, random.randrange(10**9)))}"
    return random.choice((None, [], {}, b"", "", 1.5, True, content))


def _change_batch(random: Random, batch: bytes) -> bytes:
    """Sometimes the batch can still be unpacked, but is another."""
    try:
        content = msgspec.msgpack.decode(batch)
    except (msgspec.MsgspecError, ValueError):
        return random.choice((b"", batch[:-1], batch + b"\0", random.randbytes(9)))
    return msgspec.msgpack.encode(_change(random, content)) if content else batch


WAYS: list[Callable[[Random, bytes, Sequence[bytes]], bytes]] = [
    flip,
    cut,
    repeat,
    splice,
    behind_header,
    noise,
    again,
    other_header,
    *[other_numbers] * 8,
]
"""Half of the inputs are of messages: the others mostly end at the envelope."""


def mutate(random: Random, datagram: bytes, others: Sequence[bytes]) -> bytes:
    """A damaged `datagram`; `others` are some to mix it with."""
    return random.choice(WAYS)(random, datagram, others)
