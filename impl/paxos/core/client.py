"""The client: it broadcasts values, and insists until it sees them delivered.

A value that fits no packet is cut into parts (`paxos.core.part`), which are broadcast like any
other values. What became of the whole value learners say besides, and the client asks until they
do.

Spec: `Broadcast`. That a value is sent again changes nothing in the spec: it is broadcast once.
"""

from collections.abc import Container, Iterable, Sequence
from itertools import groupby, takewhile

from paxos.core import events, waiting
from paxos.core.batch import LENGTH_BYTES, Packet, describe, pack, pack_parts
from paxos.core.flight import Flight
from paxos.core.intervals import IntervalSet
from paxos.core.messages import (
    Delivered,
    Fate,
    Group,
    Inquire,
    Message,
    Outcome,
    Outcomes,
    PacketPlace,
    Span,
    Submit,
)
from paxos.core.places import Placed
from paxos.core.portions import SPAN_BYTES, cut, packet_bytes, portions, span_bytes
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.silence import Silence
from paxos.core.standing import Standing
from paxos.core.step import Discarded
from paxos.core.waiting import Wait

__all__ = ["Client", "ValueTooLargeError"]

RESEND_FACTOR = 4
"""A client is so many times more patient than the others, who repair most losses before it."""

PACKET_THRESHOLD = 3
"""A packet is lost when one that was sent so many later is delivered and it is not: packets are
ordered as they come, and networks reorder few (RFC 9002 has the same threshold)."""


EVENT_PACKETS = 10_000
"""Packets in one event of a trace: a value may have more parts, and a line has a limit."""

DISCARDED = {
    Fate.NO_ROOM: "will not be delivered: parts were missing of too many values at a time; "
    "broadcast it again",
    Fate.TOO_OLD: "will not be delivered: too much else was delivered between its parts; "
    "broadcast it again",
    Fate.LATER_INCARNATION: "will not be delivered: this client was started once more",
    Fate.FORGOTTEN: "may have been delivered or discarded: learners do not remember it any more",
}
"""What a client says of a value that was not delivered."""


class ValueTooLargeError(ValueError):
    """A value that is larger than the cluster takes."""


class InParts:
    """A value in parts of which it is not known what became, or of which parts are outstanding."""

    __slots__ = ("bytes", "first", "last", "left", "settled", "since_s")

    def __init__(self, parts: Sequence[Packet], size: int, since_s: float) -> None:
        self.first, self.last = parts[0].first, parts[-1].last
        self.bytes = size
        self.since_s = since_s
        self.left = len(parts)
        """Parts that are not known to be delivered."""
        self.settled = False


class Outstanding:
    """A packet that is not known to be delivered, or not where."""

    __slots__ = ("is_delivered", "packet", "since_s", "value")

    def __init__(self, packet: Packet, since_s: float, value: InParts | None = None) -> None:
        self.packet = packet
        self.since_s = since_s
        self.value = value
        """What it is a part of."""
        self.is_delivered = False
        """It is, but its place is not known, and is asked for."""


class Client(Role):
    """Broadcasts values under the name `id.incarnation`, numbered 1, 2, 3, ..."""

    def __init__(
        self, settings: Settings, name: str, now_s: float, *, wants_places: bool = False
    ) -> None:
        """`wants_places`: a value is done with when its place in the order is known too, and the
        steps say it; or when a learner has forgotten it."""
        super().__init__(settings)
        self._wants_places = wants_places
        self.name = name
        self.next_seq = 1
        self.outstanding: dict[int, Outstanding] = {}
        """By first sequence number, in this order."""
        self.in_parts: dict[int, InParts] = {}
        """By first sequence number too. While something else than its parts is waited for, the
        number of its last part stands for the question in the flight."""
        shortest_s = RESEND_FACTOR * settings.shortest_s
        self._flight = Flight(
            settings, shortest_s, settings.resend_s, PACKET_THRESHOLD, ordered=True
        )
        self._new: list[Packet] = []  # submitted in this group
        self._submitted = 0  # values, each in parts counted once
        self.outstanding_values = 0
        """Values that were broadcast and are not known to be delivered, or discarded."""
        self._silence = Silence(now_s)  # of learners, who say where the log is from time to time
        self._settled = False  # Synod: the one value was chosen, ours or not

    def room(self) -> int:
        """How many values may be submitted now; 0: wait until some are delivered. Of the last ones
        some may have to wait in turn: the window, in bytes, says when they are sent. As long as
        some wait there is no room, and so of values in parts at most one call's wait."""
        packets = self.settings.client_packets - max(len(self.outstanding), len(self.in_parts))
        return max(0, packets) * self.settings.max_batch if self._flight.admits(1) else 0

    def is_worth_a_step(self, values: int, size: int) -> bool:
        """Whether so many values that wait, of `size` bytes together, are to be submitted now. In a
        replica, those that fill no packet are not while others are under way: every instance costs
        each acceptor a commit, and the delivery that they wait for is heard of at once, so what has
        come by then goes together (as in Nagle's algorithm, RFC 896). Those of a client that is
        alone wait for nothing of the kind; nor do any while what is under way seems to be lost."""
        if not values or not self.settings.own_acceptor or not self.outstanding:
            return values > 0
        is_full = self.settings.fills_packet(values, size)
        return is_full or not self._flight.is_new(next(iter(self.outstanding)))

    @property
    def finished(self) -> bool:
        """Whether nothing submitted is waiting for its delivery, or for its place if that is
        wanted."""
        return not self.outstanding and not self.in_parts

    def submit(self, values: Sequence[bytes], now_s: float, since_s: float | None = None) -> None:
        """Broadcast `values` (spec: `Broadcast`), which were due at `since_s` (default: now). They
        are sent at once, as far as the window for what is under way admits it.

        Raises `ValueTooLargeError`, having broadcast none, if one of them is larger than
        `max_value_bytes`, or in a Synod than a message.
        """
        limit = self.settings.largest_value_bytes
        largest = max(map(len, values), default=0)
        if largest > limit:
            raise ValueTooLargeError(f"a value of {largest} bytes; {limit} are the most")
        if self._settled:
            return
        since = now_s if since_s is None else since_s
        self._submitted += len(values)
        self.outstanding_values += len(values)
        packed = self.settings.packed_value_bytes
        if largest <= packed:
            self._submit_packed(values, since)
            return
        for is_large, some in groupby(values, lambda value: len(value) > packed):
            if is_large:
                for value in some:
                    self._submit_in_parts(value, since)
            else:
                self._submit_packed(list(some), since)

    def _submit_packed(self, values: Sequence[bytes], since_s: float) -> None:
        room, most = self.settings.fitting_payload_bytes, self.settings.max_batch
        for some in cut(values, lambda value: len(value) + LENGTH_BYTES, room, most):
            self._offer(Outstanding(pack(self.name, self.next_seq, some), since_s))

    def _submit_in_parts(self, value: bytes, since_s: float) -> None:
        parts = pack_parts(self.name, self.next_seq, value, self.settings.part_bytes)
        whole = self.in_parts[self.next_seq] = InParts(parts, len(value), since_s)
        for part in parts:
            self._offer(Outstanding(part, since_s, whole))

    def _offer(self, outstanding: Outstanding) -> None:
        packet = outstanding.packet
        self.next_seq += packet.count
        self.outstanding[packet.first] = outstanding
        self._flight.offer(packet.first, packet_bytes(packet))
        self._new.append(packet)

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        if isinstance(message, Delivered):
            self._on_delivered(message, now_s)
        elif isinstance(message, Outcomes):
            for outcome in message.values:
                if outcome.client == self.name:
                    self._on_outcome(outcome, now_s)

    def _on_delivered(self, delivered: Delivered, now_s: float) -> None:
        if self._silence.ends(now_s):
            self._flight.revive()
        if self._wants_places:
            self._note_places(delivered.places, now_s)
        if self.settings.synod and delivered.prefix > 0:
            self._settled = True
            self.outstanding.clear()
            self.outstanding_values = 0
            self._flight.clear()
        mine = [span for span in delivered.values if span[0] == self.name and span[1] <= span[2]]
        for first, last in _joined(mine):
            self._hear_of(first, last, now_s)

    def _note_places(self, places: Iterable[PacketPlace], now_s: float) -> None:
        """Whoever tells where a packet is has delivered it. One that is said to be nowhere was
        delivered too long ago for a learner to remember where."""
        for client, first, instance, position in places:
            outstanding = self.outstanding.get(first) if client == self.name else None
            if outstanding and outstanding.value is None:
                placed = Placed(first, outstanding.packet.count, instance, position)
                self.step.placed.append(placed)
                self._delivered(outstanding, now_s, is_placed=True)

    def _hear_of(self, first: int, last: int, now_s: float) -> None:
        """The values `first..last` are delivered. Sequence numbers may skip inside a packet, so
        walk whichever is shorter: the interval or what is outstanding up to its end."""
        if last - first < len(self.outstanding):
            done = [seq for seq in range(first, last + 1) if seq in self.outstanding]
        else:
            upto = takewhile(lambda seq: seq <= last, self.outstanding)
            done = [seq for seq in upto if first <= seq]
        for seq in done:
            outstanding = self.outstanding[seq]
            if outstanding.packet.last <= last and not outstanding.is_delivered:
                self._delivered(outstanding, now_s, is_placed=False)

    def _delivered(self, outstanding: Outstanding, now_s: float, *, is_placed: bool) -> None:
        """A packet is delivered. If its place is wanted, that was said before, and is lost: it is
        asked for, and the packet stays in the flight for that."""
        packet = outstanding.packet
        self._flight.answered(packet.first, now_s)
        if outstanding.value is None and not outstanding.is_delivered:
            self.outstanding_values -= packet.count
            self._acknowledge(packet.count, outstanding.since_s, now_s)
        if self._wants_places and outstanding.value is None and not is_placed:
            outstanding.is_delivered = True
            self._flight.offer(packet.first, SPAN_BYTES)
            return
        del self.outstanding[packet.first]
        if outstanding.value is not None:
            self._part_delivered(outstanding.value)

    def _acknowledge(self, count: int, since_s: float, now_s: float) -> None:
        self.step.acknowledged.append((count, since_s, now_s))

    def _part_delivered(self, value: InParts) -> None:
        value.left -= 1
        if value.left:
            return
        if value.settled:
            del self.in_parts[value.first]
        else:  # learners say it with the last part, but that was lost or is late: ask
            self._flight.offer(value.last, span_bytes((self.name, value.first, value.last)))

    def _on_outcome(self, outcome: Outcome, now_s: float) -> None:
        """What became of a value in parts. Those of one that was discarded stay outstanding: they
        are broadcast, so they are to be delivered."""
        value = self.in_parts.get(outcome.first)
        if value is None or value.settled:
            return
        value.settled = True
        self.outstanding_values -= 1
        if outcome.fate is Fate.DELIVERED:
            self._acknowledge(1, value.since_s, now_s)
            if self._wants_places:
                self.step.placed.append(Placed(value.first, 1, outcome.instance, outcome.position))
            self._hear_of(value.first, value.last, now_s)
        else:
            which = f"value {value.first} of {self.name}, of {value.bytes} bytes,"
            text = f"{which} {DISCARDED[outcome.fate]}"
            self.step.discarded.append(Discarded(value.first, outcome.fate, text))
        if not value.left and value.first in self.in_parts:
            del self.in_parts[value.first]
            self._flight.answered(value.last, now_s)

    def waits_for(self) -> Wait | None:
        if self.finished:
            return None
        first = next(iter(self.outstanding), None) or next(iter(self.in_parts))
        return waiting.for_deliveries(first, max(1, self.outstanding_values))

    def standing(self) -> Standing:
        left = self.outstanding_values
        return Standing(values=self._submitted - left, pending=left)

    def deadline_s(self) -> float:
        return self._flight.deadline_s()

    def _finish(self, now_s: float) -> None:
        for at in range(0, len(self._new), EVENT_PACKETS):
            some = self._new[at : at + EVENT_PACKETS]
            self.step.events.append(events.Broadcast(values=describe(some)))
        self._new.clear()
        taken = self._flight.take(now_s)
        packets = [(self.outstanding[n], again) for n, again in taken if n in self.outstanding]
        self._send([o.packet for o, _ in packets if not o.is_delivered])
        self._inquire([o.packet for o, again in packets if again or o.is_delivered])
        if len(packets) < len(taken):
            self._ask_outcomes({n for n, _ in taken if n not in self.outstanding})

    def _send(self, packets: Sequence[Packet]) -> None:
        """Send `packets` to the proposers, in as few messages as they fit in."""
        delivered = next(iter(self.outstanding), 1) - 1 if self.settings.fifo else 0
        for some in portions(Submit, packets, self.settings.fitting_bytes):
            self.step.send(Submit(some, delivered), Group.PROPOSERS)

    def _inquire(self, packets: Sequence[Packet]) -> None:
        """Ask the learners about packets that are sent again: they may have delivered them already,
        and only their saying so was lost. Or they have, and it is not known where."""
        self.repeated += len(packets)
        self._ask([(self.name, packet.first, packet.last) for packet in packets], in_parts=False)

    def _ask_outcomes(self, lasts: Container[int]) -> None:
        """Ask what became of the values in parts whose last parts have these numbers."""
        values = [value for value in self.in_parts.values() if value.last in lasts]
        self._ask([(self.name, value.first, value.last) for value in values], in_parts=True)

    def _ask(self, spans: Sequence[Span], *, in_parts: bool) -> None:
        for some in portions(Inquire, spans, self.settings.fitting_bytes):
            self.step.send(Inquire(some, in_parts), Group.LEARNERS)


def _joined(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """The same values of one client, in as few spans as there can be."""
    if len(spans) == 1:  # as nearly always
        return [spans[0][1:]]
    joined = IntervalSet()
    for _, first, last in spans:
        joined.add(first, last)
    return joined.intervals()
