"""Work that is not urgent rests between short pieces: a snapshot's child, and verifying one that
was received. At start-up nobody waits, and nobody rests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from paxos.core.messages import SnapshotOffer
from paxos.runtime import checkpoint_store, checkpointing
from paxos.runtime.checkpoint_file import CheckpointFile
from paxos.runtime.resting import LEAST_S, WORK_BYTES, Resting
from tests.runtime.test_checkpoint_store import opened, snapshot

STATE = bytes(range(256)) * (3 * WORK_BYTES // 256) + b"rest"
PIECES = 4


class Counting:
    """In place of `Resting`."""

    rests = 0

    def rest(self) -> None:
        Counting.rests += 1


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    Counting.rests = 0
    monkeypatch.setattr(checkpointing, "Resting", Counting)
    monkeypatch.setattr(checkpoint_store, "Resting", Counting)


def test_it_rests_as_long_as_it_has_worked() -> None:
    little_s = LEAST_S / 2
    worked, slept = iter([0.0, 0.25, 0.25 + little_s, 1.25]), list[float]()
    resting = Resting(worked.__next__, slept.append)
    for _ in range(3):
        resting.rest()
    assert slept == [0.25, 1.0], "not after the little, which counts the next time"


def test_a_child_rests_after_each_piece() -> None:
    """However large the application's are."""
    parts = []
    for part in checkpointing._given(lambda: [b"", STATE, b"more"], os.getppid()):
        parts.append(part)
        assert Counting.rests == len(parts) - 1, "with what was given before it was worked"
    assert list(map(len, parts)) == [WORK_BYTES] * 3 + [4, 4]
    assert b"".join(parts) == STATE + b"more"
    assert Counting.rests == len(parts)


def test_verifying_what_was_received_rests(tmp_path: Path) -> None:
    mine, other = opened(tmp_path / "1"), opened(tmp_path / "2")
    path = mine.write(snapshot(3), [STATE])
    incoming = other.incoming(SnapshotOffer(3, 3, bytes(32), 1, 1))
    incoming.write_at(0, path.read_bytes())
    received, _ = other.verify(incoming)
    assert received.prefix == 3
    assert Counting.rests >= PIECES
    Counting.rests = 0
    received.close()
    CheckpointFile(path).close()
    incoming.close()
    mine.close()
    other.close()
    assert Counting.rests == 0, "as at start-up"
