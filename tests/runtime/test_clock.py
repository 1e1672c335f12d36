"""The hybrid logical clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paxos.runtime.clock import MAX_AHEAD_US, Clock


@given(st.lists(st.tuples(st.integers(0, 10**6), st.none() | st.integers(0, 2 * 10**6))))
def test_it_only_goes_forward_and_stays_ahead_of_what_it_saw(
    steps: list[tuple[int, int | None]],
) -> None:
    wall = 0
    clock = Clock(lambda: wall)
    before = 0
    for wall, remote in steps:  # the wall clock jumps as it likes
        if remote is not None:
            assert clock.merge(remote)
        now = clock.tick()
        assert now > before
        assert now > (remote or 0)
        assert now >= wall
        before = now


def test_it_follows_the_wall_clock() -> None:
    wall = 1000
    clock = Clock(lambda: wall)
    assert [clock.tick(), clock.tick()] == [1000, 1001]
    wall = 5000
    assert clock.tick() == 5000


def test_a_clock_of_the_far_future_is_not_followed() -> None:
    clock = Clock(lambda: 1000)
    assert clock.merge(1000 + MAX_AHEAD_US)
    assert not clock.merge(1002 + MAX_AHEAD_US)
    assert not clock.merge(2**64 - 1)
    assert clock.tick() == 1001 + MAX_AHEAD_US


def test_merging_cannot_be_chained_beyond_the_bound() -> None:
    clock = Clock(lambda: 1000)
    for _ in range(10):
        clock.merge(clock.last + MAX_AHEAD_US)
    assert clock.last <= 1000 + MAX_AHEAD_US
