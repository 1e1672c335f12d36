"""The client: it broadcasts values, and insists until it sees them delivered.

Spec: `Broadcast`. That a value is sent again changes nothing in the spec: it is broadcast once.
"""

from collections.abc import Sequence

from paxos.core import events, waiting
from paxos.core.batch import LENGTH_BYTES, Packet, describe, pack
from paxos.core.flight import Flight
from paxos.core.intervals import IntervalSet
from paxos.core.messages import Delivered, Group, Inquire, Message, Submit
from paxos.core.portions import cut, packet_bytes, portions
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.silence import Silence
from paxos.core.waiting import Wait

__all__ = ["Client", "ValueTooLargeError"]

RESEND_FACTOR = 4
"""A client is so many times more patient than the others, who repair most losses before it."""

PACKET_THRESHOLD = 3
"""A packet is lost when one that was sent so many later is delivered and it is not: packets are
ordered as they come, and networks reorder few (RFC 9002 has the same threshold)."""


class ValueTooLargeError(ValueError):
    """A value that no datagram can carry."""


class Outstanding:
    """A packet that is not known to be delivered."""

    __slots__ = ("packet", "since_s")

    def __init__(self, packet: Packet, since_s: float) -> None:
        self.packet = packet
        self.since_s = since_s


class Client(Role):
    """Broadcasts values under the name `id.incarnation`, numbered 1, 2, 3, ..."""

    def __init__(self, settings: Settings, name: str, now_s: float) -> None:
        super().__init__(settings)
        self.name = name
        self.next_seq = 1
        self.outstanding: dict[int, Outstanding] = {}
        """By first sequence number, in this order."""
        shortest_s = RESEND_FACTOR * settings.shortest_s
        self._flight = Flight(
            settings, shortest_s, settings.resend_s, PACKET_THRESHOLD, ordered=True
        )
        self._new: list[Packet] = []  # submitted in this group
        self._silence = Silence(now_s)  # of learners, who say where the log is from time to time
        self._settled = False  # Synod: the one value was chosen, ours or not

    def room(self) -> int:
        """How many values may be submitted now; 0: wait until some are delivered. Of the last ones
        some may have to wait in turn: the window says when they are sent."""
        packets = self.settings.client_packets - len(self.outstanding)
        return max(0, packets) * self.settings.max_batch if self._flight.admits(1) else 0

    @property
    def finished(self) -> bool:
        """Whether nothing submitted is waiting for its delivery."""
        return not self.outstanding

    @property
    def outstanding_values(self) -> int:
        """How many values were broadcast and are not known to be delivered."""
        return sum(o.packet.count for o in self.outstanding.values())

    def submit(self, values: Sequence[bytes], now_s: float, since_s: float | None = None) -> None:
        """Broadcast `values` (spec: `Broadcast`), which were due at `since_s` (default: now). They
        are sent at once, as far as the window for what is under way admits it.

        Raises `ValueTooLargeError`, having broadcast none, if one of them fits no datagram.
        """
        limit = self.settings.max_value_bytes
        for value in values:
            if len(value) > limit:
                raise ValueTooLargeError(
                    f"a value of {len(value)} bytes; the most that fits a datagram is {limit}"
                )
        if self._settled:
            return
        room, most = self.settings.fitting_payload_bytes, self.settings.max_batch
        for some in cut(values, lambda value: len(value) + LENGTH_BYTES, room, most):
            packet = pack(self.name, self.next_seq, some)
            self.next_seq += packet.count
            since = now_s if since_s is None else since_s
            self.outstanding[packet.first] = Outstanding(packet, since)
            self._flight.offer(packet.first, packet_bytes(packet))
            self._new.append(packet)

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        if isinstance(message, Delivered):
            self._on_delivered(message, now_s)

    def _on_delivered(self, delivered: Delivered, now_s: float) -> None:
        if self._silence.ends(now_s):
            self._flight.revive()
        if self.settings.synod and delivered.prefix > 0:
            self._settled = True
            self.outstanding.clear()
            self._flight.clear()
        mine = IntervalSet()
        for client, first, last in delivered.values:
            if client == self.name and first <= last:
                mine.add(first, last)
        for first, last in mine.intervals():
            self._forget(first, last, now_s)

    def _forget(self, first: int, last: int, now_s: float) -> None:
        """The values `first..last` are delivered. Sequence numbers may skip inside a packet, so
        walk whichever is shorter: the interval or what is outstanding."""
        if last - first < len(self.outstanding):
            done = [seq for seq in range(first, last + 1) if seq in self.outstanding]
        else:
            done = [seq for seq in self.outstanding if first <= seq <= last]
        for seq in done:
            outstanding = self.outstanding[seq]
            if outstanding.packet.last <= last:
                self.step.acknowledged.append(
                    (outstanding.packet.count, outstanding.since_s, now_s)
                )
                self._flight.answered(seq, now_s)
                del self.outstanding[seq]

    def waits_for(self) -> Wait | None:
        if self.finished:
            return None
        return waiting.for_deliveries(min(self.outstanding), self.outstanding_values)

    def deadline_s(self) -> float:
        return self._flight.deadline_s()

    def _finish(self, now_s: float) -> None:
        if self._new:
            self.step.events.append(events.Broadcast(values=describe(self._new)))
            self._new = []
        taken = self._flight.take(now_s)
        self._send([self.outstanding[first].packet for first, _ in taken])
        self._inquire([self.outstanding[first].packet for first, again in taken if again])

    def _send(self, packets: Sequence[Packet]) -> None:
        """Send `packets` to the proposers, in as few messages as they fit in."""
        for some in portions(Submit, packets, self.settings.fitting_bytes):
            self.step.send(Submit(some), Group.PROPOSERS)

    def _inquire(self, packets: Sequence[Packet]) -> None:
        """Ask the learners about packets that are sent again: they may have delivered them already,
        and only their saying so was lost."""
        self.repeated += len(packets)
        spans = [(self.name, packet.first, packet.last) for packet in packets]
        for some in portions(Inquire, spans, self.settings.fitting_bytes):
            self.step.send(Inquire(some), Group.LEARNERS)
