"""Which mechanisms of the core met in a run: what each does alone, many tests see; where bugs hide
is where two of them come together in one instance.

A mechanism is seen from outside, in the messages that processes consume and send, in their events,
and in what roles say of themselves. It leaves a mark on the instances that it concerns, in the
ballot of the leader that it concerns. Two have met where both have left their marks; a mark that
is of no ballot, on an instance, meets those of all ballots there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from harness.simulation.cluster import Simulation
from harness.simulation.options import MECHANISMS
from harness.simulation.process import Process
from paxos.core import events
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Group,
    Message,
    Prepare,
    Promise,
    Reject,
    Submit,
    Trimmed,
)
from paxos.core.names import Member, ProcessName
from paxos.core.proposer import Proposer

Pair = tuple[str, str]
"""Two mechanisms, in the order of `MECHANISMS`."""

CANNOT_MEET: dict[Pair, str] = {
    ("trimming", "reject"): "a rejection ends the ballot, and what is trimmed is not under way",
    ("submitted-again", "no-op"): "a no-op has no values",
}
"""In one ballot of an instance; and why not."""

PAIRS: tuple[Pair, ...] = tuple(
    pair for pair in combinations(MECHANISMS, 2) if pair not in CANNOT_MEET
)
"""All others."""

INSTANCES_OF_A_MESSAGE = 256
"""How many of the instances that one message is about are looked at."""


def pair(one: str, other: str) -> Pair:
    """The two in their order."""
    first, second = sorted((one, other), key=MECHANISMS.index)
    return first, second


class Meetings:
    """Looks on at a simulation, from when it is made."""

    def __init__(self, world: Simulation) -> None:
        self.met: Counter[Pair] = Counter()
        """In how many ballots of instances two have met."""
        self.marked: Callable[[str], None] = lambda mechanism: None
        """Is told of each new mark."""
        self._world = world
        self._marks: defaultdict[int, dict[Ballot, set[str]]] = defaultdict(dict)
        self._said: set[tuple[Ballot, int, int]] = set()
        self._asked: defaultdict[Ballot, set[int]] = defaultdict(set)
        self._proposed: defaultdict[int, set[Ballot]] = defaultdict(set)
        self._prefix: defaultdict[Member, int] = defaultdict(int)
        """By learner: how far it had delivered, when it last did or went on from a snapshot."""
        self._open: set[int] = set()  # proposed in, and learned by nobody
        observe, say = world.observe, world.say

        def look_and_observe(event: events.Event) -> None:
            self._happens(event)
            observe(event)

        def look_and_say(
            sender: Process, group: Group, messages: Sequence[Message], body: bytes, clock: int
        ) -> None:
            self._says(group, messages)
            say(sender, group, messages, body, clock)

        world.observe, world.hear, world.say = look_and_observe, self._hears, look_and_say

    def _mark(self, mechanism: str, instances: Iterable[int], ballot: Ballot = NO_BALLOT) -> None:
        """`NO_BALLOT`: it is of none."""
        is_new = False
        for instance in instances:
            here = self._marks[instance]
            mine = here.setdefault(ballot, set())
            if mechanism in mine:
                continue
            is_new = True
            near = here.values() if ballot == NO_BALLOT else (mine, here.get(NO_BALLOT, set()))
            for other in set().union(*near) - {mechanism}:
                self.met[pair(mechanism, other)] += 1
            mine.add(mechanism)
        if is_new:
            self.marked(mechanism)

    # What is seen.

    def _hears(self, process: Process, sender: int, message: Message) -> None:
        """A process is about to consume a message. What a leader hears is of its ballot."""
        leader = process.role
        if not isinstance(leader, Proposer) or leader.election.ballot is None:
            return
        ballot = leader.election.ballot
        match message:
            case Promise() if message.ballot == ballot:
                self._promise(leader, message, ballot)
            case Accepted() if message.ballot == ballot:
                more = min(message.more, INSTANCES_OF_A_MESSAGE)
                voted = range(message.instance, message.instance + more + 1)
                over = [i for i in voted if i in leader.proposed and i not in leader.phase2.open]
                self._mark("late-vote", over, ballot)
            case Trimmed():
                some = [i for i in _under_way(leader) if i <= message.last]
                self._mark("trimming", some, ballot)
            case Reject() if message.promised > ballot:
                self._mark("reject", _under_way(leader), ballot)
            case Ask():
                last = min(message.last, leader.top, message.first + INSTANCES_OF_A_MESSAGE)
                self._mark("ask", range(message.first, last + 1), ballot)
            case Submit():
                keys = {(p.client, p.first) for p in message.packets}
                again = [
                    instance
                    for instance, phase2 in leader.phase2.open.items()
                    if any((p.client, p.first) in keys for p in phase2.packets)
                ]
                self._mark("submitted-again", again, ballot)
        self._batch_wait(leader, ballot)

    def _promise(self, leader: Proposer, promise: Promise, ballot: Ballot) -> None:
        first, last = promise.first, min(promise.last, promise.first + INSTANCES_OF_A_MESSAGE)
        for phase1 in leader.phase1.open.values():
            start, end = max(first, phase1.first), min(last, phase1.last)
            if (start, end) != (phase1.first, phase1.last):
                self._mark("parts", range(start, end + 1), ballot)
        old = [vote.instance for vote in promise.votes if vote.ballot < ballot]
        self._mark("takeover", old, ballot)
        late = [i for i in range(first, last + 1) if i in leader.proposed]
        self._mark("late-promise", late, ballot)

    def _batch_wait(self, leader: Proposer, ballot: Ballot) -> None:
        settings = leader.settings
        room = len(leader.phase2.open) < settings.in_flight
        if settings.batch_wait_s and leader.phase1.free and room and leader.backlog.batches():
            self._mark("batch-wait", [leader.phase1.free[0][0]], ballot)

    def _says(self, group: Group, messages: Sequence[Message]) -> None:
        """A process sends messages."""
        if group != Group.ACCEPTORS:
            return
        for message in messages:
            match message:
                case Accept(ballot=ballot, instance=instance):
                    if self._is_said_again(ballot, instance, 0):
                        self._mark("resend", [instance], ballot)
                case Prepare(ballot=ballot, first=first, last=last):
                    if self._is_said_again(ballot, first, last):
                        some = range(first, min(last, first + INSTANCES_OF_A_MESSAGE) + 1)
                        self._mark("prepare-again", some, ballot)

    def _is_said_again(self, *what: *tuple[Ballot, int, int]) -> bool:
        if what in self._said:
            return True
        self._said.add(what)
        return False

    def _happens(self, event: events.Event) -> None:
        match event:
            case events.Phase1a(ballot=ballot):
                self._phase1a(event, ballot)
            case events.Phase2a(ballot=ballot, instance=instance):
                if not event.batch:
                    self._mark("no-op", [instance], ballot)
                ballots = self._proposed[instance]
                ballots.add(ballot)
                if len(ballots) > 1:
                    for rival in ballots:
                        self._mark("rivals", [instance], rival)
                self._open.add(instance)
            case events.Learn(instance=instance):
                self._open.discard(instance)
            case events.Recover():
                self._recovery(ProcessName.parse(event.process).member.role)
            case events.Checkpoint(instance=instance):
                self._mark("checkpoint", [instance])
            case events.Deliver(instance=instance):
                self._prefix[ProcessName.parse(event.process).member] = instance
            case events.Restart(instance=instance):
                self._goes_on("learner-recovery", event, instance)
            case events.InstallSnapshot(instance=instance):
                self._goes_on("install", event, instance)

    def _phase1a(self, event: events.Phase1a, ballot: Ballot) -> None:
        asked = self._asked[ballot]
        some = range(event.first, event.last + 1)
        again = [instance for instance in some if instance in asked]
        self._mark("repair", again, ballot)
        if self._world.settings.prepare_ahead and asked and not again:
            self._mark("refill", some, ballot)
        asked.update(some)

    def _goes_on(self, mechanism: str, event: events.Event, prefix: int) -> None:
        """A learner has delivered instances `1..prefix` now: what lies between that and how far it
        had come, it takes back, or never learns."""
        learner = ProcessName.parse(event.process).member
        first, last = sorted((self._prefix[learner], prefix))
        self._prefix[learner] = prefix
        self._mark(mechanism, range(max(first, last - INSTANCES_OF_A_MESSAGE) + 1, last + 1))

    def _recovery(self, role: str) -> None:
        if role == "proposer":
            self._mark("proposer-recovery", self._open)
        elif role == "acceptor":
            for process in self._world.of("proposer"):
                leader = process.role
                if isinstance(leader, Proposer) and leader.election.ballot is not None:
                    some = _under_way(leader)
                    self._mark("acceptor-recovery", some, leader.election.ballot)


def _under_way(leader: Proposer) -> list[int]:
    """The instances that it waits for answers in."""
    asked: Iterator[int] = (
        instance
        for phase1 in leader.phase1.open.values()
        for instance in range(
            phase1.first, min(phase1.last, phase1.first + INSTANCES_OF_A_MESSAGE) + 1
        )
    )
    return sorted({*asked, *leader.phase2.open})


class Coverage:
    """Which pairs have met in many runs, and which a run should go towards next."""

    def __init__(self) -> None:
        self.met: Counter[Pair] = Counter()
        self._tried: Counter[Pair] = Counter()

    def next(self) -> Pair:
        """One that has not met, the least tried; when all have, the one that has met least."""
        chosen = min(
            PAIRS, key=lambda pair: (self.met[pair] > 0, self._tried[pair], self.met[pair])
        )
        self._tried[chosen] += 1
        return chosen

    def __str__(self) -> str:
        left = [f"{one} + {other}" for one, other in PAIRS if not self.met[one, other]]
        text = f"{len(PAIRS) - len(left)} of {len(PAIRS)} pairs of mechanisms met in an instance"
        return f"{text}; not {', '.join(left)}" if left else text
