"""The values that wait at a proposer, and those that it knows to be chosen.

A packet waits from its Submit until it is known to be chosen, also while it is proposed: if the
ballot is lost before that, it is proposed again in the next one. A value known to be chosen is not
proposed again, however often its client resends it. (If it is, all the same: learners drop it.)
"""

from collections import OrderedDict
from collections.abc import Iterable

from paxos.core.batch import Packet, is_well_formed
from paxos.core.intervals import IntervalSet
from paxos.core.messages import VOTE_OVERHEAD_BYTES
from paxos.core.settings import Settings

Key = tuple[str, int]
"""`(client, first sequence number)`: a packet."""


class Backlog:
    """Packets waiting to be proposed, in the order they came."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: dict[Key, Packet] = {}
        self._queue: OrderedDict[Key, Packet] = OrderedDict()  # not proposed in this ballot
        self._chosen: dict[str, IntervalSet] = {}

    def __len__(self) -> int:
        """How many packets could be proposed now."""
        return len(self._queue)

    def add(self, packets: Iterable[Packet]) -> None:
        """Values were submitted. Malformed packets and those beyond the limit are dropped: a
        client resends."""
        for packet in packets:
            key = packet.client, packet.first
            chosen = self._chosen.get(packet.client)
            if (
                key in self._waiting
                or (chosen and chosen.overlaps(packet.first, packet.last))
                or packet.count > self._settings.max_batch
                or len(packet.payload) > self._settings.max_payload_bytes
                or len(self._waiting) >= self._settings.waiting_packets
                or not is_well_formed(packet)
            ):
                continue
            self._waiting[key] = self._queue[key] = packet

    def take(self) -> list[Packet]:
        """The packets of the next batch: as many as fit; none if none waits."""
        taken: list[Packet] = []
        values, size = 0, 0
        for packet in self._queue.values():
            values += packet.count
            size += len(packet.payload) + VOTE_OVERHEAD_BYTES
            if taken and (
                values > self._settings.max_batch or size > self._settings.max_payload_bytes
            ):
                break
            taken.append(packet)
        self.mark_proposed(taken)
        return taken

    def mark_proposed(self, packets: Iterable[Packet]) -> None:
        """These are proposed in this ballot, perhaps because a vote obliges to. They wait from
        now on, if they did not, so that they are not taken for new when their client resends."""
        for packet in packets:
            key = packet.client, packet.first
            self._waiting.setdefault(key, packet)
            self._queue.pop(key, None)

    def mark_chosen(self, client: str, first: int, last: int) -> None:
        """The values `first..last` of `client` are chosen: they wait no longer."""
        self._chosen.setdefault(client, IntervalSet()).add(first, last)
        if last - first < len(self._waiting):
            keys = [
                key for seq in range(first, last + 1) if (key := (client, seq)) in self._waiting
            ]
        else:
            keys = [key for key in self._waiting if key[0] == client and first <= key[1] <= last]
        for key in keys:
            del self._waiting[key]
            self._queue.pop(key, None)

    def start_ballot(self) -> None:
        """A new ballot: nothing is proposed in it yet, all that waits is to be proposed."""
        self._queue = OrderedDict(self._waiting)
