"""The message delays that a trace shows are those that TLC finds in spec/Delays.tla."""

from __future__ import annotations

import re
from itertools import product

import msgspec
import pytest

from conformance.trace.message_delays import Delays
from conformance.trace.schema import AnyEvent, Constants
from harness.simulation.cluster import Observers, Simulation
from paxos.core import events
from tests.paths import ROOT
from tests.simulation.scenario import Scenario

MODELS = ROOT / "spec" / "models"


def least_of_the_spec(direct: bool, ahead: bool, batch: bool) -> int:
    """What the models establish for the combination (the manifest holds their verdicts)."""
    switches = (direct, "direct"), (ahead, "ahead"), (batch, "batch")
    name = "-".join(word for on, word in switches if on) or "off"
    found = {
        re.search(r"Least = (\d+)", (MODELS / f"{kind}-{name}.cfg").read_text())
        for kind in ("delays", "delays-least")
    }
    [least] = {int(match[1]) for match in found if match}
    return least


@pytest.mark.parametrize(
    ("direct", "ahead", "batch"), list(product((False, True), (False, True), (False, True)))
)
def test_an_idle_cluster_takes_the_least_number_of_delays(
    direct: bool, ahead: bool, batch: bool
) -> None:
    scenario = Scenario(direct_learning=direct, prepare_ahead=ahead, max_batch=5 if batch else 1)
    delays = Delays(Constants(direct, ahead, scenario.max_batch), learners=2)
    decoder = msgspec.json.Decoder(AnyEvent)

    def observe(event: events.Event) -> None:
        delays.feed(event.process, decoder.decode(msgspec.json.encode(event)))

    simulation = Simulation(1, scenario.settings(), observers=Observers(observe))
    for k in range(10):
        simulation.run(0.5 + k / 10)
        simulation.submit(1, [b"value %d" % k])
    simulation.run(3.0)
    assert delays.counts == {least_of_the_spec(direct, ahead, batch): 20}
