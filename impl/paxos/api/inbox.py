"""What a learner has delivered and the application has not taken: bounded, in the order of the
positions. While it is full the learner hears nothing, and asks later for what it missed."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum

from paxos.api.place import DeliveredValue
from paxos.core.batch import unpack
from paxos.core.checkpoint import Snapshot
from paxos.core.step import Delivery
from paxos.runtime.checkpoint_file import Application, CheckpointFile
from paxos.runtime.checkpointing import Checkpointing


class Mark(Enum):
    """Reads may be done, after all values before it (`paxos.api.reading`)."""

    READS = 1


Item = DeliveredValue | Snapshot | CheckpointFile | Mark
"""A value; a snapshot to be made durable, of the state after all values before it; another
learner's, which is the state before all values after it; or a mark."""

OVERHEAD_BYTES = 200
"""Of memory, what a value takes beyond its own bytes, about."""


class Inbox:
    """Used by the node, which fills it, and by the application, which empties it."""

    application: Application | None = None
    """See `paxos.runtime.deliveries.Deliveries`."""

    def __init__(self, limit_bytes: int, first: int) -> None:
        """Full from `limit_bytes` of memory on; what one step delivers may go beyond. Values before
        position `first` are dropped."""
        self._limit_bytes = limit_bytes
        self._first = first
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._given_bytes = 0  # of what `all` has given, which is part of that
        self._is_over = False
        self.last = 0
        """The position of the last value that was put in, or that a snapshot had; 0: none."""

    @property
    def is_full(self) -> bool:
        """See `paxos.runtime.deliveries.Deliveries`."""
        return self._bytes >= self._limit_bytes

    def __bool__(self) -> bool:
        """It is there, also when it is empty."""
        return True

    def __len__(self) -> int:
        return len(self._items)

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """See `paxos.runtime.deliveries.Deliveries`."""
        values = [value for delivery in deliveries for value in _values(delivery)]
        wanted = [value for value in values if value.position >= self._first]
        with self._lock:
            self._items += wanted
            self._bytes += sum(map(_memory, wanted))
            self.last = wanted[-1].position if wanted else self.last
            self._changed.notify()

    def begin(self, checkpoints: Checkpointing) -> None:
        """See `paxos.runtime.deliveries.Deliveries`."""
        raise NotImplementedError("what is iterated or given to a callback is kept by nobody here")

    def keep(self, snapshot: Snapshot) -> None:
        """See `paxos.runtime.deliveries.Deliveries`."""
        with self._lock:
            self._items.append(snapshot)
            self._changed.notify()

    def install(self, checkpoint: CheckpointFile) -> None:
        """See `paxos.runtime.deliveries.Deliveries`. What was not taken before is part of it."""
        with self._lock:
            self._items.clear()
            self._bytes = self._given_bytes
            self._items.append(checkpoint)
            self.last = max(self.last, checkpoint.position)
            self._changed.notify()

    def mark(self) -> None:
        """Have whoever takes the items see to the reads, in their turn."""
        with self._lock:
            self._items.append(Mark.READS)
            self._changed.notify()

    def take(self, timeout_s: float | None) -> DeliveredValue | None:
        """The next value, waited for; None if there is none in time, or will be none any more."""
        item = self.next(timeout_s)
        assert item is None or isinstance(item, DeliveredValue), "only machines have snapshots"
        return item

    def next(self, timeout_s: float | None) -> Item | None:
        """The next value or snapshot, in the same way."""
        with self._lock:
            self._changed.wait_for(lambda: self._items or self._is_over, timeout_s)
            if not self._items:
                return None
            item = self._items.popleft()
            if isinstance(item, DeliveredValue):
                self._bytes -= _memory(item)
            return item

    def all(self) -> list[Item]:
        """All items that are there, waited for; none if none will come any more. They count as
        waiting until this is called again."""
        with self._lock:
            # Before it is waited: while they count, the learner may hear nothing that could come.
            self._bytes -= self._given_bytes
            self._given_bytes = 0
            self._changed.wait_for(lambda: self._items or self._is_over)
            items = [*self._items]
            self._items.clear()
            self._given_bytes = self._bytes
            return items

    def end(self) -> None:
        """Nothing more will come. What is there can still be taken."""
        with self._lock:
            self._is_over = True
            self._changed.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._is_over


def _memory(value: DeliveredValue) -> int:
    return OVERHEAD_BYTES + len(value.value)


def _values(delivery: Delivery) -> Iterator[DeliveredValue]:
    packet = delivery.packet
    for number, value in enumerate(unpack(packet)):
        yield DeliveredValue(
            delivery.position + number,
            value,
            delivery.instance,
            packet.client,
            packet.first + number,
        )
