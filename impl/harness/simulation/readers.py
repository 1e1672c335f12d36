"""Applications that read, in a simulation: at learners, at any time, and what each must see.

A read must see what any learner had delivered when it began, in whichever life. What that was, is
known here, and to no process.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from harness.simulation.cluster import Simulation
from harness.simulation.process import Process
from paxos.core.learner import Learner
from paxos.core.names import ProcessName
from paxos.core.step import Delivery


@dataclass(frozen=True)
class _Begun:
    """A read that waits."""

    number: int
    instance: int
    """The highest that was delivered anywhere when it began."""
    at_s: float


class Readers:
    """Has learners read every `pause_s` in the mean, until it is stopped."""

    def __init__(self, world: Simulation, seed: int, pause_s: float) -> None:
        self._world = world
        self._pause_s = pause_s
        self._over = not pause_s
        self._highest = 0
        self._waiting: dict[ProcessName, list[_Begun]] = {}
        self.ended = 0
        """Reads that have seen what they must."""
        self.stale = ""
        """What a read did not see; empty: nothing so far."""
        self._deliver = world.deliver
        world.deliver, world.reach = self._note_delivery, self._reach
        for process in world.of("learner") if pause_s else ():
            self._pause(process, Random(f"{seed}/reads/{process.id}"))

    def stop(self) -> None:
        """Begin no more."""
        self._over = True

    def _note_delivery(self, process: Process, delivery: Delivery) -> None:
        self._highest = max(self._highest, delivery.instance)
        self._deliver(process, delivery)

    def _pause(self, process: Process, random: Random) -> None:
        self._world.after(random.expovariate(1 / self._pause_s), self._begin, process, random)

    def _begin(self, process: Process, random: Random) -> None:
        if self._over:
            return
        process.act(lambda now_s: self._read(process, now_s))
        self._pause(process, random)

    def _read(self, process: Process, now_s: float) -> None:
        assert isinstance(process.role, Learner)
        begun = _Begun(process.role.reads.begin(), self._highest, now_s)
        self._waiting.setdefault(process.name, []).append(begun)

    def _reach(self, process: Process, number: int) -> None:
        """A learner says that reads up to this number may see what it has delivered."""
        assert isinstance(process.role, Learner)
        waiting = self._waiting.get(process.name, [])
        for read in [read for read in waiting if read.number <= number]:
            waiting.remove(read)
            self.ended += 1
            if process.role.prefix < read.instance and not self.stale:
                self.stale = (
                    f"{process.name} read at instance {process.role.prefix}; when it began, at "
                    f"{read.at_s:.6f} s, instance {read.instance} was delivered already"
                )

    def waiting(self) -> list[str]:
        """The reads of living learners that have not ended."""
        alive = {process.name for process in self._world.of("learner") if process.role is not None}
        return [
            f"a read of {name}, begun at {read.at_s:.6f} s, has not ended"
            for name, reads in self._waiting.items()
            if name in alive
            for read in reads
        ]
