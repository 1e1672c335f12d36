"""`conformance check` of many runs, in every form, and `conformance merge`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest

from conformance.cli import check, judging, ticker
from conformance.cli.main import main
from conformance.formats.render import FORMS
from tests.conformance.formats.published import valid_json, valid_junit, valid_sarif
from tests.conformance.good_runs import plain
from tests.conformance.inputs.packing import one_file_of_folder, tar_of_folder
from tests.conformance.stripped import strip
from tests.leftovers import processes_of
from tests.paths import ROOT, TRACES

GOOD, BAD, LOST = (
    TRACES / name for name in ("good/plain", "bad/vote_for_nothing", "bad/lost_acceptor")
)
HERE = "judged by the core"


def run(*arguments: str | Path) -> int:
    return main([str(a) for a in arguments])


def test_several_runs_get_a_line_each_and_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", GOOD, BAD, LOST, TRACES / "bad/header_missing") == 1
    shown = capsys.readouterr()
    first, *_, last = shown.out.splitlines()
    assert first == f"{GOOD}: conforms to MultiPaxos (72 events of 9 processes); {HERE}"
    assert last == f"4 runs: 1 conform, 1 in violation, 1 unknown, 1 cannot be read; {HERE}"
    assert "  expected  a Phase2a of ballot (1, 1)" in shown.out  # what is rejected, in full
    assert len(shown.err.splitlines()) == 1


def test_not_more_than_so_many_are_reported_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "FULL_REPORTS", 2)
    copies = [shutil.copytree(BAD, tmp_path / str(n)) for n in range(4)]
    assert run("check", GOOD, *copies) == 1
    shown = capsys.readouterr().out
    assert shown.count("  expected  ") == 2
    assert shown.count("vote_for_nothing") == 0
    assert all(f"{copy}: violation of " in shown for copy in copies)


def test_two_hundred_folders_are_judged_by_several_jobs_as_by_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain(1).write(tmp_path / "1")
    runs = [tmp_path / "1"]
    for n in range(2, 201):
        (tmp_path / str(n)).symlink_to(BAD if n % 50 == 0 else tmp_path / "1")
        runs.append(tmp_path / str(n))
    said = []
    for jobs in ("1", "2"):
        assert run("check", "-q", "--jobs", jobs, *runs) == 1
        said.append(capsys.readouterr())
    assert said[0] == said[1]
    lines = said[0].out.splitlines()
    assert len(lines) == 201
    assert lines[-1] == f"200 runs: 196 conform, 4 in violation; {HERE}"
    for path, line in zip(runs, lines, strict=False):
        assert line.startswith(f"{path}: ")


@pytest.mark.parametrize("form", FORMS)
def test_each_form_on_standard_output_and_in_a_file(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", GOOD, BAD, LOST, "--format", form) == 1
    printed = capsys.readouterr().out
    path = tmp_path / "out"
    assert run("check", "-q", GOOD, BAD, LOST, "--format", form, "--output", path) == 1
    words = capsys.readouterr().out
    assert words.splitlines()[-1] == f"3 runs: 1 conform, 1 in violation, 1 unknown; {HERE}"
    for text in (printed, path.read_text()):
        assert "Phase2b.proposed" in text
        assert HERE in text or form == "json"
        if form == "json":
            assert [r["judged_by"] for r in valid_json(text)["runs"]] == [["core"]] * 3
        elif form == "junit":
            valid_junit(text)
        elif form == "sarif":
            valid_sarif(text)


def test_shards_judge_each_run_once_and_are_merged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [GOOD, BAD, LOST, TRACES / "good/synod"]
    documents = []
    for k in (1, 2, 3):
        documents.append(tmp_path / f"{k}.json")
        given = runs[k:] + runs[:k]  # each machine may list them in another order
        run("check", *given, "--shard", f"{k}/3", "--format", "json", "--output", documents[-1])
    found = [json.loads(path.read_text()) for path in documents]
    assert sorted(r["run"] for one in found for r in one["runs"]) == sorted(map(str, runs))
    assert [one["shard"] for one in found] == [{"index": k, "of": 3} for k in (1, 2, 3)]
    capsys.readouterr()
    assert run("merge", *documents) == 1
    merged = valid_json(capsys.readouterr().out)
    assert merged["counts"] == {"runs": 4, "conforms": 2, "violation": 1, "unknown": 1, "error": 0}
    assert run("merge", *documents, "--format", "sarif", "--output", tmp_path / "sarif") == 1
    assert capsys.readouterr().out.startswith("4 runs: 2 conform, 1 in violation, 1 unknown; ")
    valid_sarif((tmp_path / "sarif").read_text())
    assert run("merge", *documents, "--format", "text") == 1
    assert "  expected  a Phase2a of ballot" in capsys.readouterr().out
    assert run("merge", *documents[:2]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and "no file has shard 3/3" in shown.err


def test_a_shard_without_runs_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", GOOD, "--shard", "2/2") == 0
    assert capsys.readouterr().out == "0 runs: 0 conform\n"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_is_packed_is_judged_and_named_as_given(
    jobs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    archive, lines = tmp_path / "a.tar", tmp_path / "run.ndjson"
    archive.write_bytes(tar_of_folder(BAD, "run/"))
    lines.write_bytes(one_file_of_folder(BAD))
    stdin = lines.open()
    monkeypatch.setattr(sys, "stdin", stdin)
    assert run("check", "--jobs", jobs, archive, "-", lines, "--format", "json") == 1
    stdin.close()
    found = valid_json(capsys.readouterr().out)["runs"]
    places = [one["findings"][0]["place"] for one in found]
    line = (BAD / "acceptor-1.1.ndjson").read_bytes().splitlines(keepends=True)[2]
    at = lines.read_bytes().partition(line)[0].count(b"\n") + 1
    assert places == [
        {"file": str(archive), "line": 3, "member": "run/acceptor-1.1.ndjson"},
        {"file": "-", "line": at},
        {"file": str(lines), "line": at},
    ]
    assert f"at {lines}:{at}, clock" in found[2]["report"]
    assert f"at standard input:{at}, clock" in found[1]["report"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_standard_input_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "-", "-") == 2
    assert "- is given twice" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_cannot_be_written_is_no_verdict(form: str) -> None:
    command = [sys.executable, "-m", "conformance", "check", str(BAD), "--format", form]
    with Path("/dev/full").open("w") as full:
        streamed = _ended(command, stdout=full)
    filed = _ended([*command, "--output", "/dev/full"], stdout=subprocess.DEVNULL)
    for ended in (streamed, filed):
        assert ended.returncode == 2
        (line,) = ended.stderr.splitlines()
        assert "No space left on device" in line
    end, write = os.pipe()
    os.close(end)
    closed = _ended(command, stdout=write)
    os.close(write)
    assert (closed.returncode, closed.stderr) == (2, "")


def _ended(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
        **options,
    )


def test_without_junitparser_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "junitparser", None)
    assert run("check", GOOD, "--format", "junit", "--output", tmp_path / "x") == 2
    shown = capsys.readouterr()
    assert "pip install 'paxos[ci]'" in shown.err
    assert not (tmp_path / "x").exists()


def test_coverage_goes_with_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", GOOD, "--coverage", "--format", "json") == 2
    assert "add --output FILE" in capsys.readouterr().err
    path = tmp_path / "x"
    said = []
    for jobs in ("1", "2"):  # it counts over all runs, so there is one job
        options = ("--coverage", "--jobs", jobs, "--format", "json", "--output", path)
        assert run("check", GOOD, TRACES / "good/trim", *options) == 0
        said.append(capsys.readouterr().out)
        valid_json(path.read_text())
    assert "Trim" in said[0] and said[0] == said[1]


@pytest.mark.tlc
def test_both_judges_stand_in_each_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, packed = tmp_path / "verdicts.json", tmp_path / "a.tar"
    packed.write_bytes(tar_of_folder(BAD))
    assert run("check", "--tlc", GOOD, packed, "--format", "json", "--output", path) == 1
    shown = capsys.readouterr().out
    assert shown.endswith("2 runs: 1 conform, 1 in violation; judged by the core and TLC\n")
    good, bad = valid_json(path.read_text())["runs"]
    for one in (good, bad):
        assert one["judged_by"] == ["core", "TLC"]
        assert one["line"].endswith("; judged by the core and TLC")
    assert good["tlc"] == {"verdict": "conforms"}
    assert bad["tlc"]["verdict"] == "violation"
    assert bad["tlc"]["event"] == bad["events"] + 1
    assert "Accepts(b, i)" in bad["tlc"]["specification"][0]["text"]
    assert "TLC       refuses event" in bad["report"]
    for form in ("text", "junit", "sarif", "github"):
        run("merge", path, "--format", form)
        assert "judged by the core and TLC" in capsys.readouterr().out


@pytest.mark.tlc
def test_where_tlc_cannot_be_asked_that_is_in_the_form(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JAVA", "/nowhere/java")
    assert run("check", "--tlc", GOOD, "--format", "json") == 2
    (one,) = valid_json(capsys.readouterr().out)["runs"]
    assert (one["verdict"], one["judged_by"], one["exit_status"]) == ("conforms", ["core"], 2)
    assert one["tlc"]["verdict"] == "none"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_jobs_and_leaves_nothing(number: int, tmp_path: Path) -> None:
    """One run never ends: it is a pipe that nobody writes to. The other job has nothing to do."""
    (tmp_path / "tmp").mkdir()
    os.mkfifo(tmp_path / "never")
    (tmp_path / "a.tar").write_bytes(tar_of_folder(GOOD))
    started = subprocess.Popen(
        [
            *(sys.executable, "-m", "conformance", "check", "--jobs", "2"),
            *(str(tmp_path / "a.tar"), str(tmp_path / "never")),
        ],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert "conforms" in started.stdout.readline()  # so both processes are there
    if number == signal.SIGINT:
        os.killpg(started.pid, number)  # as a terminal does
    else:
        started.send_signal(number)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Traceback" not in said
    assert list((tmp_path / "tmp").iterdir()) == []
    assert processes_of(tmp_path) == []


def _killed(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_a_job_that_is_killed_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(judging, "judge", _killed)
    assert run("check", "--jobs", "2", GOOD, BAD) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is there memory for so many --jobs?" in line


class Terminal:
    """Standard error that says that it is a terminal."""

    def __init__(self) -> None:
        self.said = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.said += text
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Terminal()
    monkeypatch.setattr(shown, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(ticker, "QUIET_S", 0.001)
    with ticker.Ticker(20) as progress:
        progress.done(7)
        deadline = time.monotonic() + 60
        while terminal and "7 of 20 runs judged" not in shown.said:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    assert shown.said.endswith("\r\033[K") if terminal else shown.said == ""


@pytest.mark.parametrize("run_of", [GOOD, BAD], ids=lambda path: path.name)
def test_what_was_inferred_is_in_the_form(
    run_of: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bad run's event has no line then: the trace omits it."""
    strip(run_of, tmp_path / "run", ["Phase1a", "Phase2a.quorum"])
    run("check", tmp_path / "run", "--format", "json")
    (one,) = valid_json(capsys.readouterr().out)["runs"]
    assert one["inferred"] == ["Phase1a", "Phase2a.quorum"]


def test_progress_counts_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    monkeypatch.setattr(ticker.Ticker, "done", lambda _, runs: counted.append(runs))
    run("check", GOOD, BAD, LOST)
    assert counted == [1, 2, 3]


def test_jobs_leave_interrupts_to_the_process_that_started_them() -> None:
    """It ends them; each of them would say that it was interrupted."""
    with judging._Workers(1) as workers:
        with judging._interrupts_wait():
            asked = workers.submit(signal.pthread_sigmask, signal.SIG_BLOCK, [])
        assert signal.SIGINT in asked.result(timeout=60)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
