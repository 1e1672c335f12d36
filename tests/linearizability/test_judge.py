"""A verdict for a whole history, its exit status, and its drawing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.linearizability import history
from tests.linearizability.history import Operation
from tests.linearizability.test_wgl import BAD, GOOD
from tests.paths import ROOT


def judged(path: Path, *options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.linearizability", str(path), *map(str, options)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("operations", "status", "words"),
    [
        (GOOD["one after the other"], 0, "linearizable (8 operations, 8 with an answer)"),
        (BAD["a stale read"], 1, "not linearizable: key k: after 2 operations there is b @2, and "),
    ],
)
def test_the_command_says_its_verdict(
    tmp_path: Path, operations: list[Operation], status: int, words: str
) -> None:
    history.write(tmp_path / "history", operations)
    ended = judged(tmp_path / "history")
    assert (ended.returncode, ended.stderr) == (status, "")
    assert ended.stdout.startswith(words)


def test_what_is_no_history_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("no\n", encoding="utf-8")
    ended = judged(tmp_path / "history")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"error: {tmp_path}/history: line 1: ")
    assert ended.stderr.count("\n") == 1


def test_what_fits_nowhere_is_in_the_drawing(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    history.write(tmp_path / "history", BAD["a stale read"])
    assert judged(tmp_path / "history", "-o", tmp_path / "drawn.svg").returncode == 1
    drawn = (tmp_path / "drawn.svg").read_text(encoding="utf-8")
    for label in (" 1: put a: @1", " 2: put b: @2", " get: a @1", "key k: in this order; then"):
        assert f"<!-- {label}" in drawn, label
