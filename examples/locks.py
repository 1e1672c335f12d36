"""A lock service, whose fencing tokens are positions.

    python locks.py cluster.yaml ID LOCK

Waits for the lock, prints its token, holds it until standard input ends, and lets it go. Everybody
has another ID.

Who holds a lock may sleep, and wake when another one has it: no service can prevent that. So each
holder has a token, and what the lock protects refuses a token that is lower than one it has seen
(`Protected`). A position is such a token: it never comes twice, and grows from holder to holder.
"""

from __future__ import annotations

import sys
import threading
import uuid
from collections import deque

import paxos


class Locks:
    """The state machine: of each lock, who waits for it in which order; the first one holds it."""

    def __init__(self) -> None:
        self.queues: dict[str, deque[str]] = {}
        self.tokens: dict[str, int] = {}
        """By lock: the position at which its holder got it."""
        self._changed = threading.Condition()

    def apply(self, position: int, value: bytes) -> None:
        """The next value of the order: `acquire LOCK OWNER` or `release LOCK OWNER`."""
        verb, lock, owner = value.decode().split()
        with self._changed:
            queue = self.queues.setdefault(lock, deque())
            before = queue[0] if queue else None
            if verb == "acquire" and owner not in queue:
                queue.append(owner)
            elif verb == "release" and owner in queue:
                queue.remove(owner)  # whoever waits may give up, too
            if queue and queue[0] != before:
                self.tokens[lock] = position
            self._changed.notify_all()

    def wait_for(self, lock: str, owner: str, timeout_s: float | None = None) -> int | None:
        """The token, once `owner` has the lock; None if that is not in time."""
        with self._changed:
            held = self._changed.wait_for(lambda: self._holder(lock) == owner, timeout_s)
            return self.tokens[lock] if held else None

    def _holder(self, lock: str) -> str | None:
        queue = self.queues.get(lock)
        return queue[0] if queue else None


class Protected:
    """What a lock protects: it takes no token that is lower than one it has seen."""

    def __init__(self) -> None:
        self.content = ""
        self._highest = 0

    def write(self, token: int, content: str) -> None:
        """Write with the token of a lock. Raises `PermissionError` if another one has it since."""
        if token < self._highest:
            raise PermissionError(f"token {token} is old: {self._highest} was seen")
        self._highest, self.content = token, content


def main(config: str, number: int, lock: str) -> None:
    """Hold a lock while standard input lasts."""
    locks, owner = Locks(), uuid.uuid4().hex
    with paxos.Learner(config, number, locks.apply), paxos.Client(config, number) as client:
        client.broadcast_and_wait(f"acquire {lock} {owner}".encode())
        print(locks.wait_for(lock, owner), flush=True)
        sys.stdin.read()
        client.broadcast_and_wait(f"release {lock} {owner}".encode())


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    except (IndexError, ValueError):
        sys.exit("usage: locks.py cluster.yaml ID LOCK")
    except (paxos.InputError, paxos.RunError) as error:
        sys.exit(f"error: {error}")
