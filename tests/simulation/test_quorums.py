"""Simulated clusters whose quorums are no majorities: all conforms; what they cost and buy; and a
leader or a reader that asks too few is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.simulation.plan import Request, draw
from harness.simulation.run import simulate
from paxos.core.proposer import Proposer
from paxos.core.settings import Settings
from paxos.errors import InputError
from tests.simulation.quorums import ACCEPTORS, SIZES, WINDOW, Measured, survived, wait_ms

STEPS = 1_500
SEEDS = [seed for seed in range(300) if draw(Request(seed)).config.quorum_sizes()]
"""Of runs with quorums that are no majorities."""


def test_some_runs_have_them() -> None:
    assert 30 < len(SEEDS) < 90
    sizes = {
        draw(Request(seed)).settings.quorum1 - draw(Request(seed)).settings.quorum2
        for seed in SEEDS
    }
    assert min(sizes) < 0 < max(sizes)


@pytest.mark.parametrize("seed", SEEDS[:8])
def test_what_is_drawn_conforms(seed: int) -> None:
    """Through loss, crashes, leaders that take over, and reads."""
    outcome = simulate(Request(seed, STEPS))
    assert outcome.failure is None, f"{outcome.request.command()}\n{outcome.failure.text}"


def test_what_is_asked_for_is_said_and_must_meet() -> None:
    request = Request(1, acceptors=5, quorums=(4, 2))
    assert "--acceptors 5 --quorums 4 2" in request.command()
    assert (draw(request).settings.quorum1, draw(request).settings.quorum2) == (4, 2)
    with pytest.raises(InputError, match="quorums: expected quorums that meet"):
        draw(replace(request, quorums=(3, 2)))


def test_a_leader_that_takes_a_quorum_of_votes_for_one_of_promises_is_found() -> None:
    def hasty(settings: Settings, *of: Any) -> Proposer:
        return Proposer(replace(settings, phase1_quorum=settings.quorum2), *of)

    request = Request(1, STEPS, acceptors=5, quorums=(4, 2))
    failure = simulate(request, parts={"proposer": hasty}).failure
    assert failure and "Phase2a.quorum" in failure.text


# What they cost and buy.


def test_the_fewer_votes_decide_the_sooner_they_are_there() -> None:
    waits = [wait_ms(sizes, 100) for sizes in SIZES]
    assert waits == sorted(waits)


@pytest.mark.parametrize(("phase1", "phase2"), SIZES)
def test_a_leader_needs_votes_and_the_next_one_promises_too(phase1: int, phase2: int) -> None:
    assert survived((phase1, phase2), leader=False) == ACCEPTORS - phase2
    assert survived((phase1, phase2), leader=True) == ACCEPTORS - max(phase1, phase2)


def test_with_votes_alone_a_leader_goes_on_as_far_as_it_is_promised() -> None:
    measured = Measured((4, 2))
    measured.crash(3, leader=False)
    delivered = [measured.broadcast() for _ in range(2 * WINDOW)].index(False)
    assert WINDOW // 2 <= delivered <= WINDOW
    measured.restart()
    assert measured.broadcast(5.0)
