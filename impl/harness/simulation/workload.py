"""The clients' users in a simulation: what they broadcast, and what they may expect of it."""

from __future__ import annotations

from collections import Counter
from random import Random

from harness.simulation import plan
from harness.simulation.cluster import Simulation
from harness.simulation.process import Process
from paxos.core.client import Client
from paxos.core.learner import Learner


class Workload:
    """Has the clients broadcast values, each of them different, until it is stopped."""

    def __init__(self, world: Simulation, seed: int, load: plan.Load) -> None:
        self._world = world
        self._load = load
        self._over = False
        self.submitted: dict[str, list[bytes]] = {}
        """What each client was given, by the name of its incarnation."""
        for process in world.of("client"):
            self._pause(process, Random(f"{seed}/load/{process.id}"))

    def stop(self) -> None:
        """Submit nothing more."""
        self._over = True

    def _pause(self, process: Process, random: Random) -> None:
        pause_s = random.expovariate(1 / self._load.pause_s)
        self._world.after(pause_s, self._offer, process, random)

    def _offer(self, process: Process, random: Random) -> None:
        if self._over:
            return
        client = process.role
        if isinstance(client, Client) and (room := client.room()):
            count, bytes_more = random.randint(1, self._load.burst), random.choice((0, 0, 20, 200))
            known = self.submitted.setdefault(client.name, [])
            values = [
                b"%s/%d" % (client.name.encode(), len(known) + k) + bytes(bytes_more)
                for k in range(1, min(count, room) + 1)
            ]
            if process.act(lambda now_s: client.submit(values, now_s)):
                known += values
        self._pause(process, random)

    def is_delivered(self) -> bool:
        """Whether all is quiet: no client waits, and the learners are equally far."""
        clients = [process.role for process in self._world.of("client")]
        if not all(isinstance(client, Client) and client.finished for client in clients):
            return False
        learners = [process.role for process in self._learners()]
        return len({(x.prefix, x.position) for x in learners if isinstance(x, Learner)}) == 1

    def _learners(self) -> list[Process]:
        """Those that live. One that came too late for what is trimmed has said so, and ended."""
        return [process for process in self._world.of("learner") if not process.failure]

    def problems(self) -> list[str]:
        """What is wrong with what the learners delivered; empty: nothing. What a client was given
        must be there if the client is up; if it crashed, it may be."""
        found: list[str] = []
        possible = {value for values in self.submitted.values() for value in values}
        outputs = {str(process.name): process.output for process in self._learners()}
        furthest = max(outputs, key=lambda learner: len(outputs[learner]), default="")
        for learner, output in outputs.items():
            delivered = set(output)
            if output != outputs[furthest][: len(output)]:
                found.append(f"{furthest} and {learner} have delivered different sequences")
            if len(delivered) < len(output):
                value, times = Counter(output).most_common(1)[0]
                found.append(f"{learner} has delivered {_show(value)} {times} times")
            if not delivered <= possible:
                wrong = min(delivered - possible)
                found.append(f"{learner} has delivered {_show(wrong)}, which nobody broadcast")
            for process in self._world.of("client"):
                mine = self.submitted.get(process.name.client, [])
                missing = [value for value in mine if value not in delivered]
                if missing:
                    found.append(
                        f"{learner} misses {len(missing)} of {len(mine)} values of {process.name}, "
                        f"the first of them {_show(missing[0])}"
                    )
        return found


def _show(value: bytes) -> str:
    return value.rstrip(b"\0").decode()
