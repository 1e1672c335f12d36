"""Simulated disks: what a process finds when it comes back.

A run has the real storage, in files that are in memory where the system has such a place. What was
saved is there after a crash, and nothing else is.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from paxos.config import Config
from paxos.runtime.checkpoint_file import Application, Identity
from paxos.runtime.checkpoint_store import CheckpointStore
from paxos.runtime.clock import Clock
from paxos.runtime.sqlite_storage import SqliteStorage
from paxos.runtime.storage import MemoryStorage, Storage

_MEMORY = Path("/dev/shm")

APPLICATION = Application("simulated", 1)
"""Whose state is in checkpoints."""


class Disk(Protocol):
    """The disk of one process, which outlives it."""

    def open(self, clock: Clock) -> Storage:
        """What the process begins with; `clock` goes on from where it was."""


class PlainDisk:
    """The state as it is, in no format."""

    def __init__(self, role: str, process_id: int) -> None:
        self._storage = MemoryStorage()

    def open(self, clock: Clock) -> Storage:
        return self._storage


class SqliteDisk:
    """The storage that acceptors and proposers have by default."""

    def __init__(self, folder: Path, config: Config, role: str, process_id: int) -> None:
        self._folder = folder
        self._identity = {"role": role, "id": process_id, **config.identity()}
        self._storage: SqliteStorage | None = None

    def open(self, clock: Clock) -> Storage:
        self.close()
        self._storage = SqliteStorage(self._folder, self._identity, clock)
        return self._storage

    def close(self) -> None:
        """Let go of the files."""
        if self._storage:
            self._storage.close()
        self._storage = None


class QuietStore(CheckpointStore):
    """Nobody reads what it says of a damage that was done on purpose."""

    def say(self, text: str) -> None:
        pass


@dataclass(frozen=True)
class Store:
    """The folder with a learner's checkpoints, which outlives it."""

    folder: Path
    identity: Identity
    learner_id: int

    def open(self) -> CheckpointStore:
        """What is there. Raises `InputError`."""
        return QuietStore(self.folder, self.learner_id, self.identity, APPLICATION)


class Disks:
    """The disks of all processes of a run; they are gone when it is over."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._identity = config.identity()
        place = _MEMORY if _MEMORY.is_dir() else None
        self._folder = tempfile.TemporaryDirectory(prefix="paxos-simulate-", dir=place)
        self._disks: list[SqliteDisk] = []

    def make(self, role: str, process_id: int) -> Disk:
        """The disk of a process; of those that keep nothing, an empty one."""
        if role not in ("acceptor", "proposer"):
            return PlainDisk(role, process_id)
        disk = SqliteDisk(Path(self._folder.name), self._config, role, process_id)
        self._disks.append(disk)
        return disk

    def store(self, learner_id: int) -> Store:
        """Where a learner has its checkpoints."""
        return Store(Path(self._folder.name) / f"learner-{learner_id}", self._identity, learner_id)

    def close(self) -> None:
        """Remove them."""
        for disk in self._disks:
            disk.close()
        self._folder.cleanup()
