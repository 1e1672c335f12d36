"""What was received before is known, in bounded memory, and ordinary reordering is not taken for
it."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from paxos.config import FaultRates
from paxos.runtime.faults import Faults
from paxos.runtime.freshness import EARLIER, REMEMBERED, REPEATED, TOO_OLD, Freshness


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
    assert freshness.refusal("acceptor", 1, 2, 1_000) is None
    assert freshness.refusal("acceptor", 1, 3, 7) is None, "its clock may have gone back"
    assert freshness.refusal("acceptor", 1, 2, 2_000) == EARLIER
    assert freshness.refusal("acceptor", 1, 3, 7) == REPEATED


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
