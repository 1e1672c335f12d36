"""Which datagrams are new: not of an earlier life of their sender, and not received before.

A datagram is known by its sender, the sender's incarnation, and its clock, which a sender never
gives to two datagrams. All messages may be lost, so to refuse one is always safe; and the protocol
stands duplicates, so what this keeps out is not harm to safety but work: somebody who records
datagrams and sends them again, without a key to make new ones, achieves nothing.
"""

from collections import deque

REMEMBERED = 1_024
"""Datagrams of each sender that are remembered. One that is overtaken by more than so many of the
same sender is refused. A receive buffer keeps the order, however full it is; faults on purpose let
at most `paxos.runtime.faults.MAX_OVERTAKEN` overtake, and networks about as many."""

EARLIER = "of an earlier incarnation"
REPEATED = "received before"
TOO_OLD = "too old"


class _Sender:
    """What was received of one incarnation of a process."""

    __slots__ = ("clocks", "floor", "incarnation", "order")

    def __init__(self, incarnation: int) -> None:
        self.incarnation = incarnation
        self.clocks: set[int] = set()
        self.order: deque[int] = deque()  # the same clocks, as they came
        self.floor = -1
        """Up to here, what was received is not known any more."""


class Freshness:
    """What one process has received, of each sender. Used by one thread.

    Memory: `REMEMBERED` clocks a sender. The envelope admits configured senders only.
    """

    def __init__(self) -> None:
        self._senders: dict[tuple[str, int], _Sender] = {}

    def refusal(self, role: str, sender: int, incarnation: int, clock: int) -> str | None:
        """Note a datagram. None if it is new; otherwise why it is to be dropped."""
        known = self._senders.get((role, sender))
        if known is None or incarnation > known.incarnation:
            known = self._senders[role, sender] = _Sender(incarnation)
        elif incarnation < known.incarnation:
            return EARLIER
        if clock in known.clocks:
            return REPEATED
        if clock <= known.floor:
            return TOO_OLD
        known.clocks.add(clock)
        known.order.append(clock)
        if len(known.order) > REMEMBERED:
            oldest = known.order.popleft()
            known.clocks.discard(oldest)
            known.floor = max(known.floor, oldest)
        return None
