"""The output of a learner that keeps checkpoints: what it is cut to, and what comes first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos.config import Config
from paxos.core.batch import pack
from paxos.core.checkpoint import Snapshot
from paxos.core.step import Delivery
from paxos.errors import InputError
from paxos.runtime import kept_output, report
from paxos.runtime.checkpoint_store import CheckpointStore
from paxos.runtime.checkpointing import Checkpointing
from paxos.runtime.kept_output import KeptOutput

IDENTITY = Config().identity()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    lines: list[str] = []
    monkeypatch.setattr(report._Said, "listener", lines.append)
    yield lines


class Life:
    """One life of a learner, as far as its output goes."""

    def __init__(self, folder: Path, form: str = "lines", fd: int | None = None) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.fd = os.open(folder / "out", flags) if fd is None else fd
        self.output = KeptOutput(form, 1, self.fd)
        assert self.output.application
        store = CheckpointStore(folder, 1, IDENTITY, self.output.application)
        self.checkpoints = Checkpointing(store, "learner-1")
        self.told: list[tuple[int, bool]] = []
        self.checkpoints.tell = lambda *what: self.told.append(what)
        self.output.begin(self.checkpoints)

    def deliver(self, *numbers: int) -> None:
        for n in numbers:
            self.output.deliver([Delivery(n, n, pack("1.1", n, [b"value %d" % n]))])

    def keep(self, prefix: int) -> None:
        snapshot = Snapshot(
            prefix=prefix,
            position=prefix,
            delivered_bytes=0,
            clients=[],
            unfinished=[],
            outcomes=[],
            places=[],
        )
        self.output.keep(snapshot)

    def settle(self) -> None:
        assert self.checkpoints._thread
        self.checkpoints._thread.join()

    def end(self) -> None:
        self.checkpoints.close()
        os.close(self.fd)


def lines(*numbers: int) -> bytes:
    return b"".join(b"value %d\n" % n for n in numbers)


def test_what_was_written_after_the_checkpoint_is_cut_off(tmp_path: Path) -> None:
    one = Life(tmp_path)
    one.deliver(1, 2)
    one.keep(2)
    one.deliver(3)
    one.settle()
    assert one.told == [(2, True)]
    one.end()
    with (tmp_path / "out").open("ab") as file:
        file.write(b"a part of a li")
    two = Life(tmp_path)
    assert (tmp_path / "out").read_bytes() == lines(1, 2)
    two.deliver(3, 4)
    assert (tmp_path / "out").read_bytes() == lines(1, 2, 3, 4)
    two.end()


def test_before_the_first_checkpoint_it_is_cut_to_what_was_there_before(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"a title\n")
    for _ in range(2):
        life = Life(tmp_path)
        assert (tmp_path / "out").read_bytes() == b"a title\n"
        life.deliver(1, 2)
        life.end()


def test_a_file_that_is_not_appended_to_is_written_on_at_its_end(tmp_path: Path) -> None:
    one = Life(tmp_path)
    one.deliver(1, 2)
    one.keep(2)
    one.settle()
    one.end()
    two = Life(tmp_path, fd=os.open(tmp_path / "out", os.O_RDWR))
    two.deliver(3)
    two.end()
    assert (tmp_path / "out").read_bytes() == lines(1, 2, 3)


def test_an_output_that_has_become_shorter_is_refused(tmp_path: Path) -> None:
    one = Life(tmp_path)
    one.deliver(1, 2)
    one.keep(2)
    one.settle()
    one.end()
    (tmp_path / "out").write_bytes(lines(1))
    with pytest.raises(InputError, match=r"has 8 bytes, and had 16 when .* kept its last checkpoi"):
        Life(tmp_path)


def test_another_form_is_refused(tmp_path: Path) -> None:
    one = Life(tmp_path)
    one.keep(2)
    one.settle()
    one.end()
    with pytest.raises(InputError, match="of the application 'standard output, lines', and this"):
        Life(tmp_path, "json")


def test_the_output_is_forced_to_disk_before_its_place_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    order: list[str] = []
    life = Life(tmp_path)

    def forced(fd: int) -> None:
        assert fd == life.fd and not order
        assert (tmp_path / "out").read_bytes().startswith(lines(1, 2))
        order.append("output")

    def synced(fd: int) -> None:
        order.append("checkpoint" if order else "too early")

    with monkeypatch.context() as watched:
        watched.setattr(kept_output.os, "fdatasync", forced)  # type: ignore[attr-defined]
        watched.setattr(kept_output.os, "fsync", synced)  # type: ignore[attr-defined]
        life.deliver(1, 2)
        life.keep(2)
        life.deliver(3)
        life.settle()
    assert order[:2] == ["output", "checkpoint"]

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_output.os, "fdatasync", full)  # type: ignore[attr-defined]
    for prefix in (3, 4):
        life.keep(prefix)
        life.settle()
    assert life.told == [(2, True), (3, False), (4, False)]
    [line] = said
    assert "no checkpoint of instance 3: No space left on device; the one before stands" in line
    life.end()


def test_a_pipe_is_said_not_to_be_forced_to_disk(tmp_path: Path, said: list[str]) -> None:
    read, write = os.pipe()
    life = Life(tmp_path, fd=write)
    [line] = said
    assert "standard output is no regular file, so it is not forced to disk" in line
    life.deliver(1)
    life.keep(1)
    life.settle()
    assert life.told == [(1, True)]
    assert os.read(read, 100) == lines(1)
    life.end()
    again = Life(tmp_path)  # to a file from now on
    again.deliver(2)
    assert (tmp_path / "out").read_bytes() == lines(2)
    again.end()
    os.close(read)
