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
from paxos.core.giver import parts_of
from paxos.core.learner import Learner
from paxos.core.messages import SnapshotOffer
from paxos.core.settings import Settings
from paxos.core.step import PartRead, PartWrite, Step, Transferred
from paxos.core.taker import Taker as CoreTaker
from paxos.runtime import checkpoint_store, incoming, report
from paxos.runtime.checkpoint_file import Application, CheckpointFile
from paxos.runtime.checkpoint_store import CheckpointStore
from paxos.runtime.transferring import Transferring

IDENTITY = Config(checkpoints=True).identity()
KV = Application("kv", 3)
PART_BYTES = 1_000
GIVER = 2
BEGUN_SECOND = {"learner-1.incoming-2", "learner-1.incoming-2.parts"}
"""The files of the second one that is received."""


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


def offer(file: CheckpointFile) -> SnapshotOffer:
    return SnapshotOffer(file.prefix, file.position, file.digest, file.bytes, PART_BYTES)


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

    @property
    def taker(self) -> CoreTaker:
        assert self.learner.transfer
        return self.learner.transfer.taker

    def keep(self, file: CheckpointFile, offered: SnapshotOffer | None = None) -> None:
        """All parts of it arrive, the last first."""
        self.taker.offer = offered = offered or offer(file)
        for number in reversed(range(parts_of(offered))):
            offset = number * PART_BYTES
            part = file.read(offset, min(PART_BYTES, offered.size - offset))
            step = Step()
            step.kept.append(PartWrite(offered, number, part))
            self.files.perform(step, 0.0)

    def verify(self) -> None:
        """It was all; wait until it is decided what becomes of it."""
        offered = self.taker.offer
        assert offered
        step = Step()
        step.transferred = Transferred(GIVER, offered.prefix, offered.digest)
        self._has_acted.clear()
        self.files.perform(step, 0.0)
        assert self._has_acted.wait(30.0)

    @property
    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()} - {"learner-1.lock", "learner-1.given"}

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
    taker.verify()
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
    taker.keep(file, msgspec.structs.replace(offer(file), **{lie: wrong[lie]}))
    taker.verify()
    assert taker.learner.prefix == 0 and taker.store.newest is None
    assert taker.names == set()
    assert len(said) == 1 and "the checkpoint of learner 2 is not used: " in said[0]


def test_what_no_learner_can_go_on_from_is_not_used(
    tmp_path: Path, taker: Taker, said: list[str]
) -> None:
    """Found out before it is a checkpoint here, from which the learner would begin each time."""
    file = given(tmp_path, snapshot(20, ("1.1", 5, 9), ("1.1", 1, 7)))
    taker.keep(file)
    taker.verify()
    assert taker.learner.prefix == 0 and taker.names == set()
    assert len(said) == 1 and "is not used" in said[0]


def test_what_was_passed_by_meanwhile_becomes_no_checkpoint(tmp_path: Path, taker: Taker) -> None:
    """Nobody was told of it: the learner may give to others, and come back with, only what it had
    by its trace."""
    file = given(tmp_path, snapshot(20))
    taker.keep(file)
    taker.before_acting = lambda: taker.learner.install(snapshot(25), GIVER, 0.0)
    taker.verify()
    assert taker.learner.prefix == 25
    assert taker.names == set() and taker.store.newest is None


def test_another_one_begins_while_one_is_verified(tmp_path: Path, taker: Taker) -> None:
    """The two have nothing to do with each other: what is verified stays as it is."""
    file = given(tmp_path, snapshot(20))
    other = given(tmp_path, snapshot(40))
    taker.keep(file)

    def begin() -> None:
        taker.taker.offer = offer(other)
        step = Step()
        step.kept.append(PartWrite(offer(other), 0, other.read(0, PART_BYTES)))
        taker.files.perform(step, 0.0)

    taker.before_acting = begin
    taker.verify()
    assert taker.learner.prefix == 20
    assert (taker.folder / "learner-1.checkpoint-20").read_bytes() == file.read(0, file.bytes)
    assert taker.names == {"learner-1.checkpoint-20", *BEGUN_SECOND}


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
        taker.verify()
    assert taker.learner.prefix == 0 and taker.names == set() and len(said) == 1
    taker.keep(file)
    taker.verify()
    assert taker.learner.prefix == 20


def test_ended_while_it_verifies_it_goes_on_with_all_but_one(tmp_path: Path, taker: Taker) -> None:
    """A node that has stopped does nothing more, and so nothing with what was verified. The part is
    asked for again to hear its giver."""
    file = given(tmp_path, snapshot(20))
    taker.keep(file)
    taker.files.act = lambda action: taker._has_acted.set()
    taker.verify()
    taker.close()
    assert taker.names == {"learner-1.incoming-1", "learner-1.incoming-1.parts"}
    again = Taker(tmp_path)
    count = parts_of(offer(file))
    assert again.taker.offer == offer(file) and again.taker.share == (count - 1) / count
    again.keep(file)
    again.verify()
    assert again.learner.prefix == 20 and again.names == {"learner-1.checkpoint-20"}
    again.close()


def test_what_is_taken_no_more_goes(tmp_path: Path, taker: Taker) -> None:
    """As soon as it is known, and what is taken instead is another file."""
    file, other = given(tmp_path, snapshot(20)), given(tmp_path, snapshot(40))
    taker.keep(file)
    taker.keep(other)
    assert taker.names == BEGUN_SECOND
    taker.taker.end()
    taker.files.perform(Step(), 0.0)
    assert taker.names == set()


@pytest.mark.parametrize("which", ["the parts", "the log"])
def test_where_there_is_no_room_nothing_is_left(
    tmp_path: Path, taker: Taker, said: list[str], monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """Half of the write may be there. When there is room again it is taken anew."""
    file = given(tmp_path, snapshot(20))

    def write_all(fd: int, data: bytes) -> None:
        os.write(fd, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write_at(self: incoming.Incoming, offset: int, part: bytes) -> None:
        os.pwrite(self.fd, part[: len(part) // 2], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        if which == "the log":
            patched.setattr(incoming, "write_all", write_all)
        else:
            patched.setattr(incoming.Incoming, "write_at", write_at)
        taker.keep(file)
    assert taker.names == set() and len(said) == 1
    assert "cannot keep another learner's checkpoint: No space left on device" in said[0]
    taker.keep(file)
    taker.verify()
    assert taker.learner.prefix == 20


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
        taker.taker.offer = offered = msgspec.structs.replace(offer(file), part_bytes=part_bytes)
        for number, offset in enumerate(range(0, file.bytes, part_bytes)):
            read = Step()
            read.reads.append(
                PartRead(file.digest, number, offset, min(part_bytes, file.bytes - offset))
            )
            (part,) = giver.perform(read, 0.0)
            kept = Step()
            kept.kept.append(PartWrite(offered, number, part.data))
            taker.files.perform(kept, 0.0)
        taker.verify()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taker.learner.prefix == 20
    assert peak < MEMORY_BYTES
