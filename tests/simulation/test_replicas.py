"""Simulated replicas: their roles crash together and come back together, wait for one disk
together, and hand over what is durable and traced; bugs in that are found."""

from __future__ import annotations

from typing import Any

import pytest

from harness.simulation.cluster import Simulation
from harness.simulation.plan import Request, draw
from harness.simulation.process import Process
from harness.simulation.run import simulate
from harness.simulation.stages import Doom
from paxos.core import events
from paxos.core.names import Replica
from paxos.errors import InputError
from tests.simulation.faulty_parts import (
    CRASHES,
    FAULTY_PARTS,
    ONE_COMMIT,
    FaultyPart,
    HandsNothingOver,
    OneCommitForAll,
)
from tests.simulation.scenario import CheckedSimulation, Scenario

SEEDS, STEPS = range(40), 2_000


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_runs_with_replicas_conform_and_deliver(replicas: int) -> None:
    """One that is alone does very much in a step: nobody has to be waited for."""
    delivered, steps = 0, 200 if replicas == 1 else STEPS
    for seed in range(4):
        outcome = simulate(Request(seed, steps, replicas=replicas))
        assert outcome.failure is None, f"{outcome.request.command()}\n{outcome.failure.text}"
        assert f"--replicas {replicas}" in outcome.request.command()
        delivered += outcome.delivered
    assert delivered > 100


def test_some_runs_have_replicas_if_nobody_says() -> None:
    with_replicas = [seed for seed in range(200) if draw(Request(seed)).shape.replicas]
    assert 30 < len(with_replicas) < 90
    assert all(draw(Request(seed, replicas=0)).shape.replicas == 0 for seed in with_replicas)


def test_there_are_no_more_replicas_than_members() -> None:
    with pytest.raises(InputError, match="of one of them there are only 2"):
        draw(Request(1, replicas=3, learners=2))


def cluster(replicas: int = 3, **settings: Any) -> CheckedSimulation:
    scenario = Scenario(direct_learning=True, prepare_ahead=True, **settings)
    return CheckedSimulation(scenario, proposers=3, learners=3, clients=1, replicas=replicas)


def roles(simulation: Simulation, number: int) -> list[Process]:
    return [simulation.process(*member) for member in Replica(number).members]


def test_a_crash_takes_all_roles_and_they_come_back_together() -> None:
    simulation = cluster()
    simulation.submit(1, [b"one"])
    simulation.run(1.0)
    simulation.crash("learner", 1)
    assert [process.role for process in roles(simulation, 1)] == [None] * 3
    simulation.submit(1, [b"two"])
    simulation.run(2.0)
    simulation.restart("acceptor", 1)
    assert all(process.role for process in roles(simulation, 1))
    assert {process.incarnation for process in roles(simulation, 1)} == {2}
    assert len({id(process.clock) for process in roles(simulation, 1)}) == 1
    simulation.run(3.0)
    assert simulation.outputs() == [[b"one", b"two"]] * 3
    recovered = {e.process for e in simulation.events if isinstance(e, events.Recover)}
    assert recovered == {"acceptor-1.2", "proposer-1.2"}
    simulation.assert_conforms()


def leader(simulation: Simulation) -> int:
    (number,) = [
        process.id
        for process in simulation.of("proposer")
        if process.role and getattr(process.role, "election").ballot  # noqa: B009
    ]
    return number


@pytest.mark.parametrize("stage", ["save", "trace", "send"])
@pytest.mark.parametrize("part", [0.0, 1.0])
def test_nothing_came_of_a_vote_that_a_crash_kept_from_being_done(stage: str, part: float) -> None:
    """One replica is the whole cluster here, so its own vote is all that it takes."""
    simulation = CheckedSimulation(
        Scenario(direct_learning=True, prepare_ahead=True, acceptors=1),
        proposers=1,
        learners=1,
        clients=1,
        replicas=1,
    )
    simulation.run(0.5)
    simulation.process("acceptor", 1).doom = Doom(stage, part)
    simulation.submit(1, [b"value"])
    simulation.run(0.6)
    assert not simulation.process("acceptor", 1).is_up
    assert simulation.outputs() == [[]]
    assert not [e for e in simulation.events if isinstance(e, events.Learn)]
    simulation.restart("learner", 1)
    simulation.run(5.0)
    assert simulation.outputs() == [[b"value"]]
    simulation.assert_conforms()


def test_while_one_disk_works_the_whole_replica_waits() -> None:
    simulation = cluster()
    simulation.run(0.5)
    number = leader(simulation)
    _, acceptor, learner = roles(simulation, number)
    acceptor.save_s = 0.05
    simulation.submit(1, [b"value"])
    simulation.run(0.53)
    own: Any = learner.role
    voters = set().union(*map(own.heard.voters, own.heard.open))
    assert number not in voters, "its vote is not durable"
    assert not learner.output, "although others have voted"
    simulation.run(1.0)
    assert learner.output == [b"value"]
    simulation.assert_conforms()


# Planted bugs.

NOTHING = FaultyPart("handover", HandsNothingOver, {"not delivered"}, set())
ORDERS = [bug for bug in FAULTY_PARTS if bug.part == "process"]


@pytest.mark.parametrize("bug", [ONE_COMMIT, NOTHING, *ORDERS], ids=lambda bug: bug.make.__name__)
def test_a_faulty_part_of_a_replica_is_found(bug: FaultyPart) -> None:
    replicas = 1 if bug is NOTHING else 3
    for seed in SEEDS:
        outcome = simulate(Request(seed, STEPS, replicas=replicas), parts={bug.part: bug.make})
        if outcome.failure is not None:
            assert outcome.failure.kind in bug.found_as, outcome.failure.text
            return
    pytest.fail(f"{len(SEEDS)} runs with the bug conform and deliver")


def test_only_crashes_find_that_there_is_one_commit_for_all() -> None:
    for seed in range(5):
        request = Request(seed, STEPS, replicas=3, without=frozenset(CRASHES))
        outcome = simulate(request, parts={"handover": OneCommitForAll})
        assert outcome.failure is None, f"{request.command()}\n{outcome.failure.text}"
