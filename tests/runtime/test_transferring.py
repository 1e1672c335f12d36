"""The files behind transfers: what is received becomes a checkpoint when all of it is right, and
the learner goes on from it in that step; otherwise nothing is left of it."""

from __future__ import annotations

import errno
import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from paxos.config import Config
from paxos.core.checkpoint import Snapshot
from paxos.core.learner import Learner
from paxos.core.settings import Settings
from paxos.core.step import PartRead, PartWrite, Step, Transferred
from paxos.runtime import checkpoint_store, report
from paxos.runtime.checkpoint_file import Application, CheckpointFile
from paxos.runtime.checkpoint_store import CheckpointStore
from paxos.runtime.transferring import Transferring

IDENTITY = Config(checkpoints=True).identity()
KV = Application("kv", 3)
PART_BYTES = 1_000
GIVER = 2


def snapshot(prefix: int, *clients: tuple[str, int, int]) -> Snapshot:
    return Snapshot(
        prefix=prefix,
        position=prefix,
        delivered_bytes=7,
        clients=list(clients or [("1.1", 1, prefix)]),
        unfinished=[],
        outcomes=[],
        places=[],
    )


def given(folder: Path, kept: Snapshot, state: Iterator[bytes] | None = None) -> CheckpointFile:
    """A checkpoint of another learner."""
    store = CheckpointStore(folder / "giver", GIVER, IDENTITY, KV)
    file = store.adopt(store.write(kept, state or iter([bytes(4_321)])))
    file = file.again()
    store.close()
    return file


def offer(file: CheckpointFile) -> Transferred:
    """All parts of it are there, as they were offered."""
    return Transferred(GIVER, file.prefix, file.digest, file.bytes)


class Taker:
    """Learner 1, and what is around it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "taker"
        self.store = CheckpointStore(self.folder, 1, IDENTITY, KV)
        settings = Settings(learners=3, checkpoints=True)
        self.learner = Learner(settings, 0.0, 1, keeps=True, shares=True)
        self.files = Transferring(self.store, "learner-1.1", self.learner)
        self.files.act = self._act
        self._has_acted = threading.Event()
        self.before_acting: Callable[[], object] = lambda: None

    def _act(self, action: Callable[[float], object]) -> None:
        """As a node does, here in the thread that has verified."""
        self.before_acting()
        action(0.0)
        self._has_acted.set()

    def keep(self, file: CheckpointFile) -> None:
        """All parts of it arrive, the last first."""
        for offset in reversed(range(0, file.bytes, PART_BYTES)):
            step = Step()
            step.kept.append(PartWrite(offset, file.read(offset, PART_BYTES)))
            self.files.perform(step, 0.0)

    def verify(self, file: CheckpointFile, offered: Transferred | None = None) -> None:
        """It was all; wait until it is decided what becomes of it."""
        step = Step()
        step.transferred = offered or offer(file)
        self._has_acted.clear()
        self.files.perform(step, 0.0)
        assert self._has_acted.wait(30.0)

    @property
    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()} - {"learner-1.lock"}

    def close(self) -> None:
        self.files.close()
        self.store.close()


@pytest.fixture
def taker(tmp_path: Path) -> Iterator[Taker]:
    taker = Taker(tmp_path)
    yield taker
    taker.close()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(report._Said, "listener", lines.append)
    return lines


def test_the_learner_goes_on_from_what_was_received(tmp_path: Path, taker: Taker) -> None:
    file = given(tmp_path, snapshot(20))
    taker.keep(file)
    taker.verify(file)
    assert taker.learner.prefix == 20
    assert taker.names == {"learner-1.checkpoint-20"}
    assert taker.store.newest and taker.store.newest.digest == file.digest
    newest = taker.learner.transfer and taker.learner.transfer.giver.newest
    assert newest and newest.digest == file.digest, "it is offered to others"


@pytest.mark.parametrize("lie", ["digest", "prefix", "size"])
def test_what_was_not_offered_is_not_used(
    tmp_path: Path, taker: Taker, said: list[str], lie: str
) -> None:
    """Its giver has lied, or the learner would not go on from there."""
    file = given(tmp_path, snapshot(20))
    wrong = {"digest": bytes(32), "prefix": 30, "size": file.bytes - 1}
    taker.keep(file)
    taker.verify(file, msgspec.structs.replace(offer(file), **{lie: wrong[lie]}))
    assert taker.learner.prefix == 0 and taker.store.newest is None
    assert taker.names == set()
    assert len(said) == 1 and "the checkpoint of learner 2 is not used: " in said[0]


def test_what_no_learner_can_go_on_from_is_not_used(
    tmp_path: Path, taker: Taker, said: list[str]
) -> None:
    """Found out before it is a checkpoint here, from which the learner would begin each time."""
    file = given(tmp_path, snapshot(20, ("1.1", 5, 9), ("1.1", 1, 7)))
    taker.keep(file)
    taker.verify(file)
    assert taker.learner.prefix == 0 and taker.names == set()
    assert len(said) == 1 and "is not used" in said[0]


def test_what_was_passed_by_meanwhile_becomes_no_checkpoint(tmp_path: Path, taker: Taker) -> None:
    """Nobody was told of it: the learner may give to others, and come back with, only what it had
    by its trace."""
    file = given(tmp_path, snapshot(20))
    taker.keep(file)
    taker.before_acting = lambda: taker.learner.install(snapshot(25), GIVER, 0.0)
    taker.verify(file)
    assert taker.learner.prefix == 25
    assert taker.names == set() and taker.store.newest is None


def test_another_one_begins_while_one_is_verified(tmp_path: Path, taker: Taker) -> None:
    """The two have nothing to do with each other: what is verified stays as it is."""
    file = given(tmp_path, snapshot(20))
    other = given(tmp_path, snapshot(40))
    taker.keep(file)

    def begin() -> None:
        step = Step()
        step.kept.append(PartWrite(0, other.read(0, PART_BYTES)))
        taker.files.perform(step, 0.0)

    taker.before_acting = begin
    taker.verify(file)
    assert taker.learner.prefix == 20
    assert (taker.folder / "learner-1.checkpoint-20").read_bytes() == file.read(0, file.bytes)
    taker.close()
    CheckpointStore(taker.folder, 1, IDENTITY, KV).close()
    assert taker.names == {"learner-1.checkpoint-20"}


def test_a_disk_that_fails_at_the_end_leaves_nothing(
    tmp_path: Path, taker: Taker, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for again, as it is not wrong."""

    def fail(folder: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    file = given(tmp_path, snapshot(20))
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint_store, "sync_folder", fail)
        taker.keep(file)
        taker.verify(file)
    assert taker.learner.prefix == 0 and taker.names == set() and len(said) == 1
    taker.keep(file)
    taker.verify(file)
    assert taker.learner.prefix == 20


def test_closed_while_it_verifies_it_leaves_nothing(tmp_path: Path, taker: Taker) -> None:
    """A node that has stopped does nothing more, and so nothing with what was verified."""
    file = given(tmp_path, snapshot(20))
    taker.keep(file)
    taker.files.act = lambda action: taker._has_acted.set()
    taker.verify(file)
    taker.close()
    assert taker.names == set()


SIZE_BYTES = 48 << 20
MEMORY_BYTES = 6 << 20


def test_a_large_one_needs_little_memory(tmp_path: Path, taker: Taker) -> None:
    """At neither end: it is written, read, received and verified in pieces."""
    tracemalloc.start()
    try:
        piece = bytes(1 << 20)
        file = given(tmp_path, snapshot(20), (piece for _ in range(SIZE_BYTES // len(piece))))
        giver = Transferring(
            CheckpointStore(tmp_path / "giver", GIVER, IDENTITY, KV),
            "learner-2.1",
            Learner(taker.learner.settings, 0.0, GIVER, keeps=True, shares=True),
        )
        part_bytes = 32 << 10
        for number, offset in enumerate(range(0, file.bytes, part_bytes)):
            read = Step()
            read.reads.append(
                PartRead(file.digest, number, offset, min(part_bytes, file.bytes - offset))
            )
            (part,) = giver.perform(read, 0.0)
            kept = Step()
            kept.kept.append(PartWrite(offset, part.data))
            taker.files.perform(kept, 0.0)
        taker.verify(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taker.learner.prefix == 20
    assert peak < MEMORY_BYTES
