"""Seed after seed: what is counted, and how the first run that fails is made smaller."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from functools import cache, partial

import pytest

from harness.simulation.options import KINDS
from harness.simulation.plan import Request
from harness.simulation.run import Failure, Outcome, simulate
from harness.simulation.shrink import ATTEMPTS, MORE_STEPS, shrink
from harness.simulation.soak import soak
from tests.cluster.processes import ENVIRONMENT, PATIENCE_S
from tests.simulation.faulty_parts import LosesTheLastGroup

WITH_BUG = partial(simulate, parts={"disk": LosesTheLastGroup})
"""A disk that loses the last group: only a crash shows it."""


INTERRUPTED_AT_BIRTH = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGINT))
from paxos.__main__ import main
sys.exit(main(["simulate", "--minutes", "0.001", "--steps", "50", "--jobs", "1", "--seed", "1"]))
"""
"""A soak; Ctrl-C comes when a process that is to run seeds has just been started."""


@cache
def first_failure() -> Outcome:
    outcomes = (WITH_BUG(Request(seed, 2_000)) for seed in range(40))
    return next(outcome for outcome in outcomes if outcome.failure)


def test_a_planted_bug_is_shrunk_to_what_it_takes() -> None:
    found = first_failure()
    small = shrink(found, WITH_BUG)
    assert small.failure is not None and found.failure is not None
    assert small.failure.kind == found.failure.kind
    needed = set(KINDS) - small.request.without
    assert needed & {"crash", "outage"} and len(needed) <= 2, "a crash, and what it takes to hit"
    assert small.request.steps < MORE_STEPS * found.request.steps
    assert small.request.command() == (
        f"paxos simulate --seed {found.request.seed} --steps {small.request.steps} "
        f"--without {' '.join(sorted(small.request.without))}"
    )
    again = WITH_BUG(small.request)
    assert (again.digest, again.failure) == (small.digest, small.failure)
    sooner = WITH_BUG(replace(small.request, steps=small.request.steps - 1))
    assert sooner.failure is None, "it takes all of these steps"
    assert simulate(small.request).failure is None, "it takes the bug"


def test_shrinking_keeps_to_the_same_failure() -> None:
    """Another failure is another bug, however small the run that shows it."""
    found = first_failure()

    def simulate_otherwise(request: Request) -> Outcome:
        """With fewer steps, or without loss, it fails otherwise; without clocks, as before."""
        other = request.steps < found.steps or "loss" in request.without
        failure = Failure("another", "") if other else found.failure
        return replace(found, request=request, failure=failure)

    small = shrink(found, simulate_otherwise)
    assert small.request == replace(
        found.request, steps=found.steps, without=frozenset(KINDS) - {"loss"}
    )


def test_shrinking_ends() -> None:
    found, attempts = first_failure(), 0

    def simulate_anything(request: Request) -> Outcome:
        nonlocal attempts
        attempts += 1
        return replace(found, request=request, steps=request.steps)

    assert shrink(found, simulate_anything).request.steps == 1
    assert attempts <= ATTEMPTS


def test_a_soak_without_failures_says_what_was_done(capfd: pytest.CaptureFixture[str]) -> None:
    assert soak(Request(0, 1_000), 1.0) == 0
    said = capfd.readouterr()
    line = said.out.splitlines()[0]
    seeds, events, delivered = (
        int(re.search(rf"([\d,]+) {word}", line)[1].replace(",", ""))  # type: ignore[index]
        for word in ("seeds", "events", "values delivered")
    )
    assert seeds >= 2 and events > 100 * seeds and delivered > 0
    assert "  faults     " in said.out
    assert said.out.splitlines()[-1].endswith("every run conforms to MultiPaxos, and delivered all")


def test_a_soak_ends_with_the_first_seed_that_fails(capfd: pytest.CaptureFixture[str]) -> None:
    assert soak(Request(0, 1_000), 60.0, WITH_BUG) == 1
    said = capfd.readouterr()
    command = r"paxos simulate --seed \d+ --steps 1000( --towards .*)?"
    assert re.search(rf"seed \d+ fails \({command}\)", said.err)
    last = said.out.splitlines()[-1]
    assert re.fullmatch(r"again with: paxos simulate --seed \d+ --steps \d+ --without .*", last)
    assert "fails: Recover." in said.out


def test_a_process_that_was_just_started_leaves_signals_to_the_first() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT_BIRTH],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
