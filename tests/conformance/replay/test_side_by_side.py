"""Several processes say of a run what one process says: the same verdict, and every word of it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path
from random import Random
from typing import Any, NoReturn

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.cli.main import main
from conformance.replay import side_by_side
from conformance.replay.checker import Checker
from conformance.replay.run_folder import check_run, recorded
from conformance.replay.verdict import Verdict
from conformance.rules.state import State
from conformance.trace.reader import TraceError, open_run
from conformance.trace.schema import Phase1b
from tests.conformance import bench
from tests.conformance.good_runs import GOOD, restart
from tests.conformance.replay.test_corruption import corrupt
from tests.conformance.scenario import Line, Scenario, write_run
from tests.conformance.walk import legal_run
from tests.paths import TRACES

EXPECTED = yaml.safe_load((TRACES / "bad" / "expected.yaml").read_text())
GOOD_RUNS = sorted((TRACES / "good").iterdir())
BAD_RUNS = [
    TRACES / "bad" / name for name, found in EXPECTED.items() if found["verdict"] != "error"
]
MANY = 50  # jobs: there is always room, so that each window has a copy of its own


@pytest.fixture(autouse=True)
def _of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "LEAST", 0)
    cut(monkeypatch, 3)


@pytest.fixture(autouse=True)
def _none_is_left(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Every copy that was made has ended and was waited for."""
    made: list[int] = []
    fork = os.fork

    def counted() -> int:
        pid = fork()
        made.append(pid)
        return pid

    monkeypatch.setattr(os, "fork", counted)
    yield made
    for pid in made:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, 0)


def cut(monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    """Into windows of so many events, judged by copies and by who makes them in turn."""
    monkeypatch.setattr(side_by_side, "WINDOWS", (window, window))
    monkeypatch.setattr(side_by_side, "TURN", window)


def by_several(path: Path, jobs: int = MANY) -> Verdict | None:
    """What several processes say without the one that judges alone."""
    run = open_run(path)
    h = run.header
    assert h is not None
    checker = Checker(h.constants, h.cluster, h.spec, recorded=recorded(run, h))
    return side_by_side.judge(run, checker, jobs)


@pytest.mark.parametrize("window", [1, 2, 5])
@pytest.mark.parametrize("path", GOOD_RUNS, ids=lambda path: path.name)
def test_a_good_run_conforms_wherever_it_is_cut(
    path: Path, window: int, monkeypatch: pytest.MonkeyPatch, _none_is_left: list[int]
) -> None:
    cut(monkeypatch, window)
    alone = check_run(path)
    assert by_several(path) == alone
    assert len(_none_is_left) > alone.events // window
    assert by_several(path, 2) == alone


@pytest.mark.parametrize("path", BAD_RUNS, ids=lambda path: path.name)
def test_of_a_bad_run_the_same_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(monkeypatch, 1)  # so that each event has a border before and after it
    alone = check_run(path)
    if alone.events:
        assert by_several(path) is None
    cut(monkeypatch, 4)
    assert check_run(path, jobs=2) == alone


def judged(scenario: Scenario, lines: list[Line], jobs: int) -> Verdict | str:
    with tempfile.TemporaryDirectory() as folder:
        write_run(Path(folder), scenario, lines)
        try:
            return check_run(Path(folder), jobs=jobs)
        except TraceError as error:
            return str(error).replace(folder, "")


@pytest.mark.parametrize("name", sorted(GOOD))
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_of_a_damaged_run_the_same_is_said(name: str, seed: int) -> None:
    draw, scenario = Random(seed), GOOD[name]()
    lines = scenario.numbered()
    corrupt(draw, lines)
    assert judged(scenario, lines, draw.choice([2, MANY])) == judged(scenario, lines, 1)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_of_any_legal_run_the_same_is_said(seed: int) -> None:
    scenario = legal_run(seed, 200)
    lines = scenario.numbered()
    assert judged(scenario, lines, MANY) == judged(scenario, lines, 1)


def test_an_effect_that_is_not_followed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the states that windows begin with are indeed what copies judge by."""
    follow = Checker.follow

    def but_for_promises(self: Checker, process: str, event: Any) -> None:
        if not isinstance(event, Phase1b):
            follow(self, process, event)

    path = TRACES / "good" / "failover"
    assert by_several(path) is not None
    monkeypatch.setattr(Checker, "follow", but_for_promises)
    assert by_several(path) is None


@pytest.mark.parametrize("how", [2, MANY])
def test_lines_are_checked_wherever_they_are(how: int, tmp_path: Path) -> None:
    """Also the first ones after a border, which were read before it."""
    path = TRACES / "good" / "plain"
    for k, file in enumerate(sorted(path.glob("*.ndjson"))):
        for n in range(1, file.read_bytes().count(b"\n")):
            run = shutil.copytree(path, tmp_path / f"{k}-{n}")
            lines = file.read_text().splitlines(keepends=True)
            lines[n] = lines[n].replace('"seq":', '"seq":1', 1)
            (run / file.name).write_text("".join(lines))
            assert by_several(run, how) is None
    with pytest.raises(TraceError, match="comes next"):
        check_run(run, jobs=how)


def run_of(folder: Path, events: int = 3000) -> Path:
    bench.make(folder, events)
    return folder


def test_what_is_long_over_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 0
    retire = State.retire

    def watched(self: State, i: int) -> None:
        nonlocal most
        most = max(most, len(self.instances))
        retire(self, i)

    path = run_of(tmp_path / "run")
    alone = check_run(path)
    monkeypatch.setattr(State, "retire", watched)
    monkeypatch.setattr(side_by_side, "MOST", 20)
    cut(monkeypatch, 100)
    assert by_several(path) == alone
    assert 20 < most <= 20 + 100


@pytest.mark.parametrize("path", [*GOOD_RUNS, *BAD_RUNS[::8]], ids=lambda path: path.name)
def test_a_run_that_comes_back_to_what_is_forgotten_is_for_one_process(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "MOST", 1)
    cut(monkeypatch, 1)
    assert check_run(path, jobs=2) == check_run(path)


def test_an_acceptor_that_comes_back_asks_for_all_that_it_has_not_trimmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = restart().write(tmp_path)
    assert by_several(path) is not None
    monkeypatch.setattr(side_by_side, "MOST", 1)
    cut(monkeypatch, 1)
    assert by_several(path) is None


def _killed(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _without_memory(*_: object) -> NoReturn:
    raise MemoryError


@pytest.mark.parametrize("feed", [_killed, _without_memory])
def test_a_copy_that_is_ended_is_no_verdict(
    feed: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = os.getpid()
    before = Checker.feed
    monkeypatch.setattr(Checker, "feed", lambda *a: before(*a) if os.getpid() == mine else feed())
    assert main(["check", "--jobs", "2", str(TRACES / "good" / "plain")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"error: {side_by_side.ENDED}\n"


def test_without_a_further_process_there_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", none)
    assert main(["check", "--jobs", "2", str(TRACES / "good" / "plain")]) == 2
    shown = capsys.readouterr().err
    assert shown == f"error: Resource temporarily unavailable: {side_by_side.ENDED}\n"


def test_the_command_says_the_same_by_any_number_of_jobs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], _none_is_left: list[int]
) -> None:
    said = set()
    path = str(run_of(tmp_path / "run"))
    for jobs in ("1", "2", "3"):
        for one in (path, str(TRACES / "bad" / "vote_below_promise")):
            main(["check", "--jobs", jobs, one])
        said.add(capsys.readouterr().out)
        assert bool(_none_is_left) == (jobs != "1")
    assert len(said) == 1


def test_what_is_waived_or_counted_has_one_job(_none_is_left: list[int]) -> None:
    path = TRACES / "good" / "plain"
    assert main(["check", "--jobs", "2", "--coverage", str(path)]) == 0
    assert main(["check", "--jobs", "2", "--waive", "Phase2b.promise", str(path)]) == 0
    assert _none_is_left == []


def test_copies_have_most_of_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "WINDOWS", (1_000, 50_000))
    assert side_by_side._window(40_000, 2) == 26_000
    assert side_by_side._window(40_000, 3) == 13_000
    assert side_by_side._window(-5, 2) == 1_000
    assert side_by_side._window(10**6, 2) == 50_000
