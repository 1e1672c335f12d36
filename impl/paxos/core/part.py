"""Parts: a value that is larger than a message is broadcast as several values, each a part of it.

To the protocol a part is a value like any other, with a sequence number of its own, and the only
one of its packet. So it is chosen, delivered and traced like any other; that it is a part is known
to the client, which cuts (`paxos.core.client`), and to learners, which put the parts together
(`paxos.core.assembler`). The parts of one value have consecutive sequence numbers, and each says
which one it is: the payload of its packet is a header and the bytes of the part. Where other
payloads have the length of their first value, the header has a length that no value can have, so
that marking parts costs the others nothing.

All parts of a value are equally long but for the last, which may be shorter. So each part by itself
shows whether its header can be true.
"""

import struct
from collections.abc import Iterable, Iterator

from msgspec import Struct

MARK = b"\xff\xff"
_HEAD = struct.Struct("<2sIII")  # the mark, which part, how many there are, bytes of the value

HEAD_BYTES = _HEAD.size
"""What a part takes in the payload of a packet beyond its own bytes."""

LARGEST_TOTAL_BYTES = 0xFFFF_FFFF
"""The largest value that a header can tell of."""


class Part(Struct, frozen=True, gc=False):
    """What a header tells: this is part `index`, from 0, of the `count` parts of a value of `total`
    bytes, of which all but the last are `length` bytes long."""

    index: int
    count: int
    total: int
    length: int


def is_part(payload: bytes | memoryview) -> bool:
    """Whether this is the payload of a part. Only that of a packet of one value can be."""
    return payload[: len(MARK)] == MARK


def cut_value(value: bytes, length: int) -> Iterator[bytes]:
    """The payloads of the parts of `value`, each with `length` of its bytes but for the last."""
    total = len(value)
    count = -(-total // length)
    whole = memoryview(value)
    for index in range(count):
        head = _HEAD.pack(MARK, index, count, total)
        yield b"".join((head, whole[index * length : (index + 1) * length]))


def read_part(payload: bytes | memoryview) -> Part | None:
    """What the header of a part tells; None if it does not fit what follows it, or itself."""
    size = len(payload) - HEAD_BYTES
    if size <= 0:
        return None
    _, index, count, total = _HEAD.unpack_from(payload)
    if count < 2 or index >= count:
        return None
    is_last = index == count - 1
    length = (total - size) // (count - 1) if is_last else size
    last = total - length * (count - 1)
    fits = 0 < last <= length and (not is_last or last == size)
    return Part(index, count, total, length) if fits else None


def join_parts(payloads: Iterable[bytes]) -> bytes:
    """The value whose parts have these payloads, in their order."""
    return b"".join([memoryview(payload)[HEAD_BYTES:] for payload in payloads])
