"""A simulated cluster: its processes, and the network between them.

What the seed and the arguments are, the run is. Nothing here knows what goes wrong when
(`harness.simulation.nemesis`), or what is asked of the run (`harness.simulation.monitor`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.simulation.network import Faults, Network
from harness.simulation.parts import Assembly, Parts
from harness.simulation.process import Process
from harness.simulation.state_machine import Archive
from paxos.core import events
from paxos.core.client import Client
from paxos.core.messages import Group, Message
from paxos.core.names import Member, Replica
from paxos.core.settings import Settings
from paxos.core.step import Delivery
from paxos.datagram import ARRAY_BYTES
from paxos.runtime.handover import Handover

GROUPS = {
    Group.CLIENTS: "client",
    Group.PROPOSERS: "proposer",
    Group.ACCEPTORS: "acceptor",
    Group.LEARNERS: "learner",
}

EPOCH_US = 1_700_000_000_000_000
"""What all wall clocks show at first, in microseconds."""

Say = Callable[[Process, Group, Sequence[Message], bytes, int], None]
"""Told of a datagram: who sends it, to which group, what is in it, its body and the sender's
clock."""


@dataclass(frozen=True)
class Shape:
    """How many processes a cluster has beside its acceptors, and how messages reach them."""

    proposers: int = 2
    learners: int = 2
    clients: int = 2
    group_s: float = 0.0001
    """What reaches a process within so long of the first is one group."""
    replicas: int = 0
    """The first so many proposers, acceptors and learners are three to a replica."""
    packed: bool = False
    """Whether messages of a step to one group share datagrams, as those of a real node do."""


@dataclass(frozen=True)
class Observers:
    """Who is told of what happens, from the start."""

    observe: Callable[[events.Event], None] = lambda event: None
    """Of each event as it happens, in a causal order."""
    tear: Callable[[events.Event], None] = lambda event: None
    """Of one that a crash kept from being written as a whole."""
    born: Callable[[Process], None] = lambda process: None
    """Of a process that starts."""
    deliver: Callable[[Process, Delivery], None] = lambda process, delivery: None
    """Of what a learner has delivered."""
    restored: Callable[[Process, int], None] = lambda process, position: None
    """Of a learner that goes on from a snapshot with so many values delivered."""


USUAL, NOBODY = Shape(), Observers()


class Simulation(Assembly):
    """A cluster."""

    def __init__(
        self,
        seed: int,
        settings: Settings,
        shape: Shape = USUAL,
        *,
        faults: Faults | None = None,
        parts: Parts | None = None,
        observers: Observers = NOBODY,
    ) -> None:
        super().__init__(seed, settings, parts or {})
        self.group_s, self.packed = shape.group_s, shape.packed
        self.observe = observers.observe
        self.tear = observers.tear
        self.born = observers.born
        self.reach: Callable[[Process, int], None] = lambda process, number: None
        """Is called when a learner's reads up to a number may see what it has delivered."""
        self.deliver, self.restored = observers.deliver, observers.restored
        self.archive: Archive = {}
        self.hear: Callable[[Process, int, Message], None] = lambda process, sender, message: None
        """Is called with each message before a process consumes it, and the sender's id."""
        self.say: Say = lambda sender, group, messages, body, clock: None
        """Is called with each datagram that is sent."""
        self.steps = 0
        """How often a process has handled a group of messages or a tick."""
        self.injected: Counter[str] = Counter()
        """What went wrong, by kind, and how often."""
        self.network = Network(seed, self.injected, self.schedule)
        self.network.faults = faults or Faults()
        self._race = self.random("race").random
        counts = {
            "client": shape.clients,
            "proposer": shape.proposers,
            "acceptor": settings.acceptors,
            "learner": shape.learners,
        }
        self.processes: dict[Member, Process] = {
            Member(role, i): self.parts.get("process", Process)(self, role, i)
            for role, count in counts.items()
            for i in range(1, count + 1)
        }
        self._receivers = {group: self.of(role) for group, role in GROUPS.items()}
        for number in range(1, shape.replicas + 1):
            self._seat_together(Replica(number))
        for process in self.processes.values():
            if not process.is_up:
                process.start()

    def _seat_together(self, replica: Replica) -> None:
        """Put roles into one process."""
        seated = [self.processes[member] for member in replica.members]
        handover = self.parts.get("handover", Handover)(seated)
        for process in seated:
            process.together, process.handover, process.wall = seated, handover, seated[0].wall

    # Processes.

    def of(self, role: str) -> list[Process]:
        """The processes of a role, by id."""
        return [process for key, process in self.processes.items() if key.role == role]

    def ids(self, role: str) -> list[int]:
        """The ids of the processes of a role."""
        return [process.id for process in self.of(role)]

    def process(self, role: str, process_id: int) -> Process:
        return self.processes[Member(role, process_id)]

    def crash(self, role: str, process_id: int) -> None:
        """Crash it between two steps."""
        self.process(role, process_id).crash()

    def restart(self, role: str, process_id: int) -> None:
        """Start it again, if it is down."""
        if not self.process(role, process_id).is_up:
            self.process(role, process_id).start()

    def outputs(self) -> list[list[bytes]]:
        """What each learner has delivered in its present incarnation."""
        return [learner.output for learner in self.of("learner")]

    # Time.

    def wall_us(self) -> int:
        """The true time, which no process knows."""
        return EPOCH_US + int(self.now_s * 1e6)

    def coin(self) -> bool:
        return self._race() < 0.5

    # What processes do to the world.

    def submit(self, client_id: int, values: list[bytes]) -> None:
        """Have a client broadcast `values`, as fast as it has room for them."""
        process = self.process("client", client_id)
        client = process.role
        if not isinstance(client, Client):
            return
        some = values[: client.room()]
        if not some or not process.act(lambda now_s: client.submit(some, now_s)):
            some = []
        if values[len(some) :]:
            self.after(0.001, self.submit, client_id, values[len(some) :])

    def send(
        self, sender: Process, group: Group, messages: Sequence[Message], body: bytes, clock: int
    ) -> None:
        """Multicast to a group one datagram, with `messages` in its body."""
        assert len(body) <= self.settings.message_bytes + ARRAY_BYTES, "a datagram too large"
        self.say(sender, group, messages, body, clock)
        receivers = self._receivers[group]
        if len(sender.together) > 1:  # it drops what it has sent itself
            receivers = [other for other in receivers if other not in sender.together]
        self.network.send(self.now_s, sender, receivers, messages, body, clock)
