"""A replicated counter, in which each increment counts once, however often it had to be repeated.

    python counter.py cluster.yaml ID [TIMEOUT_S]

Each line of standard input is a number to add; after each, the total is printed. All copies, each
with another ID, have the same total at the same position.

An increment that is not known to be delivered is broadcast again. It may have been delivered all
the same, so it has a name, and every copy drops what it has applied under that name.
"""

from __future__ import annotations

import sys
import threading
import uuid

import paxos


class Counter:
    """The state machine: what it does depends on nothing but what it was given."""

    def __init__(self) -> None:
        self.total = 0
        self.position = 0
        self._seen: set[str] = set()
        self._changed = threading.Condition()

    def apply(self, position: int, value: bytes) -> None:
        """The next value of the order."""
        name, amount = value.decode().split()
        with self._changed:
            if name not in self._seen:
                self._seen.add(name)
                self.total += int(amount)
            self.position = position
            self._changed.notify_all()

    def total_at(self, position: int) -> int:
        """The total, once the value at `position` is applied here."""
        with self._changed:
            self._changed.wait_for(lambda: self.position >= position)
            return self.total


def add(client: paxos.Client, amount: int, timeout_s: float) -> paxos.Place:
    """Broadcast an increment until it is known to be delivered."""
    value = f"{uuid.uuid4()} {amount}".encode()
    while True:
        try:
            return client.broadcast_and_wait(value, timeout_s)
        except paxos.NotKnownError as error:
            print(f"{error}; again", file=sys.stderr)


def main(config: str, number: int, timeout_s: float) -> None:
    """Add what standard input says."""
    counter = Counter()
    with paxos.Learner(config, number, counter.apply), paxos.Client(config, number) as client:
        for line in sys.stdin:
            place = add(client, int(line), timeout_s)
            print(counter.total_at(place.position), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), float((*sys.argv, "5")[3]))
    except (IndexError, ValueError):
        sys.exit("usage: counter.py cluster.yaml ID [TIMEOUT_S] < numbers")
    except (paxos.InputError, paxos.RunError) as error:
        sys.exit(f"error: {error}")
