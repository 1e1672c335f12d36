"""What the `conformance` command says of input that it cannot use: one line, and status 2."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from conformance.cli import judging
from conformance.cli.main import main
from conformance.trace.reader import _unreadable
from tests.conformance.good_runs import plain
from tests.paths import ROOT


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: COMMAND (`conformance --help` tells more)"),
        (["cheque"], "invalid choice: 'cheque'"),
        (["check"], "required: RUN (`conformance check --help` tells more)"),
        (["check", "--fast", "runs"], "unrecognized arguments: --fast"),
        (["check", "--assume", "max_batch=0", "runs"], "or max_batch=N"),
        (["check", "--shard", "3/2", "runs"], "'3/2': expected K/N"),
        (["check", "--shard", "0/2", "runs"], "'0/2': expected K/N"),
        (["check", "--shard", "1/10001", "runs"], "N at most 10000"),
        (["check", "--jobs", "0", "runs"], "0 is not a whole number above 0"),
        (["check", "--format", "yaml", "runs"], "invalid choice: 'yaml'"),
        (["merge"], "required: FILE"),
        (["explain"], "required: RUN_DIR (`conformance explain --help` tells more)"),
        (["spec", "--jobs", "0"], "0 is not a whole number above 0"),
        (["spec-distributed"], "required: --model"),
        (["spec-growth", "--limit", "soon"], "invalid float value: 'soon'"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    _one_line(words, capsys)


@pytest.mark.parametrize("command", ["check", "explain"])
def test_no_run(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "/nowhere"]) == 2
    _one_line("/nowhere: does not exist", capsys)


def _one_line(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert line.startswith("error: ")
    assert words in line
    assert shown.out == ""


COMMAND = [sys.executable, "-m", "conformance", "check"]
GOOD, BAD = (ROOT / "traces" / p for p in ("good/plain", "bad/vote_for_nothing"))


def _ends(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        **options,
    )
    assert "Traceback" not in ended.stderr
    return ended


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("run", [GOOD, BAD])
def test_output_that_cannot_be_written_is_no_verdict(run: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = _ends(run, stdout=full)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "No space left on device" in line


def test_a_reader_that_goes_away_is_no_verdict() -> None:
    end, write = os.pipe()
    os.close(end)
    try:
        ended = _ends(BAD, stdout=write)
    finally:
        os.close(write)
    assert (ended.returncode, ended.stderr) == (2, "")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("two\nlines"), OSError(28, "full")])
def test_no_failure_becomes_a_violation(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(judging, "judge_run", fails)
    assert main(["check", str(BAD)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    monkeypatch.undo()
    assert main(["check", str(BAD)]) == 1


def test_few_descriptors_are_enough(tmp_path: Path) -> None:
    """No file is held open, however many there are."""
    s = plain(1)
    s.idle += [f"learner-1.{life}" for life in range(2, 90)]
    run = s.write(tmp_path / "run")

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))

    assert _ends("-q", run, stdout=subprocess.PIPE, preexec_fn=few).returncode == 0


def test_too_many_open_files_is_not_laid_at_the_door_of_a_trace() -> None:
    error = OSError(errno.EMFILE, "Too many open files")
    assert "ulimit -n" in str(_unreadable(GOOD, error))
    assert "remove" not in str(_unreadable(GOOD, error))
    assert "remove" in str(_unreadable(GOOD, OSError(errno.EIO, "Input/output error")))


def test_nothing_in_a_path_or_a_trace_reaches_the_terminal_but_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a\x1b[31mred"
    shutil.copytree(GOOD, folder)
    assert main(["check", str(folder)]) == 0
    assert main(["check", str(tmp_path / "no\x1b[0m")]) == 2
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "a\\x1b[31mred" in shown.out


@pytest.mark.parametrize("name", ["learner-2.1.ndjson", "learner-9.1.ndjson"])
def test_a_pipe_named_like_a_trace_is_an_error_and_nothing_waits(tmp_path: Path, name: str) -> None:
    shutil.copytree(GOOD, tmp_path / "run")
    (tmp_path / "run" / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / "run" / name)
    ended = _ends(tmp_path / "run", stdout=subprocess.PIPE)
    assert ended.returncode == 2
    assert "[File.regular]" in ended.stderr


def test_a_cluster_in_another_order_is_the_same(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path / "run")
    path = tmp_path / "run" / "learner-2.1.ndjson"
    text = path.read_text()
    assert '"acceptors":[1,2,3]' in text
    path.write_text(text.replace('"acceptors":[1,2,3]', '"acceptors":[3,1,2]'))
    assert main(["check", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize("value", ["0", str(2**63), "1" + "0" * 20, "x"])
def test_an_assumption_is_in_the_range_of_the_constant(value: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--assume", f"max_batch={value}", str(GOOD)])
    assert ended.value.code == 2
    assert main(["check", "--assume", f"max_batch={2**63 - 1}", str(GOOD)]) == 0
