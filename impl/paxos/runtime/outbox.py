"""Messages that nobody waits for, held back until there are several of them: a datagram costs its
receivers a wake-up each, whatever is in it, and on a busy machine that is what time goes into."""

from collections.abc import Sequence
from math import inf

from paxos.core.messages import Accepted, Group, Message

HOLD_S = 0.01
"""How long a message is held back at most. Its end wakes the node's thread, so a shorter time costs
more than it saves."""

HELD_MESSAGES = 16
"""So many are not held back, nor half as many as a leader has instances in flight: it waits for
their votes before it begins others. Votes said as one count as several."""


class Outbox:
    """What is held back of one process. Used under the node's lock."""

    def __init__(self, in_flight: int) -> None:
        self._most = max(1, min(HELD_MESSAGES, in_flight // 2))
        self.due_s = inf
        """When it is to be sent."""
        self._sends: list[tuple[Group, Message]] = []
        self._count = 0

    def add(self, sends: Sequence[tuple[Group, Message]], now_s: float) -> None:
        """Hold back these too."""
        if not self._sends:
            self.due_s = now_s + HOLD_S
        self._sends += sends
        self._count += len(sends)
        for _, message in sends:
            if isinstance(message, Accepted):
                self._count += message.more
        if self._count >= self._most:
            self.due_s = now_s

    def is_due(self, now_s: float) -> bool:
        """Whether to send."""
        return now_s >= self.due_s

    def take(self) -> list[tuple[Group, Message]]:
        """All of it; nothing is held back any more."""
        self.due_s, self._count = inf, 0
        taken, self._sends = self._sends, []
        return taken
