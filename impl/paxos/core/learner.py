"""The learner: it finds out what was chosen, and delivers it in the order of the instances.

It learns from a quorum of votes (direct learning) or from a proposer's Decide. What it misses it
asks for. It delivers a value once, however often it was chosen.

Spec: `Learn`, `Deliver`.
"""

from collections.abc import Sequence
from math import inf

from paxos.core import events, waiting
from paxos.core.ballot import Ballot
from paxos.core.batch import Packet, Range, decode_batch, describe
from paxos.core.intervals import IntervalSet
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Decide,
    Delivered,
    Group,
    Heartbeat,
    Message,
    Span,
    Submit,
    Trimmed,
    Votes,
)
from paxos.core.portions import portions
from paxos.core.role import Role
from paxos.core.roundtrip import RoundTrip
from paxos.core.settings import Settings
from paxos.core.waiting import Wait

OVERTAKEN = 2
"""An instance is lost, if one so much higher is learned and it is not."""

REST = 0.7
"""One that is far behind asks for more only after a rest, so many times as long as the last answer
took: what it asks for costs time of acceptors and learners that are busy with what is new."""


class _Open:
    """What a learner has heard of an instance that it has not learned."""

    __slots__ = ("batches", "votes")

    def __init__(self) -> None:
        self.batches: dict[Ballot, bytes] = {}
        self.votes: dict[Ballot, set[int]] = {}

    def admits(self, ballot: Ballot, limit: int) -> bool:
        """Whether what is said in `ballot` is kept: of so many ballots, the highest."""
        if ballot in self.batches or ballot in self.votes:
            return True
        ballots = self.batches.keys() | self.votes.keys()
        if len(ballots) < limit:
            return True
        lowest = min(ballots)
        if ballot < lowest:
            return False
        self.batches.pop(lowest, None)
        self.votes.pop(lowest, None)
        return True


class Learner(Role):
    """Learns instances in any order, delivers them in theirs."""

    def __init__(self, settings: Settings, now_s: float, learner_id: int = 0) -> None:
        super().__init__(settings)
        self.id = learner_id
        self.prefix = 0  # instances 1..prefix are delivered
        self.position = 0  # values delivered
        self.top = 0  # the highest instance known to have been begun
        self.learned: dict[int, tuple[list[Packet], list[Range]]] = {}  # beyond the prefix
        self.delivered: dict[str, IntervalSet] = {}  # by client
        self._open: dict[int, _Open] = {}
        self._silent: dict[int, int] = {}  # by acceptor: what it has trimmed, as far as it said
        self._to_tell: dict[str, IntervalSet] = {}  # delivered, to be said in this group
        self._tell = False
        self._round_trip = RoundTrip(settings.shortest_s, settings.gap_s)
        self._old_top = self._old_prefix = 0  # at the last look for gaps
        self._asked_to = 0
        self._asked_s = now_s
        self._teller = 0  # the acceptor that was asked for batches last
        self._highest = 0  # the highest instance that was learned
        self._gap_s = inf
        self._status_s = now_s
        self._report_s = now_s

    # What it hears.

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        top = self.top
        match message:
            case Accepted() if self.settings.direct_learning:
                self._on_vote(sender, message.instance, message.ballot, None)
            case Accept() if self.settings.direct_learning:
                self._on_accept(message)
            case Decide() if not self.settings.direct_learning:
                if self._is_new(message.instance):
                    self._learn(message.instance, message.ballot, message.batch, None)
            case Votes() if self.settings.direct_learning:
                for vote in message.votes:
                    self._on_vote(sender, vote.instance, vote.ballot, vote.batch)
            case Heartbeat():
                self._has_begun(message.top)
            case Submit():
                self._on_submit(message)
            case Trimmed():
                self._on_trimmed(sender, message)
            case _:
                pass
        if self.top > top:
            self._round_trip.asked(self.top, now_s)
        if self.top > self.prefix and self._gap_s == inf:
            self._gap_s = now_s + self._round_trip.timeout_s

    def _has_begun(self, instance: int) -> None:
        """Somebody says so. If it is far ahead, it will be said again when this learner is nearer
        to it; if it is not true, little comes of it."""
        self.top = max(self.top, min(instance, self.prefix + self.settings.reach_instances))

    def _is_new(self, instance: int) -> bool:
        """Whether to listen: it is not learned, and not too far ahead to remember."""
        self._has_begun(instance)
        return (
            self.prefix < instance <= self.prefix + self.settings.learner_instances
            and instance not in self.learned
        )

    def _listen(self, instance: int, ballot: Ballot) -> _Open | None:
        """Where to note what is said of an instance in `ballot`; None if it is of no use."""
        if not self._is_new(instance):
            return None
        heard = self._open.setdefault(instance, _Open())
        if heard.admits(ballot, self.settings.open_ballots):
            return heard
        self.step.refuse("votes in more ballots of one instance than a learner counts")
        return None

    def _on_accept(self, accept: Accept) -> None:
        heard = self._listen(accept.instance, accept.ballot)
        if heard:
            heard.batches[accept.ballot] = accept.batch
            self._count(accept.instance, accept.ballot, heard)

    def _on_vote(self, sender: int, instance: int, ballot: Ballot, batch: bytes | None) -> None:
        heard = self._listen(instance, ballot)
        if heard:
            heard.votes.setdefault(ballot, set()).add(sender)
            if batch is not None:
                heard.batches[ballot] = batch
            self._count(instance, ballot, heard)

    def _count(self, instance: int, ballot: Ballot, heard: _Open) -> None:
        """Learn if distinct acceptors, a quorum of them, voted in this one ballot, and its batch
        is known. Votes of different ballots do not add up."""
        voters = heard.votes.get(ballot, ())
        batch = heard.batches.get(ballot)
        if batch is not None and len(voters) >= self.settings.quorum:
            self._learn(instance, ballot, batch, sorted(voters))

    def _on_submit(self, submit: Submit) -> None:
        """A client resends: if its values are delivered, it has not heard so."""
        for packet in submit.packets:
            done = self.delivered.get(packet.client)
            if done and done.covers(packet.first, packet.last):
                self._say(packet)

    def _on_trimmed(self, acceptor: int, trimmed: Trimmed) -> None:
        """An acceptor cannot tell any more what it voted in the next instance. Without so many
        that no quorum is left, nobody ever can."""
        if trimmed.last <= self.prefix or not 1 <= acceptor <= self.settings.acceptors:
            return
        self._silent[acceptor] = max(trimmed.last, self._silent.get(acceptor, 0))
        gone = sorted((n for n in self._silent.values() if n > self.prefix), reverse=True)
        if self.settings.acceptors - len(gone) < self.settings.quorum:
            self.step.failure = (
                f"instances {self.prefix + 1} to {gone[-1]} are gone: {len(gone)} of "
                f"{self.settings.acceptors} acceptors have trimmed them, since every learner had "
                "delivered them; take the output of another learner (a larger `retain_instances` "
                "lets a learner that starts again catch up from further back)"
            )

    # Learning and delivering.

    def _learn(self, instance: int, ballot: Ballot, batch: bytes, quorum: list[int] | None) -> None:
        """`batch` is what was chosen (spec: `Learn`)."""
        packets = decode_batch(batch)
        ranges = describe(packets)
        event = events.Learn(ballot=ballot, instance=instance, batch=ranges)
        if quorum is not None:
            event.quorum = quorum
        self.step.events.append(event)
        self._open.pop(instance, None)
        self._highest = max(self._highest, instance)
        self.learned[instance] = packets, ranges
        while self.prefix + 1 in self.learned:
            self._deliver(self.prefix + 1, *self.learned.pop(self.prefix + 1))

    def _deliver(self, instance: int, packets: Sequence[Packet], ranges: Sequence[Range]) -> None:
        """Deliver the next instance, without what was delivered before (spec: `Deliver`)."""
        values: list[Range] = []
        position = self.position + 1
        for packet, described in zip(packets, ranges, strict=True):
            done = self.delivered.setdefault(packet.client, IntervalSet())
            if not done.overlaps(packet.first, packet.last):
                done.add(packet.first, packet.last)
                values.append(described)
                self.step.deliveries.append(packet)
                self.position += packet.count
            self._say(packet)
        self.prefix = instance
        self._tell = True
        if not self.settings.synod:  # there, to learn is to deliver
            self.step.events.append(
                events.Deliver(instance=instance, position=position, values=values)
            )

    # What it says.

    def _say(self, packet: Packet) -> None:
        self._to_tell.setdefault(packet.client, IntervalSet()).add(packet.first, packet.last)
        self._tell = True

    def _finish(self, now_s: float) -> None:
        self._round_trip.answered_to(self.prefix, now_s)
        if self._asked_to and self.prefix >= self._asked_to:
            self._go_on_asking(now_s)
        self._ask_for_overtaken(now_s)
        if self._tell:
            self._send_delivered(now_s)

    def _send_delivered(self, now_s: float) -> None:
        spans: list[Span] = [
            (client, first, last)
            for client, told in self._to_tell.items()
            for first, last in told.intervals()
        ]
        # A client hears of all that was delivered without a gap, so that it misses nothing if what
        # was said before is lost. Proposers, who need not hear everything, are spared the look.
        runs = dict.fromkeys(
            (client, *self.delivered[client].around(first)) for client, first, _ in spans
        )
        for some in self._portions(list(runs)):
            delivered = Delivered(self.prefix, some)
            if any(self._is_home_of(client) for client, _, _ in some):
                self.step.send(delivered, Group.CLIENTS)
            else:
                self.step.send_later(delivered, Group.CLIENTS)
        for some in self._portions(spans):
            self.step.send_later(Delivered(self.prefix, some), Group.PROPOSERS)
        if now_s >= self._report_s:
            # Acceptors need only know about where the log is, to trim what is far behind.
            self.step.send(Delivered(self.prefix, []), Group.ACCEPTORS)
            self._report_s = now_s + self.settings.failover_s
        self._to_tell.clear()
        self._tell = False
        self._status_s = now_s + self.settings.failover_s

    def _portions(self, spans: Sequence[Span]) -> list[list[Span]]:
        """As many as one message holds at a time; at least one list, since the prefix is said in
        any case."""
        return list(portions(Delivered, spans, self.settings.fitting_bytes)) or [[]]

    def _is_home_of(self, client: str) -> bool:
        """Whether this learner is the one that tells `client` at once what it has delivered. The
        others tell it a little later: that is enough for when the first one is dead, and not
        every value wakes every client as often as there are learners."""
        learners = self.settings.learners
        return not learners or int(client.partition(".")[0]) % learners == self.id % learners

    def tick(self, now_s: float) -> None:
        if now_s >= self._gap_s:
            self._look(now_s)
        if now_s >= self._status_s:
            self._tell = True  # proposers that come late hear where the log is

    def waits_for(self) -> Wait | None:
        if self.top <= self.prefix:
            return None
        heard = self._open.get(self.prefix + 1, _Open())
        voted = set().union(*heard.votes.values())
        trimmed = {acceptor for acceptor, last in self._silent.items() if last > self.prefix}
        return waiting.for_instance(self.settings, self.prefix + 1, voted, trimmed)

    def deadline_s(self) -> float:
        return min(self._gap_s, self._status_s)

    def _look(self, now_s: float) -> None:
        """Time to look for gaps. While the prefix grows, asking again would double the answers."""
        if self.prefix > self._old_prefix:
            self._gap_s = now_s + self._round_trip.timeout_s
        else:
            self._ask(now_s)
        self._old_top, self._old_prefix = self.top, self.prefix

    def _go_on_asking(self, now_s: float) -> None:
        """All that was asked for has come."""
        if self._old_top < self.prefix + self.settings.ask_instances:
            self._ask(now_s)
        else:
            self._asked_to, self._old_prefix = 0, self.prefix
            self._gap_s = now_s + REST * (now_s - self._asked_s)

    def _ask_for_overtaken(self, now_s: float) -> None:
        """Votes come in the order of the instances, or nearly so: where later ones are learned,
        what is missing is lost, and there is no need to wait for it."""
        last = self._highest - OVERTAKEN
        if max(self._asked_to, self.prefix) < last <= self.prefix + self.settings.ask_instances:
            self._ask_for(max(self._asked_to, self.prefix) + 1, last, now_s)

    def _ask(self, now_s: float) -> None:
        """Ask for what was begun before the last look and is still missing. What is newer is
        probably on its way."""
        self._asked_to = 0
        self._ask_for(
            self.prefix + 1, min(self._old_top, self.prefix + self.settings.ask_instances), now_s
        )
        self._gap_s = now_s + self._round_trip.timeout_s if self.top > self.prefix else inf

    def _ask_for(self, first: int, last: int, now_s: float) -> None:
        """Ask for those of `first..last` that are missing."""
        missing = self._missing(first, last)
        if not missing:
            return
        self._asked_to, self._asked_s = last, now_s
        self._round_trip.give_up()
        self._teller = self._teller % self.settings.acceptors + 1  # the last may be dead
        for start, end in missing:
            self.step.send(Ask(start, end, self._teller), Group.ACCEPTORS, Group.PROPOSERS)

    def _missing(self, first: int, last: int) -> list[tuple[int, int]]:
        """The runs of instances in `first..last` that are not learned."""
        runs: list[tuple[int, int]] = []
        for instance in range(first, last + 1):
            if instance in self.learned:
                continue
            if runs and runs[-1][1] == instance - 1:
                runs[-1] = runs[-1][0], instance
            else:
                runs.append((instance, instance))
        return runs
