"""Where the longest waits are said to be, on traces that are made up."""

from __future__ import annotations

import json
from pathlib import Path

from harness.bench.longest_wait import AFTER, AFTER_US, OTHERWISE, SENT, TAKEN, longest_waits_ms


def write(folder: Path, process: str, *events: tuple[str, int, dict[str, object]]) -> None:
    lines = [
        json.dumps({"event": event, **more, "process": f"{process}.1", "hlc": at_us})
        for event, at_us, more in events
    ]
    text = "".join(f"{line}\n" for line in lines).replace('": ', '":')
    (folder / f"{process}.1.ndjson").write_text(text, encoding="utf-8")


def values(number: int) -> dict[str, object]:
    return {"values": [["1.1", number, 1, "digest"]]}


def test_a_wait_counts_for_each_phase_that_it_overlaps(tmp_path: Path) -> None:
    begun = {1: 0, 11: 1_000, 12: 5_000, 13: 9_000, 14: 30_000, 15: 2_000_000, 16: 2_000_000}
    ended = {1: 900, 11: 3_000, 12: 9_000, 13: 21_000, 14: 33_000, 15: 2_007_000}
    write(tmp_path, "client-1", *(("Broadcast", at, values(n)) for n, at in begun.items()))
    write(
        tmp_path,
        "learner-1",
        ("TakeSnapshot", 6_000, {}),
        ("Checkpoint", 10_000, {}),
        ("SendSnapshot", 20_000, {}),
        *(("Deliver", at + 1_000 * (n == 12), values(n)) for n, at in ended.items()),
    )
    write(
        tmp_path,
        "learner-2",
        ("Checkpoint", 7_000, {}),  # of another one
        *(("Deliver", at + 500 * (n != 12), values(n)) for n, at in ended.items()),
        ("InstallSnapshot", 29_000, {}),
    )
    assert longest_waits_ms(tmp_path) == {TAKEN: 12.0, SENT: 12.0, AFTER: 3.0, OTHERWISE: 7.0}
    assert AFTER_US < 1_900_000
