"""The clients' users in a simulation: what they broadcast, and what they may expect of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from harness.simulation import plan
from harness.simulation.cluster import Simulation
from harness.simulation.process import Process
from paxos.core.client import Client
from paxos.core.learner import Learner
from paxos.core.messages import Fate
from paxos.core.places import NOWHERE


class Workload:
    """Has the clients broadcast values, each of them different, until it is stopped."""

    def __init__(self, world: Simulation, seed: int, load: plan.Load) -> None:
        self._world = world
        self._load = load
        self._over = False
        self.submitted: dict[str, list[bytes]] = {}
        """What each client was given, by the name of its incarnation."""
        self._numbers: dict[tuple[str, int], bytes] = {}
        """Values, by the client and the number; of one in parts, of the first part."""
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
            if self._load.large:
                values = [self._perhaps_enlarge(value, random) for value in values]
            first = client.next_seq
            if process.act(lambda now_s: client.submit(values, now_s)):
                known += values
                self._note_numbers(client, first, values)
        self._pause(process, random)

    def _perhaps_enlarge(self, value: bytes, random: Random) -> bytes:
        """The value, or one of the same name that is larger than a message. Its bytes are like no
        other's, so that parts are not mistaken for one another; its size may be another's."""
        if random.random() >= self._load.large:
            return value
        settings = self._world.settings
        most = min(self._load.largest_parts * settings.part_bytes, settings.max_value_bytes)
        size = random.choice((settings.packed_value_bytes + 1, most))
        head = value.rstrip(b"\0") + b"\0"
        return head + random.randbytes(size - len(head))

    def _note_numbers(self, client: Client, first: int, values: Sequence[bytes]) -> None:
        """Values were submitted, numbered from `first`."""
        for value in values:
            self._numbers[client.name, first] = value
            if len(value) > client.settings.packed_value_bytes:
                first += -(-len(value) // client.settings.part_bytes)
            else:
                first += 1

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
        must be there if the client is up, but for what it was told to be discarded, which must not;
        if it crashed, it may be."""
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
                gone, unknown = self._discarded(process)
                missing = [v for v in mine if v not in delivered and v not in gone | unknown]
                found += [
                    f"{learner} has delivered {_show(value)}, which {process.name} was told to be "
                    "discarded"
                    for value in sorted(gone & delivered)[:1]
                ]
                if missing:
                    found.append(
                        f"{learner} misses {len(missing)} of {len(mine)} values of {process.name}, "
                        f"the first of them {_show(missing[0])}"
                    )
        for process in self._world.of("client"):
            for learner_process in self._learners():
                found += self._misplaced(process, learner_process)
        return found

    def _misplaced(self, client: Process, learner: Process) -> list[str]:
        """What a client has heard of the places of its values, and is not so."""
        positions = learner.machine.positions
        return [
            f"{client.name} has heard that {_show(value)} is at position {placed.position + k}, "
            f"where {learner.name} has something else"
            for placed in client.placed
            for k in range(placed.count if placed.position != NOWHERE else 0)
            if (value := self._numbers[client.name.client, placed.first + k])
            != positions.get(placed.position + k, value)
        ]

    def _discarded(self, client: Process) -> tuple[set[bytes], set[bytes]]:
        """The values that a client was told to be discarded, and those of which learners did not
        know any more."""
        told: tuple[set[bytes], set[bytes]] = set(), set()
        for lost in client.discarded:
            value = self._numbers[client.name.client, lost.first]
            told[lost.fate is Fate.FORGOTTEN].add(value)
        return told


def _show(value: bytes) -> str:
    return value.partition(b"\0")[0][:40].decode(errors="backslashreplace")
