"""Real processes with wall clocks that are wrong: what they were told is delivered, and they say
so. (Debian's faketime gives each process a clock of its own; the system's is not touched.)"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos.runtime.clock import LATEST_WALL_US
from tests.cluster.processes import ENVIRONMENT, Cluster, conformance, wait_for

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

pytestmark = [
    pytest.mark.multicast,
    pytest.mark.skipif(not FAKETIME, reason="faketime is not installed"),
]

HOUR_S, DAY_S = 3_600, 86_400
LEARNERS = ("learner-1", "learner-2")
OTHERS = ("acceptor-1", "acceptor-2", "acceptor-3", "proposer-1", "proposer-2")
ALL = (*LEARNERS, *OTHERS, "client-1")


class Clocks(Cluster):
    """A cluster in which each process has a wall clock that the test sets."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, learners=2)
        self.clocks = folder / "clocks"
        self.clocks.mkdir()
        self.told = 0

    def _clock(self, name: str) -> Path:
        return self.clocks / name

    def set_clock(self, name: str, off_s: int) -> None:
        """Its wall clock is off by so much from now on."""
        new = self.clocks / "new"
        new.write_text(f"{off_s:+d}\n", encoding="ascii")
        new.rename(self._clock(name))

    def environment(self, name: str) -> dict[str, str]:
        if not self._clock(name).exists():
            self.set_clock(name, 0)
        return {
            **ENVIRONMENT,
            "LD_PRELOAD": str(FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock(name)),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def deliver(self, *learners: str) -> None:
        """Have the client broadcast, and wait until it is delivered."""
        self.say("client-1", *(b"value %d" % (self.told + n) for n in range(5)))
        self.told += 5
        self.wait_delivered(self.told, *(learners or LEARNERS))

    def wait_said(self, name: str, what: str) -> None:
        """Wait until a process has said something on standard error; meanwhile there is traffic."""

        def said() -> bool:
            self.deliver()
            return what in self.log(name).read_text(encoding="utf-8")

        wait_for(said, f"line of {name} with: {what}")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Clocks]:
    with Clocks(tmp_path) as made:
        yield made


def test_an_acceptor_whose_clock_was_once_ahead_counts_when_it_is_needed(cluster: Clocks) -> None:
    cluster.start(*ALL)
    cluster.deliver()
    cluster.set_clock("acceptor-1", 2 * HOUR_S)
    cluster.wait_said("acceptor-1", "clock: this machine's is 2 h ahead of")
    cluster.set_clock("acceptor-1", 0)
    cluster.kill("acceptor-2")
    cluster.deliver()
    cluster.kill("acceptor-1")
    cluster.start("acceptor-1")
    cluster.deliver()
    dragged = "2 h ahead of this machine's wall clock, since its last incarnation"
    cluster.wait_said("acceptor-1", dragged)
    cluster.stop()
    conformance(cluster.run_dir)


def test_a_client_once_started_a_day_ahead_is_heard_again_in_its_run_folder(
    cluster: Clocks,
) -> None:
    cluster.set_clock("client-1", DAY_S)
    cluster.start(*ALL)
    cluster.deliver()
    cluster.kill("client-1")
    cluster.set_clock("client-1", 0)
    cluster.start("client-1")
    cluster.deliver()
    cluster.stop()
    conformance(cluster.run_dir)


def test_one_that_is_ahead_and_others_that_are_behind_go_on_together(cluster: Clocks) -> None:
    cluster.set_clock("learner-2", HOUR_S)
    cluster.set_clock("acceptor-1", 50 * 60)
    for n in (2, 3):
        cluster.set_clock(f"acceptor-{n}", -20 * 60)
    cluster.start(*ALL)
    cluster.deliver()
    cluster.set_clock("learner-2", 0)
    cluster.deliver()
    cluster.kill("learner-2", "proposer-1", "proposer-2")
    cluster.start("learner-2", "proposer-1", "proposer-2")
    cluster.deliver()
    cluster.stop()
    conformance(cluster.run_dir)


def test_all_clocks_set_right_from_two_hours_ahead_hold_nothing_up(cluster: Clocks) -> None:
    for name in ALL:
        cluster.set_clock(name, 2 * HOUR_S)
    cluster.start(*ALL)
    cluster.deliver()
    for name in ALL:
        cluster.set_clock(name, 0)
    cluster.deliver()
    cluster.wait_said("learner-1", "2 h ahead of this machine's wall clock, since this machine's")
    cluster.stop()
    conformance(cluster.run_dir)


@pytest.mark.parametrize("name", ["client-1", "proposer-1", "acceptor-1", "learner-1"])
def test_any_one_clock_steps_forwards_and_back(cluster: Clocks, name: str) -> None:
    cluster.start(*ALL)
    for off_s in (HOUR_S, -HOUR_S, 30 * DAY_S, 0, LATEST_WALL_US // 10**6, 0):
        cluster.set_clock(name, off_s)
        cluster.deliver()
    cluster.stop()
    conformance(cluster.run_dir)


def test_both_sides_say_which_clocks_differ_and_that_it_is_over(cluster: Clocks) -> None:
    cluster.start(*ALL)
    cluster.deliver()
    cluster.set_clock("acceptor-1", 3 * HOUR_S)
    cluster.wait_said("proposer-1", "this machine's is 3 h behind that of acceptor-1;")
    cluster.wait_said("acceptor-1", "this machine's is 3 h ahead of that of ")
    cluster.set_clock("acceptor-1", 0)
    cluster.wait_said("proposer-1", "this machine's and those of all that it hears agree again")
    cluster.wait_said("acceptor-1", "this machine's and those of all that it hears agree again")
    cluster.stop()
    conformance(cluster.run_dir)


def test_where_all_clocks_are_right_nothing_is_said_of_them(cluster: Clocks) -> None:
    cluster.start(*ALL)
    for _ in range(3):
        cluster.deliver()
    cluster.stop()
    for name in ALL:
        lines = cluster.log(name).read_text(encoding="utf-8").splitlines()
        # A client may be stopped before it hears what the learners have written.
        assert [line for line in lines if "not known to be delivered" not in line] == []
