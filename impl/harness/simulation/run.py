"""One simulated run: faults and load for a number of steps, then calm, and what came of it.

Safety is judged all the time, event by event. Liveness is asked for at the end: within
`BOUND_S` of the last fault, whatever the clients that live have broadcast is delivered at every
learner.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conformance.replay.report import explain
from harness.simulation.cluster import Observers, Simulation
from harness.simulation.disk import Disks
from harness.simulation.meetings import Meetings, Pair
from harness.simulation.monitor import Monitor
from harness.simulation.nemesis import Nemesis
from harness.simulation.parts import Parts
from harness.simulation.plan import Plan, Request, draw
from harness.simulation.readers import Readers
from harness.simulation.steering import Steering
from harness.simulation.traces import Traces
from harness.simulation.workload import Workload
from paxos.core.events import Event
from paxos.core.names import Member, ProcessName
from paxos.errors import InputError, RunError
from paxos.runtime.report import tell
from paxos.runtime.tracer import header

BOUND_S = 30.0
"""Simulated seconds within which all is delivered once the faults have stopped."""

LOOK_S = 0.01
"""How often, in simulated seconds, it is looked whether all is delivered."""


@dataclass(frozen=True)
class Failure:
    """What is wrong with a run."""

    kind: str
    """The rule that is broken (`Phase2b.promise`), or `clock`, `not delivered`, `error: ...`. Runs
    that fail in the same way have the same."""
    text: str


@dataclass(frozen=True)
class Outcome:
    """What came of a run. All but `wall_s` follows from the request."""

    request: Request
    plan: Plan
    steps: int
    events: int
    injected: Counter[str]
    delivered: int
    """Values, at the learner that has the most."""
    simulated_s: float
    calm_s: float
    """How long after the faults stopped all was delivered."""
    digest: str
    wall_s: float
    met: Counter[Pair]
    """Mechanisms that met, and in how many ballots of instances."""
    failure: Failure | None


def simulate(
    request: Request,
    *,
    parts: Parts | None = None,
    trace_dir: Path | None = None,
    verbose: bool = False,
) -> Outcome:
    """Run what the request says, with `parts` in place of the real ones; leave the traces in
    `trace_dir`; print what happens, if `verbose`. Raises `InputError`."""
    plan = draw(request)
    traces = Traces(trace_dir, plan.config, f"seed-{request.seed}") if trace_dir else None
    began_s = time.perf_counter()
    disks = Disks(plan.config)
    places: Parts = {"disk": disks.make, "store": disks.store}
    try:
        run = _Run(request, plan, {**places, **(parts or {})}, traces)
        if verbose:
            run.print_what_happens()
        run.perform()
    finally:
        disks.close()
        if traces:
            traces.close()
    return run.outcome(time.perf_counter() - began_s)


class _Run:
    def __init__(self, request: Request, plan: Plan, parts: Parts, traces: Traces | None) -> None:
        self.request = request
        self.plan = plan
        self.failure: Failure | None = None
        self.calm_s = 0.0
        head = header(plan.config, "simulated", ProcessName(Member("client", 1), 1))
        self.monitor = Monitor(head.spec, head.constants, head.cluster, traces)
        self.world = Simulation(
            request.seed,
            plan.settings,
            plan.shape,
            parts=parts,
            observers=Observers(
                self.monitor.observe,
                self.monitor.tear,
                self.monitor.born,
                self.monitor.deliver,
                self.monitor.restored,
            ),
        )
        self.world.say = self.monitor.say
        self.meetings = Meetings(self.world)
        self.load = Workload(self.world, request.seed, plan.load)
        self.readers = Readers(self.world, request.seed, plan.reads_pause_s)
        self.nemesis = Nemesis(self.world, request.seed, request.without)
        self.steering: Steering | None = None
        if request.towards:
            self.steering = Steering(self.world, request.seed, self.meetings, request.towards)
        if request.storm_s is not None:
            self.world.schedule(request.storm_s, self._calm)

    def print_what_happens(self) -> None:
        """From now on: a line for each event and each fault, with the simulated time."""
        world, observe = self.world, self.world.observe

        def show(text: str) -> None:
            tell(f"{world.now_s:10.6f} {text}")

        def show_event(event: Event) -> None:
            show(f"{event.process} {msgspec.json.encode(event).decode()}")
            observe(event)

        world.observe, self.nemesis.say = show_event, show

    def perform(self) -> None:
        """Faults, then calm; what is wrong is then in `failure`."""
        try:
            self._perform()
        except (InputError, RunError, OSError, MemoryError):
            raise  # of this machine, and not of the cluster that is simulated
        except Exception as error:  # a role must stand whatever it hears
            self.failure = Failure(f"error: {type(error).__name__}", traceback.format_exc())

    def _perform(self) -> None:
        world, steps = self.world, self.request.steps
        world.run(done=lambda: world.steps >= steps or self._is_rejected)
        self.load.stop()
        self.readers.stop()
        self._calm()
        calm_from_s = world.now_s
        while not self._is_rejected and not self._is_quiet():
            self.calm_s = world.now_s - calm_from_s
            if self.calm_s > BOUND_S:
                break
            world.run(world.now_s + LOOK_S, lambda: self._is_rejected)
        self.failure = self._judge()

    @property
    def _is_rejected(self) -> bool:
        """Whether the run is wrong already."""
        return self.monitor.is_rejected or bool(self.readers.stale)

    def _is_quiet(self) -> bool:
        return self.load.is_delivered() and not self.readers.waiting()

    def _calm(self) -> None:
        """No faults any more."""
        if self.steering:
            self.steering.stop()
        self.nemesis.stop()

    def _judge(self) -> Failure | None:
        verdict = self.monitor.checker.finish()
        if verdict.violation is not None:
            text = explain(f"seed {self.request.seed}", verdict)
            return Failure(verdict.violation.name, text)
        if self.monitor.contradiction:
            return Failure("two proposals in a ballot", self.monitor.contradiction)
        if self.monitor.difference:
            return Failure("different deliveries", self.monitor.difference)
        if self.monitor.disorder:
            return Failure("clock", self.monitor.disorder)
        if self.readers.stale:
            return Failure("stale read", self.readers.stale)
        problems = self.load.problems() or self.readers.waiting()
        if self.calm_s > BOUND_S and not problems:
            problems = ["a client does not know that its values are delivered"]
        if problems:
            after = f"{self.calm_s:.2f} simulated seconds after the faults stopped"
            return Failure("not delivered", "\n  ".join([after, *problems]))
        return None

    def outcome(self, wall_s: float) -> Outcome:
        return Outcome(
            self.request,
            self.plan,
            self.world.steps,
            self.monitor.checker.accepted,
            self.world.injected,
            max(len(output) for output in self.world.outputs()),
            self.world.now_s,
            self.calm_s,
            self.monitor.digest(),
            wall_s,
            self.meetings.met,
            self.failure,
        )
