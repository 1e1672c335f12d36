"""The values that wait at a proposer, and those that it knows to be chosen.

A packet waits from its Submit until it is known to be chosen, also while it is proposed: if the
ballot is lost before that, it is proposed again in the next one. A value known to be chosen is not
proposed again, however often its client resends it. (Should it be proposed again all the same,
learners drop it.)

With fifo, what is chosen may be passed over by learners, as it came before its turn. So a packet
waits until it is known to be delivered. Once learners are past the instance that it is chosen in
and have not delivered it, it is proposed again, and so are those of its client after it. And a
packet waits for those of its client before it (`paxos.core.turns`).

A packet that its client no longer resends is dropped, unless it is proposed in this ballot. Most
often it was chosen, and the message that said so was lost. Dropping it is always safe: a client
that has not seen its value delivered resends it.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from math import inf

from paxos.core.batch import Packet, is_well_formed
from paxos.core.intervals import IntervalSet
from paxos.core.portions import packet_bytes
from paxos.core.settings import Settings
from paxos.core.turns import Key, Turns


class _Waiting:
    """A packet, since when it waits, and when it was last submitted."""

    __slots__ = ("bytes", "heard_s", "instance", "packet", "since_s")

    def __init__(self, packet: Packet, size: int, since_s: float) -> None:
        self.instance = 0
        """With fifo, the one that it was proposed in last, in this ballot."""
        self.packet = packet
        self.bytes = size
        """What it takes in a batch."""
        self.since_s = since_s
        self.heard_s = since_s


class Backlog:
    """Packets waiting to be proposed, in the order they came."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: dict[Key, _Waiting] = {}
        self._firsts: dict[str, set[int]] = {}  # the same keys, by client
        self._queue: OrderedDict[Key, _Waiting] = OrderedDict()  # not proposed in this ballot
        self._queued_values = 0
        self._queued_bytes = 0
        self._waiting_bytes = 0
        self._turns = Turns() if settings.fifo else None
        self._settled: list[tuple[int, Key]] = []  # with fifo: chosen in which instance; a heap
        self._look_s = -inf  # when to look next for packets that nobody resends
        self._clients: set[str] = set()  # whose values were taken
        self._chosen: dict[str, IntervalSet] = {}  # by client, the longest not heard of first

    def batches(self) -> int:
        """How many instances it takes, about, to propose what waits now."""
        return max(
            -(-self._queued_values // self._settings.max_batch),
            -(-self._queued_bytes // self._settings.fitting_packets_bytes),
        )

    @property
    def queued_values(self) -> int:
        """Values that wait to be proposed."""
        return self._queued_values

    def next_bytes(self) -> int:
        """The size of the next batch, about."""
        return min(self._queued_bytes, self._settings.fitting_packets_bytes)

    def add(self, packets: Sequence[Packet], now_s: float, delivered: int = 0) -> bool:
        """Values were submitted. Packets that no client sends are dropped, and so are those beyond
        the limits, for which the answer is False: a client resends. With fifo, the client says that
        its values up to `delivered` are."""
        if now_s >= self._look_s:
            self.drop_abandoned(now_s)
        if self._turns and delivered and packets and self._takes(packets[0]):
            self.mark_delivered(packets[0].client, 1, delivered)
        within = True
        for packet in packets:
            key = packet.client, packet.first
            if waiting := self._waiting.get(key):
                waiting.heard_s = now_s
                continue
            chosen = self._chosen.get(packet.client)
            if (
                (chosen and chosen.overlaps(packet.first, packet.last))
                or packet.count > self._settings.max_batch
                or len(packet.payload) > self._settings.max_payload_bytes
                or not is_well_formed(packet)
            ):
                continue
            size = packet_bytes(packet)
            if not self._has_room(packet, size) or not self._takes(packet):
                within = False
                continue
            waiting = self._wait(packet, size, now_s)
            if self._turns and packet.first < self._turns.due(packet.client):
                self._go_back(packet.client, self._turns)  # it was forgotten
            else:
                self._offer(key, waiting)
        return within

    def _has_room(self, packet: Packet, size: int) -> bool:
        """Whether another one may wait. One whose turn it is takes the place of one that waits for
        others of its client: all those that they wait for could not come otherwise."""
        while not self._fits(size):
            if self._turns is None or packet.first > self._turns.due(packet.client):
                return False
            early = self._turns.latest()
            if early is None:
                return False
            self._remove((early.client, early.first))
        return True

    def _fits(self, size: int) -> bool:
        """Whether another one can wait, within the limits. One can, whatever its size."""
        packets = len(self._waiting) + 1
        return packets == 1 or (
            packets <= self._settings.waiting_packets
            and self._waiting_bytes + size <= self._settings.waiting_bytes
        )

    def _wait(self, packet: Packet, size: int, now_s: float) -> _Waiting:
        waiting = self._waiting[packet.client, packet.first] = _Waiting(packet, size, now_s)
        self._waiting_bytes += size
        firsts = self._firsts.get(packet.client)
        if firsts is None:
            firsts = self._firsts[packet.client] = set()
        firsts.add(packet.first)
        return waiting

    def _takes(self, packet: Packet) -> bool:
        """Whether values of this client are taken: they were before, or it is not one too many."""
        if packet.client not in self._clients:
            if len(self._clients) >= self._settings.clients:
                return False
            self._clients.add(packet.client)
        return True

    def batch_due_s(self) -> float:
        """When the next batch is to be proposed: at once if it is full, otherwise when its first
        value has waited for `batch_wait_s` for others to join it; infinity if nothing waits."""
        if not self._queue:
            return inf
        oldest_s = next(iter(self._queue.values())).since_s
        full = (
            self._queued_values >= self._settings.max_batch
            or self._queued_bytes >= self._settings.fitting_packets_bytes
        )
        return oldest_s if full else oldest_s + self._settings.batch_wait_s

    def take(self) -> list[Packet]:
        """The packets of the next batch: as many as fit; none if none waits."""
        taken: list[Packet] = []
        values, size = 0, 0
        most, room = self._settings.max_batch, self._settings.fitting_packets_bytes
        for waiting in self._queue.values():
            values += waiting.packet.count
            size += waiting.bytes
            if taken and (values > most or size > room):
                break
            taken.append(waiting.packet)
        for packet in taken:
            self._dequeue((packet.client, packet.first))
        return taken

    def mark_proposed(self, packets: Iterable[Packet], now_s: float) -> None:
        """These are proposed in this ballot, because votes oblige to. They wait from now on, if
        they did not, so that they are not taken for new when their client resends."""
        for packet in packets:
            key, size = (packet.client, packet.first), packet_bytes(packet)
            has_room = self._fits(size)
            if self._turns and self._comes_too_early(packet):  # it is to be proposed again
                if key not in self._waiting and has_room:
                    self._offer(key, self._wait(packet, size, now_s))
                continue
            if key in self._waiting:
                self._dequeue(key)
            elif has_room:
                self._wait(packet, size, now_s)
            if self._turns:
                self._enqueue_all(self._turns.proposed(packet))

    def _comes_too_early(self, packet: Packet) -> bool:
        """Whether a packet that its client broadcast before is still to be proposed."""
        return any(
            seq < packet.first and self._is_to_be_proposed((packet.client, seq))
            for seq in self._firsts.get(packet.client, ())
        )

    def _is_to_be_proposed(self, key: Key) -> bool:
        return key in self._queue or (self._turns is not None and self._turns.is_early(key))

    def note_proposed(self, packets: Iterable[Packet], instance: int) -> None:
        """With fifo: these are proposed in `instance`."""
        for packet in packets:
            if waiting := self._waiting.get((packet.client, packet.first)):
                waiting.instance = max(instance, waiting.instance)

    def mark_chosen(self, packets: Iterable[Packet], instance: int) -> None:
        """These are chosen: they wait no longer; with fifo, until they are known to be delivered,
        but for the first of a client, which is never passed over."""
        for packet in packets:
            key = packet.client, packet.first
            if self._turns is None or packet.first == 1:
                self.mark_delivered(packet.client, packet.first, packet.last)
            elif key in self._waiting:
                heappush(self._settled, (instance, key))

    def propose_passed_over(self, prefix: int) -> None:
        """Learners have delivered the instances up to `prefix`: what is chosen in them, and waits
        for its delivery all the same, is proposed again."""
        clients: set[str] = set()
        while self._settled and self._settled[0][0] <= prefix:
            _, key = heappop(self._settled)
            waiting = self._waiting.get(key)
            if waiting and waiting.instance <= prefix and not self._is_to_be_proposed(key):
                clients.add(key[0])
        for client in sorted(clients):
            assert self._turns is not None, "without fifo nothing is kept once it is chosen"
            self._go_back(client, self._turns)

    def _go_back(self, client: str, turns: Turns) -> None:
        """Propose all that waits of a client once more, in turn."""
        turns.go_back(client)
        for seq in sorted(self._firsts[client]):
            key = client, seq
            self._dequeue(key)
            turns.drop(key)
            self._offer(key, self._waiting[key])

    def mark_delivered(self, client: str, first: int, last: int) -> None:
        """The values `first..last` of `client` are delivered, or will be: they wait no longer. With
        fifo, so are all before them."""
        if self._turns:
            first = 1
            if client in self._clients:
                self._enqueue_all(self._turns.delivered(client, last))
        self._remember_chosen(client, first, last)
        waiting = self._firsts.get(client)
        if not waiting:
            return
        if last - first < len(waiting):
            done = [seq for seq in range(first, last + 1) if seq in waiting]
        else:
            done = [seq for seq in waiting if first <= seq <= last]
        for seq in done:
            self._remove((client, seq))

    def drop(self, packets: Iterable[Packet]) -> None:
        """These wait no longer. Whether they are chosen is not known."""
        for packet in packets:
            key = packet.client, packet.first
            if key in self._waiting:
                self._remove(key)

    def drop_abandoned(self, now_s: float) -> None:
        """Drop what no client has resent for long, unless it is proposed in this ballot."""
        before_s = now_s - self._settings.abandoned_s
        waiting = [*self._queue.values()]
        if self._turns:
            waiting += [self._waiting[p.client, p.first] for p in self._turns.early()]
        self.drop([w.packet for w in waiting if w.heard_s <= before_s])
        self._look_s = now_s + self._settings.abandoned_s

    def _remove(self, key: Key) -> None:
        """It waits no longer."""
        self._waiting_bytes -= self._waiting.pop(key).bytes
        self._dequeue(key)
        if self._turns:
            self._turns.drop(key)
        client, first = key
        firsts = self._firsts[client]
        firsts.remove(first)
        if not firsts:
            del self._firsts[client]

    def _remember_chosen(self, client: str, first: int, last: int) -> None:
        chosen = self._chosen.pop(client, None) or IntervalSet()
        chosen.add(first, last)
        chosen.keep_last(self._settings.chosen_gaps)
        self._chosen[client] = chosen
        if len(self._chosen) > self._settings.chosen_clients:
            del self._chosen[next(iter(self._chosen))]

    def start_ballot(self) -> None:
        """A ballot begins, or the last one is lost: nothing is proposed in it yet, all that waits
        is to be proposed."""
        self._queue.clear()
        self._queued_values = self._queued_bytes = 0
        if self._turns:
            self._turns.start_ballot()
            self._settled.clear()
        for key, waiting in self._waiting.items():
            waiting.instance = 0
            self._offer(key, waiting)

    def _offer(self, key: Key, waiting: _Waiting) -> None:
        """It is to be proposed; with fifo, in its turn."""
        if self._turns is None:
            self._enqueue(key, waiting)
        else:
            self._enqueue_all(self._turns.comes(waiting.packet))

    def _enqueue_all(self, packets: Iterable[Packet]) -> None:
        for packet in packets:
            key = packet.client, packet.first
            self._enqueue(key, self._waiting[key])

    def _enqueue(self, key: Key, waiting: _Waiting) -> None:
        self._queue[key] = waiting
        self._queued_values += waiting.packet.count
        self._queued_bytes += waiting.bytes

    def _dequeue(self, key: Key) -> None:
        waiting = self._queue.pop(key, None)
        if waiting:
            self._queued_values -= waiting.packet.count
            self._queued_bytes -= waiting.bytes
