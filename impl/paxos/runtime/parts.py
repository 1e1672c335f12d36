"""Datagrams that are larger than what the network carries whole travel in parts.

IP would cut them too, but many networks drop its fragments: firewalls, tunnels, and whatever has a
smaller MTU than the sender's interface without saying so. Parts are packets like any other. One
that is lost is a datagram that is lost.

How large a packet may be is known of the own interface only. So senders count what they send, by
size, and now and then say how much that was; a receiver that hears this, and got none of the larger
packets, says how large those were that it got, and the sender makes no larger ones from then on.
All of this is driven by what is sent anyway: while nothing large is sent, nothing is said.

With a key, each of these packets has a tag like a datagram; what it carries is judged when it is
whole (`paxos.runtime.envelope`). Without, whoever can send to the groups can have packets made as
small as the last of the steps, which costs time only. No socket and no clock is used here.

Memory: `PARTIAL_BYTES` of parts, and a few numbers for `SOURCES` senders.
"""

import struct
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple

STEPS = (1_200, 508)
"""Packets of so many bytes are tried when larger ones do not arrive, if none is known that did.
Nearly every path carries the first; every host must take the second, and smaller ones than that are
not counted."""

SIZES = 63
WIDTH_BYTES = 16
"""Packets are counted by size in so many classes of this width; the last has all larger ones."""

ENOUGH = 5
"""A receiver that got none of so many packets of the largest sizes says so."""

REPORT_S = 0.5
"""A sender of larger packets says how many there were at most so often."""

PARTIAL_BYTES = 4 << 20
"""What is kept of datagrams of which parts are missing, those begun last."""

SOURCES = 1_024
"""Senders that are told apart, those heard of last."""

MAX_PARTS = 255

_MAGIC = b"Pp"
_PART, _SENT, _MISSED = range(3)
_HEAD = struct.Struct("!2sB8s8s")  # magic, kind, cluster, the sender's incarnation
_WHICH = struct.Struct("!IBB")  # number of the datagram, index of the part, how many there are
_COUNTS = struct.Struct(f"!B{SIZES}I")  # group of the sender, packets sent by size
_SIZE = struct.Struct("!8sH")  # the incarnation that sent them, the largest size that arrived
_TAG_BYTES = 16
_ENTRY_BYTES = 256  # of memory that a datagram with missing parts takes beyond them

Source = tuple[str, int]
"""Address and port that a packet came from: those of one process."""


class _Partial:
    """A datagram of which parts are missing."""

    __slots__ = ("bytes", "parts", "total")

    def __init__(self, total: int) -> None:
        self.total = total
        self.parts: dict[int, bytes] = {}
        self.bytes = _ENTRY_BYTES


class _Heard:
    """What arrived of one sender, by size, since it last said how much it had sent, and that."""

    __slots__ = ("got", "incarnation", "largest", "sent")

    def __init__(self) -> None:
        self.incarnation = b""
        self.begin([0] * SIZES)

    def begin(self, sent: Sequence[int]) -> None:
        """Count from here on."""
        self.sent = sent
        self.got = [False] * SIZES
        self.largest = 0


def _class(size: int) -> int:
    """The class of a packet above the smallest step."""
    return min((size - STEPS[-1] - 1) // WIDTH_BYTES, SIZES - 1)


class Arrival(NamedTuple):
    """What came of a packet."""

    datagram: bytes | None = None
    answer: bytes | None = None
    """A packet for the group with the number `to`."""
    to: int = 0
    smaller: int | None = None
    """Packets are made so small from now on, which is worth a line."""


NOTHING = Arrival()


class Parts:
    """Cuts and joins the datagrams of one process. `split` and `report` are for one thread
    at a time, `arrive` is for another."""

    def __init__(
        self, cluster: bytes, incarnation: bytes, group: int, packet_bytes: int, key: bytes | None
    ) -> None:
        """`incarnation` is 8 bytes that no other process has; `group` is the number of the group on
        which this one hears; `packet_bytes` is what the own interface carries in a packet."""
        self.packet_bytes = packet_bytes
        self._cluster, self._incarnation, self._group = cluster, incarnation, group
        self._mac = (
            None if key is None else blake2b(key=key, digest_size=_TAG_BYTES, person=b"part")
        )
        self._overhead = _HEAD.size + _WHICH.size + (_TAG_BYTES if key else 0)
        self._number = 0
        self._sent: dict[int, list[int]] = {}  # by group
        self._report_s: dict[int, float] = {}
        self._partials: OrderedDict[tuple[Source, bytes, int], _Partial] = OrderedDict()
        self._partial_bytes = 0
        self._heard: OrderedDict[Source, _Heard] = OrderedDict()

    # Sending.

    def split(self, datagram: bytes) -> list[bytes]:
        """The packets in which a datagram travels."""
        most = self.packet_bytes
        if len(datagram) <= most:
            return [datagram]
        room = most - self._overhead
        pieces = [datagram[at : at + room] for at in range(0, len(datagram), room)]
        assert len(pieces) <= MAX_PARTS
        self._number = (self._number + 1) & 0xFFFF_FFFF
        return [
            self._packet(_PART, _WHICH.pack(self._number, index, len(pieces)) + piece)
            for index, piece in enumerate(pieces)
        ]

    def report(self, group: int, sizes: list[int], now_s: float) -> bytes | None:
        """Packets of these sizes were sent to `group`; what is to be said of it there, if
        anything."""
        if max(sizes) <= STEPS[-1]:
            return None
        sent = self._sent.setdefault(group, [0] * SIZES)
        for size in sizes:
            if size > STEPS[-1]:
                sent[_class(size)] = (sent[_class(size)] + 1) & 0xFFFF_FFFF
        if now_s < self._report_s.get(group, now_s):
            return None
        self._report_s[group] = now_s + REPORT_S
        return self._packet(_SENT, _COUNTS.pack(self._group, *sent))

    def _packet(self, kind: int, body: bytes) -> bytes:
        packet = _HEAD.pack(_MAGIC, kind, self._cluster, self._incarnation) + body
        return packet + self._tag(packet)

    def _tag(self, packet: bytes) -> bytes:
        if self._mac is None:
            return b""
        mac = self._mac.copy()
        mac.update(packet)
        return mac.digest()

    # Receiving.

    def arrive(self, packet: bytes, source: Source) -> Arrival:
        """Take a packet. One that is neither a part nor about parts is a datagram; of one that is,
        and not from this cluster, nothing comes."""
        heard = self._from(source)
        if len(packet) > STEPS[-1]:
            heard.got[_class(len(packet))] = True
            heard.largest = max(heard.largest, len(packet))
        if not packet.startswith(_MAGIC):
            return Arrival(packet)
        if self._mac is not None:
            packet, tag = packet[:-_TAG_BYTES], packet[-_TAG_BYTES:]
            if not compare_digest(tag, self._tag(packet)):
                return NOTHING
        if len(packet) < _HEAD.size:
            return NOTHING
        _, kind, cluster, incarnation = _HEAD.unpack_from(packet)
        if cluster != self._cluster:
            return NOTHING
        body = packet[_HEAD.size :]
        if kind == _PART and len(body) > _WHICH.size:
            return Arrival(self._join(source, incarnation, body))
        if kind == _SENT and len(body) == _COUNTS.size:
            return self._compare(heard, incarnation, *_COUNTS.unpack(body))
        if kind == _MISSED and len(body) == _SIZE.size:
            return self._shrink(*_SIZE.unpack(body))
        return NOTHING

    def _from(self, source: Source) -> _Heard:
        heard = self._heard.get(source)
        if heard is None:
            heard = self._heard[source] = _Heard()
            if len(self._heard) > SOURCES:
                self._heard.popitem(last=False)
        self._heard.move_to_end(source)
        return heard

    def _join(self, source: Source, incarnation: bytes, body: bytes) -> bytes | None:
        """Keep a part; the datagram, if it is whole."""
        number, index, total = _WHICH.unpack_from(body)
        key = source, incarnation, number
        partial = self._partials.get(key)
        if partial is None:
            partial = self._partials[key] = _Partial(total)
            self._partial_bytes += partial.bytes
        if partial.total != total or index >= total or index in partial.parts:
            return None
        piece = partial.parts[index] = body[_WHICH.size :]
        partial.bytes += len(piece)
        self._partial_bytes += len(piece)
        whole = len(partial.parts) == total
        if whole:
            self._forget(key)
        while self._partial_bytes > PARTIAL_BYTES:
            self._forget(next(iter(self._partials)))
        return b"".join(partial.parts[at] for at in range(total)) if whole else None

    def _forget(self, key: tuple[Source, bytes, int]) -> None:
        self._partial_bytes -= self._partials.pop(key).bytes

    def _compare(self, heard: _Heard, incarnation: bytes, group: int, *sent: int) -> Arrival:
        """A sender says what it has sent."""
        # What it sent before this one began is not to be answered for.
        if incarnation != heard.incarnation:
            heard.incarnation = incarnation
            heard.begin(sent)
            return NOTHING
        larger = max((at + 1 for at, got in enumerate(heard.got) if got), default=0)
        missed = sum((sent[at] - heard.sent[at]) & 0xFFFF_FFFF for at in range(larger, SIZES))
        largest = heard.largest
        if missed == 0 or missed >= ENOUGH:
            heard.begin(sent)
        if missed < ENOUGH:
            return NOTHING
        return Arrival(answer=self._packet(_MISSED, _SIZE.pack(incarnation, largest)), to=group)

    def _shrink(self, incarnation: bytes, arrived: int) -> Arrival:
        """Somebody gets nothing that is larger than `arrived`."""
        next_step = max((step for step in STEPS if step < self.packet_bytes), default=STEPS[-1])
        size = max(arrived, next_step)
        if incarnation != self._incarnation or size >= self.packet_bytes:
            return NOTHING
        self.packet_bytes = size
        return Arrival(smaller=size)
