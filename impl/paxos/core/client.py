"""The client: it broadcasts values, and insists until it sees them delivered.

Spec: `Broadcast`. That a value is sent again changes nothing in the spec: it is broadcast once.
"""

from collections.abc import Sequence
from itertools import takewhile
from math import inf

from paxos.core import events, waiting
from paxos.core.batch import LENGTH_BYTES, Packet, describe, pack
from paxos.core.intervals import IntervalSet
from paxos.core.messages import Delivered, Group, Message, Submit
from paxos.core.portions import portions
from paxos.core.role import Role
from paxos.core.roundtrip import RoundTrip
from paxos.core.settings import Settings
from paxos.core.waiting import Wait

RESEND_FACTOR = 4
"""A client is so many times more patient than the others, who repair most losses before it."""

OVERTAKEN = 3
"""A packet is lost, if one that was sent so many later is delivered and it is not: they are ordered
as they come, and networks let few overtake others."""


class ValueTooLargeError(ValueError):
    """A value that no datagram can carry."""


class _Outstanding:
    """A packet that was sent and is not known to be delivered."""

    __slots__ = ("due_s", "number", "packet", "pause_s", "sent_once", "since_s")

    def __init__(
        self, packet: Packet, number: int, since_s: float, now_s: float, pause_s: float
    ) -> None:
        self.packet = packet
        self.number = number
        """Of its last sending, among all sendings."""
        self.sent_once = True
        self.since_s = since_s
        self.pause_s = pause_s
        self.due_s = now_s + pause_s

    def postpone(self, now_s: float, longest_s: float) -> None:
        """It was resent: be more patient the next time."""
        self.pause_s = min(2 * self.pause_s, longest_s)
        self.due_s = now_s + self.pause_s


class Client(Role):
    """Broadcasts values under the name `id.incarnation`, numbered 1, 2, 3, ..."""

    def __init__(self, settings: Settings, name: str, now_s: float) -> None:
        super().__init__(settings)
        self.name = name
        self.next_seq = 1
        self.outstanding: dict[int, _Outstanding] = {}
        """By first sequence number, in the order in which they were last sent."""
        self._sendings = 0
        self._arrived = 0  # the last of them whose packet is known to be delivered
        self._round_trip = RoundTrip(RESEND_FACTOR * settings.shortest_s, settings.resend_s)
        self._new: list[Packet] = []  # submitted in this group
        self._resend_s = inf
        self._settled = False  # Synod: the one value was chosen, ours or not

    def room(self) -> int:
        """How many values may be submitted now; 0: wait until some are delivered."""
        packets = self.settings.client_packets - len(self.outstanding)
        return max(0, packets) * self.settings.max_batch

    @property
    def finished(self) -> bool:
        """Whether nothing submitted is waiting for its delivery."""
        return not self.outstanding

    def submit(self, values: Sequence[bytes], now_s: float, since_s: float | None = None) -> None:
        """Broadcast `values` (spec: `Broadcast`), which were due at `since_s` (default: now).

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
        for some in self._portions(values):
            packet = pack(self.name, self.next_seq, some)
            self.next_seq += packet.count
            self.outstanding[packet.first] = _Outstanding(
                packet,
                self._next_sending(),
                now_s if since_s is None else since_s,
                now_s,
                self._round_trip.timeout_s,
            )
            self._round_trip.asked(packet.first, now_s)
            self._new.append(packet)
        self._resend_s = min(self._resend_s, now_s + self._round_trip.timeout_s)

    def _next_sending(self) -> int:
        self._sendings += 1
        return self._sendings

    def _portions(self, values: Sequence[bytes]) -> list[list[bytes]]:
        """Cut `values` into the packets they will travel in."""
        portions: list[list[bytes]] = []
        room = 0
        for value in values:
            needed = len(value) + LENGTH_BYTES
            if not portions or len(portions[-1]) >= self.settings.max_batch or needed > room:
                portions.append([])
                room = self.settings.fitting_payload_bytes
            portions[-1].append(value)
            room -= needed
        return portions

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        if isinstance(message, Delivered):
            self._on_delivered(message, now_s)

    def _on_delivered(self, delivered: Delivered, now_s: float) -> None:
        if self.settings.synod and delivered.prefix > 0:
            self._settled = True
            self.outstanding.clear()
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
                self._round_trip.answered(seq, now_s)
                if outstanding.sent_once:  # otherwise nobody knows which sending arrived
                    self._arrived = max(self._arrived, outstanding.number)
                del self.outstanding[seq]

    def tick(self, now_s: float) -> None:
        """Resend what has been waited for long enough."""
        if now_s < self._resend_s:
            return
        due = [o for o in self.outstanding.values() if o.due_s <= now_s]
        for outstanding in due:
            outstanding.postpone(now_s, self.settings.longest_resend_s)
        self._resend(due)
        self._resend_s = min((o.due_s for o in self.outstanding.values()), default=inf)

    def _overtaken(self) -> list[_Outstanding]:
        """Those that must be lost."""
        before = self._arrived - OVERTAKEN
        return list(takewhile(lambda o: o.number <= before, self.outstanding.values()))

    def _resend(self, lost: Sequence[_Outstanding]) -> None:
        """Send again, to the proposers, and to the learners: these may have delivered it already,
        and only their saying so was lost."""
        for outstanding in lost:
            first = outstanding.packet.first
            self._round_trip.repeated(first)
            outstanding.number = self._next_sending()
            outstanding.sent_once = False
            self.outstanding[first] = self.outstanding.pop(first)
        self.repeated += len(lost)
        self._send([o.packet for o in lost], Group.PROPOSERS, Group.LEARNERS)

    def waits_for(self) -> Wait | None:
        if self.finished:
            return None
        values = sum(o.packet.count for o in self.outstanding.values())
        return waiting.for_deliveries(min(self.outstanding), values)

    def deadline_s(self) -> float:
        return self._resend_s

    def _finish(self, now_s: float) -> None:
        self._resend(self._overtaken())
        if self._new:
            self.step.events.append(events.Broadcast(values=describe(self._new)))
            self._send(self._new, Group.PROPOSERS)
            self._new = []

    def _send(self, packets: Sequence[Packet], *groups: Group) -> None:
        """Send `packets` in as few messages as they fit in."""
        for some in portions(Submit, packets, self.settings.fitting_bytes):
            self.step.send(Submit(some), *groups)
