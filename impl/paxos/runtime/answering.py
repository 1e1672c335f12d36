"""How a process answers who asks where it is (`paxos.runtime.questions`), and how often."""

import os
import time

from paxos.core.role import Role
from paxos.runtime.envelope import Received
from paxos.runtime.presence import Self
from paxos.runtime.questions import REASON_CHARACTERS, Answer, Question
from paxos.runtime.stats import Stats

ANSWERS_A_SECOND = 10
"""A process answers no more often in the long run, so that asking costs who asks more than whom."""

ANSWERS_AT_ONCE = 10
"""So many of them may come one after the other."""


class Answering:
    """The answers of one role. Used under the node's lock."""

    def __init__(self, me: Self, role: Role, stats: Stats) -> None:
        self._me = me
        self._role = role
        self._stats = stats
        self._began_s = self._counted_s = time.monotonic()
        self._left = float(ANSWERS_AT_ONCE)

    def answer(self, received: Received, now_s: float) -> Answer | None:
        """The answer to a question; None: it is one too many."""
        assert isinstance(received.about, Question), "nobody else asks"
        if not self._has_room(now_s):
            return None
        role, stats = self._role, self._stats
        standing = role.standing()
        reasons = stats.dropped.most_common(1)
        return Answer(
            asker=received.nonce,
            number=received.about.number,
            host=self._me.host,
            pid=self._me.pid,
            age_us=max(0, round((now_s - self._began_s) * 1e6)),
            memory_bytes=resident_bytes(),
            received=stats.received,
            sent=stats.sent,
            dropped=stats.dropped.total(),
            most_dropped=reasons[0][0][:REASON_CHARACTERS] if reasons else "",
            repeated=role.repeated,
            ballot=standing.ballot,
            leads=standing.leads,
            prefix=standing.prefix,
            top=standing.top,
            values=standing.values,
            pending=standing.pending,
            kept=standing.kept,
            kept_us=standing.kept_us,
            giver=standing.giver,
            taken_percent=standing.taken_percent,
        )

    def _has_room(self, now_s: float) -> bool:
        grown = self._left + (now_s - self._counted_s) * ANSWERS_A_SECOND
        self._left, self._counted_s = min(grown, float(ANSWERS_AT_ONCE)), now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


def resident_bytes() -> int:
    """What this process takes of the machine's memory; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - read often
            pages = int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGESIZE")
