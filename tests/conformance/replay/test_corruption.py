"""Runs damaged at random: never a traceback, and never `conforms` where something that others rely
on is gone or altered. And forgetting finished instances never changes what is said.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.replay.checker import Checker, Recorded
from conformance.replay.lateness import CLOCK_CHECK
from conformance.replay.retention import Horizon
from conformance.replay.run_folder import check_run, replay
from conformance.replay.verdict import Verdict
from conformance.trace.reader import Run, TraceError, open_run
from tests.conformance.good_runs import GOOD, plain
from tests.conformance.scenario import Line, Scenario, write_run
from tests.conformance.walk import legal_run


def judge(scenario: Scenario, lines: list[Line]) -> Verdict:
    """The verdict on these lines. What is replayed must not depend on what the checker forgets."""
    with tempfile.TemporaryDirectory() as folder:
        write_run(Path(folder), scenario, lines)
        verdict = check_run(Path(folder))
        run = open_run(Path(folder))
        assert run.header is not None
        remembering = replay(run, fresh_checker(run), None)
        forgetting = replay(run, fresh_checker(run), Horizon.of(run))
    assert summary(forgetting) == summary(remembering)
    assert verdict.kind == forgetting.kind or CLOCK_CHECK in verdict.reason
    return verdict


def is_refused(verdict: Verdict) -> bool:
    """A violation; or, where what an event rests on comes again later, a matter of clocks."""
    return verdict.kind == "violation" or CLOCK_CHECK in verdict.reason


def fresh_checker(run: Run) -> Checker:
    h = run.header
    assert h is not None
    recorded = Recorded(run.processes(), keeps=run.keeping())
    return Checker(h.constants, h.cluster, h.spec, recorded=recorded)


def summary(verdict: Verdict) -> Any:
    v = verdict.violation
    further = [(d.name, d.first, d.times) for d in verdict.further]
    where = v and (v.name, v.process, v.event.seq)
    return verdict.kind, verdict.events, verdict.counts, where, further


def corrupt(draw: Random, lines: list[Line]) -> str:
    """Drop, repeat, swap or alter one event of `lines`."""
    kind = draw.choice(["drop", "repeat", "swap", "alter", "move"])
    k = draw.randrange(len(lines))
    if kind == "drop":
        del lines[k]
    elif kind == "repeat":
        lines.insert(draw.randrange(k, len(lines)) + 1, dict(lines[k]))
    elif kind == "swap":
        j = draw.randrange(len(lines))
        lines[j], lines[k] = lines[k], lines[j]
    elif kind == "move":
        lines.insert(draw.randrange(len(lines)), lines.pop(k))
    else:
        lines[k] = alter(draw, lines[k])
    for n, line in enumerate(lines, 1):
        line["hlc"] = 10 * n
    return kind


def alter(draw: Random, line: Line) -> Line:
    """Another value for one parameter, of the same shape."""
    new: Line = json.loads(json.dumps(line))
    key = draw.choice([k for k in line if k not in ("event", "process", "seq", "hlc")] or ["event"])
    if isinstance(new[key], int):
        new[key] = max(1, new[key] + draw.choice([-1, 1, 5]))
    elif isinstance(new[key], list):
        damage(draw, new[key])
    return new


def damage(draw: Random, x: list[Any]) -> None:
    """Change something inside: an integer, or a list that gets shorter or longer."""
    k = draw.randrange(len(x)) if x else 0
    if x and isinstance(x[k], int):
        x[k] = max(1, x[k] + draw.choice([-1, 1]))
    elif x and isinstance(x[k], list) and draw.random() < 0.6:
        damage(draw, x[k])
    elif x and isinstance(x[0], list) and draw.random() < 0.5:
        x.append(x[0])
    elif x and not isinstance(x[0], str):
        del x[k]


@pytest.mark.parametrize("name", sorted(GOOD))
@given(seed=st.integers(0, 2**32))
@example(seed=1_626_528_214).via("a promise that falls below a vote in a forgotten instance")
def test_corrupted_runs_never_crash_the_checker(name: str, seed: int) -> None:
    draw, scenario = Random(seed), GOOD[name]()
    lines = scenario.numbered()
    for _ in range(draw.randint(1, 3)):
        corrupt(draw, lines)
    try:
        judge(scenario, lines)
    except TraceError as error:
        assert "\n" not in str(error)


# What nothing later rests on, so that without it the rest is still a run.
HARMLESS = {
    "plain": ["Deliver", "Deliver"],  # the last ones of each learner
    "optimised": ["Deliver", "Deliver", "Phase1b", "Phase1b"],  # ... promises not used yet
    "synod": ["Broadcast", "Learn", "Learn"],  # ... a value that was not proposed
    "failover": ["Phase2a", "Phase2b", "Deliver", "Deliver"],  # ... what the dead leader's got lost
}


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_no_event_can_be_dropped_that_another_one_rests_on(name: str) -> None:
    scenario = GOOD[name]()
    scenario.idle = sorted({"proposer-2.1", *(line["process"] for line in scenario.lines)})
    harmless = []
    for k, line in enumerate(scenario.lines):
        lines = scenario.numbered()
        del lines[k]
        verdict = judge(scenario, lines)
        if verdict.kind == "conforms":
            harmless.append(line["event"])
        else:
            assert is_refused(verdict)
    assert harmless == HARMLESS[name]


# What must not be altered without notice: everything but choices that were open (a range asked for
# or promised, more or fewer acceptors that did vote in a quorum, a higher ballot that nobody used).
@pytest.mark.parametrize("name", ["plain", "failover"])
@given(seed=st.integers(0, 2**32))
def test_altered_batches_and_votes_are_detected(name: str, seed: int) -> None:
    draw, scenario = Random(seed), GOOD[name]()
    lines = scenario.numbered()
    k = draw.choice(
        [k for k, x in enumerate(lines) if x.get("batch") or x.get("votes") or x.get("values")]
    )
    key = next(x for x in ("batch", "votes", "values") if lines[k].get(x))
    before = json.dumps(lines[k])
    damage(draw, lines[k][key])
    if lines[k]["event"] == "Broadcast" or json.dumps(lines[k]) == before:
        return  # what was broadcast is what it is; if anybody proposed it, the next test says so
    with suppress(TraceError):  # so damaged that it is no event any more
        assert is_refused(judge(scenario, lines))


def test_altered_broadcasts_are_detected_when_proposed() -> None:
    scenario = plain()
    for k, line in enumerate(scenario.lines):
        if line["event"] == "Broadcast":
            lines = scenario.numbered()
            lines[k]["values"][0][3] = "0" * 16
            verdict = judge(scenario, lines)
            assert verdict.violation is not None
            assert verdict.violation.name == "Phase2a.broadcast"


@given(st.integers(0, 2**32), st.booleans(), st.booleans(), st.integers(1, 3))
def test_random_legal_runs_conform_and_forgetting_changes_nothing(
    seed: int, direct: bool, ahead: bool, most: int
) -> None:
    scenario = legal_run(
        seed, 400, instances=5, direct_learning=direct, prepare_ahead=ahead, max_batch=most
    )
    if not scenario.lines:
        return
    lines = scenario.numbered()
    assert judge(scenario, lines).kind == "conforms"
    corrupt(Random(seed), lines)
    with suppress(TraceError):
        judge(scenario, lines)


def test_votes_are_kept_until_the_last_promise_that_may_report_them(tmp_path: Path) -> None:
    scenario = plain(10)
    scenario.constants = {**scenario.constants, "prepare_ahead": True}
    scenario = _with_late_promise(scenario, votes=None)
    assert check_run(scenario.write(tmp_path / "good")).kind == "conforms"
    verdict = check_run(_with_late_promise(scenario, votes=[]).write(tmp_path / "bad"))
    assert verdict.violation is not None
    assert verdict.violation.name == "Phase1b.votes"


def _with_late_promise(old: Scenario, votes: Any) -> Scenario:
    new = Scenario("late", prepare_ahead=True)
    for line in old.lines:
        if line["process"] != "proposer-2.1":
            params = {k: v for k, v in line.items() if k not in ("event", "process")}
            new.add(line["process"], line["event"], **params)
    new.ask((9, 2), 1, 20)
    new.lines = [x for x in new.lines if x.get("ballot") != [9, 2] or x["event"] != "Phase1b"]
    new.promise(1, (9, 2), 1, 20, votes=votes)
    return new
