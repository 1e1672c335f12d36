"""The message flows that docs/design.md shows: python -m tests.docs.sequences [folder].

Each is a run of the real roles, encoding and clocks in the simulator. It leaves the traces that
`paxos run` would leave, and what draws a rejected trace draws these. A test makes the drawings
again and holds those in docs/design/ to them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.draw.rejection import label
from conformance.draw.spacetime import Lane, Shown, draw
from conformance.replay.run_folder import check_run
from conformance.trace.causality import Causes
from conformance.trace.process import decode
from conformance.trace.reader import open_run
from harness.simulation.cluster import Observers, Shape, Simulation
from harness.simulation.monitor import Monitor
from harness.simulation.network import Cut
from harness.simulation.process import Process
from harness.simulation.traces import Traces
from paxos.config import Config, override
from paxos.core.messages import Accept, Group, Message
from paxos.core.names import Member, ProcessName
from paxos.runtime.tracer import header
from tests.paths import ROOT

FOLDER = ROOT / "docs" / "design"

DEADLINE_S = 30.0
"""Simulated seconds within which everything is delivered."""

LATE_S = 0.5
"""When the client broadcasts, in simulated seconds: there is a leader then."""

MILESTONE_2 = Config(
    cluster="drawn",
    proposers=2,
    learners=1,
    clients=1,
    direct_learning=False,
    prepare_ahead=False,
    batching=False,
    window=16,
)
MILESTONE_3 = override(MILESTONE_2, direct_learning=True, prepare_ahead=True, batching=True)
MILESTONE_1 = override(MILESTONE_2, milestone="synod", proposers=1)

LEADER, SUCCESSOR, CLIENT = Member("proposer", 1), Member("proposer", 2), Member("client", 1)

Arrange = Callable[[Simulation], None]
"""Prepares what goes wrong in a run, before it begins."""


def nothing_goes_wrong(world: Simulation) -> None:
    """The network carries everything."""


def leader_dies(world: Simulation) -> None:
    """The leader proposes in instances 1 and 2. The first Accept is lost, the second reaches one
    acceptor, and the leader crashes. Its successor has not heard of the values until then."""
    network, deaf = world.network, Cut({CLIENT}, {SUCCESSOR})
    network.cuts = [deaf]

    def say(
        sender: Process, group: Group, messages: Sequence[Message], body: bytes, clock: int
    ) -> None:
        for message in messages:
            if sender.key == LEADER and isinstance(message, Accept):
                heard = {("acceptor", 1)} if message.instance == 2 else set()
                network.cuts = [deaf, Cut({LEADER}, world.processes.keys() - heard)]
                world.after(0.01, world.crash, *LEADER)
            elif sender.key == SUCCESSOR and isinstance(message, Accept):
                network.cuts = []

    world.say = say


FLOWS: dict[str, tuple[Config, int, Arrange, str]] = {
    "synod": (MILESTONE_1, 1, nothing_goes_wrong, "Milestone 1: one instance of Paxos"),
    "plain": (MILESTONE_2, 1, nothing_goes_wrong, "Milestone 2: a value, with no optimisation"),
    "optimised": (MILESTONE_3, 3, nothing_goes_wrong, "Milestone 3: three values in one batch"),
    "takeover": (
        override(MILESTONE_2, direct_learning=True, prepare_ahead=True),
        2,
        leader_dies,
        "A leader dies: its successor takes up the reported vote, and fills the gap with a no-op",
    ),
}
"""By the name of its drawing: the cluster, how many values its client broadcasts, what goes wrong,
and the title."""


def record(config: Config, count: int, arrange: Arrange, folder: Path) -> None:
    """Run a cluster until its learner has delivered `count` values; its traces are in `folder`."""
    traces = Traces(folder, config, "drawn")
    head = header(config, "drawn", ProcessName(CLIENT, 1))
    monitor = Monitor(head.spec, head.constants, head.cluster, traces)
    world = Simulation(
        1,
        config.settings(),
        Shape(proposers=len(config.ids("proposer")), learners=1, clients=1),
        observers=Observers(monitor.observe, born=lambda process: traces.begin(process.name)),
    )
    arrange(world)
    world.schedule(LATE_S, world.submit, 1, [b"value %d" % k for k in range(1, count + 1)])
    assert world.run(DEADLINE_S, lambda: len(world.outputs()[0]) == count), "not delivered"
    traces.close()


def events(folder: Path) -> list[Shown]:
    """All events of the run in `folder`, to be drawn."""
    causes = Causes()
    return [
        Shown(
            n,
            Lane(*decode(event.process)),
            label(event),
            tuple((c.event, c.message) for c in causes.of(event)),
        )
        for n, (_, _, _, event) in enumerate(open_run(folder).rows(), 1)
    ]


def write(name: str, folder: Path) -> list[Shown]:
    """Write the drawing of this name into `folder`, as SVG; the events that it shows."""
    config, count, arrange, title = FLOWS[name]
    with tempfile.TemporaryDirectory() as run:
        record(config, count, arrange, Path(run))
        verdict = check_run(Path(run))
        assert verdict.kind == "conforms", verdict
        shown = events(Path(run))
    draw(shown, [folder / f"{name}.svg"], title=title)
    return shown


if __name__ == "__main__":
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for drawing in FLOWS:
        for event in write(drawing, to):
            print(f"{drawing}: {event.lane} {event.text}")
