"""The rate of a run at full speed, taken from its traces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.compare import job as job_module
from harness.compare.job import Job, _rate, perform
from harness.measure.combos import ALL
from paxos.errors import RunError

BEGAN_US = 1_700_000_000_000_000


def write(path: Path, *events: dict[str, object]) -> None:
    lines = (json.dumps(event, separators=(",", ":")) + "\n" for event in events)
    path.write_text("".join(lines), encoding="utf-8")


def make_run(folder: Path, *learners: Sequence[tuple[int, int]]) -> Path:
    """Traces of a run: values are broadcast half a second before they are proposed, and each
    learner delivers `(us after that, values)`."""
    write(folder / "client-1.1.ndjson", {"event": "Broadcast", "hlc": BEGAN_US - 500_000})
    write(folder / "proposer-1.1.ndjson", {"event": "Phase2a", "hlc": BEGAN_US})
    write(folder / "proposer-2.1.ndjson", {"event": "Phase1a", "hlc": BEGAN_US - 400_000})
    for number, delivered in enumerate(learners, 1):
        events: list[dict[str, object]] = []
        position = 1
        for after_us, count in delivered:
            values = [["1.1", position, count, "00"]]
            hlc = BEGAN_US + after_us
            events.append({"event": "Deliver", "hlc": hlc, "position": position, "values": values})
            position += count
        write(folder / f"learner-{number}.1.ndjson", *events)
    return folder


def test_what_comes_after_the_warm_up_counts(tmp_path: Path) -> None:
    run_dir = make_run(tmp_path, [(100_000, 30), (110_000, 35), (120_000, 35)])
    assert _rate(run_dir, 100, "full") == pytest.approx(70 / 0.020)


@pytest.mark.parametrize(
    "delivered",
    [[(49_999, 30), (50_000, 70)], [(50_000, 100)], [(40_001, 99), (50_000, 1)]],
    ids=["a microsecond is left", "nothing is left", "less than 10 ms are left"],
)
def test_a_moment_after_the_warm_up_is_not_measured(
    tmp_path: Path, delivered: list[tuple[int, int]]
) -> None:
    """So few deliveries come at once; the rate is that of the whole run."""
    assert _rate(make_run(tmp_path, delivered), 100, "full") == pytest.approx(100 / 0.050)


def test_the_slower_learner_counts(tmp_path: Path) -> None:
    run_dir = make_run(tmp_path, [(10_000, 100)], [(80_000, 50), (100_000, 50)])
    assert _rate(run_dir, 100, "full") == pytest.approx(50 / 0.020)


def test_at_a_given_load_the_whole_run_counts_from_its_first_broadcast(tmp_path: Path) -> None:
    run_dir = make_run(tmp_path, [(100_000, 50), (500_000, 50)])
    assert _rate(run_dir, 100, "load") == pytest.approx(100 / 1.0)


def test_a_run_during_which_the_clock_was_set_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rate would be read off that clock."""
    ahead_s = iter((100.0, 3_700.0))
    monkeypatch.setattr(job_module, "_wall_ahead_s", lambda: next(ahead_s))
    monkeypatch.setattr(job_module, "_run_cluster", lambda job, run_dir: None)
    with pytest.raises(RunError, match=r"clock was set by 3600.0 s during the run"):
        perform(Job(ALL[0], "full", []), tmp_path, tmp_path)
