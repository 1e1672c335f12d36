"""Acceptors whose batches are in files beside their databases, in simulated runs: they crash at any
point of a step, trim, and come back with what they have said."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from harness.simulation.plan import Request
from harness.simulation.run import simulate
from paxos.runtime import batch_files
from paxos.runtime.batch_files import BLOCK_BYTES, BatchFiles

SEEDS = range(8)


def test_runs_conform(monkeypatch: pytest.MonkeyPatch) -> None:
    """With batches that are large though they are small, and files that are soon full."""
    seen: Counter[str] = Counter()
    begin, unlink, check = BatchFiles._begin_segment, Path.unlink, BatchFiles.check

    def begins(files: BatchFiles) -> None:
        seen["begun"] += 1
        begin(files)

    def removes(path: Path, missing_ok: bool = False) -> None:
        seen["removed"] += ".batches-" in path.name
        unlink(path, missing_ok)

    def checks(files: BatchFiles, storage_id: int) -> None:
        seen["comes back with some"] += any(files._votes.values())
        check(files, storage_id)

    monkeypatch.setattr(batch_files, "LARGE_BYTES", 20)
    monkeypatch.setattr(batch_files, "MUCH_BYTES", 0)
    monkeypatch.setattr(batch_files, "SEGMENT_BYTES", 8 * BLOCK_BYTES)
    monkeypatch.setattr(BatchFiles, "_begin_segment", begins)
    monkeypatch.setattr(BatchFiles, "check", checks)
    monkeypatch.setattr(Path, "unlink", removes)
    for seed in SEEDS:
        outcome = simulate(Request(seed, 5_000))
        assert outcome.failure is None, f"{outcome.request.command()}\n{outcome.failure.text}"
    assert seen["begun"] > 100
    assert seen["removed"] > 50
    assert seen["comes back with some"] > 20
