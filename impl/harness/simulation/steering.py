"""Steers a run towards a meeting of two mechanisms: when one is seen, it makes happen what brings
the other about. (`harness.simulation.plan` chooses a configuration in which both can be.)

Everything is drawn from the seed, so that the same request is the same run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from random import Random

from harness.simulation.cluster import Simulation
from harness.simulation.meetings import Meetings, Pair
from harness.simulation.nemesis import hold_up_leader, may_crash
from harness.simulation.network import Cut
from harness.simulation.network_faults import Struck, cut, network
from harness.simulation.process import Process
from harness.simulation.snapshot_faults import folder
from paxos.core.messages import Group, Message, Promise

STRIKES = 0.3
"""How probable a strike is when a mechanism is seen and no strike lasts."""


def lose(world: Simulation, random: Random) -> Struck:
    """Nearly half of all messages, for a short while."""
    return network(world, random.uniform(0.02, 0.2), loss=0.4)


KEPT = 200
"""So many of the last datagrams with promises are kept."""

AT_ONCE_S = 0.00001
"""Before an answer to what was just asked."""


def hold_back(world: Simulation, random: Random) -> Struck:
    """Half of all messages, for longer than it takes to repair something; proposals are lost, so
    that what is late was said before them."""
    held_s = random.choice((1.0, 3.0)) * world.settings.repair_s
    seconds = random.uniform(0.05, 0.5)
    return network(world, seconds, reorder=0.5, held_s=held_s, accept_loss=0.5)


def deafen(role: str, longest_s: float) -> Callable[[Simulation, Random], Struck]:
    """One process of a role hears nothing, and is heard."""

    def strike(world: Simulation, random: Random) -> Struck:
        one = random.choice(world.of(role))
        undo = cut(world, [Cut(world.processes.keys(), {one.key})])
        return random.uniform(0.05, longest_s), undo

    return strike


def crash(role: str) -> Callable[[Simulation, Random], Struck]:
    """One process of a role crashes, and is back soon."""

    def strike(world: Simulation, random: Random) -> Struck:
        one = random.choice(world.of(role))
        if one.role is not None and may_crash(world, one):
            one.crash()
        return random.uniform(0.01, 0.2), lambda: world.restart(*one.key)

    return strike


CAUSES: dict[str, Callable[[Simulation, Random], Struck]] = {
    "parts": lose,
    "repair": deafen("learner", 0.4),
    "takeover": hold_up_leader,
    "trimming": deafen("proposer", 0.6),
    "reject": hold_up_leader,
    "prepare-again": lose,
    "resend": lose,
    "submitted-again": deafen("client", 0.3),
    "no-op": hold_up_leader,
    "ask": deafen("learner", 0.2),
    "rivals": hold_up_leader,
    "late-vote": hold_back,
    "acceptor-recovery": crash("acceptor"),
    "proposer-recovery": crash("proposer"),
    "learner-recovery": crash("learner"),
    "install": folder,
}
"""What brings a mechanism about; late promises are brought about below, and others come by
themselves."""


class Steering:
    """Strikes in a run, until it is stopped."""

    def __init__(self, world: Simulation, seed: int, meetings: Meetings, towards: Pair) -> None:
        self._world = world
        self._random = Random(f"{seed}/steering")
        self._promises: deque[tuple[int, int, bytes]] = deque(maxlen=KEPT)
        """Datagrams: who sent it, at what time of its clock, and what."""
        self._causes = {**CAUSES, "late-promise": self._repeat_promises}
        self._other = dict(zip(towards, reversed(towards), strict=True))
        self._lasts = self._is_over = False
        self._undo: Callable[[], None] = lambda: None
        meetings.marked = self._seen
        say = world.say

        def keep_and_say(
            sender: Process, group: Group, messages: Sequence[Message], body: bytes, clock: int
        ) -> None:
            if any(isinstance(message, Promise) for message in messages):
                self._promises.append((sender.id, clock, body))
            say(sender, group, messages, body, clock)

        world.say = keep_and_say

    def _seen(self, mechanism: str) -> None:
        """In the middle of a step: what comes of it comes after that."""
        cause = self._causes.get(self._other.get(mechanism, ""))
        if cause is None or self._lasts or self._is_over or self._random.random() > STRIKES:
            return
        self._lasts = True
        self._world.after(0.0, self._strike, cause)

    def _repeat_promises(self, world: Simulation, random: Random) -> Struck:
        """Promises of long ago arrive once more, in any order, as from a network that held copies
        of them back; and before any answer to what was just asked."""
        for sender, clock, body in random.sample(self._promises, len(self._promises)):
            for receiver in world.of("proposer"):
                receiver.arrive(world.now_s + AT_ONCE_S, sender, clock, body)
        return network(world, 0.05, accept_loss=0.7)

    def _strike(self, cause: Callable[[Simulation, Random], Struck]) -> None:
        if not self._is_over:
            seconds, self._undo = cause(self._world, self._random)
            self._world.injected["steered strikes"] += 1
            self._world.after(seconds, self._end)

    def _end(self) -> None:
        if self._lasts and not self._is_over:
            self._lasts = False
            self._undo()

    def stop(self) -> None:
        """Undo what lasts, and strike no more."""
        if self._lasts and not self._is_over:
            self._undo()
        self._is_over = True
