"""Simulated reads: they see what was delivered anywhere when they began, and they end. Bugs in them
are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from harness.simulation.network import Cut
from harness.simulation.plan import Request, draw
from harness.simulation.run import Outcome, simulate
from harness.simulation.stages import Doom
from paxos.core import events
from paxos.core.acceptor import Acceptor
from paxos.core.batch import pack
from paxos.core.learner import Learner
from paxos.core.messages import Accept, Query, Reached
from paxos.core.names import Member
from paxos.core.reads import Reads
from paxos.core.settings import Settings
from paxos.core.step import Delivery
from tests.simulation.scenario import CheckedSimulation, Scenario

STEPS = 1_500
SEEDS = [seed for seed in range(500) if draw(Request(seed)).reads_pause_s]
"""Of runs in which learners read."""


def run(seed: int, **parts: Callable[..., Any]) -> Outcome:
    return simulate(Request(seed, STEPS), parts=parts)


def test_some_runs_have_reads() -> None:
    assert 80 < len(SEEDS) < 160


@pytest.mark.parametrize("seed", SEEDS[:12])
def test_no_read_is_stale_and_all_end(seed: int) -> None:
    """Through loss, crashes, and leaders that take over."""
    outcome = run(seed)
    assert outcome.failure is None, f"{outcome.request.command()}\n{outcome.failure.text}"


# Reads that end.


def cluster(**settings: Any) -> tuple[CheckedSimulation, dict[int, int]]:
    """One, and the reads that have ended: by learner, the number of the last."""
    simulation = CheckedSimulation(Scenario(**settings), proposers=2, learners=2, clients=1)
    ended: dict[int, int] = {}

    def reach(process: Any, number: int) -> None:
        ended[process.id] = number

    simulation.reach = reach
    return simulation, ended


def role(simulation: CheckedSimulation, name: str, number: int) -> Any:
    return simulation.process(name, number).role


def read(simulation: CheckedSimulation, learner: int) -> int:
    numbers: list[int] = []
    process = simulation.process("learner", learner)
    assert process.act(
        lambda now_s: numbers.append(role(simulation, "learner", learner).reads.begin())
    )
    return numbers[0]


def promised(simulation: CheckedSimulation, instance: int) -> bool:
    """Whether acceptors 2 and 3 have promised for the instance."""
    promises = [
        e for e in simulation.events if isinstance(e, events.Phase1b) and e.last >= instance
    ]
    return {"acceptor-2.1", "acceptor-3.1"} <= {promise.process for promise in promises}


SWITCHES = list(product((False, True), (False, True)))


@pytest.mark.parametrize(("direct", "ahead"), SWITCHES)
def test_where_nothing_was_ever_broadcast_or_is_any_more(direct: bool, ahead: bool) -> None:
    simulation, ended = cluster(direct_learning=direct, prepare_ahead=ahead)
    first = read(simulation, 1)
    simulation.run(5.0, lambda: 1 in ended)
    assert ended == {1: first}
    simulation.submit(1, [b"value"])
    simulation.run(20.0)
    top = role(simulation, "learner", 1).prefix
    assert top
    second = read(simulation, 2)
    simulation.run(25.0, lambda: 2 in ended)
    assert ended[2] == second
    assert role(simulation, "learner", 2).prefix == top, "nothing is put into the log for it"


def test_without_a_quorum_none_ends() -> None:
    simulation, ended = cluster()
    for acceptor in (1, 2):
        simulation.crash("acceptor", acceptor)
    number = read(simulation, 1)
    simulation.run(30.0)
    assert not ended
    assert role(simulation, "learner", 1).waits_for().text.startswith("answers of 2 acceptors")
    simulation.restart("acceptor", 2)
    simulation.run(60.0, lambda: bool(ended))
    assert ended == {1: number}


@pytest.mark.parametrize(("direct", "ahead"), SWITCHES)
def test_a_vote_of_a_leader_that_died_is_finished_by_the_next(direct: bool, ahead: bool) -> None:
    """One acceptor has voted in an instance, and the leader knows nothing of it: its quorum of
    promises is without that acceptor. The reader hears of the vote, and asks."""
    simulation, ended = cluster(direct_learning=direct, prepare_ahead=ahead)
    simulation.submit(1, [b"value"])
    simulation.run(2.0)
    top = role(simulation, "learner", 1).prefix
    [leader] = [p for p in (1, 2) if role(simulation, "proposer", p).leads]
    away = [("proposer", 3 - leader), ("learner", 1), ("learner", 2)]
    for process in away:
        simulation.isolate(*process)
    simulation.submit(1, [b"voted for once"])
    if not ahead:  # it needs promises first
        simulation.run(10.0, lambda: promised(simulation, top + 1))
    deaf = {Member("acceptor", 2), Member("acceptor", 3)}
    simulation.network.cuts.append(Cut({Member("proposer", leader)}, deaf))
    one = role(simulation, "acceptor", 1)
    simulation.run(20.0, lambda: max(one.votes) > top)
    assert [max(role(simulation, "acceptor", a).votes) for a in (1, 2, 3)] == [top + 1, top, top]

    simulation.crash("client", 1)
    simulation.crash("proposer", leader)
    simulation.isolate("acceptor", 1)
    for process in away:
        simulation.rejoin(*process)
    other = role(simulation, "proposer", 3 - leader)
    simulation.run(30.0, lambda: other.leads)
    simulation.run(simulation.now_s + 1.0)
    assert other.top == role(simulation, "learner", 1).prefix == top, "nobody has told them"
    simulation.crash("acceptor", 3)
    simulation.rejoin("acceptor", 1)
    number = read(simulation, 1)
    simulation.run(simulation.now_s + 30.0, lambda: bool(ended))
    assert ended == {1: number}
    assert role(simulation, "learner", 1).prefix >= top + 1
    simulation.assert_conforms()


@pytest.mark.parametrize(("part", "ends"), [(0.0, False), (1.0, True)])
def test_a_crash_within_a_delivery_ends_no_read(part: float, ends: bool) -> None:
    """What is not delivered by then cannot be read."""
    simulation, ended = cluster()
    learner = simulation.process("learner", 1)
    learner.doom = Doom("deliver", part)

    def deliver(now_s: float) -> None:
        step = role(simulation, "learner", 1).step
        step.deliveries.append(Delivery(1, 1, pack("1.1", 1, [b"value"])))
        step.current = 4

    learner.act(deliver)
    assert learner.role is None
    assert (ended == {1: 4}) == ends


# Bugs.


class OneAnswerIsEnough(Reads):
    """And only one acceptor's."""

    def __init__(self, settings: Settings, reader: str, now_s: float) -> None:
        super().__init__(replace(settings, phase1_quorum=1), reader, now_s)


class JoinsTheQueryUnderWay(Reads):
    """Its answers may be from before the read began."""

    def begin(self) -> int:
        self._wanted = self._asked + (not self._is_open)
        return self._wanted


class TakesAnyAnswer(Reads):
    """Also one to an earlier query."""

    def hear(self, acceptor: int, reached: Reached, now_s: float) -> int:
        return super().hear(
            acceptor, Reached(self._reader, self._asked or 1, reached.instance), now_s
        )


class WaitsForTheLowestAnswer(Reads):
    def _aim(self, number: int, instance: int) -> None:
        super()._aim(number, min(self._answers.values()))


class WaitsForNothing(Reads):
    """It reads what there is when a quorum has answered."""

    def _aim(self, number: int, instance: int) -> None:
        super()._aim(number, 0)


class ReadsWithGaps(Learner):
    """It looks at what it has learned, whatever is missing below."""

    def _finish(self, now_s: float) -> None:
        prefix, self.prefix = self.prefix, max(self.prefix, self.highest)
        self.reads.finish(self.step, self.prefix, now_s)
        self.prefix = prefix
        super()._finish(now_s)


class SaysWhatIsDelivered(Acceptor):
    """Of what it has voted in, it says what a learner has reported."""

    def on_query(self, query: Query) -> None:
        reached, self._reached = self._reached, max(self._retention._prefixes.values(), default=0)
        super().on_query(query)
        self._reached = reached


class SaysWhatItVotedInLast(Acceptor):
    """Not the highest."""

    def on_accept(self, accept: Accept) -> None:
        super().on_accept(accept)
        self._reached = accept.instance


def learner_with(reads: type[Reads]) -> Callable[..., Learner]:
    def make(*args: Any, incarnation: int, **kept: Any) -> Learner:
        learner = Learner(*args, incarnation=incarnation, **kept)
        learner.reads = reads(learner.settings, f"{learner.id}.{incarnation}", 0.0)
        return learner

    return make


BUGS: list[tuple[str, Callable[..., Any]]] = [
    *(
        ("learner", reads)
        for reads in (
            OneAnswerIsEnough,
            JoinsTheQueryUnderWay,
            TakesAnyAnswer,
            WaitsForTheLowestAnswer,
            WaitsForNothing,
        )
    ),
    ("learner", ReadsWithGaps),
    ("acceptor", SaysWhatIsDelivered),
    ("acceptor", SaysWhatItVotedInLast),
]


SEEN_BY: dict[Callable[..., Any], int] = {
    JoinsTheQueryUnderWay: 373,
    TakesAnyAnswer: 413,
    WaitsForTheLowestAnswer: 130,
}
"""Seeds that show bugs which the first runs do not: tried before the others, to save time."""


@pytest.mark.parametrize(("name", "bug"), BUGS, ids=lambda bug: getattr(bug, "__name__", bug))
def test_a_bug_is_found(name: str, bug: Callable[..., Any]) -> None:
    make = learner_with(bug) if isinstance(bug, type) and issubclass(bug, Reads) else bug
    for seed in sorted(SEEDS, key=lambda seed: seed != SEEN_BY.get(bug)):
        failure = run(seed, **{name: make}).failure
        if failure:
            assert failure.kind == "stale read", failure.text
            assert "was delivered already" in failure.text
            return
    pytest.fail(f"{len(SEEDS)} runs with the bug are as they should be")
