"""Which datagrams are new: not of an earlier incarnation of their sender, not of one that began
with an old copy of its storage, and not received before.

A datagram is known by its sender, the sender's incarnation, and its clock, which a sender never
gives to two datagrams. Any message may be lost, so it is always safe to refuse one. The protocol
tolerates duplicates, so this does not protect safety but saves work: somebody who records datagrams
and sends them again, without a key to make new ones, achieves nothing.

An old copy of its storage is harm to safety: the process has forgotten what it promised. Each
datagram has the number of commits of its sender's storage. An incarnation begins with a commit, so
a later one has more commits than any datagram of an earlier one told of; and within one they never
fall from one clock to a later one. A process that breaks this rule has a storage that lacks some of
its own commits. Datagrams that are late, repeated or out of order are still what was said in that
order, so they cannot break it. (`docs/decisions/old-copies.md`)
"""

from collections import deque
from typing import NamedTuple

REMEMBERED = 1_024
"""Datagrams of each sender that are remembered. One that is overtaken by more than so many of the
same sender is refused. A receive buffer keeps the order, however full it is; faults on purpose let
at most `paxos.runtime.faults.MAX_OVERTAKEN` overtake, and networks about as many."""

EARLIER = "of an earlier incarnation"
OLD_STORAGE = "of a process whose storage is older than what it has said"
REPEATED = "received before"
TOO_OLD = "too old"

REMEMBERS = ("acceptor", "proposer")
"""Roles whose state must survive a crash if the process is to come back."""


class Heard(NamedTuple):
    """The latest that was heard of a process."""

    incarnation: int
    commits: int


class _Sender:
    """What was received of one incarnation of a process."""

    __slots__ = ("clocks", "commits", "commits_clock", "floor", "incarnation", "order")

    def __init__(self, incarnation: int, commits: int, clock: int) -> None:
        self.incarnation = incarnation
        self.clocks: set[int] = set()
        self.order: deque[int] = deque()  # the same clocks, as they came
        self.floor = -1
        """Up to here, what was received is not known any more."""
        self.commits = commits
        """The most that were heard of, in this incarnation or an earlier one; and at which
        clock."""
        self.commits_clock = clock


class Freshness:
    """What one process has received, of each sender. Used by one thread.

    Memory: `REMEMBERED` clocks a sender. The envelope admits configured senders only.
    """

    def __init__(self) -> None:
        self._senders: dict[tuple[str, int], _Sender] = {}

    def refusal(
        self, role: str, sender: int, incarnation: int, clock: int, commits: int = 0
    ) -> str | None:
        """Note a datagram. None if it is new; otherwise why it is to be dropped."""
        known = self._senders.get((role, sender))
        if known is None or incarnation > known.incarnation:
            if known and role in REMEMBERS and commits <= known.commits:
                return OLD_STORAGE
            known = self._senders[role, sender] = _Sender(incarnation, commits, clock)
        elif incarnation < known.incarnation:
            return EARLIER
        elif commits < known.commits and clock > known.commits_clock:
            return OLD_STORAGE
        if clock in known.clocks:
            return REPEATED
        if clock <= known.floor:
            return TOO_OLD
        if commits > known.commits:
            known.commits, known.commits_clock = commits, clock
        known.clocks.add(clock)
        known.order.append(clock)
        if len(known.order) > REMEMBERED:
            oldest = known.order.popleft()
            known.clocks.discard(oldest)
            known.floor = max(known.floor, oldest)
        return None

    def objection(self, role: str, sender: int, incarnation: int, commits: int) -> str | None:
        """Why a process must not begin `incarnation` with a storage of so many commits, its
        beginning counted; None if nothing was heard that speaks against it. Nothing is noted: it
        may not come to it."""
        known = self._senders.get((role, sender))
        if known is None:
            return None
        if role in REMEMBERS and commits <= known.commits:
            return OLD_STORAGE
        return EARLIER if incarnation <= known.incarnation else None

    def heard(self, role: str, sender: int) -> Heard:
        """The latest that was heard of a process; zeros, if nothing was."""
        known = self._senders.get((role, sender))
        return Heard(known.incarnation, known.commits) if known else Heard(0, 0)
