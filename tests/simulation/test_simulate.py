"""`paxos simulate`: a seed is a run, byte for byte; whatever goes wrong, runs conform and deliver;
a bug in what surrounds the roles is found, by the faults that it takes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conformance.replay.run_folder import check_run
from harness.simulation.nemesis import STRIKE
from harness.simulation.options import KINDS
from harness.simulation.plan import Request
from harness.simulation.run import Outcome, simulate
from paxos.cli import main
from paxos.core.acceptor import Acceptor
from paxos.core.client import Client
from paxos.core.learner import Learner
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from tests.simulation.faulty_parts import FAULTY_PARTS, FaultyPart, TracesBeforeSaving

SEEDS = range(40)
"""Runs within which a planted bug must show."""

STEPS = 2_000


def traces(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.ndjson"))}


@pytest.fixture(scope="module")
def runs() -> list[Outcome]:
    """A handful of seeds, as anybody would run them."""
    return [simulate(Request(seed, 10_000)) for seed in range(8)]


def test_runs_conform_and_deliver(runs: list[Outcome]) -> None:
    for outcome in runs:
        assert outcome.failure is None, f"{outcome.request.command()}\n{outcome.failure.text}"
        assert outcome.events > 1_000
    assert sum(outcome.delivered for outcome in runs) > 1_000


def test_runs_meet_faults_of_every_kind(runs: list[Outcome]) -> None:
    injected: Counter[str] = sum((outcome.injected for outcome in runs), Counter())
    crashes = {
        f"crash {when} {stage}" for when in ("before", "after") for stage in ("save", "send")
    }
    leaders = {"leaders stopped", "leaders made deaf", "leaders made mute", "leaders isolated"}
    network = {"lost", "duplicated", "held back", "slow network"}
    cuts = {"cut off", "partitions", "one-way partitions"}
    clocks = {"clocks set forwards", "clocks set back"}
    others = {"crashes at rest", "outages", "slow saves", "stops"}
    load = {"links made slow", "queue full", "processors made busy", "waits for a processor"}
    assert crashes | leaders | network | cuts | clocks | others | load <= set(injected)
    assert tuple(STRIKE) == KINDS


def test_a_seed_is_a_run_byte_for_byte_in_any_process(tmp_path: Path) -> None:
    """Also where sets and dictionaries of strings are in another order."""
    for order in ("1", "2"):
        command = [sys.executable, "-m", "paxos", "simulate", "--seed", "6", "--steps", "4000"]
        done = subprocess.run(
            [*command, "--trace", str(tmp_path / order)],
            env={**os.environ, "PYTHONHASHSEED": order, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    one, other = traces(tmp_path / "1"), traces(tmp_path / "2")
    assert one and one == other
    simulate(Request(6, 4_000), trace_dir=tmp_path / "here")
    assert traces(tmp_path / "here") == one
    simulate(Request(7, 4_000), trace_dir=tmp_path / "another")
    assert traces(tmp_path / "another") != one


@pytest.mark.parametrize("seed", range(3))
def test_traces_are_read_by_the_checker(tmp_path: Path, seed: int) -> None:
    """In the order of the clocks, which have jumped, and with the lines that crashes have torn."""
    outcome = simulate(Request(seed, 4_000), trace_dir=tmp_path)
    verdict = check_run(tmp_path)
    assert verdict.kind == "conforms", verdict
    assert verdict.events == outcome.events
    assert bool(verdict.torn) == any("trace" in kind for kind in outcome.injected), verdict.torn


@pytest.mark.parametrize("bug", FAULTY_PARTS, ids=lambda bug: bug.make.__name__)
def test_a_faulty_part_is_found(bug: FaultyPart, tmp_path: Path) -> None:
    for seed in SEEDS:
        outcome = simulate(Request(seed, STEPS), parts={bug.part: bug.make})
        if outcome.failure is not None:
            assert outcome.failure.kind in bug.found_as, outcome.failure.text
            return
    pytest.fail(f"{len(SEEDS)} runs with the bug conform and deliver")


@pytest.mark.parametrize("bug", FAULTY_PARTS, ids=lambda bug: bug.make.__name__)
def test_only_certain_faults_find_it(bug: FaultyPart) -> None:
    """So these faults are needed: without them the bug could stay."""
    for seed in range(5):
        request = Request(seed, STEPS, without=frozenset(bug.needs))
        outcome = simulate(request, parts={bug.part: bug.make})
        assert outcome.failure is None, f"{request.command()}\n{outcome.failure.text}"


def test_a_failing_run_is_explained_and_its_trace_is_rejected(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command itself, with a planted bug: what is wrong, and how to have it again."""
    from harness.simulation import command

    def with_bug(request: Request, **options: Any) -> Outcome:
        return simulate(request, parts={"process": TracesBeforeSaving}, **options)

    monkeypatch.setattr(command, "simulate", with_bug)
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        arguments = ["simulate", "--seed", str(seed), "--steps", str(STEPS)]
        if main([*arguments, "--trace", str(folder)]) == 1:
            break
        capfd.readouterr()
    said = capfd.readouterr().out
    verdict = check_run(folder)
    assert verdict.violation is not None
    # Several processes may come back wrong at one time, and either be first.
    rules = [*re.findall(r"  verdict    fails: (\w+)\.", said), verdict.violation.event.action]
    assert rules == ["Recover", "Recover"]
    assert f"clock {verdict.violation.event.hlc}\n" in said
    assert said.splitlines()[-1] == f"again with: paxos {' '.join(arguments)}"


@pytest.mark.parametrize("seed", [900_068, 900_069])
def test_lists_of_what_was_delivered_fit_small_datagrams(seed: int) -> None:
    """These runs found a list of 66 and one of 144 spans that did not."""
    outcome = simulate(Request(seed))
    assert outcome.failure is None, outcome.failure.text


@pytest.mark.parametrize("kind", [Acceptor, Client, Learner, Proposer])
@pytest.mark.parametrize("hook", ["receive", "tick", "_finish"])
def test_a_role_that_raises_fails_the_run(kind: type[Role], hook: str) -> None:
    """Whatever it hears, and whenever: here the fifth time."""
    times = 0

    def raise_at_last(self: Role, *arguments: Any) -> None:
        nonlocal times
        times += 1
        if times == 5:
            raise KeyError("planted")
        getattr(kind, hook)(self, *arguments)

    role = type(kind.__name__, (kind,), {hook: raise_at_last})
    outcome = simulate(Request(0, STEPS), parts={kind.__name__.lower(): role})
    if kind is Acceptor and hook == "tick":
        assert outcome.failure is None and not times, "it has no timers"
        return
    assert outcome.failure is not None
    assert outcome.failure.kind == "error: KeyError"
    assert "planted" in outcome.failure.text


def test_what_happens_is_printed_if_wanted(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seed", "3", "--steps", "2000", "--storm", "0.2", "-v"]) == 0
    *lines, verdict = capfd.readouterr().out.splitlines()
    assert verdict.startswith("  verdict    conforms")
    events = [line for line in lines if '"event":' in line]
    assert f"  events     {len(events):,} in " in "\n".join(lines)
    times = [float(line.split()[0]) for line in lines if " begins, " in line]
    assert times and max(times) <= 0.2
    assert "  0.200000 all faults end" in lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seed", "-1"], "whole number"),
        (["--steps", "0"], "whole number above 0"),
        (["--acceptors", "5000"], "acceptors: expected a whole number <= 999"),
        (["--without", "rain"], "choose from"),
        (["--minutes", "1", "--trace", "somewhere"], "give one of them"),
        (["--minutes", "1", "-v"], "give one of them"),
    ],
)
def test_bad_input_is_said_in_a_line(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["simulate", *arguments])
    except SystemExit as stop:  # argparse
        status = stop.code  # type: ignore[assignment]
    said = capfd.readouterr().err
    assert status == 2
    assert words in said and said.count("\n") == 1


def test_a_folder_that_has_traces_is_left_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "acceptor-1.1.ndjson").write_bytes(b"mine")
    assert main(["simulate", "--trace", str(tmp_path)]) == 2
    assert "has traces already" in capfd.readouterr().err
    assert traces(tmp_path) == {"acceptor-1.1.ndjson": b"mine"}
