"""Acceptors that trim what every learner has delivered, in the core under a simulated network: the
log goes on with new leaders, storage stays small, and who comes too late is told."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos.core.acceptor import Acceptor
from paxos.core.learner import Learner
from paxos.core.step import Step
from tests.simulation.scenario import CheckedSimulation, Scenario, expected, is_complete, run

SWITCHES = list(product((False, True), (False, True), (1, 5)))
RETAIN = 4


class Outspoken(Learner):
    """Keeps what it says when it can go on no longer."""

    failure = ""

    def flush(self, now_s: float) -> Step:
        step = super().flush(now_s)
        self.failure = step.failure or self.failure
        return step


def role(simulation: CheckedSimulation, name: str, number: int) -> Any:
    found = simulation.process(name, number).role
    assert found is not None
    return found


def trimmed(simulation: CheckedSimulation) -> list[int]:
    acceptors: list[Acceptor] = [role(simulation, "acceptor", a) for a in (1, 2, 3)]
    for acceptor in acceptors:
        assert all(instance > acceptor.trimmed for instance in acceptor.votes)
    return [acceptor.trimmed for acceptor in acceptors]


@pytest.mark.parametrize(("direct", "ahead", "batch"), SWITCHES)
def test_the_log_goes_on_above_what_is_trimmed(direct: bool, ahead: bool, batch: int) -> None:
    scenario = Scenario(
        direct_learning=direct, prepare_ahead=ahead, max_batch=batch, values=60, retain=RETAIN
    )
    simulation = run(scenario, {"learner": Outspoken})
    assert is_complete(scenario, simulation)
    first = len(simulation.outputs()[0])
    top: int = role(simulation, "learner", 1).prefix
    # Learners report from time to time: a while after the last value, acceptors know.
    simulation.run(simulation.now_s + 10, lambda: min(trimmed(simulation)) >= top - RETAIN - 1)
    assert min(trimmed(simulation)) >= top - RETAIN - 1
    assert all(len(role(simulation, "acceptor", a).votes) <= RETAIN + 1 for a in (1, 2, 3))
    for number in (1, 2, 3):  # whoever leads next knows nothing
        simulation.crash("proposer", number)
        simulation.restart("proposer", number)
        simulation.crash("acceptor", number)
        simulation.restart("acceptor", number)
    simulation.submit(1, [b"later", b"and later"])
    simulation.run(
        simulation.now_s + 20, lambda: all(len(o) == first + 2 for o in simulation.outputs())
    )
    assert [sorted(output[first:]) for output in simulation.outputs()] == [
        [b"and later", b"later"]
    ] * 3
    simulation.crash("learner", 2)  # it starts from instance 1, which is gone
    simulation.restart("learner", 2)
    late = role(simulation, "learner", 2)
    simulation.run(simulation.now_s + 20, lambda: bool(late.failure))
    assert late.failure.startswith("instances 1 to ")
    assert late.prefix == 0
    simulation.assert_conforms()


def test_a_learner_that_starts_again_catches_up_within_the_retention() -> None:
    scenario = Scenario(values=20, retain=1000)
    simulation = run(scenario, {"learner": Outspoken})
    simulation.run(simulation.now_s + 5)
    assert trimmed(simulation) == [0, 0, 0]
    simulation.crash("learner", 2)
    simulation.restart("learner", 2)
    simulation.run(simulation.now_s + 20, lambda: is_complete(scenario, simulation))
    assert sorted(simulation.outputs()[1]) == expected(scenario)
    assert not role(simulation, "learner", 2).failure


def test_nothing_is_trimmed_before_every_learner_has_reported() -> None:
    scenario = Scenario(values=40, retain=0)
    simulation = CheckedSimulation(scenario, proposers=1, learners=3)
    simulation.crash("learner", 3)
    for client in (1, 2):
        simulation.submit(client, [b"%d" % k for k in range(40)])
    simulation.run(30)
    assert [len(output) for output in simulation.outputs()] == [80, 80, 0]
    assert trimmed(simulation) == [0, 0, 0]
    simulation.restart("learner", 3)
    simulation.run(60, lambda: min(trimmed(simulation)) > 0)
    assert len(simulation.outputs()[2]) == 80
    assert min(trimmed(simulation)) > 0
    simulation.assert_conforms()


OTHERS = st.sampled_from(
    [(name, number) for name in ("proposer", "acceptor") for number in (1, 2, 3)]
)


@given(
    st.builds(
        Scenario,
        seed=st.integers(0, 2**16),
        direct_learning=st.booleans(),
        prepare_ahead=st.booleans(),
        max_batch=st.sampled_from([1, 5]),
        values=st.integers(10, 40),
        loss=st.sampled_from([0.0, 0.05, 0.2]),
        duplicate=st.sampled_from([0.0, 0.2]),
        slowest_s=st.sampled_from([0.001, 0.05]),
        retain=st.sampled_from([0, 3, 20]),
        crashes=st.lists(OTHERS, max_size=8),
        cuts=st.lists(OTHERS, max_size=8),
    )
)
@settings(max_examples=50, deadline=None)
def test_any_storm(scenario: Scenario) -> None:
    simulation = run(scenario)
    simulation.assert_conforms()
    assert is_complete(scenario, simulation)
    outputs = simulation.outputs()
    assert all(output == outputs[0] for output in outputs)
    assert sorted(outputs[0]) == expected(scenario)
    trimmed(simulation)
