"""The simulator itself: what a crash at each point of a step leaves, what waits for a slow disk or
for a process that is stopped, and which way a cut is open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import Any

import pytest

from harness.simulation.nemesis import Nemesis
from harness.simulation.network import Cut, Faults
from harness.simulation.plan import Load as Pace
from harness.simulation.process import Process
from harness.simulation.stages import Doom
from harness.simulation.workload import Workload
from paxos.core import events
from tests.simulation.scenario import CheckedSimulation, Scenario

SCENARIO = Scenario(direct_learning=True, prepare_ahead=True)


@dataclass
class Left:
    """What is left of the one vote of acceptor 1."""

    on_disk: bool
    in_trace: bool
    heard: bool


def acceptor(simulation: CheckedSimulation) -> Process:
    return simulation.process("acceptor", 1)


def ready() -> CheckedSimulation:
    """A leader leads, the acceptors have promised, and the next step of acceptor 1 is its vote."""
    simulation = CheckedSimulation(SCENARIO, proposers=1)
    simulation.run(0.5)
    return simulation


def left(simulation: CheckedSimulation) -> Left:
    votes = [e for e in simulation.events if isinstance(e, events.Phase2b)]
    learner: Any = simulation.process("learner", 1).role
    proposer: Any = simulation.process("proposer", 1).role
    counted = [phase2.votes for phase2 in proposer.phase2.open.values()]
    open_ = [learner.heard.voters(instance) for instance in learner.heard.open]
    return Left(
        on_disk=bool(acceptor(simulation).storage.votes),
        in_trace=any(vote.process.startswith("acceptor-1.") for vote in votes),
        heard=any(1 in voters for voters in counted + open_),
    )


@pytest.mark.parametrize(
    ("doom", "expected"),
    [
        (Doom("save", 0.0), Left(on_disk=False, in_trace=False, heard=False)),
        (Doom("save", 1.0), Left(on_disk=True, in_trace=False, heard=False)),
        (Doom("trace", 0.0), Left(on_disk=True, in_trace=False, heard=False)),
        (Doom("trace", 1.0), Left(on_disk=True, in_trace=True, heard=False)),
        (Doom("send", 0.0), Left(on_disk=True, in_trace=True, heard=False)),
        (Doom("send", 1.0), Left(on_disk=True, in_trace=True, heard=True)),
    ],
    ids=str,
)
def test_what_a_crash_leaves(doom: Doom, expected: Left) -> None:
    simulation = ready()
    simulation.crash("acceptor", 3)  # so that nothing is chosen, and what was heard is kept
    simulation.crash("acceptor", 2)
    acceptor(simulation).doom = doom
    simulation.submit(1, [b"value"])
    simulation.run(0.52)
    assert acceptor(simulation).role is None
    assert left(simulation) == expected
    for number in (1, 2, 3):
        simulation.restart("acceptor", number)
    recovered = next(e for e in simulation.events if isinstance(e, events.Recover))
    assert bool(recovered.votes) == expected.on_disk
    simulation.run(5.0, lambda: simulation.outputs() == [[b"value"], [b"value"]])
    assert simulation.outputs() == [[b"value"], [b"value"]]
    simulation.assert_conforms()


def test_a_step_waits_for_its_disk_and_others_wait_for_the_step() -> None:
    simulation = ready()
    acceptor(simulation).save_s = 0.1
    simulation.submit(1, [b"value"])
    simulation.run(0.59)
    assert left(simulation) == Left(on_disk=False, in_trace=False, heard=False)
    assert simulation.outputs() == [[b"value"], [b"value"]], "two others are a quorum"
    simulation.run(0.65)
    assert left(simulation).on_disk and left(simulation).in_trace
    simulation.assert_conforms()


def test_a_crash_while_the_disk_works_loses_the_step() -> None:
    simulation = ready()
    acceptor(simulation).save_s = 0.1
    simulation.submit(1, [b"value"])
    simulation.run(0.55)
    simulation.crash("acceptor", 1)
    simulation.run(0.7)
    simulation.restart("acceptor", 1)
    assert left(simulation) == Left(on_disk=False, in_trace=False, heard=False)


def test_a_stopped_process_does_nothing_and_then_all_that_waits() -> None:
    simulation = ready()
    life = acceptor(simulation).incarnation
    acceptor(simulation).hold()
    simulation.submit(1, [b"value"])
    simulation.run(2.0)
    assert not left(simulation).on_disk
    acceptor(simulation).release(life)
    simulation.run(2.1)
    assert left(simulation).on_disk
    simulation.assert_conforms()


def test_a_process_on_a_busy_machine_waits_after_a_step() -> None:
    simulation = ready()
    me = acceptor(simulation)
    me.pause_s = lambda: 0.2
    simulation.submit(1, [b"value"])
    simulation.run(0.52)
    assert left(simulation).on_disk, "the step itself is done"
    simulation.submit(1, [b"another"])
    simulation.run(0.69)
    assert len(me.storage.votes) == 1
    assert all(len(output) == 2 for output in simulation.outputs()), "two others are a quorum"
    simulation.run(1.5)  # it may have looked at its timer first
    assert len(me.storage.votes) == 2
    me.pause_s = None
    simulation.run(3.0)
    assert not me._holds
    simulation.assert_conforms()


def test_a_cut_is_of_one_direction() -> None:
    simulation = ready()
    me = acceptor(simulation)
    simulation.network.cuts = [Cut({me.key}, simulation.processes.keys())]  # it hears, unheard
    simulation.submit(1, [b"value"])
    simulation.run(0.53)
    assert left(simulation) == Left(on_disk=True, in_trace=True, heard=False)
    simulation.network.cuts = [Cut(simulation.processes.keys(), {me.key})]  # it is deaf
    simulation.submit(1, [b"another"])
    simulation.run(0.56)
    assert len(me.storage.votes) == 1


def test_what_was_delivered_wrongly_is_said() -> None:
    """Of each learner: another order, a value twice, one that nobody broadcast, one that is not
    there."""
    simulation = CheckedSimulation(SCENARIO)
    load = Workload(simulation, 0, Pace(burst=3, pause_s=0.01))
    simulation.run(1.0)
    load.stop()
    simulation.run(3.0, load.is_delivered)
    assert load.is_delivered() and load.problems() == []
    first, second, *rest = simulation.outputs()[0]
    learner = simulation.process("learner", 1)
    for output, words in [
        ([second, first, *rest], "learner-1.1 and learner-2.1 have delivered different sequences"),
        ([first, first, *rest], f"learner-1.1 has delivered {first.decode()} 2 times"),
        ([b"x", second, *rest], "learner-1.1 has delivered x, which nobody broadcast"),
        ([first, second, *rest[:-1]], "learner-1.1 misses 1 of"),
    ]:
        learner.machine.output = output
        assert any(words in problem for problem in load.problems()), (words, load.problems())


@pytest.mark.parametrize("seed", range(4))
def test_when_the_faults_stop_everything_is_undone(seed: int) -> None:
    simulation = CheckedSimulation(replace(SCENARIO, seed=seed), proposers=2)
    nemesis = Nemesis(simulation, seed)
    load = Workload(simulation, seed, Pace(burst=3, pause_s=0.01))
    wrong: set[str] = set()
    for tenth in range(1, 40):
        simulation.run(tenth / 10)
        wrong |= what_is_wrong(simulation)
    assert wrong, "there were faults"
    nemesis.stop()
    load.stop()
    simulation.run(simulation.now_s + 1.0)
    assert what_is_wrong(simulation) == set()
    simulation.assert_conforms()


def what_is_wrong(simulation: CheckedSimulation) -> set[str]:
    processes = simulation.processes.values()
    found = {
        "network": simulation.network.faults != Faults(),
        "cut": bool(simulation.network.cuts),
        "down": any(process.role is None for process in processes),
        "doomed": any(process.doom for process in processes),
        "stopped": any(process._holds for process in processes),
        "slow": any(process.save_s for process in processes),
        "busy": any(process.pause_s for process in processes),
        "limited": any(
            link.rate_bytes_s < inf or link.queue_bytes < inf
            for links in (simulation.network.egress, simulation.network.ingress)
            for link in links.values()
        ),
    }
    return {what for what, is_so in found.items() if is_so}
