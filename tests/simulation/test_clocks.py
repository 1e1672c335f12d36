"""Wall clocks that are wrong by hours, days and years, in any role, before the start, while running
and back: everything is delivered while they are wrong, and when they are right again; and the order
of the clocks is one in which the trace conforms."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from conformance.replay.checker import Checker
from conformance.trace.schema import AnyEvent
from harness.simulation.nemesis import HOUR_US
from harness.simulation.process import Process
from paxos.core.client import Client
from paxos.runtime.clock import LATEST_WALL_US
from tests.simulation.faulty_parts import RefusesTheFuture
from tests.simulation.scenario import CheckedSimulation, Scenario

YEAR_US = 365 * 24 * HOUR_US
PATIENCE_S = 30.0
"""Simulated."""

EVERYBODY = [
    *((role, n) for role in ("client", "proposer", "learner") for n in (1, 2)),
    *(("acceptor", n) for n in (1, 2, 3)),
]


_decode = msgspec.json.Decoder(AnyEvent).decode


class Clocks(CheckedSimulation):
    """A cluster that is asked, again and again, to deliver."""

    def __init__(self, optimised: bool, **cluster: object) -> None:
        super().__init__(
            Scenario(direct_learning=optimised, prepare_ahead=optimised, max_batch=5), **cluster
        )
        self.asked: list[bytes] = []

    def stopped(self) -> str:
        """Have both clients broadcast; what is not delivered everywhere is said."""
        for client in self.of("client"):
            some = [b"%s/%d" % (str(client.name).encode(), len(self.asked) + n) for n in range(10)]
            self.asked += some
            self.submit(client.id, some)
        self.run(self.now_s + PATIENCE_S, self._is_delivered)
        self.assert_conforms()
        missing = {p.name: len(set(self.asked) - set(p.output)) for p in self.of("learner")}
        return "" if self._is_delivered() else f"{missing} of {len(self.asked)}"

    def start_again(self, process: Process) -> None:
        process.crash()
        process.start()

    def _is_delivered(self) -> bool:
        clients = [p.role for p in self.of("client")]
        told = all(isinstance(c, Client) and c.finished for c in clients)
        return told and all(len(p.output) == len(self.asked) for p in self.of("learner"))

    def assert_merge_conforms(self) -> None:
        """The events in the order of their clocks, as a reader of the traces has them."""
        checker = Checker(
            self.constants(),
            {f"{role}s": self.ids(role) for role in ("client", "proposer", "acceptor", "learner")},
        )
        for event in sorted(self.events, key=lambda e: (e.hlc, e.process, e.seq)):
            checker.feed(event.process, _decode(msgspec.json.encode(event)))
        assert checker.finish().kind == "conforms"


def live_through(sim: Clocks, wrong: Process, off_us: int) -> list[str]:
    """A clock is wrong, an acceptor is gone, the clock is right, its process starts again, the
    acceptor is back: after each, everything must be delivered. What was not."""
    other = sim.process("acceptor", 1 if wrong is sim.process("acceptor", 2) else 2)
    failures = []
    acts: list[Callable[[], None]] = [
        lambda: wrong.wall.set(off_us),
        other.crash,
        lambda: wrong.wall.set(0),
        lambda: sim.start_again(wrong),
        other.start,
    ]
    for act in acts:
        act()
        failures.append(sim.stopped())
    return failures


@pytest.mark.parametrize(
    "off_us",
    [2 * HOUR_US, 24 * HOUR_US, 50 * YEAR_US, -3 * HOUR_US, -50 * YEAR_US, LATEST_WALL_US],
    ids=["2 h", "a day", "50 years", "-3 h", "-50 years", "beyond belief"],
)
@pytest.mark.parametrize("role", ["client", "proposer", "acceptor", "learner"])
def test_one_wrong_clock_of_any_role_holds_nothing_up(role: str, off_us: int) -> None:
    for optimised in (False, True):
        for before_the_start in (False, True):
            sim = Clocks(optimised)
            wrong = sim.process(role, 1)
            if before_the_start:
                wrong.wall.set(off_us)
            assert not sim.stopped()
            assert not any(live_through(sim, wrong, off_us))
            assert not sim.injected["clock refused"]
            sim.assert_merge_conforms()


@pytest.mark.parametrize("off_us", [2 * HOUR_US, 10 * YEAR_US], ids=["2 h", "10 years"])
def test_all_clocks_set_back_at_once_hold_nothing_up(off_us: int) -> None:
    """As when they were all ahead, and are set right."""
    sim = Clocks(optimised=True)
    for key in EVERYBODY:
        sim.process(*key).wall.set(off_us)
    assert not sim.stopped()
    for key in EVERYBODY:
        sim.process(*key).wall.set(0)
    assert not sim.stopped()
    for key in EVERYBODY:
        if key[0] != "learner":
            sim.crash(*key)
            sim.restart(*key)
    assert not sim.stopped()
    sim.assert_merge_conforms()


def test_all_clocks_wrong_each_in_its_own_way_and_drifting_hold_nothing_up() -> None:
    sim = Clocks(optimised=False)
    for number, key in enumerate(EVERYBODY):
        off_us = (number - 4) * 10 * YEAR_US
        sim.process(*key).wall.set(off_us, drift=(-1.0, -0.5, 0.0, 0.5, 100.0)[number % 5])
    assert not sim.stopped()
    for step in range(20):  # back and forth, one after the other
        process = sim.process(*EVERYBODY[step % len(EVERYBODY)])
        process.wall.set((-1) ** step * (step + 1) * 100 * HOUR_US)
        assert not sim.stopped()
    sim.assert_merge_conforms()


def test_a_clock_that_refuses_to_follow_is_found() -> None:
    """The rule of a bound on how far ahead of the own wall clock another may be: planted, it mutes
    who was ahead, for good."""
    sim = Clocks(optimised=True, parts={"clock": RefusesTheFuture})
    assert not sim.stopped()
    assert any(live_through(sim, sim.process("acceptor", 1), 2 * HOUR_US)[2:]), "right again"
