"""A process's access link: so many bytes a second, and a queue in which datagrams wait for it.

Rates and queues are in bytes of IP packets, headers included. A datagram that is larger than a
packet travels in fragments, and all of them must get through.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from math import inf
from typing import Any, Protocol

MTU_BYTES = 1_500
"""The largest IP packet."""

IP_BYTES, UDP_BYTES = 20, 8
"""Of headers: IP's in each packet, UDP's once in a datagram."""


def queue_bytes(rate_bytes_s: float, queue_s: float) -> float:
    """The room of a queue that takes so long to be sent; however slow the link, at least ten
    datagrams fit."""
    return max(queue_s * rate_bytes_s, 10 * wire_bytes(1_400))


class Schedule(Protocol):
    """Has `action(*arguments)` done at a time to come."""

    def __call__(self, at_s: float, action: Callable[..., None], *arguments: Any) -> None: ...


def packets(datagram_bytes: int) -> Iterator[int]:
    """The sizes of the IP packets in which a datagram with so many bytes of payload travels."""
    left = datagram_bytes + UDP_BYTES
    most = MTU_BYTES - IP_BYTES  # also in a fragment: a multiple of eight, as it must be
    while left > most:
        yield MTU_BYTES
        left -= most
    yield left + IP_BYTES


def wire_bytes(datagram_bytes: int) -> int:
    """What a datagram with so many bytes of payload costs on a link."""
    return sum(packets(datagram_bytes))


class Link:
    """Carries datagrams one after another. What its queue has no room for is lost (drop-tail)."""

    def __init__(self, schedule: Schedule, rate_bytes_s: float, queue_bytes: float) -> None:
        self._schedule = schedule
        self.rate_bytes_s = rate_bytes_s
        """May be changed at any time; from the next datagram on it counts. `inf`: no limit."""
        self.queue_bytes = queue_bytes
        """Room for what waits, and for what is being sent."""
        self._waiting: deque[tuple[int, Callable[..., None] | None, tuple[Any, ...]]] = deque()
        self._waiting_bytes = 0

    def carry(
        self, now_s: float, datagram_bytes: int, arrive: Callable[..., None], *arguments: Any
    ) -> bool:
        """Carry a datagram and then do `arrive(time, *arguments)`; or lose it, and return False.

        If some of its fragments fit the queue, they use the link though the datagram is lost."""
        if self.rate_bytes_s == inf and not self._waiting:
            arrive(now_s, *arguments)
            return True
        fits, is_whole = 0, True
        for size in packets(datagram_bytes):
            if self._waiting_bytes + fits + size <= self.queue_bytes:
                fits += size
            else:
                is_whole = False
        if fits:
            self._waiting.append((fits, arrive if is_whole else None, arguments))
            self._waiting_bytes += fits
            if len(self._waiting) == 1:
                self._begin(now_s)
        return is_whole

    def _begin(self, now_s: float) -> None:
        done_s = now_s + self._waiting[0][0] / self.rate_bytes_s
        self._schedule(done_s, self._end, done_s)

    def _end(self, now_s: float) -> None:
        size, arrive, arguments = self._waiting.popleft()
        self._waiting_bytes -= size
        if self._waiting:
            self._begin(now_s)
        if arrive is not None:
            arrive(now_s, *arguments)
