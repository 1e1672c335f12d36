"""A simulated disk: what a process finds when it comes back."""

from __future__ import annotations

from paxos.runtime.storage import MemoryStorage, Storage


class Disk:
    """The disk of one process, which outlives it. What was saved is there; nothing else is."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()

    def open(self) -> Storage:
        """What the process starts with."""
        return self._storage
