"""What goes wrong with the checkpoints of a simulation's learners, each for a while."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from harness.simulation.cluster import Simulation
from harness.simulation.keeper import Fate, Keeper
from harness.simulation.network_faults import Struck, nothing
from harness.simulation.process import Process
from paxos.core.learner import Learner

LEARNERS_FOR_A_LOSS = 3
"""With fewer, the loss of one folder is that of a majority of them."""


def snapshot(world: Simulation, random: Random) -> Struck:
    """What learners have on the way ends badly: what goes to their disks, by a full disk or in a
    crash; or what one of them gives to another, as one of the two crashes."""
    keepers = [process.keeper for process in world.of("learner") if process.keeper]
    if not keepers:
        return 0.05, nothing
    if (busy := _in_transfer(world)) and random.random() < 0.5:
        chosen = random.choice(busy)
        world.injected["crashes in a transfer"] += 1
        chosen.crash()
        return random.uniform(0.05, 0.5), _restart(world, chosen)
    fates = random.choice(([Fate.DISK_FULL], [Fate.DURABLE, Fate.DISK_FULL], list(Fate)))
    for keeper in keepers:
        keeper.fates = fates

    def undo() -> None:
        for keeper in keepers:
            keeper.fates = [Fate.DURABLE]
        for learner in world.of("learner"):
            world.restart(*learner.key)

    return random.uniform(0.05, 0.5), undo


def _in_transfer(world: Simulation) -> list[Process]:
    """Learners that give or take a snapshot."""
    return [
        process
        for process in world.of("learner")
        if isinstance(process.role, Learner)
        and (transfer := process.role.transfer)
        and (transfer.giver.serving or transfer.taker.is_wanted)
    ]


def folder(world: Simulation, random: Random) -> Struck:
    """A learner crashes, and its folder is lost: it begins anew, or rather, goes on from what
    another one gives. Never so many folders at a time that no majority of the learners has what
    acceptors may have trimmed: that is what disks must not do."""
    process, seconds = random.choice(world.of("learner")), random.uniform(0.05, 2.0)
    if not may_lose(world, process):
        return 0.05, nothing
    assert process.keeper
    process.crash()
    process.keeper.lose_folder()
    world.injected["folders lost"] += 1
    return seconds, _restart(world, process)


def damage(world: Simulation, random: Random) -> Struck:
    """A learner crashes, and a bit of its newest checkpoint changes: it goes on from the one
    before, and from what another one gives, of which there must be as much as where a folder is
    lost."""
    process, seconds = random.choice(world.of("learner")), random.uniform(0.05, 2.0)
    if not may_lose(world, process):
        return 0.05, nothing
    assert process.keeper
    process.crash()
    world.injected["checkpoints damaged"] += process.keeper.damage_newest()
    return seconds, _restart(world, process)


def may_lose(world: Simulation, process: Process) -> bool:
    """Whether it keeps something, and every other learner has all that it ever had."""
    keepers = [learner.keeper for learner in world.of("learner")]
    others = [keeper for keeper in keepers if keeper is not process.keeper]
    return (
        process.keeper is not None
        and len(keepers) >= LEARNERS_FOR_A_LOSS
        and all(isinstance(keeper, Keeper) and not keeper.is_behind for keeper in others)
    )


def _restart(world: Simulation, process: Process) -> Callable[[], None]:
    return lambda: world.restart(*process.key)
