"""What is forgotten is never asked for again, and what is asked for no more is forgotten."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.replay import retention
from conformance.replay.checker import Checker, Recorded
from conformance.replay.retention import Horizon
from conformance.rules.state import State
from conformance.trace.last_use import instances_of
from conformance.trace.reader import LATEST_FIRST, Run, open_run
from conformance.trace.schema import AnyEvent, Phase1b, Recover
from tests.conformance.good_runs import GOOD, plain
from tests.conformance.scenario import Scenario, rng
from tests.conformance.walk import legal_run


class Watched(State):
    """A state that notes what is retired."""

    gone: set[int]

    def retire(self, i: int) -> None:
        self.gone.add(i)
        super().retire(i)


def asks(event: AnyEvent, gone: set[int]) -> list[int]:
    """Those of the retired instances that the event could ask about."""
    if isinstance(event, Recover) and not event.process.startswith("acceptor"):
        return []  # it keeps no votes
    if isinstance(event, Recover):
        return sorted(i for i in gone if i > (event.trimmed or 0))
    if isinstance(event, Phase1b):
        return sorted(i for i in gone if event.first <= i <= event.last)
    return sorted(gone.intersection(instances_of(event)))


def watch(run: Run) -> tuple[Checker, int]:
    """Replay the run; an event that asks for what is gone fails. The most instances kept."""
    h = run.header
    assert h is not None
    recorded = Recorded(keeps=run.keeping())
    checker, ahead = Checker(h.constants, h.cluster, h.spec, recorded=recorded), Horizon.of(run)
    checker.state = Watched(h.constants, h.cluster)
    checker.state.lives = checker.incarnations.lives
    checker.state.gone = set()
    most = 0
    for _, process, _, event in run.rows():
        assert not asks(event, checker.state.gone), event
        assert checker.feed(process, event) is None
        ahead.passed(event, checker.state)
        most = max(most, len(checker.state.instances))
    return checker, most


def crowd(scenario: Scenario, seed: int) -> Scenario:
    """Let neighbours in the trace happen at the same time, and acceptors restart now and then."""
    draw, clock = Random(seed), 1
    new = Scenario("crowd", **scenario.constants)
    lives: dict[str, int] = {}
    seen: dict[str, int] = {}
    for line in scenario.lines:
        process = line["process"]
        if process.startswith("acceptor") and draw.random() < 0.03:
            a = int(process[9])
            lives[process] = lives.get(process, 1) + 1
            kept: dict[str, Any] = {"votes": new.votes_of(a, 1, 99)}
            if (promised := new.state.promised[a].highest(1, 1)) != (0, 0):
                kept["promised"] = list(promised)
            if new.state.trimmed[a]:
                kept["trimmed"] = new.state.trimmed[a]
            clock = stamp(new, "Recover", f"acceptor-{a}.{lives[process]}", clock, seen, draw)
            new.recover(f"acceptor-{a}.{lives[process]}", **kept)
            new.lines[-1]["hlc"] = clock
        name = f"{process[:-1]}{lives.get(process, 1)}"
        clock = stamp(new, line["event"], name, clock, seen, draw)
        params = {k: v for k, v in line.items() if k not in ("event", "process")}
        assert new.add(name, line["event"], **params) is None
        new.lines[-1]["hlc"] = clock
    return new


def stamp(
    new: Scenario, event: str, name: str, clock: int, seen: dict[str, int], draw: Random
) -> int:
    """The next event's clock: mostly later, the same if the merge order still is the causal one."""
    last = new.lines[-1] if new.lines else None
    follows = last is None or (
        (LATEST_FIRST.index(last["event"]), last["process"]) < (LATEST_FIRST.index(event), name)
    )
    if not (draw.random() < 0.5 and follows and seen.get(name, 0) < clock):
        clock += 1
    seen[name] = clock
    return clock


@given(st.integers(0, 2**32), st.booleans(), st.booleans())
def test_what_is_gone_is_not_asked_for(
    tmp_path_factory: pytest.TempPathFactory, seed: int, direct: bool, ahead: bool
) -> None:
    scenario = legal_run(seed, 300, instances=6, direct_learning=direct, prepare_ahead=ahead)
    if scenario.lines:
        folder = crowd(scenario, seed).write(tmp_path_factory.mktemp("crowd"))
        watch(open_run(folder))


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"synod"}))
def test_of_a_finished_run_next_to_nothing_is_kept(name: str, tmp_path: Path) -> None:
    checker, _ = watch(open_run(GOOD[name]().write(tmp_path)))
    last = [line for line in GOOD[name]().numbered() if line.get("instance")][-1]
    assert set(checker.state.instances) <= {last["instance"]}


def test_instances_in_flight_bound_what_is_kept(tmp_path: Path) -> None:
    checker, most = watch(open_run(plain(100).write(tmp_path)))
    assert checker.accepted > 2000
    assert most <= 2
    covered = [x for by in checker.state.covered.values() for x in by.values()]
    assert all(len(x.firsts) <= 101 for x in covered)


def test_promises_of_instances_that_are_over_are_not_kept(tmp_path: Path) -> None:
    """Each in another ballot than the one before, so that no two of them are one run."""
    s = Scenario("each", direct_learning=True, prepare_ahead=True, promise_scope="instance")
    for i in range(1, 41):
        value = rng("1.1", i)
        s.broadcast("1.1", value)
        s.prepare((1, 1 + i % 2), i)
        s.settle((1, 1 + i % 2), i, value)
    assert s.violation is None
    checker, _ = watch(open_run(s.write(tmp_path)))
    assert checker.accepted == len(s.lines)
    assert all(len(list(held.runs())) < 5 for held in checker.state.promised.values())


def test_an_instance_far_away_needs_no_table(tmp_path: Path) -> None:
    """A number in a trace must not decide how much memory is taken."""
    s = Scenario("far", prepare_ahead=True)
    far = 2**62
    s.broadcast("1.1", rng("1.1", 1))
    s.prepare((1, 1), 1, far)
    s.settle((1, 1), far, rng("1.1", 1))
    watch(open_run(s.write(tmp_path)))


def test_delivered_values_are_kept_until_the_slowest_learner_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "EVERY", 1)
    for lag in (0, 3, 30):
        s = plain(20)
        late = [line for line in s.lines if line["process"] == "learner-2.1"]
        lines = []
        for line in s.lines:
            if line not in late:
                lines.append(line)
            if line["event"] == "Deliver" and line["process"] == "learner-1.1":
                lines += [x for x in late if x["instance"] == line["instance"] - lag]
        s.lines = lines + [x for x in late if x not in lines]
        check_lag(s, tmp_path / str(lag), lag)


def check_lag(s: Scenario, folder: Path, lag: int) -> None:
    run = open_run(s.write(folder))
    assert run.header is not None
    checker, ahead = Checker(run.header.constants, run.header.cluster), Horizon.of(run)
    kept = 0
    for _, process, _, event in run.rows():
        assert checker.feed(process, event) is None
        ahead.passed(event, checker.state)
        kept = max([kept, *(len(x.delivered) for x in checker.state.learners.values())])
    assert checker.finish().kind == "conforms"
    assert kept <= lag + 3
