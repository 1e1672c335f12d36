"""What goes wrong in a run, when, and how badly: drawn from the seed, a kind of fault at a time.

Each kind has its own stream of random numbers, strikes now and then, lasts for a while, and is
undone; some runs do not meet it at all. When the faults are over, everything is undone, and every
process runs: what must come of that is asked in `harness.simulation.run`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from random import Random

from harness.simulation.cluster import Simulation
from harness.simulation.network import Cut
from harness.simulation.network_faults import (
    Struck,
    cut,
    delay,
    duplicate,
    few,
    link,
    loss,
    nothing,
    partition,
    reorder,
)
from harness.simulation.options import KINDS
from harness.simulation.process import Process
from harness.simulation.snapshot_faults import damage, folder, snapshot
from harness.simulation.stages import Doom
from paxos.core.proposer import Proposer
from paxos.runtime.clock import LATEST_WALL_US

HOUR_US = 3_600 * 1_000_000
JUMPS_US = (1_000, 100_000, 10_000_000, HOUR_US, 24 * HOUR_US, 365 * 24 * HOUR_US)
"""How far a wall clock jumps at most, in either direction."""

FURTHEST_US = 50 * 365 * 24 * HOUR_US
"""How far a wall clock may be off: in the year 2073, or 1973."""

BEYOND_BELIEF_US = LATEST_WALL_US
"""So far off, a wall clock shows what no process believes."""

DRIFTS = (0.0, 0.0, 0.001, -0.001, 0.5, -1.0)
"""How much too fast a wall clock may go; at -1 it stands still."""


def hold_up_leader(world: Simulation, random: Random) -> Struck:
    """Whoever leads is stopped, or cut off in one direction or both, for longer than it takes to
    replace it; then it comes back, and thinks that it still leads."""
    seconds = random.uniform(1.0, 5.0) * world.settings.failover_s
    how = random.choice(("stop", "deaf", "mute", "alone"))
    leaders = _leaders(world)
    if not leaders:
        return 0.01, nothing
    chosen = random.choice(leaders)
    world.injected[f"leaders {_PAST[how]}"] += 1
    if how == "stop":
        return seconds, _hold(chosen)
    one, everybody = {p.key for p in chosen.together}, world.processes.keys()
    deaf, mute = Cut(everybody, one), Cut(one, everybody)
    return seconds, cut(world, {"deaf": [deaf], "mute": [mute], "alone": [deaf, mute]}[how])


_PAST = {"stop": "stopped", "deaf": "made deaf", "mute": "made mute", "alone": "isolated"}


def _leaders(world: Simulation) -> list[Process]:
    return [
        process
        for process in world.of("proposer")
        if isinstance(process.role, Proposer) and process.role.election.ballot is not None
    ]


def _hold(process: Process) -> Callable[[], None]:
    """Stop a process; how to let it go on."""
    incarnation = process.incarnation
    process.hold()
    return lambda: process.release(incarnation)


def stall(world: Simulation, random: Random) -> Struck:
    """A process is stopped, as by SIGSTOP: for it no time passes."""
    process, seconds = _any(world, random), random.uniform(0.05, 1.0)
    if process.role is None:
        return 0.01, nothing
    world.injected["stops"] += 1
    return seconds, _hold(process)


def _any(world: Simulation, random: Random) -> Process:
    return random.choice(list(world.processes.values()))


MANY = 10_000
"""Instances, more than a run has."""

CRASHES = {
    "acceptor": ("rest", "save", "save", "trace", "send"),
    "proposer": ("rest", "save", "save", "trace", "send"),
    "learner": ("rest", "trace", "deliver", "send"),
    "client": ("rest", "trace", "send"),
}
"""Where a process can crash, by its role: between two steps, or in a stage of one."""


def crash(world: Simulation, random: Random) -> Struck:
    """A process crashes, at rest or in its next step, and comes back."""
    process, seconds = _any(world, random), random.uniform(0.05, 0.5)
    return seconds, _crash(world, random, process)


def outage(world: Simulation, random: Random) -> Struck:
    """Many processes crash at about the same time: one in two, or all of them."""
    share, seconds = random.choice((0.5, 1.0)), random.uniform(0.05, 0.3)
    world.injected["outages"] += 1
    undo = [
        _crash(world, random, process)
        for process in world.processes.values()
        if random.random() < share
    ]

    def undo_all() -> None:
        for restart in undo:
            restart()

    return seconds, undo_all


def _crash(world: Simulation, random: Random, process: Process) -> Callable[[], None]:
    """Crash a process now or in a step to come; how to have it back."""
    stage = random.choice(CRASHES[process.role_name])
    part = random.choice((0.0, 1.0) if stage == "save" else (0.0, 0.5, 1.0))
    if process.role is None or not may_crash(world, process):
        return nothing
    if stage == "rest":
        world.injected["crashes at rest"] += 1
        process.crash()
    else:
        process.doom = Doom(stage, part)

    def undo() -> None:
        process.doom = None
        world.restart(*process.key)

    return undo


def may_crash(world: Simulation, process: Process) -> bool:
    """One learner stays where acceptors trim and learners keep no checkpoints: if all began again,
    what is trimmed would be gone, as is promised of such a cluster."""
    settings = world.settings
    return (
        settings.checkpoints
        or settings.retain_instances >= MANY
        or world.of("learner")[0] not in process.together
    )


def restart_all(world: Simulation) -> None:
    """Start every process that is down."""
    for key in world.processes:
        world.restart(*key)


def processor(world: Simulation, random: Random) -> Struck:
    """The machine of one process, of some or of all has other work: now and then others have the
    processor, for some milliseconds or up to a tenth of a second."""
    often, longest_s = random.choice((0.1, 0.5, 1.0)), random.choice((0.005, 0.02, 0.1))
    busy = [world.processes[key] for key in few(world, random)]
    for process in busy:
        process.pause_s = lambda: longest_s * random.random() if random.random() < often else 0.0
    world.injected["processors made busy"] += len(busy)

    def undo() -> None:
        for process in busy:
            process.pause_s = None

    return random.uniform(0.1, 1.0), undo


def slow_disk(world: Simulation, random: Random) -> Struck:
    """To make something durable takes long, at one process or at all."""
    save_s, seconds = random.choice((0.001, 0.01, 0.1)), random.uniform(0.1, 1.0)
    keepers = world.of("acceptor") + world.of("proposer")
    slow = keepers if random.random() < 0.2 else [random.choice(keepers)]
    for process in slow:
        process.save_s = save_s

    def undo() -> None:
        for process in slow:
            process.save_s = 0.0

    return seconds, undo


def clock(world: Simulation, random: Random) -> Struck:
    """A wall clock jumps, forwards or back, by anything from a millisecond to years, or to where
    nobody believes it, and goes too fast or too slowly from then on. Some are set right after a
    while; of the others, some runs set all right when the faults are over, and others none."""
    process = _any(world, random)
    jump_us, drift, seconds = _draw_jump(random), random.choice(DRIFTS), random.uniform(0.0, 0.5)
    off_us = process.wall.error_us() + jump_us
    if abs(off_us) > FURTHEST_US and jump_us != BEYOND_BELIEF_US:
        off_us = 0
    process.wall.set(off_us, drift)
    world.injected["clocks set " + ("forwards" if jump_us > 0 else "back")] += 1
    world.injected["clocks too fast or slow"] += drift != 0
    if random.random() < 0.5:
        return 0.0, nothing
    return seconds, lambda: _set_right(world, [process])


def _draw_jump(random: Random) -> int:
    size = random.choice(JUMPS_US)
    jump_us = random.randint(-size, size)
    return BEYOND_BELIEF_US if random.random() < 0.05 else jump_us


def clocks_at_the_start(world: Simulation, random: Random) -> None:
    """Some machines start with a wrong clock."""
    for process in world.processes.values():
        if random.random() < 0.2:
            process.wall.set(_draw_jump(random))
            world.injected["clocks wrong at the start"] += 1


def _set_right(world: Simulation, processes: Iterable[Process]) -> None:
    for process in processes:
        process.wall.set(0)
    world.injected["clocks set right"] += 1


STRIKE: dict[str, Callable[[Simulation, Random], Struck]] = dict(
    zip(
        KINDS,
        (
            loss,
            duplicate,
            reorder,
            delay,
            partition,
            hold_up_leader,
            stall,
            crash,
            outage,
            slow_disk,
            clock,
            link,
            processor,
            snapshot,
            folder,
            damage,
        ),
        strict=True,
    )
)
"""The kinds of faults: what each does when it strikes."""

MEETS = 0.6
"""How probable it is that a run meets a kind of fault."""


class Nemesis:
    """Makes things go wrong in a simulation until it is stopped."""

    def __init__(self, world: Simulation, seed: int, without: Collection[str] = ()) -> None:
        self._world = world
        self.say: Callable[[str], None] = lambda text: None
        """Is told what begins and what ends."""
        self._over = False
        self._sets_clocks_right = False
        self._undo: dict[str, Callable[[], None]] = {}
        for kind in KINDS:
            random = Random(f"{seed}/{kind}")
            is_met, mean_s = random.random() < MEETS, random.choice((0.2, 0.5, 2.0))
            if is_met and kind not in without:
                if kind == "clock":
                    clocks_at_the_start(world, random)
                    self._sets_clocks_right = random.random() < 0.5
                self._await(kind, random, mean_s)

    def _await(self, kind: str, random: Random, mean_s: float) -> None:
        pause_s = random.expovariate(1 / mean_s)
        self._world.after(pause_s, self._strike, kind, random, mean_s)

    def _strike(self, kind: str, random: Random, mean_s: float) -> None:
        if not self._over:
            seconds, self._undo[kind] = STRIKE[kind](self._world, random)
            self.say(f"{kind} begins, for {seconds:.6f} s")
            self._world.after(seconds, self._end, kind, random, mean_s)

    def _end(self, kind: str, random: Random, mean_s: float) -> None:
        if not self._over:
            self.say(f"{kind} ends")
            self._undo.pop(kind)()
            self._await(kind, random, mean_s)

    def stop(self) -> None:
        """Undo what is wrong, and let nothing go wrong any more."""
        if self._over:
            return
        self._over = True
        self.say("all faults end")
        for undo in self._undo.values():
            undo()
        if self._sets_clocks_right:
            _set_right(self._world, self._world.processes.values())
        restart_all(self._world)
