"""What a learner has delivered and the application has not taken: bounded, in the order of the
positions. While it is full the learner hears nothing, and asks later for what it missed."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence

from paxos.api.place import DeliveredValue
from paxos.core.batch import unpack
from paxos.core.step import Delivery

OVERHEAD_BYTES = 200
"""Of memory, what a value takes beyond its own bytes, about."""


class Inbox:
    """Used by the node, which fills it, and by the application, which empties it."""

    def __init__(self, limit_bytes: int, first: int) -> None:
        """Full from `limit_bytes` of memory on; what one step delivers may go beyond. Values before
        position `first` are dropped."""
        self._limit_bytes = limit_bytes
        self._first = first
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._values: deque[DeliveredValue] = deque()
        self._bytes = 0
        self._is_over = False

    @property
    def is_full(self) -> bool:
        """See `paxos.runtime.deliveries.Deliveries`."""
        return self._bytes >= self._limit_bytes

    def __len__(self) -> int:
        return len(self._values)

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """See `paxos.runtime.deliveries.Deliveries`."""
        values = [value for delivery in deliveries for value in _values(delivery)]
        wanted = [value for value in values if value.position >= self._first]
        with self._lock:
            self._values += wanted
            self._bytes += sum(map(_memory, wanted))
            self._changed.notify()

    def take(self, timeout_s: float | None) -> DeliveredValue | None:
        """The next one, waited for; None if there is none in time, or will be none any more."""
        with self._lock:
            self._changed.wait_for(lambda: self._values or self._is_over, timeout_s)
            if not self._values:
                return None
            value = self._values.popleft()
            self._bytes -= _memory(value)
            return value

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
