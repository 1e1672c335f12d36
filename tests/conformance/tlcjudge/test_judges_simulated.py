"""The judges agree on what the implementation does under the simulator: in storms of faults, and
with a bug planted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from conformance.cli.agreement import agree, words
from conformance.replay.citations import places
from conformance.replay.run_folder import check_run
from conformance.tlcjudge.survey import survey
from conformance.tlcjudge.validator import Validator
from conformance.trace.reader import open_run
from harness.simulation.plan import Request
from harness.simulation.run import simulate
from paxos.core.learner import Learner
from tests.conformance.scenario import Line, Scenario, write_run
from tests.simulation.bugs import BUGS
from tests.simulation.faulty_parts import FAULTY_PARTS, ONE_COMMIT
from tests.simulation.scenario import CheckedSimulation, run
from tests.simulation.scenario import Scenario as Storm
from tests.simulation.test_bugs import SEEDS, STORM
from tests.simulation.test_checkpoints import AheadOfWhatWasDelivered, TellsWhatItHasDelivered

pytestmark = pytest.mark.tlc

EVERY = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 3
"""Which bugs: all of them in a thorough run, and otherwise some, since simulating takes time."""


def write(folder: Path, simulation: CheckedSimulation) -> Path:
    """The simulation's events as a run, up to the first one that is rejected."""
    s = Scenario("simulated", spec="Synod" if simulation.scenario.synod else "MultiPaxos")
    s.constants = simulation.constants()
    roles = ("acceptor", "proposer", "learner", "client")
    s.cluster = {f"{role}s": simulation.ids(role) for role in roles}
    lines: list[Line] = []
    for k, event in enumerate(simulation.events, 1):
        line = msgspec.to_builtins(event)
        lines.append({**line, "event": line["event"], "hlc": k})
    rejected = simulation.checker.verdict
    write_run(folder, s, lines if rejected is None else lines[: rejected.events + 1])
    return folder


@pytest.mark.timeout(400)
def test_on_storms_and_on_planted_bugs(tmp_path: Path) -> None:
    crashes = (("acceptor", 1), ("proposer", 1), ("learner", 1), ("acceptor", 2))
    storms = [
        replace(STORM, seed=k, crashes=crashes, direct_learning=d, prepare_ahead=a, max_batch=m)
        for k, (d, a, m) in enumerate([(False, True, 1), (True, True, 3)])
    ]
    storms += [replace(STORM, retain=2, prepare_ahead=True, direct_learning=True), _synod()]
    folders = [write(tmp_path / f"storm-{k}", run(storm)) for k, storm in enumerate(storms)]
    for bug in BUGS[::EVERY]:
        for seed in SEEDS:
            scenario = replace(STORM, seed=seed, **bug.settings)
            simulation = run(scenario, {bug.role: bug.make})
            if simulation.is_rejected:
                folders.append(write(tmp_path / bug.make.__name__, simulation))
                break
    folders += [*recovered(tmp_path), *broken_around_the_roles(tmp_path)]
    runs = [open_run(folder) for folder in folders]
    for opened, by_tlc in zip(runs, Validator().judge(map(survey, runs)), strict=True):
        verdict = check_run(opened.directory)
        assert agree(verdict, by_tlc), (opened.directory.name, words(verdict, by_tlc))
        assert (verdict.kind == "conforms") == opened.directory.name.startswith("storm")
        v = verdict.violation
        if v is not None and by_tlc.rejection is not None:
            assert by_tlc.rejection.false[0] in places(v.spec, v.name), opened.directory.name


def test_on_checkpoints_and_snapshots(tmp_path: Path) -> None:
    """Learners that crash in the middle of it, come back, and go on from what another one gives;
    and learners with a bug."""
    runs, wrong = [], (TellsWhatItHasDelivered, AheadOfWhatWasDelivered)
    injected: Counter[str] = Counter()
    right = [(seed, Learner) for seed in (2, 3, 7, 13)]
    for seed, learner in [*right, (0, wrong[0]), (2, wrong[1])]:
        request = Request(seed, 4_000 if learner in wrong else 1_500, learners=3, checkpoints=True)
        folder = tmp_path / f"{learner.__name__}-{seed}"
        outcome = simulate(request, parts={"learner": learner}, trace_dir=folder)
        assert (outcome.failure is None) == (learner is Learner)
        injected += outcome.injected
        runs.append(open_run(folder))
    assert injected["checkpoints damaged"]
    counts: Counter[str] = Counter()
    for opened, by_tlc in zip(runs, Validator().judge(map(survey, runs)), strict=True):
        verdict = check_run(opened.directory)
        assert agree(verdict, by_tlc), (opened.directory.name, words(verdict, by_tlc))
        assert (verdict.kind == "conforms") == opened.directory.name.startswith("Learner")
        counts.update(verdict.counts)
    assert {"Checkpoint", "Restart", "SendSnapshot", "InstallSnapshot", "Trim"} <= set(+counts)


def test_on_trimming_in_windows(tmp_path: Path) -> None:
    """What is long trimmed is gone from the windows, and nothing of it is asked."""
    storm = replace(STORM, seed=12, retain=2, values=40, max_batch=1, cuts=())
    opened = open_run(write(tmp_path / "storm", run(storm)))
    (by_tlc,) = Validator(window=300).judge([survey(opened)])
    verdict = check_run(opened.directory)
    assert verdict.counts["Trim"] > 10
    assert verdict.counts["Recover"] > 2
    assert by_tlc.windows > 2
    assert agree(verdict, by_tlc), words(verdict, by_tlc)
    assert verdict.kind == "conforms"


def recovered(folder: Path) -> Iterator[Path]:
    """Runs as `paxos simulate` has them: with trimming, crashes in the midst of steps, torn traces,
    and recovered state that no trace has."""
    injected: Counter[str] = Counter()
    for seed, replicas in ((11, 0), (15, 0), (26, 0), (27, 0), (15, 3)):
        place = folder / f"storm-of-seed-{seed}-{replicas}"
        outcome = simulate(Request(seed, 1_200, replicas=replicas), trace_dir=place)
        assert outcome.failure is None, outcome.failure.text
        injected += outcome.injected
        yield place
    assert injected["crash after save"] and injected["crash before trace"]


def broken_around_the_roles(folder: Path) -> Iterator[Path]:
    """A run with each planted bug in what surrounds the roles, if it breaks the specification."""
    for bug in [*FAULTY_PARTS, ONE_COMMIT]:
        replicas = 3 if bug is ONE_COMMIT else 0
        for seed in SEEDS if bug.part in ("process", "disk", "handover") else ():
            place = folder / f"{bug.make.__name__}-{seed}"
            request = Request(seed, 1_200, replicas=replicas)
            if simulate(request, parts={bug.part: bug.make}, trace_dir=place).failure:
                yield place
                break


def _synod() -> Storm:
    return replace(STORM, synod=True, direct_learning=False, prepare_ahead=False, max_batch=1)
