"""With fifo, whose turn it is to be proposed: the packets of a client in the order in which it
broadcast them, each after the one before it.

Learners pass over what comes before its turn, however it was proposed (spec: `InTurn`). So this is
no matter of safety: it spares what would be passed over, when a Submit is lost or overtaken.
"""

from paxos.core.batch import Packet

Key = tuple[str, int]
"""`(client, first sequence number)`: a packet."""


class Turns:
    """Which packets wait for others of their client, that have not come yet."""

    def __init__(self) -> None:
        self._delivered: dict[str, int] = {}  # by client: all up to this value is delivered
        self._due: dict[str, int] = {}  # by client: the value that is to be proposed next
        self._early: dict[Key, Packet] = {}

    def start_ballot(self) -> None:
        """Nothing is proposed in this ballot yet, and nothing waits."""
        self._due.clear()
        self._early.clear()

    def due(self, client: str) -> int:
        """The value of `client` that is to be proposed next."""
        return max(self._due.get(client, 1), self._delivered.get(client, 0) + 1)

    def delivered(self, client: str, last: int) -> list[Packet]:
        """All values of `client` up to `last` are delivered; the packets whose turn it is then."""
        if last > self._delivered.get(client, 0):
            self._delivered[client] = last
        return self._next(client, self.due(client))

    def comes(self, packet: Packet) -> list[Packet]:
        """`packet` is to be proposed; the packets whose turn it is then."""
        due = self.due(packet.client)
        if packet.first > due:
            self._early[packet.client, packet.first] = packet
            return []
        if packet.first < due:
            return [packet]
        return [packet, *self._next(packet.client, packet.last + 1)]

    def go_back(self, client: str) -> None:
        """What was proposed of `client` beyond what is delivered is to be proposed once more."""
        self._due.pop(client, None)

    def proposed(self, packet: Packet) -> list[Packet]:
        """`packet` is proposed, whether it was its turn or not; the packets whose turn it is
        then."""
        self.drop((packet.client, packet.first))
        return self._next(packet.client, max(self.due(packet.client), packet.last + 1))

    def is_early(self, key: Key) -> bool:
        """Whether the packet waits for others."""
        return key in self._early

    def early(self) -> list[Packet]:
        """All that wait for others."""
        return list(self._early.values())

    def latest(self) -> Packet | None:
        """The one that came last of those that wait for others."""
        return next(reversed(self._early.values()), None)

    def drop(self, key: Key) -> None:
        """The packet waits no longer, if it did."""
        self._early.pop(key, None)

    def _next(self, client: str, due: int) -> list[Packet]:
        found: list[Packet] = []
        while packet := self._early.pop((client, due), None):
            found.append(packet)
            due = packet.last + 1
        self._due[client] = due
        return found
