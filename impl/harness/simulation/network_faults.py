"""What goes wrong in the network of a simulation, each for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import exp, log
from random import Random
from typing import Any

from harness.simulation.cluster import Simulation
from harness.simulation.link import queue_bytes
from harness.simulation.network import Cut, Faults
from paxos.core.names import Member

Struck = tuple[float, Callable[[], None]]
"""How long a fault lasts, in seconds, and what undoes it."""


def nothing() -> None:
    pass


def network(world: Simulation, seconds: float, **change: Any) -> Struck:
    """Change what the network does, and change it back."""
    before = {name: getattr(Faults(), name) for name in change}
    world.network.faults = replace(world.network.faults, **change)

    def undo() -> None:
        world.network.faults = replace(world.network.faults, **before)

    return seconds, undo


def loss(world: Simulation, random: Random) -> Struck:
    """Messages are lost: a few, many, or mostly proposals."""
    rates = random.choice(({"loss": 0.02}, {"loss": 0.2}, {"loss": 0.6}, {"accept_loss": 0.7}))
    return network(world, random.uniform(0.05, 0.5), **rates)


def duplicate(world: Simulation, random: Random) -> Struck:
    """Messages arrive twice."""
    return network(world, random.uniform(0.05, 1.0), duplicate=random.choice((0.05, 0.3)))


def reorder(world: Simulation, random: Random) -> Struck:
    """Messages are overtaken by later ones."""
    rate, held_s = random.choice((0.05, 0.3)), random.choice((0.002, 0.03))
    return network(world, random.uniform(0.05, 1.0), reorder=rate, held_s=held_s)


def delay(world: Simulation, random: Random) -> Struck:
    """The network is slow, in no regular way."""
    world.injected["slow network"] += 1
    return network(world, random.uniform(0.05, 0.5), delay_s=(0.0001, random.choice((0.005, 0.05))))


def partition(world: Simulation, random: Random) -> Struck:
    """The processes are in two parts that do not hear each other, or one does not hear the
    other."""
    drawn = {key for key in world.processes if random.random() < 0.5}
    one = {key for key, p in world.processes.items() if p.together[0].key in drawn}
    cuts = [Cut(one, world.processes.keys() - one)]
    if random.random() < 0.5:
        cuts.append(Cut(cuts[0].receivers, one))
    world.injected["partitions" if len(cuts) == 2 else "one-way partitions"] += 1
    return random.uniform(0.05, 0.6), cut(world, cuts)


def cut(world: Simulation, cuts: Sequence[Cut]) -> Callable[[], None]:
    """Cut; how to undo that."""
    world.network.cuts += cuts

    def heal() -> None:
        world.network.cuts = [cut for cut in world.network.cuts if cut not in cuts]

    return heal


RATES_MBIT = 0.1, 100.0
"""The slowest link and the fastest, in millions of bits a second."""

QUEUES_S = 0.05, 1.0
"""The shortest queue and the longest: how long it takes to be sent."""


def link(world: Simulation, random: Random) -> Struck:
    """The links of one process, of some or of all carry little, what they send, what they receive
    or both."""
    rate_bytes_s = 1e6 / 8 * exp(random.uniform(*map(log, RATES_MBIT)))
    room = queue_bytes(rate_bytes_s, random.uniform(*QUEUES_S))
    network = world.network
    ways = random.choice(([network.egress], [network.ingress], [network.egress, network.ingress]))
    limited = [(links, key) for key in few(world, random) for links in ways]
    for links, key in limited:
        network.limit(links, key, rate_bytes_s, room)
    world.injected["links made slow"] += len(limited)

    def undo() -> None:
        for links, key in limited:
            network.lift(links, key)

    return random.uniform(0.1, 2.0), undo


def few(world: Simulation, random: Random) -> list[Member]:
    """One process, some, or all."""
    share = random.choice((0.0, 0.3, 1.0))
    keys = list(world.processes)
    return [key for key in keys if random.random() < share] or [random.choice(keys)]
