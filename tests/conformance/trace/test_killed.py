"""Traces of killed processes: the run is stopped at a moment at which one process has written its
step to any byte. Nobody has seen anything of that step, so what is there conforms; and so does what
follows, with another life of the process.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.replay.run_folder import check_run
from tests.paths import TRACES

GOOD = TRACES / "good"


def lines(path: Path) -> list[bytes]:
    """The whole ones: an example may have a torn one itself."""
    found = path.read_bytes().splitlines(keepends=True)
    return [line for line in found if line.endswith(b"\n")]


def clock(line: bytes) -> int:
    return int(json.loads(line).get("hlc", 0))


def moments(run: Path) -> Iterator[tuple[Path, int, bytes, dict[Path, bytes]]]:
    """For each line of each file: the file, the clock at which the line was written, all bytes of
    the file up to the end of it, and what the other files held then."""
    files = {path: lines(path) for path in sorted(run.glob("*.ndjson"))}
    for path, written in files.items():
        for count, line in enumerate(written, 1):
            at = clock(line)
            others = {
                other: b"".join(kept for kept in theirs if clock(kept) < max(at, 1))
                for other, theirs in files.items()
                if other != path
            }
            yield path, len(b"".join(written[: count - 1])), b"".join(written[:count]), others


@pytest.mark.parametrize("name", ["synod", "failover", "restart"])
def test_a_run_stopped_while_a_line_is_written(tmp_path: Path, name: str) -> None:
    run = tmp_path / name
    shutil.copytree(GOOD / name, run)
    seen = set()
    for path, start, content, others in moments(run):
        for other, kept in others.items():
            other.write_bytes(kept)
        for cut in {start, start + 1, (start + len(content)) // 2, len(content) - 1}:
            path.write_bytes(content[:cut])
            verdict = check_run(run)
            seen.add(verdict.kind)
            assert verdict.kind == "conforms" or "there are no events" in verdict.reason, (
                path,
                cut,
            )
    assert "conforms" in seen


def test_a_header_cut_at_every_byte(tmp_path: Path) -> None:
    """A process that was killed before its header was whole has done nothing; the next life of it
    has the next number."""
    run = tmp_path / "run"
    shutil.copytree(GOOD / "plain", run)
    idle = run / "learner-2.1.ndjson"
    header, *_ = lines(idle)
    for cut in range(len(header)):
        idle.write_bytes(header[:cut])
        verdict = check_run(run)
        assert verdict.kind == "conforms", cut
        assert (verdict.torn == ("learner-2.1",)) == (cut > 0)
    again = header.replace(b"learner-2.1", b"learner-2.2")
    again = again.replace(b'"incarnation":1', b'"incarnation":2')
    (run / "learner-2.2.ndjson").write_bytes(again)
    assert check_run(run).kind == "conforms"
