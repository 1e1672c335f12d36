"""The learner: it finds out what was chosen, and delivers it in the order of the instances.

It learns from a quorum of votes (direct learning) or from a proposer's Decide. What it misses it
asks for. It delivers a value once, however often it was chosen. Values in parts are
put together by `paxos.core.assembler`.

Spec: `Learn`, `Deliver`.
"""

from collections.abc import Iterable, Iterator, Sequence

from paxos.core import events, waiting
from paxos.core.assembler import Assembler
from paxos.core.ballot import Ballot
from paxos.core.batch import Packet, Range, decode_batch, describe, is_part
from paxos.core.gaps import PACKET_THRESHOLD, Gaps
from paxos.core.home import is_home
from paxos.core.intervals import IntervalSet
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Decide,
    Delivered,
    Fate,
    Group,
    Heartbeat,
    Inquire,
    Message,
    Outcome,
    Outcomes,
    PacketPlace,
    Span,
    Trimmed,
    Votes,
)
from paxos.core.places import Places
from paxos.core.portions import Part, portions
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.silence import Silence
from paxos.core.standing import Standing
from paxos.core.step import Delivery
from paxos.core.waiting import Wait

__all__ = ["Learner"]


class _Open:
    """What a learner has heard of an instance that it has not learned."""

    __slots__ = ("batches", "teller", "votes")

    def __init__(self) -> None:
        self.batches: dict[Ballot, bytes] = {}
        self.votes: dict[Ballot, set[int]] = {}
        self.teller = (
            0  # the acceptor that was to tell the batch, as it was said last; 0: the leader
        )

    def admits(self, ballot: Ballot, limit: int) -> bool:
        """Whether to keep what is said in `ballot`: only the `limit` highest ballots are kept."""
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
        self.assembler = Assembler(settings)
        self._to_tell: dict[str, IntervalSet] = {}  # delivered, to be said in this group
        self._places = Places(settings)
        self._places_to_tell: dict[str, list[PacketPlace]] = {}  # by client
        self._outcomes: dict[tuple[str, int], Outcome] = {}  # the same, by client and first value
        self._tell = False
        self._leader = 0  # whose ballot it has learned from last
        self._told: dict[int, int] = {}  # by acceptor: the highest instance that it told a batch of
        self.highest = 0  # the highest instance that was learned
        self._gaps = Gaps(settings, now_s)
        self._silence = Silence(now_s)
        self._status_s = now_s
        self._report_s = now_s

    # What it hears.

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        top = self.top
        if self._silence.ends(now_s):
            self._gaps.silence_ends(now_s)
        match message:
            case Accepted() if self.settings.direct_learning:
                self._on_accepted(sender, message)
            case Accept() if self.settings.direct_learning:
                self._on_accept(message)
            case Decide() if not self.settings.direct_learning:
                if self._is_new(message.instance):
                    self._learn(message.instance, message.ballot, message.batch, None)
            case Votes() if self.settings.direct_learning:
                self._on_votes(sender, message)
            case Heartbeat():
                self._has_begun(message.top)
            case Inquire():
                self._on_inquire(message)
            case Trimmed():
                self._on_trimmed(sender, message)
            case _:
                pass
        if self.top > max(top, self.prefix):
            self._gaps.begun(self.top, now_s)

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

    def _on_accepted(self, sender: int, accepted: Accepted) -> None:
        self._on_vote(sender, accepted.instance, accepted.ballot, None)
        if heard := self._open.get(accepted.instance):
            heard.teller = accepted.teller

    def _on_accept(self, accept: Accept) -> None:
        self._told[0] = max(accept.instance, self._told.get(0, 0))
        heard = self._listen(accept.instance, accept.ballot)
        if heard:
            heard.batches[accept.ballot] = accept.batch
            self._count(accept.instance, accept.ballot, heard)

    def _on_votes(self, sender: int, votes: Votes) -> None:
        for vote in votes.votes:
            self._told[sender] = max(vote.instance, self._told.get(sender, 0))
            self._on_vote(sender, vote.instance, vote.ballot, vote.batch)
        if votes.last:
            self._gaps.answered_to(sender, votes.last)

    def _on_vote(self, sender: int, instance: int, ballot: Ballot, batch: bytes | None) -> None:
        self._gaps.heard(sender)
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

    def _on_inquire(self, inquire: Inquire) -> None:
        """A client has not heard that its values are delivered: if they are, say so again."""
        for client, first, last in inquire.values:
            done = self.delivered.get(client)
            if done and done.covers(first, last):
                self._say(client, first, last)
                if not inquire.in_parts:
                    self._tell_place(self._places.recall(client, first))
                else:
                    known = self.assembler.outcome(client, first)
                    self._note(known or Outcome(client, first, last, Fate.FORGOTTEN))

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
        self._gaps.mean_bytes += (len(batch) - self._gaps.mean_bytes) / 8
        event = events.Learn(ballot=ballot, instance=instance, batch=ranges)
        if quorum is not None:
            event.quorum = quorum
        self.step.events.append(event)
        self._open.pop(instance, None)
        self._leader = ballot.proposer
        self.highest = max(self.highest, instance)
        self.learned[instance] = packets, ranges
        while self.prefix + 1 in self.learned:
            self._deliver(self.prefix + 1, *self.learned.pop(self.prefix + 1))

    def _deliver(self, instance: int, packets: Sequence[Packet], ranges: Sequence[Range]) -> None:
        """Deliver the next instance, without what was delivered before and, with fifo, without what
        comes before its turn: its client has it proposed again (spec: `Deliver`, `AppendNew`)."""
        values: list[Range] = []
        position = self.position + 1
        for packet, described in zip(packets, ranges, strict=True):
            done = self.delivered.get(packet.client)
            if done is None:
                done = self.delivered[packet.client] = IntervalSet()
                self.assembler.begins(packet.client)
            if self._is_due(done, packet):
                done.add(packet.first, packet.last)
                values.append(described)
                self._hand_over(instance, packet)
                if not is_part(packet):
                    self._places.note(packet.client, packet.first, instance, self.position + 1)
                self.position += packet.count
            elif self.settings.fifo and not done.covers(packet.first, packet.last):
                continue  # passed over, which nobody is told
            if not is_part(packet):
                self._tell_place(self._places.recall(packet.client, packet.first))
            self._say(packet.client, packet.first, packet.last)
        self.prefix = instance
        self._tell = True
        if not self.settings.synod:  # there, to learn is to deliver
            self.step.events.append(
                events.Deliver(instance=instance, position=position, values=values)
            )

    def _is_due(self, done: IntervalSet, packet: Packet) -> bool:
        """Whether a packet is to be delivered now, after those of its client that are `done`: it is
        new and, with fifo, it is its turn (spec: `InTurn`)."""
        if self.settings.fifo:
            return packet.first == done.first_missing(1)
        return not done.overlaps(packet.first, packet.last)

    def _hand_over(self, instance: int, packet: Packet) -> None:
        """Values are delivered. Parts are put together: the whole value is handed over in the place
        of its last part."""
        position = self.position + 1
        self.assembler.reaches(position)
        whole = self.assembler.add(instance, position, packet) if is_part(packet) else packet
        if whole is not None:
            self.step.deliveries.append(Delivery(instance, position, whole))

    # What it says.

    def _say(self, client: str, first: int, last: int) -> None:
        self._to_tell.setdefault(client, IntervalSet()).add(first, last)
        self._tell = True

    def _tell_place(self, place: PacketPlace) -> None:
        self._places_to_tell.setdefault(place[0], []).append(place)

    def _finish(self, now_s: float) -> None:
        self._ask(self._gaps.finish(self, now_s))
        self._look_at_assembler()
        if self._tell:
            self._send_outcomes()
            self._send_delivered(now_s)

    def _note(self, outcome: Outcome) -> None:
        self._outcomes[outcome.client, outcome.first] = outcome

    def _look_at_assembler(self) -> None:
        """Take over what became of values in parts."""
        for outcome in self.assembler.settled:
            self._note(outcome)
        self.assembler.settled.clear()
        for why in self.assembler.refused:
            self.step.refuse(why)
        self.assembler.refused.clear()

    def _send_outcomes(self) -> None:
        """Before the client hears that all parts are delivered: then it asks no more."""
        for some in portions(Outcomes, list(self._outcomes.values()), self.settings.fitting_bytes):
            outcomes = Outcomes(some)
            if any(self._is_home_of(outcome.client) for outcome in some):
                self.step.send(outcomes, Group.CLIENTS)
            else:
                self.step.send_later(outcomes, Group.CLIENTS)
        self._outcomes.clear()

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
        for delivered in self._tellings(list(runs)):
            about = {place[0] for place in delivered.places}
            about.update(client for client, _, _ in delivered.values)
            if any(map(self._is_home_of, about)):
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
        self._places_to_tell.clear()
        self._tell = False
        self._status_s = now_s + self.settings.failover_s

    def _tellings(self, runs: Sequence[Span]) -> Iterator[Delivered]:
        """What clients are told: where their packets are, and then that they are delivered, so that
        who hears the second without the first knows that it was lost. At least one message, since
        the prefix is said in any case."""
        parts: list[Span | PacketPlace] = []
        for run in runs:
            parts += self._places_to_tell.pop(run[0], [])
            parts.append(run)
        for some in self._portions(parts):
            spans = [part for part in some if len(part) == 3]
            yield Delivered(self.prefix, spans, [part for part in some if len(part) == 4])

    def _portions(self, parts: Sequence[Part]) -> list[list[Part]]:
        """As many as one message holds at a time; at least one list."""
        return list(portions(Delivered, parts, self.settings.fitting_bytes)) or [[]]

    def _is_home_of(self, client: str) -> bool:
        return is_home(self.settings, self.id, client, self._leader)

    def tick(self, now_s: float) -> None:
        if now_s >= self._gaps.due_s:
            self._ask(self._gaps.look(self, now_s))
        if now_s >= self._status_s:
            self._tell = True  # proposers that come late hear where the log is

    def waits_for(self) -> Wait | None:
        if self.top <= self.prefix:
            return None
        heard = self._open.get(self.prefix + 1, _Open())
        voted = set().union(*heard.votes.values())
        trimmed = {acceptor for acceptor, last in self._silent.items() if last > self.prefix}
        return waiting.for_instance(self.settings, self.prefix + 1, voted, trimmed)

    def standing(self) -> Standing:
        return Standing(
            prefix=self.prefix, top=self.top, values=self.position, pending=len(self.learned)
        )

    def deadline_s(self) -> float:
        return min(self._gaps.due_s, self._status_s)

    def _ask(self, questions: Iterable[Ask]) -> None:
        for ask in questions:
            self.step.send(ask, Group.ACCEPTORS, Group.PROPOSERS)

    def is_lost(self, instance: int) -> bool:
        """Whether something that is missing of an instance is lost, where later ones are learned:
        messages of one process come in the order of the instances, or nearly so."""
        heard = self._open.get(instance)
        if heard and heard.votes and not heard.votes.keys() & heard.batches.keys():
            return self._told.get(heard.teller, 0) >= instance + PACKET_THRESHOLD
        return True
