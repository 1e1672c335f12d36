"""What a process says of wall clocks: once, and again when it changes."""

from __future__ import annotations

import pytest

from paxos.core.names import Member
from paxos.runtime.clock import LATEST_US, LATEST_WALL_US, Clock
from paxos.runtime.skew import FAR_US, HEARD_S, LOOK_S, Skew

HOUR_US = 3_600_000_000
RIGHT_US = 1_700_000_000_000_000


class Machine:
    """One process, with a wall clock that the test sets and datagrams that it makes up."""

    def __init__(self, off_us: int = 0, left_us: int = 0) -> None:
        self.now_s = 100.0
        self.off_us = off_us
        self.clock = Clock(self.wall_us)
        self.clock.resume(left_us)
        self.said: list[str] = []
        self.skew = Skew("learner-1.1", self.clock, self.said.append)
        self.skew.start(self.now_s)

    def true_us(self) -> int:
        return RIGHT_US + round(self.now_s * 1e6)

    def wall_us(self) -> int:
        return self.true_us() + self.off_us

    def hear(self, *peers: str, off_us: int = 0, drag_us: int = 0) -> None:
        """One datagram of each of `peers`, whose wall clocks are `off_us` off, and whose hybrid
        clocks were dragged further by `drag_us`."""
        for peer in peers:
            wall_us = self.true_us() + off_us
            clock = wall_us + drag_us
            self.skew.hear(Member.parse(peer), clock, wall_us, self.now_s)
            assert self.clock.merge(clock)

    def look(self, times: int = 2) -> list[str]:
        """What is said at the next looks."""
        for _ in range(times):
            self.now_s += LOOK_S
            self.skew.look(self.now_s)
        said = self.said[:]
        self.said.clear()
        return said


def test_clocks_that_agree_are_not_spoken_of() -> None:
    machine = Machine()
    for _ in range(20):
        machine.hear("acceptor-1", "acceptor-2", off_us=FAR_US - 10**6)
        machine.hear("proposer-1", off_us=-FAR_US + 10**6)
        assert machine.look(1) == []


def test_one_that_is_ahead_is_named_once_with_what_it_did() -> None:
    machine = Machine()
    machine.hear("acceptor-2", "acceptor-3")
    machine.hear("acceptor-1", off_us=2 * HOUR_US)
    dragged, apart = machine.look()
    assert apart == (
        "learner-1.1: clock: this machine's is 2 h behind that of acceptor-1; set the one that is "
        "wrong. Nothing is lost meanwhile, but times in traces are those of the clock that is "
        "furthest ahead"
    )
    assert dragged == (
        "learner-1.1: clock: this process's is 2 h ahead of this machine's wall clock, since "
        "it heard acceptor-1, whose clock was so far ahead; set the clocks that are wrong. Nothing "
        "is lost, but until the wall clock has caught up, times in its trace are counted and not "
        "told"
    )
    for _ in range(20):
        machine.hear("acceptor-2", "acceptor-3", "proposer-1", drag_us=2 * HOUR_US)
        machine.hear("acceptor-1", off_us=2 * HOUR_US)
        assert machine.look() == [], "said already"
    machine.hear("acceptor-1", "acceptor-2", drag_us=2 * HOUR_US)
    assert machine.look() == [
        "learner-1.1: clock: this machine's and those of all that it hears agree again"
    ]
    machine.now_s += 3 * 3600
    machine.clock.tick()
    assert machine.look() == [
        "learner-1.1: clock: this process's follows this machine's wall clock again"
    ]


def test_who_is_wrong_itself_knows_it_though_all_follow_its_clock() -> None:
    machine = Machine(off_us=50 * 60 * 10**6)
    machine.clock.tick()
    machine.hear("acceptor-1", drag_us=50 * 60 * 10**6)
    machine.hear("acceptor-2", drag_us=50 * 60 * 10**6)
    (line,) = machine.look()
    assert "this machine's is 50 min ahead of that of acceptor-1, acceptor-2;" in line
    for number in range(1, 9):  # it is the same thing, however many it differs from
        machine.hear(*(f"client-{n}" for n in range(1, number + 1)), "acceptor-1")
        assert machine.look(1) == []


def test_another_that_is_far_is_a_change() -> None:
    machine = Machine()
    machine.hear("acceptor-1", "acceptor-3")
    machine.hear("acceptor-2", off_us=-3 * HOUR_US)
    assert "3 h ahead of that of acceptor-2;" in machine.look()[0]
    machine.hear("acceptor-2", off_us=-3 * HOUR_US)
    machine.hear("acceptor-3", off_us=-100 * 24 * HOUR_US)
    assert "100 days ahead of that of acceptor-2, acceptor-3;" in machine.look()[0]


def test_both_sides_and_many_are_one_line() -> None:
    machine = Machine()
    machine.hear("acceptor-1")
    machine.hear(*(f"client-{n}" for n in range(1, 8)), off_us=-HOUR_US * 3)
    machine.hear("learner-1", off_us=-FAR_US * 90)
    machine.hear("proposer-1", off_us=FAR_US * 2)
    said = [line for line in machine.look() if "this machine's is" in line]
    assert len(said) == 1
    assert (
        "3 h ahead of that of client-1, client-2, client-3, client-4 and 4 more, and 2 min behind "
        "that of proposer-1;"
    ) in said[0]


def test_what_was_on_its_way_for_long_says_nothing() -> None:
    """A process that was stopped for an hour hears first what was sent an hour ago."""
    machine = Machine()
    machine.hear("acceptor-1", off_us=-HOUR_US)
    assert machine.look(1) == []
    machine.hear("acceptor-1")
    assert machine.look(2) == []


def test_who_is_not_heard_any_more_is_not_compared() -> None:
    machine = Machine()
    machine.hear("acceptor-1", off_us=-HOUR_US)
    machine.now_s += HEARD_S
    assert machine.look() == []


def test_its_own_clock_that_was_set_back_is_not_put_on_others() -> None:
    machine = Machine(off_us=2 * HOUR_US)
    machine.clock.tick()
    machine.hear("acceptor-1", off_us=2 * HOUR_US)
    assert machine.look() == []
    machine.off_us = 0  # all clocks are set right, also that of the acceptor
    machine.hear("acceptor-1", drag_us=2 * HOUR_US + 2 * FAR_US)
    (line,) = machine.look()
    assert (
        "2 h ahead of this machine's wall clock, since this machine's clock was set back;" in line
    )


def test_what_others_do_after_its_own_clock_was_set_back_is_put_on_them() -> None:
    machine = Machine(off_us=2 * HOUR_US)
    machine.hear("acceptor-1")
    machine.off_us = 0
    assert machine.look() == [], "it had given its clock to nothing"
    machine.hear("acceptor-1", drag_us=HOUR_US)
    (line,) = machine.look()
    assert "60 min ahead of this machine's wall clock, since it heard acceptor-1," in line


def test_clocks_that_are_set_together_do_not_differ() -> None:
    """Though others are not heard at once after it."""
    machine = Machine()
    machine.hear("acceptor-1", "acceptor-2")
    assert machine.look() == []
    machine.off_us = 2 * HOUR_US
    assert machine.look() == []
    machine.hear("acceptor-1", off_us=2 * HOUR_US)
    assert machine.look() == []


def test_what_the_last_life_has_left_is_said_at_the_start() -> None:
    machine = Machine(left_us=RIGHT_US + 25 * 24 * HOUR_US)
    (line,) = machine.said
    assert "is 25 days ahead of this machine's wall clock, since its last incarnation;" in line


def test_what_the_last_life_has_left_beyond_belief_is_said_and_not_followed() -> None:
    machine = Machine(left_us=LATEST_US + 1)
    assert machine.clock.tick() == machine.wall_us()
    assert machine.said == [
        f"learner-1.1: clock: its last incarnation has left one beyond {LATEST_US}, which is not "
        "believed; this one begins with the wall clock"
    ]


@pytest.mark.parametrize("shows_us", [-1, 0, LATEST_WALL_US + 1])
def test_a_wall_clock_beyond_belief_is_said_and_so_is_its_end(shows_us: int) -> None:
    machine = Machine(off_us=shows_us - RIGHT_US - 100_000_000)
    assert machine.said == [
        "learner-1.1: clock: this machine's wall clock is not between the years 1970 and 2200, and "
        "is not believed; set it. Nothing is lost meanwhile: events are counted instead"
    ]
    machine.said.clear()
    machine.off_us = 0
    assert machine.look() == ["learner-1.1: clock: this machine's wall clock is believed again"]


def test_what_a_liar_says_of_its_wall_clock_is_not_kept() -> None:
    machine = Machine()
    for wall_us in (0, LATEST_WALL_US + 1, 2**64 - 1):
        machine.skew.hear(Member("acceptor", 1), 5, wall_us, machine.now_s)
    assert machine.look() == []
