"""A learner's snapshots on their way, while it ends."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from paxos.runtime.checkpointing import Checkpointing
from tests.runtime.test_checkpoint_store import opened, snapshot


def test_it_ends_while_a_snapshot_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread closes it when the one that writes is made, and not yet started."""
    checkpointing = Checkpointing(opened(tmp_path), "learner-1")
    start, begun = threading.Thread.start, list[threading.Thread]()

    def closed_first(thread: threading.Thread) -> None:
        checkpointing.close()
        begun.append(thread)

    monkeypatch.setattr(threading.Thread, "start", closed_first)
    checkpointing.write(snapshot(1), lambda: b"state")
    monkeypatch.setattr(threading.Thread, "start", start)
    assert len(begun) == 1
