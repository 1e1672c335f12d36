"""The core under a simulated network: whatever goes wrong, the trace conforms, learners agree, and
once the faults stop everything that was broadcast is delivered."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.simulation.cluster import Simulation
from tests.simulation.scenario import CheckedSimulation, Scenario, expected, is_complete, run

SWITCHES = list(product((False, True), (False, True), (1, 5)))

PROCESSES = st.sampled_from(
    [(role, number) for role in ("proposer", "acceptor", "learner") for number in (1, 2, 3)]
)

SCENARIOS = st.builds(
    Scenario,
    seed=st.integers(0, 2**16),
    direct_learning=st.booleans(),
    prepare_ahead=st.booleans(),
    max_batch=st.sampled_from([1, 5]),
    values=st.integers(1, 25),
    retry_s=st.sampled_from([0.02, 0.5]),
    loss=st.sampled_from([0.0, 0.05, 0.2, 0.4]),
    accept_loss=st.sampled_from([0.0, 0.7]),
    duplicate=st.sampled_from([0.0, 0.2]),
    slowest_s=st.sampled_from([0.001, 0.01, 0.05]),
    crashes=st.lists(PROCESSES, max_size=8),
    cuts=st.lists(PROCESSES, max_size=8),
)

SYNODS = st.builds(
    Scenario,
    seed=st.integers(0, 2**16),
    synod=st.just(True),
    values=st.integers(1, 3),
    retry_s=st.sampled_from([0.02, 0.5]),
    loss=st.sampled_from([0.0, 0.2, 0.4]),
    accept_loss=st.sampled_from([0.0, 0.7]),
    duplicate=st.sampled_from([0.0, 0.2]),
    slowest_s=st.sampled_from([0.001, 0.05]),
    crashes=st.lists(PROCESSES, max_size=8),
    cuts=st.lists(PROCESSES, max_size=8),
)


def assert_delivered(scenario: Scenario, simulation: Simulation) -> None:
    outputs = simulation.outputs()
    assert is_complete(scenario, simulation), f"not all delivered: {[len(o) for o in outputs]}"
    assert all(output == outputs[0] for output in outputs)
    if scenario.synod:
        assert len(outputs[0]) == 1 and outputs[0][0] in expected(scenario)
    else:
        assert sorted(outputs[0]) == expected(scenario)


@given(SCENARIOS)
@settings(max_examples=150, deadline=None)
def test_any_storm(scenario: Scenario) -> None:
    simulation = run(scenario)
    simulation.assert_conforms()
    assert_delivered(scenario, simulation)


@given(SYNODS)
@settings(max_examples=50, deadline=None)
def test_any_storm_on_a_synod(scenario: Scenario) -> None:
    simulation = run(scenario)
    simulation.assert_conforms()
    assert_delivered(scenario, simulation)


@pytest.mark.parametrize(("direct", "ahead", "batch"), SWITCHES)
def test_each_combination_without_faults(direct: bool, ahead: bool, batch: int) -> None:
    scenario = Scenario(direct_learning=direct, prepare_ahead=ahead, max_batch=batch)
    simulation = run(scenario)
    simulation.assert_conforms()
    assert_delivered(scenario, simulation)


@pytest.mark.parametrize(("direct", "ahead", "batch"), SWITCHES)
def test_nothing_is_delivered_without_a_majority(direct: bool, ahead: bool, batch: int) -> None:
    scenario = Scenario(direct_learning=direct, prepare_ahead=ahead, max_batch=batch)
    simulation = CheckedSimulation(scenario)
    simulation.crash("acceptor", 1)
    simulation.crash("acceptor", 3)
    simulation.submit(1, [b"a", b"b"])
    simulation.run(5.0)
    assert simulation.outputs() == [[], []]
    simulation.assert_conforms()
    simulation.restart("acceptor", 3)
    simulation.run(10.0, lambda: all(len(output) == 2 for output in simulation.outputs()))
    one, other = simulation.outputs()
    assert one == other
    assert sorted(one) == [b"a", b"b"]
    simulation.assert_conforms()


@pytest.mark.parametrize(("direct", "ahead", "batch"), SWITCHES)
def test_a_late_learner_delivers_the_same(direct: bool, ahead: bool, batch: int) -> None:
    scenario = Scenario(direct_learning=direct, prepare_ahead=ahead, max_batch=batch, values=60)
    simulation = run(scenario)
    first = simulation.outputs()[0]
    simulation.crash("learner", 2)
    simulation.crash("acceptor", 2)
    simulation.restart("learner", 2)
    assert simulation.outputs()[1] == []
    simulation.run(simulation.now_s + 20.0, lambda: len(simulation.outputs()[1]) == len(first))
    assert simulation.outputs()[1] == first
    simulation.assert_conforms()


def test_a_seed_is_a_run() -> None:
    scenario = Scenario(seed=7, loss=0.3, duplicate=0.2, slowest_s=0.02, crashes=[("proposer", 1)])
    assert run(scenario).events == run(scenario).events
