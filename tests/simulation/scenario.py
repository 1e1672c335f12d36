"""Simulated runs that go wrong in every way the protocol must stand, and what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.replay.checker import Checker
from conformance.replay.report import explain
from harness.simulation.cluster import Observers, Shape, Simulation
from harness.simulation.monitor import Monitor
from harness.simulation.network import Cut, Faults
from harness.simulation.parts import Parts
from paxos.core.events import Event
from paxos.core.names import Member
from paxos.core.settings import Settings

DEADLINE_S = 120.0
"""Simulated seconds within which all is delivered once the faults have stopped."""

STORM_S = 2.0
"""Simulated seconds for which there are faults."""


@dataclass(frozen=True)
class Scenario:
    """A run, completely: the same scenario is the same run, event for event."""

    seed: int = 0
    direct_learning: bool = False
    prepare_ahead: bool = False
    max_batch: int = 1
    synod: bool = False
    acceptors: int = 3
    proposers: int = 3
    retry_s: float = 0.02
    values: int = 20
    loss: float = 0.0
    accept_loss: float = 0.0
    duplicate: float = 0.0
    slowest_s: float = 0.001
    crashes: Sequence[tuple[str, int]] = ()
    """Processes that crash one after another, and come back, during the storm."""
    retain: int | None = None
    """Instances that acceptors retain; None: they do not know how many learners there are."""
    cuts: Sequence[tuple[str, int]] = ()
    """Processes that are cut off one after another, and come back, during the storm."""

    def settings(self) -> Settings:
        # Short timeouts, so that leaders are suspected wrongly; few instances at a time and small
        # messages, so that windows run out and promises come in parts.
        return Settings(
            acceptors=self.acceptors,
            learners=0 if self.retain is None else 3,
            retain_instances=self.retain or 0,
            synod=self.synod,
            direct_learning=self.direct_learning,
            prepare_ahead=self.prepare_ahead,
            max_batch=self.max_batch,
            message_bytes=600,
            window=8,
            in_flight=4,
            client_packets=4,
            heartbeat_s=0.03,
            failover_s=0.08,
            retry_s=self.retry_s,
            resend_s=0.05,
            gap_s=0.02,
            repair_s=0.06,
            ask_instances=16,
        )


COUNTS = ("proposers", "learners", "clients")


class CheckedSimulation(Simulation):
    """A simulation whose every event is replayed against the specification as it happens."""

    def __init__(self, scenario: Scenario, **cluster: Any) -> None:
        self.scenario = scenario
        self.events: list[Event] = []
        settings = scenario.settings()
        asked = [name for name in (*COUNTS, "replicas") if name in cluster]
        shape = Shape(**{name: cluster.pop(name) for name in asked})
        self.monitor = Monitor(
            "Synod" if scenario.synod else "MultiPaxos",
            self.constants(),
            {
                "acceptors": [*range(1, settings.acceptors + 1)],
                **{name: [*range(1, getattr(shape, name) + 1)] for name in COUNTS},
            },
        )
        observers = Observers(self._observe)
        super().__init__(scenario.seed, settings, shape, observers=observers, **cluster)

    def constants(self) -> dict[str, Any]:
        """Of the specification."""
        return {
            "direct_learning": self.scenario.direct_learning,
            "prepare_ahead": self.scenario.prepare_ahead,
            "max_batch": self.scenario.max_batch,
        }

    def _observe(self, event: Event) -> None:
        self.events.append(event)
        self.monitor.observe(event)

    def isolate(self, role: str, process_id: int) -> None:
        """Let the process neither send nor receive, until `rejoin`."""
        one, everybody = {Member(role, process_id)}, self.processes.keys()
        self.network.cuts += [Cut(one, everybody), Cut(everybody, one)]

    def rejoin(self, role: str, process_id: int) -> None:
        """Undo `isolate`."""
        one = {Member(role, process_id)}
        self.network.cuts = [c for c in self.network.cuts if one not in (c.senders, c.receivers)]

    @property
    def checker(self) -> Checker:
        return self.monitor.checker

    @property
    def is_rejected(self) -> bool:
        return self.monitor.is_rejected

    def assert_conforms(self) -> None:
        verdict = self.checker.finish()
        assert verdict.kind == "conforms", f"{self.scenario}\n{explain('simulated', verdict)}"
        assert not self.monitor.disorder, f"{self.scenario}\n{self.monitor.disorder}"


def run(scenario: Scenario, parts: Parts | None = None) -> CheckedSimulation:
    """Run a scenario: a storm of faults, then calm until all is delivered or time is up."""
    storm = Faults(
        loss=scenario.loss,
        accept_loss=scenario.accept_loss,
        duplicate=scenario.duplicate,
        delay_s=(0.0001, scenario.slowest_s),
    )
    simulation = CheckedSimulation(
        scenario, proposers=scenario.proposers, learners=3, faults=storm, parts=parts
    )
    for client in (1, 2):
        simulation.submit(client, values(scenario, client))
    for k, process in enumerate(scenario.crashes):
        crash_s = 0.15 + k * (STORM_S - 0.3) / len(scenario.crashes)
        simulation.schedule(crash_s, simulation.crash, *process)
        simulation.schedule(crash_s + 0.1, simulation.restart, *process)
    for k, process in enumerate(scenario.cuts):
        cut_s = 0.1 + k * (STORM_S - 0.3) / len(scenario.cuts)
        simulation.schedule(cut_s, simulation.isolate, *process)
        simulation.schedule(cut_s + 0.25, simulation.rejoin, *process)
    simulation.run(STORM_S, lambda: simulation.is_rejected)
    simulation.network.faults = Faults()
    simulation.run(DEADLINE_S, lambda: simulation.is_rejected or is_complete(scenario, simulation))
    return simulation


def values(scenario: Scenario, client: int) -> list[bytes]:
    """What `client` broadcasts; some of it large, some of it empty."""
    return [
        b"" if k == 3 else b"client %d value %d" % (client, k) + bytes(k % 5 * 40)
        for k in range(scenario.values)
    ]


def expected(scenario: Scenario) -> list[bytes]:
    return sorted(values(scenario, 1) + values(scenario, 2))


def is_complete(scenario: Scenario, simulation: Simulation) -> bool:
    wanted = 1 if scenario.synod else 2 * scenario.values
    return all(len(output) >= wanted for output in simulation.outputs())
