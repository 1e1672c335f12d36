"""What was received before is known, in bounded memory, and ordinary reordering is not taken for
it."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.config import FaultRates
from paxos.runtime.faults import Faults
from paxos.runtime.freshness import EARLIER, OLD_STORAGE, REMEMBERED, REPEATED, TOO_OLD, Freshness


def test_a_repeated_datagram_is_refused() -> None:
    freshness = Freshness()
    assert [freshness.refusal("learner", 1, 1, clock) for clock in (5, 3, 5, 3, 4)] == [
        None,
        None,
        REPEATED,
        REPEATED,
        None,
    ]


def test_senders_do_not_meet() -> None:
    freshness = Freshness()
    for role in ("learner", "acceptor"):
        for sender in (1, 2):
            assert freshness.refusal(role, sender, 1, 5) is None


def test_a_new_incarnation_begins_anew_and_ends_the_one_before() -> None:
    freshness = Freshness()
    assert freshness.refusal("acceptor", 1, 2, 1_000, 5) is None
    assert freshness.refusal("acceptor", 1, 3, 7, 6) is None, "its clock may have gone back"
    assert freshness.refusal("acceptor", 1, 2, 2_000, 5) == EARLIER
    assert freshness.refusal("acceptor", 1, 3, 7, 6) == REPEATED


def test_what_is_forgotten_is_refused_as_too_old() -> None:
    freshness = Freshness()
    for clock in range(REMEMBERED + 1):
        assert freshness.refusal("acceptor", 1, 1, 10 * clock) is None
    assert freshness.refusal("acceptor", 1, 1, 0) == TOO_OLD
    assert freshness.refusal("acceptor", 1, 1, 10) == REPEATED
    assert freshness.refusal("acceptor", 1, 1, 5 + 10) is None, "late, and never seen"


def test_memory_is_bounded() -> None:
    freshness = Freshness()
    for clock in random.Random(1).sample(range(10**9), 5 * REMEMBERED):
        freshness.refusal("acceptor", 1, 1, clock)
        for sender in freshness._senders.values():
            assert len(sender.clocks) == len(sender.order) <= REMEMBERED


@given(st.integers(0, 2**32), st.sampled_from([1, 7, 1_000]))
def test_no_datagram_is_refused_for_being_late_and_none_consumed_twice(
    seed: int, step: int
) -> None:
    """Through the faults a node is tested with, each clock is consumed as often as it arrives, but
    once at most."""
    faults = Faults(FaultRates(duplicate=0.3, reorder=0.5, seed=seed), "p")
    clocks = [step * n for n in range(1, 2_000)]
    arriving = [c.to_bytes(8) for c in clocks]
    arrived = faults.apply(arriving, 0.0) + faults.apply([], 1.0)
    freshness = Freshness()
    refusals = [freshness.refusal("a", 1, 1, int.from_bytes(d)) for d in arrived]
    assert refusals.count(None) == len(clocks)
    assert refusals.count(REPEATED) == faults.duplicated == len(arrived) - len(clocks)


class Life(NamedTuple):
    """A life of a process, and what each of its datagrams has in its header."""

    incarnation: int
    said: list[tuple[int, int]]
    """`(clock, commits)`."""


def history(draw: random.Random, lives: int) -> list[Life]:
    """What an honest process says in its lives: each begins with a commit; clocks may be set back
    between them."""
    commits, incarnation, told = 0, 0, []
    for _ in range(lives):
        incarnation += draw.randint(1, 3)
        commits += 1
        clock, said = draw.randint(0, 50), []
        for _ in range(draw.randint(1, 12)):
            clock += draw.randint(1, 5)
            commits += draw.choice((0, 0, 1, 3))
            said.append((clock, commits))
        told.append(Life(incarnation, said))
    return told


@given(st.randoms(use_true_random=False), st.sampled_from(["acceptor", "proposer"]))
def test_what_is_late_repeated_or_lost_is_never_taken_for_an_old_storage(
    draw: random.Random, role: str
) -> None:
    """All that an honest process ever says, in any order, any part of it, any number of times."""
    everything = [(n, *said) for n, life in history(draw, 4) for said in life]
    freshness = Freshness()
    for incarnation, clock, commits in draw.choices(everything, k=60):
        refusal = freshness.refusal(role, 1, incarnation, clock, commits)
        assert refusal != OLD_STORAGE
        objection = freshness.objection(role, 1, everything[-1][0] + 1, everything[-1][2] + 1)
        assert objection is None


@given(st.randoms(use_true_random=False), st.sampled_from(["acceptor", "proposer"]))
def test_an_old_copy_is_never_heard_by_who_has_heard_more(draw: random.Random, role: str) -> None:
    """It has any number from that of the copy on, and any clock, and what it says arrives until it
    has as many commits as were heard."""
    lives = history(draw, 3)
    freshness = Freshness()
    everything = [(n, *said) for n, life in lives for said in life]
    for incarnation, clock, commits in everything:
        assert freshness.refusal(role, 1, incarnation, clock, commits) is None
    heard = everything[-1][2]
    copied = draw.randrange(heard)
    incarnation = draw.randint(1, everything[-1][0] + 2)
    assert freshness.objection(role, 1, incarnation, copied + 1) == OLD_STORAGE
    clock = everything[-1][1]
    for commits in range(copied + 1, heard):
        clock += 1
        expected = EARLIER if incarnation < everything[-1][0] else OLD_STORAGE
        assert freshness.refusal(role, 1, incarnation, clock, commits) == expected


@pytest.mark.parametrize("role", ["client", "learner"])
def test_what_keeps_nothing_comes_back_with_no_commits(role: str) -> None:
    freshness = Freshness()
    for incarnation in (1, 2):
        assert freshness.refusal(role, 1, incarnation, 5) is None


@pytest.mark.parametrize("role", ["acceptor", "proposer"])
def test_what_should_have_kept_something_does_not(role: str) -> None:
    freshness = Freshness()
    assert freshness.refusal(role, 1, 1, 5) is None
    assert freshness.refusal(role, 1, 2, 6) == OLD_STORAGE
