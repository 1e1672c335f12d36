"""The client table: which values of which clients were delivered, so that none is delivered twice
(Liskov and Cowling, "Viewstamped Replication Revisited", section 4.1).

A client that starts again is another client, under a name of its own: its next incarnation. Without
checkpoints the table has all incarnations, for ever. With them it has one of each client id, the
latest of which a value was delivered: what comes later of an earlier one is passed over, so that
nothing has to be known of it. When an incarnation is over is said by the order of values alone, and
so all learners pass over the same values. Nothing is lost by that: who lives has the latest name,
and a value of an ended incarnation that is passed over is as one that was lost with its client.

Spec: `known`, `AppendNew`, `InTurn`, `Later`.
"""

from collections.abc import Iterable

from paxos.core.batch import Packet
from paxos.core.intervals import IntervalSet
from paxos.core.messages import Span
from paxos.core.names import client_id, client_incarnation
from paxos.core.settings import Settings


class ClientTable:
    """Is told of what is delivered, in its order."""

    def __init__(self, settings: Settings) -> None:
        self._in_turn = settings.fifo
        self._forgets = settings.checkpoints
        self._delivered: dict[str, IntervalSet] = {}  # by client
        self._latest: dict[int, str] = {}  # by client id, if it forgets

    def is_due(self, packet: Packet) -> bool:
        """Whether a packet is to be delivered now: it is new, its client has not started again
        since and, with fifo, it is its turn."""
        done = self._delivered.get(packet.client)
        if done is None:
            return not (self._in_turn and packet.first > 1) and not self._is_over(packet.client)
        if self._in_turn:
            return packet.first == done.first_missing(1)
        return not done.overlaps(packet.first, packet.last)

    def _is_over(self, client: str) -> bool:
        """Whether a value of a later incarnation was delivered, of a client that is not here."""
        latest = self._latest.get(client_id(client))
        return latest is not None and client_incarnation(client) < client_incarnation(latest)

    def add(self, client: str, first: int, last: int) -> bool:
        """Values `first..last` are delivered, which were due. Whether they are the first of their
        client."""
        done = self._delivered.get(client)
        is_new = done is None
        if done is None:
            done = self._delivered[client] = IntervalSet()
            if self._forgets:
                self._forget(client)
        done.add(first, last)
        return is_new

    def _forget(self, client: str) -> None:
        """The incarnation before this one is over."""
        owner = client_id(client)
        if owner in self._latest:
            del self._delivered[self._latest[owner]]
        self._latest[owner] = client

    def is_settled(self, packet: Packet) -> bool:
        """Whether a packet that is not due need not be proposed again: it was delivered, or its
        client has started again since."""
        if self.covers(packet.client, packet.first, packet.last):
            return True
        return self._forgets and self._is_over(packet.client)

    def covers(self, client: str, first: int, last: int) -> bool:
        """Whether all of these values are known to be delivered."""
        done = self._delivered.get(client)
        return done is not None and done.covers(first, last)

    def run(self, client: str, number: int) -> Span:
        """All that was delivered without a gap around this value of a client, which was."""
        return client, *self._delivered[client].around(number)

    def clients(self) -> list[str]:
        """Of whom anything is known."""
        return list(self._delivered)

    def spans(self) -> list[Span]:
        """All of it, in the same order wherever the same was delivered."""
        return [
            (client, first, last)
            for client, done in sorted(self._delivered.items())
            for first, last in done.intervals()
        ]

    def restore(self, spans: Iterable[Span]) -> None:
        """Have what another one has told as `spans`. To be called on a new one. Raises `ValueError`
        if no table tells that."""
        before, reached = "", 0
        for client, first, last in spans:
            is_next = client > before
            if first > last or not (is_next or (client == before and first > reached + 1)):
                raise ValueError("its table of clients is not in order")
            if is_next and self._forgets and client_id(client) in self._latest:
                raise ValueError("its table has two incarnations of one client")
            self.add(client, first, last)
            before, reached = client, last
