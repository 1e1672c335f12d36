"""Values, packets and batches, and how they are packed.

A client packs waiting values into a packet, once; a proposer packs packets into a batch; from then
on the batch is bytes that acceptors never look inside, until a learner unpacks it on delivery. So
between the client and the learner there is no Python object per value.

A packet is never split or merged, whoever resends it: the range of sequence numbers it carries is
what traces name, with a digest of its payload.

A value that fits no packet is broadcast in parts, each the only one of its packet
(`paxos.core.part`).
"""

import struct
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from paxos.core import part
from paxos.core.ballot import LARGEST_INT, Positive

LENGTH_BYTES = 2
"""What a value takes in a packet beyond its own bytes: its length."""

MAX_VALUE_BYTES = 0xFFFE
"""The longest value whose length can be packed; a datagram is no larger. One more marks a part."""

ClientName = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,8}\.[1-9][0-9]{0,15}$")]
"""`id.incarnation`: a client that restarts is another client, with sequence numbers of its own."""

Range = tuple[str, int, int, str]
"""`(client, first, count, digest)`: a packet as traces name it."""


class Packet(Struct, array_like=True, frozen=True, gc=False):
    """Values `first .. first + count - 1` of one client, packed in `payload`."""

    client: ClientName
    first: Positive
    count: Positive
    payload: bytes

    @property
    def last(self) -> int:
        """The sequence number of the last value."""
        return self.first + self.count - 1


class WholeValue(Packet, frozen=True, array_like=True, gc=False):
    """A value that was put together from its parts, in the form in which learners deliver: `first`
    is the number of its first part, `count` is 1, and `payload` is the value itself. No message
    holds one."""


class MalformedPacketError(ValueError):
    """A packet whose payload is not the values it says."""


def pack(client: str, first: int, values: Sequence[bytes]) -> Packet:
    """Pack `values`, of at most `MAX_VALUE_BYTES` each, numbered from `first`."""
    lengths = struct.pack(f"<{len(values)}H", *map(len, values))
    return Packet(client, first, len(values), lengths + b"".join(values))


def unpack(packet: Packet) -> list[bytes]:
    """The values of `packet`, in order.

    Raises `MalformedPacketError` if the payload does not hold exactly `packet.count` values; a part
    of a value is none.
    """
    if type(packet) is WholeValue:
        return [packet.payload]
    payload, lengths_bytes = packet.payload, LENGTH_BYTES * packet.count
    if packet.count == 1 and _is_one_value(payload):
        return [payload[LENGTH_BYTES:]]
    if lengths_bytes > len(payload):
        raise MalformedPacketError(f"{packet.count} values do not fit in {len(payload)} bytes")
    lengths = struct.unpack_from(f"<{packet.count}H", payload)
    end = lengths_bytes + sum(lengths)
    if end != len(payload):
        raise MalformedPacketError(f"values end at byte {end} of {len(payload)}")
    values = BytesIO(payload)  # twice as fast as to cut it
    values.seek(lengths_bytes)
    return list(map(values.read, lengths))


def is_part(packet: "Packet | _Seen") -> bool:
    """Whether this is a part of a value."""
    return packet.count == 1 and part.is_part(packet.payload)


def is_sound(packet: "Packet | _Seen") -> bool:
    """Whether it is well-formed, and no value of it has a number beyond the largest."""
    if packet.count == 1 and _is_one_value(packet.payload):
        return True
    return packet.first + packet.count - 1 <= LARGEST_INT and is_well_formed(packet)


def is_well_formed(packet: "Packet | _Seen") -> bool:
    """Whether `unpack` will succeed; of a part, whether its header can be true."""
    payload, lengths_bytes = packet.payload, LENGTH_BYTES * packet.count
    if packet.count == 1:
        return _is_one_value(payload) or (
            part.is_part(payload) and part.read_part(payload) is not None
        )
    return lengths_bytes <= len(payload) and lengths_bytes + sum(
        struct.unpack_from(f"<{packet.count}H", payload)
    ) == len(payload)


def _is_one_value(payload: bytes | memoryview) -> bool:
    """Whether this is a value with its length before it."""
    size = len(payload) - LENGTH_BYTES
    return 0 <= size <= MAX_VALUE_BYTES and payload[0] | payload[1] << 8 == size


def pack_parts(client: str, first: int, value: bytes, length: int) -> list[Packet]:
    """The parts of `value`, each `length` bytes long but for the last, numbered from `first`."""
    payloads = enumerate(part.cut_value(value, length), first)
    return [Packet(client, number, 1, payload) for number, payload in payloads]


NO_OP = b""
"""The empty batch, which fills a gap."""


class _Seen(Struct, array_like=True, frozen=True, gc=False):
    """A packet of a batch that is only looked at: its payload is not copied out of that."""

    client: ClientName
    first: Positive
    count: Positive
    payload: memoryview


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Packet]).decode
_see = msgspec.msgpack.Decoder(list[_Seen]).decode


def encode_batch(packets: Sequence[Packet]) -> bytes:
    """The bytes that stand for a batch in messages and storage."""
    return _encode(packets) if packets else NO_OP


def decode_batch(batch: bytes) -> list[Packet]:
    """The packets of a batch; raises `msgspec.MsgspecError` if it is not one."""
    return _decode(batch) if batch else []


def can_be_unpacked(batch: bytes) -> bool:
    """Whether `decode_batch` and, of each packet, `unpack` will succeed, and no value has a number
    beyond the largest; False or `msgspec.MsgspecError` if not."""
    return not batch or all(map(is_sound, _see(batch)))


def describe(packets: Sequence[Packet]) -> list[Range]:
    """The packets as traces name them."""
    return [(p.client, p.first, p.count, sha256(p.payload).hexdigest()[:16]) for p in packets]
