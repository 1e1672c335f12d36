"""The fault-injecting layer."""

from __future__ import annotations

from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from paxos.config import FaultRates
from paxos.runtime.faults import MAX_HELD_S, MAX_OVERTAKEN, Faults

DATAGRAMS = [n.to_bytes(2, "big") for n in range(2000)]


def through(rates: FaultRates, process: str = "learner-1", group: int = 7) -> list[bytes]:
    faults = Faults(rates, process)
    arrived: list[bytes] = []
    for start in range(0, len(DATAGRAMS), group):
        arrived += faults.apply(DATAGRAMS[start : start + group], 0.0)
    return arrived + faults.apply([], MAX_HELD_S)


def test_without_faults_nothing_changes() -> None:
    assert through(FaultRates(seed=5)) == DATAGRAMS


def test_loss() -> None:
    arrived = through(FaultRates(loss=0.1))
    assert 1700 < len(arrived) < 1900
    assert arrived == sorted(arrived)
    assert through(FaultRates(loss=1.0)) == []


def test_duplication() -> None:
    arrived = through(FaultRates(duplicate=0.1))
    assert 2100 < len(arrived) < 2300
    assert sorted(set(arrived)) == DATAGRAMS


def test_reordering_loses_nothing_and_delays_little() -> None:
    arrived = through(FaultRates(reorder=0.1))
    assert sorted(arrived) == DATAGRAMS
    moved = [abs(arrived.index(d) - n) for n, d in enumerate(DATAGRAMS)]
    assert sum(distance > 0 for distance in moved) > 100
    assert max(moved) <= 2 * MAX_OVERTAKEN


def test_what_is_held_back_is_released_in_time() -> None:
    faults = Faults(FaultRates(reorder=1.0), "p")
    assert faults.deadline_s() == inf
    assert faults.apply([b"a"], 5.0) == []
    assert faults.deadline_s() == 5.0 + MAX_HELD_S
    assert faults.apply([], 5.0 + MAX_HELD_S) == [b"a"]
    assert faults.deadline_s() == inf


@settings(max_examples=20)
@given(st.integers(0, 99), st.integers(1, 50), st.integers(1, 50))
def test_the_seed_and_the_name_decide(seed: int, group: int, other_group: int) -> None:
    rates = FaultRates(loss=0.2, duplicate=0.2, seed=seed)
    arrived = through(rates, group=group)
    assert arrived == through(rates, group=other_group)
    assert arrived != through(rates, "learner-2", group)
    assert arrived != through(FaultRates(loss=0.2, duplicate=0.2, seed=seed + 1), group=group)
