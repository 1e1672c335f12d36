"""The rounds, with runs that are made up: what fails is noted, and the others go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bench import schedule
from harness.bench.benchmark import Run
from harness.bench.limits import Limits
from harness.bench.rounds import Rounds
from harness.bench.schedule import USUAL, Plan
from harness.bench.setting import Setting
from harness.measure.folder import Checked
from paxos.errors import RunError
from tests.bench.test_performance_tables import run

FAILS = Setting(loss=0.1)
SLOW = Setting(rate=400_000.0, outstanding=None)


class Runner:
    """In place of the one that starts processes."""

    out = Path()

    def __init__(self) -> None:
        self.made: list[tuple[Setting, int]] = []

    def system_calls(self, setting: Setting, values: int) -> float:
        return 48.0

    def run(self, setting: Setting, values: int) -> Run:
        self.made.append((setting, values))
        if setting == FAILS:
            raise RunError("nothing was delivered for 60 s")
        return run(50_000.0, p50_us=300_000.0 if setting == SLOW else 300.0)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Runner:
    limits = Limits(30.0, 60.0, 90_000.0, 640.0, 500.0)
    monkeypatch.setattr("harness.bench.limits.measure", lambda *_: limits)
    return Runner()


def rounds(runner: Runner, chosen: Plan) -> tuple[Rounds, list[str]]:
    said: list[str] = []
    made = Rounds(chosen, runner, said.append, with_peer=False)  # type: ignore[arg-type]
    made.run()
    return made, said


def test_a_run_that_fails_is_noted_and_the_others_go_on(runner: Runner) -> None:
    made, said = rounds(runner, schedule.full(("loss",), 3, 2.0, 1000, {}))
    failure = "64 B values, 10% loss: nothing was delivered for 60 s"
    assert made.failures == [failure] * 4, "the warm-up and three rounds"
    assert [len(row.runs) for row in made.rows] == [3, 0]
    assert any(text.endswith(failure) for text in said)
    assert len(made.limits) == 3


def test_a_trace_that_violates_is_a_failure(runner: Runner) -> None:
    good = runner.run
    bad = Checked(False, "violation of Learn at learner-1.1.ndjson:9", 9, 0.1)

    def run_badly(setting: Setting, values: int) -> Run:
        made = good(setting, values)
        made.checked = bad
        return made

    runner.run = run_badly  # type: ignore[method-assign]
    made, _ = rounds(runner, schedule.smoke(("throughput",), {}))
    assert "64 B values: violation of Learn at learner-1.1.ndjson:9" in made.failures


def test_the_warm_up_says_how_many_values_a_run_needs(runner: Runner) -> None:
    made, _ = rounds(runner, schedule.full(("throughput",), 2, 4.0, 1000, {}))
    counts = [values for setting, values in runner.made if setting == USUAL]
    assert counts == [100_000, 200_000, 200_000], "at 50,000/s, for four seconds"
    assert [len(row.runs) for row in made.rows] == [2] * 10, "the warm-up is not counted"


def test_a_load_that_is_too_much_is_not_offered_again(runner: Runner) -> None:
    made, _ = rounds(runner, schedule.full(("load",), 3, 2.0, 1000, {}))
    counts = {row.setting: len(row.runs) for row in made.rows}
    assert counts[SLOW] == 1
    assert set(counts.values()) == {1, 3}
    offered = [values for setting, values in runner.made if setting.rate == 5_000.0]
    assert offered == [10_000] * 4


@pytest.mark.parametrize("why_not", ["", "perf is not installed"])
def test_system_calls_are_counted_of_values_that_are_alone(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, why_not: str
) -> None:
    monkeypatch.setattr("harness.bench.system_calls.missing", lambda: why_not)
    made, _ = rounds(runner, schedule.full(("replicas",), 1, 2.0, 1000, {}))
    counted = [row.setting.one_at_a_time for row in made.rows if row.system_calls == 48.0]
    assert counted == ([] if why_not else [True] * 3)
    assert made.no_calls == why_not
