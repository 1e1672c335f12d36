"""`conformance check --tlc` with everything that can be wrong: one clear line, exit status 2, and
nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.agreement import agree
from conformance.cli.main import main
from conformance.paths import SPEC
from conformance.replay.verdict import Verdict
from conformance.tlc import errors, plain_paths, runner
from conformance.tlcjudge import validator
from conformance.tlcjudge.survey import survey
from conformance.tlcjudge.windows import Job
from conformance.trace.reader import open_run
from tests.conformance.bench import make
from tests.conformance.scenario import Scenario, rng
from tests.paths import TRACES

pytestmark = pytest.mark.tlc

GOOD = TRACES / "good" / "plain"
BAD = TRACES / "bad" / "vote_below_promise"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go in this test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_both_judges_on_the_command_line(
    temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost, empty = TRACES / "bad" / "lost_acceptor", TRACES / "bad" / "lost_all_events"
    assert main(["check", "--tlc", str(GOOD), str(BAD), str(lost), str(empty)]) == 1
    out = capsys.readouterr().out
    assert "(72 events of 9 processes); judged by the core and TLC" in out
    assert "TLC       refuses event 9" in out
    assert "TLC       refuses event 5" in out  # what Python calls unknown, since a file is missing
    assert "DISAGREE" not in out
    assert list(temporary.iterdir()) == []


def test_assumed_constants_are_those_of_both(capsys: pytest.CaptureFixture[str]) -> None:
    run = str(TRACES / "good" / "optimised")
    assert main(["check", "--tlc", "--assume", "max_batch=1", run]) == 1
    out = capsys.readouterr().out
    assert "Phase2a.batch" in out
    assert "batch \\in Batch" in out
    assert "DISAGREE" not in out


def test_judges_that_differ_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever of them refuses what the other one takes, or another event: that is no verdict to
    rely on, and the exit status says so."""
    (refused,) = validator.Validator().judge([survey(open_run(BAD))])
    assert refused.rejection is not None
    for run, rejection in (
        (BAD, None),
        (GOOD, refused.rejection),
        (BAD, replace(refused.rejection, event=refused.rejection.event + 1)),
    ):
        by_tlc = validator.TlcVerdict(refused.survey, rejection, windows=1)
        monkeypatch.setattr(validator.Validator, "verdicts", lambda self, surveys, r=by_tlc: [r])
        assert main(["check", "--tlc", "-q", str(run)]) == 1
        assert "DISAGREE" in capsys.readouterr().out
    monkeypatch.undo()
    assert main(["check", "--tlc", "-q", str(GOOD)]) == 0


def test_judges_agree_if_they_say_the_same_of_the_same_event() -> None:
    (refused,) = validator.Validator().judge([survey(open_run(BAD))])
    assert refused.rejection is not None
    number = refused.rejection.event
    taken = validator.TlcVerdict(refused.survey, windows=1)
    violation, conforms = Verdict("violation", number - 1), Verdict("conforms", 72)
    assert agree(violation, refused)
    assert agree(conforms, taken)
    assert not agree(violation, taken)
    assert not agree(conforms, refused)
    for other in (number - 2, number, 0):
        assert not agree(Verdict("violation", other), refused)
        assert not agree(Verdict("unknown", other, hangs=True), refused)


def test_each_run_is_judged_for_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of one run TLC cannot say anything, since it has more values than it can count to."""
    s = Scenario("huge")
    s.broadcast("1.1", rng("1.1", 1, 2**40))
    s.write(tmp_path / "huge")
    assert main(["check", "--tlc", "-q", str(GOOD), str(tmp_path / "huge"), str(BAD)]) == 1
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[0].endswith("; judged by the core and TLC")
    assert lines[1].endswith("; judged by the core")
    assert lines[2].endswith("; judged by the core and TLC")
    (line,) = shown.err.splitlines()
    assert "huge: TLC gave no verdict" in line
    assert main(["check", "--tlc", "-q", str(GOOD), str(tmp_path / "huge")]) == 2


def test_a_run_that_stops_tlc_does_so_for_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What both were given to is given up; then each is judged alone."""
    original = validator.Validator._tlc

    def stops(self: validator.Validator, job: Job, *rest: Any) -> runner.Result:
        if any(w.survey.run.directory == BAD for w in job.windows):
            raise errors.TlcCrash("it fell over")
        return original(self, job, *rest)

    monkeypatch.setattr(validator.Validator, "_tlc", stops)
    assert main(["check", "--tlc", "-q", str(GOOD), str(BAD)]) == 1
    shown = capsys.readouterr()
    assert [line.partition("; ")[2] for line in shown.out.splitlines()[:2]] == [
        "judged by the core and TLC",
        "judged by the core",
    ]
    assert "it fell over" in shown.err


def test_options_for_java_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1m")
    monkeypatch.setenv("_JAVA_OPTIONS", "-Dno=thing")
    monkeypatch.setenv("LC_ALL", "C")
    assert main(["check", "--tlc", "-q", str(GOOD)]) == 0


def test_the_reason_is_not_what_java_says_of_its_options() -> None:
    said = ["Picked up _JAVA_OPTIONS: -Xmx1m", "", "it broke"]
    assert plain_paths.reason(said) == "it broke"
    assert plain_paths.reason(said[:1]) == "it said nothing"


@pytest.mark.parametrize("name", ["with:colon", "h\u00e4ngt", os.fsdecode(b"nb\xff")])
def test_paths_that_java_cannot_be_given(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    shutil.copytree(GOOD, folder / "run")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert main(["check", "-q", "--keep", str(folder / "kept"), str(folder / "run")]) == 0
    assert "judged by the core and TLC" in capsys.readouterr().out
    assert {"TraceData.tla", "trace.cfg"} <= {p.name for p in (folder / "kept").rglob("*")}


def test_files_are_kept_on_request(
    tmp_path: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--keep", str(tmp_path / "kept"), str(GOOD)]) == 0
    kept = {path.name for path in (tmp_path / "kept").rglob("*")}
    assert {"TraceData.tla", "trace.cfg"} <= kept
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "words"),
    [("exit 3", "ended with status 3"), ("kill -9 $$", "killed by signal 9")],
)
def test_java_that_dies(
    script: str,
    words: str,
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\n{script}\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA", str(java))
    assert main(["check", "--tlc", str(GOOD)]) == 2
    assert words in one_line(capsys)
    assert list(temporary.iterdir()) == []


def test_tools_that_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TLA2TOOLS_JAR", str(tmp_path / "no.jar"))
    assert main(["check", "--tlc", str(GOOD)]) == 2
    assert "TLA2TOOLS_JAR" in one_line(capsys)
    monkeypatch.delenv("TLA2TOOLS_JAR")
    monkeypatch.setenv("JAVA", str(tmp_path / "no-java"))
    assert main(["check", "--tlc", str(GOOD)]) == 2
    assert "JAVA" in one_line(capsys)


def test_temporary_files_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert main(["check", "--tlc", str(GOOD)]) == 2
    assert "TMPDIR" in one_line(capsys)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = Path.open

    def full(self: Path, *args: Any, **options: Any) -> Any:
        path = Path("/dev/full") if self.name == "TraceData.tla" else self
        return original(path, *args, **options)

    monkeypatch.setattr(Path, "open", full)
    assert main(["check", "--tlc", str(GOOD)]) == 2
    line = one_line(capsys)
    assert "No space left on device" in line
    assert list(temporary.iterdir()) == []


def validator_of(tmp_path: Path, name: str, old: str, new: str) -> validator.Validator:
    """TLC with a clause of the specification changed."""
    folder = tmp_path / "spec"
    shutil.copytree(SPEC, folder, ignore=shutil.ignore_patterns("models"))
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    return validator.Validator(spec=folder)


def test_a_specification_that_does_not_parse(tmp_path: Path, temporary: Path) -> None:
    broken = validator_of(tmp_path, "MultiPaxosState.tla", "Send(m) ==", "Send(m) = =")
    with pytest.raises(errors.SpecError, match=r"MultiPaxosState\.tla:\d+") as caught:
        broken.judge([survey(open_run(GOOD))])
    assert "\n" not in str(caught.value)
    assert list(temporary.iterdir()) == []


def test_a_specification_that_cannot_be_evaluated(tmp_path: Path, temporary: Path) -> None:
    broken = validator_of(
        tmp_path, "MultiPaxos.tla", "MayVote(a, b, i) == b >=", "MayVote(a, b, i) == {b} >="
    )
    with pytest.raises(errors.TlcError) as caught:
        broken.judge([survey(open_run(GOOD))])
    assert "\n" not in str(caught.value)
    assert list(temporary.iterdir()) == []


def test_a_row_that_is_never_taken_is_no_verdict(tmp_path: Path) -> None:
    """TLC ends well, but says nothing of the end of the trace."""
    silent = validator_of(
        tmp_path, "TraceMultiPaxos.tla", "NothingIsGone ==\n", "NothingIsGone ==\n    /\\ row < 9\n"
    )
    with pytest.raises(validator.JudgeError, match="not judged"):
        silent.judge([survey(open_run(GOOD))])


def test_out_of_memory(temporary: Path) -> None:
    small = validator.Validator(limits=runner.Limits(seconds=60, heap_mb=6))
    with pytest.raises(errors.TlcError) as caught:
        small.judge([survey(open_run(GOOD))])
    assert "\n" not in str(caught.value)
    assert list(temporary.iterdir()) == []


def test_no_java_outlives_a_run_of_too_long(temporary: Path) -> None:
    hasty = validator.Validator(limits=runner.Limits(seconds=0.2, heap_mb=256))
    with pytest.raises(errors.TlcTimeout):
        hasty.judge([survey(open_run(GOOD))])
    assert not [pid for pid in _children() if b"tlc2.TLC" in _command(pid)]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_no_java_outlives_the_command(tmp_path: Path, how: signal.Signals) -> None:
    make(tmp_path / "run", 20_000)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "conformance", "check", "--tlc", str(tmp_path / "run")]
    process = subprocess.Popen(
        command,
        cwd=SPEC.parent,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not _javas(temporary) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(how)
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
        process.wait()
    assert _javas(temporary) == []
    assert list(temporary.iterdir()) == []


def _javas(folder: Path) -> list[int]:
    """The processes of TLC whose temporary files are in the folder."""
    every = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [
        pid for pid in every if b"tlc2.TLC" in (c := _command(pid)) and str(folder).encode() in c
    ]


def _children() -> list[int]:
    path = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
