"""The hybrid logical clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paxos.runtime.clock import LATEST_US, LATEST_WALL_US, Clock

WALLS = st.integers(-(10**6), 2**63) | st.sampled_from(
    [0, LATEST_WALL_US - 1, LATEST_WALL_US, LATEST_WALL_US + 1]
)
"""What a wall clock shows: anything at all."""


@given(st.lists(st.tuples(WALLS, st.none() | st.integers(0, LATEST_US - 10**6))))
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
        assert now >= wall or wall > LATEST_WALL_US
        before = now


def test_many_events_have_as_many_times_in_a_row() -> None:
    clock = Clock(lambda: 1_000)
    assert clock.ticks(3) == 1_000 and clock.last == 1_002
    assert clock.tick() == 1_003
    assert clock.ticks(1) == clock.last == 1_004


def test_it_follows_the_wall_clock() -> None:
    wall = 1000
    clock = Clock(lambda: wall)
    assert [clock.tick(), clock.tick()] == [1000, 1001]
    wall = 5000
    assert clock.tick() == 5000


def test_it_follows_whoever_is_ahead_and_counts_until_the_wall_clock_has_caught_up() -> None:
    """However far: to refuse would be to mute."""
    wall = 1_700_000_000_000_000
    clock = Clock(lambda: wall)
    year_us = 365 * 86_400 * 10**6
    assert clock.merge(wall + 50 * year_us)
    assert [clock.tick() - wall for _ in range(3)] == [50 * year_us + n for n in (1, 2, 3)]
    wall += 51 * year_us
    assert clock.tick() == wall


def test_a_wall_clock_beyond_belief_is_not_followed() -> None:
    wall = LATEST_WALL_US + 1
    clock = Clock(lambda: wall)
    assert clock.wall() == 0
    assert [clock.tick(), clock.tick()] == [1, 2]
    wall = LATEST_WALL_US
    assert clock.wall() == clock.tick() == LATEST_WALL_US
    wall = -5  # before 1970
    assert clock.wall() == 0
    assert clock.tick() == LATEST_WALL_US + 1


def test_a_clock_that_no_honest_process_has_is_neither_followed_nor_resumed() -> None:
    clock = Clock(lambda: 1000)
    assert not clock.merge(LATEST_US + 1)
    assert not clock.merge(2**64 - 1)
    clock.resume(LATEST_US + 1)
    assert clock.disbelieved == LATEST_US + 1
    assert clock.tick() == 1000
    assert clock.merge(LATEST_US)


def test_honest_clocks_do_not_come_near_that_limit() -> None:
    """A million events and datagrams a second for fifty years, from the latest wall clock that
    anybody believes."""
    assert LATEST_WALL_US + 50 * 365 * 86_400 * 10**6 < LATEST_US < 2**53


def test_any_number_of_clocks_dragging_one_another_go_on_by_one_at_a_time() -> None:
    """What a clock shows is a wall clock that somebody believed, plus at most the events since."""
    walls = [10**15, 3 * 10**15, LATEST_WALL_US, 2**60]
    clocks = [Clock(lambda wall=wall: wall) for wall in walls]  # type: ignore[misc]
    events = 0
    for _ in range(100):
        for sender in clocks:
            stamp = sender.tick()
            events += 1
            assert stamp <= LATEST_WALL_US + events
            assert all(receiver.merge(stamp) for receiver in clocks)
