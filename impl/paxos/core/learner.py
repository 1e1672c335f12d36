"""The learner: it finds out what was chosen, and delivers it in the order of the instances.

It learns from a quorum of votes (direct learning) or from a proposer's Decide. What it misses it
asks for. It delivers a value once, however often it was chosen. Values in parts are
put together by `paxos.core.assembler`. One that keeps checkpoints goes on from the last one when it
starts again, as the same learner; another one begins anew.

Spec: `Learn`, `Deliver`, `TakeSnapshot`, `Checkpoint`, `Restart`, `InstallSnapshot`.
"""

from collections.abc import Iterable, Sequence

from paxos.core import events, waiting
from paxos.core.assembler import Assembler
from paxos.core.ballot import Ballot
from paxos.core.batch import Packet, Range, decode_batch, describe, is_part
from paxos.core.budget import Budget
from paxos.core.checkpoint import Snapshot, SnapshotError
from paxos.core.client_table import ClientTable
from paxos.core.gaps import Gaps
from paxos.core.hearsay import Hearsay, InBallot
from paxos.core.keeping import Keeping, Place
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Decide,
    Group,
    Heartbeat,
    Inquire,
    Message,
    Reached,
    Trimmed,
    Votes,
)
from paxos.core.places import Places
from paxos.core.reads import Reads
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.silence import Silence
from paxos.core.standing import Standing
from paxos.core.step import Delivery, Taken
from paxos.core.telling import Telling
from paxos.core.transfer import Transfer
from paxos.core.waiting import Wait

__all__ = ["Learner"]


class Learner(Role):
    """Learns instances in any order, delivers them in theirs."""

    def __init__(
        self,
        settings: Settings,
        now_s: float,
        learner_id: int = 0,
        *,
        keeps: bool = False,
        snapshot: Snapshot | None = None,
        shares: bool = False,
        incarnation: int = 1,
    ) -> None:
        """`keeps`: it keeps checkpoints, and `snapshot` is the newest; None: there is none.
        `shares`: it gives them to others, and can go on from theirs. Raises `SnapshotError` if no
        learner can go on from `snapshot`."""
        super().__init__(settings)
        self.id = learner_id
        self.prefix = 0  # instances 1..prefix are delivered
        self.position = 0  # values delivered
        self.delivered_bytes = 0  # their payload
        self.top = 0  # the highest instance known to have been begun
        self.learned: dict[int, tuple[list[Packet], list[Range]]] = {}  # beyond the prefix
        self.table = ClientTable(settings)
        self.assembler = Assembler(settings)
        self.places = Places(settings)
        self.heard = Hearsay(settings.open_ballots)
        self.is_lost = self.heard.is_lost
        self._silent: dict[int, int] = {}  # by acceptor: what it has trimmed, as far as it said
        self.leader = 0  # whose ballot it has learned from last
        self.highest = 0  # the highest instance that was learned
        self._gaps = Gaps(settings, now_s)
        self._counting = Budget(settings.counted_votes)
        self._silence = Silence(now_s)
        self._telling = Telling(settings, now_s)
        self.reads = Reads(settings, f"{learner_id}.{incarnation}", now_s)
        if snapshot:
            self._restore(snapshot)
        kept = Place(self.prefix, self.position)
        self.keeping = Keeping(settings, kept, now_s) if keeps else None
        self.transfer = Transfer(settings, learner_id) if shares else None

    def come_back(self, *, giver: int = 0) -> None:
        if self.prefix:
            self.step.events.append(events.came_back(self.prefix, self.position, giver))

    # What it hears.

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        top = self.top
        if self.keeping:
            self.keeping.look(now_s)
        if self._silence.ends(now_s):
            self._gaps.silence_ends(now_s)
            self.reads.silence_ends(now_s)
        self._hear(sender, message, now_s)
        if self.top > max(top, self.prefix):
            self._gaps.begun(self.top, now_s)

    def _hear(self, sender: int, message: Message, now_s: float) -> None:
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
                self._telling.answer(message, self)
            case Trimmed():
                self._on_trimmed(sender, message, now_s)
            case Reached():
                self._has_begun(self.reads.hear(sender, message, now_s))
            case _ if self.transfer:
                self.transfer.receive(sender, message, now_s, self.step)

    def _has_begun(self, instance: int) -> None:
        """Somebody says so. If it is far ahead, it will be said again when this learner is nearer
        to it; if it is not true, little comes of it."""
        self.top = max(self.top, min(instance, self.prefix + self.settings.reach_instances))

    def _on_accepted(self, sender: int, accepted: Accepted) -> None:
        self._gaps.heard(sender)
        ballot, teller = accepted.ballot, accepted.teller
        for instance in self._of_use(accepted.instance, accepted.instance + accepted.more):
            self._note(instance, ballot, None, sender, teller)

    def _on_accept(self, accept: Accept) -> None:
        self.heard.tells(0, accept.instance)
        self._note(accept.instance, accept.ballot, accept.batch)

    def _on_votes(self, sender: int, votes: Votes) -> None:
        self._gaps.heard(sender)
        for vote in votes.votes:
            self.heard.tells(sender, vote.instance)
            self._note(vote.instance, vote.ballot, vote.batch, sender)
        if votes.last:
            self._gaps.answered_to(sender, votes.last)

    def _of_use(self, first: int, last: int) -> range:
        """Of instances in which somebody has voted, those that are not too far ahead, or over."""
        most = self.prefix + self._gaps.kept_instances
        some = range(max(first, self.prefix + 1), min(last, most) + 1)
        if self._counting.grants(len(some)):
            self._has_begun(last)
            return some
        self.step.refuse("votes beyond those that are counted in one step")
        return range(0)

    def _is_new(self, instance: int) -> bool:
        """Whether to listen: it is not learned, and not too far ahead to remember."""
        if instance > self.top:
            self._has_begun(instance)
        return (
            self.prefix < instance <= self.prefix + self._gaps.kept_instances
            and instance not in self.learned
        )

    def _note(
        self, instance: int, ballot: Ballot, batch: bytes | None, voter: int = 0, teller: int = -1
    ) -> None:
        """Somebody says this of an instance; see `Hearsay.note`."""
        if not self._is_new(instance):
            return
        if said := self.heard.note(instance, ballot, batch, voter, teller):
            self._count(instance, ballot, said)
        else:
            self.step.refuse("votes in more ballots of one instance than a learner counts")

    def _count(self, instance: int, ballot: Ballot, said: InBallot) -> None:
        """Learn if distinct acceptors, a quorum of them, voted in this one ballot, and its batch
        is known. Votes of different ballots do not add up."""
        if said.batch is not None and len(said.voters) >= self.settings.quorum2:
            self._learn(instance, ballot, said.batch, sorted(said.voters))

    def _on_trimmed(self, acceptor: int, trimmed: Trimmed, now_s: float) -> None:
        """An acceptor cannot tell any more what it voted in the next instance. With no quorum of
        phase 2 left, nobody ever can; with none of phase 1, it is not run again where votes settle
        nothing. But another learner may have a checkpoint."""
        if trimmed.last <= self.prefix or not 1 <= acceptor <= self.settings.acceptors:
            return
        self._silent[acceptor] = max(trimmed.last, self._silent.get(acceptor, 0))
        gone = sorted((n for n in self._silent.values() if n > self.prefix), reverse=True)
        left = self.settings.acceptors - len(gone)
        if self.transfer and left < max(self.settings.quorum1, self.settings.quorum2):
            self.transfer.taker.want(self.prefix, now_s)
        elif not self.transfer and left < self.settings.quorum2:
            self.step.failure = waiting.in_vain(self.settings, self.prefix + 1, gone)

    # Learning and delivering.

    def _learn(self, instance: int, ballot: Ballot, batch: bytes, quorum: list[int] | None) -> None:
        """`batch` is what was chosen (spec: `Learn`)."""
        packets = decode_batch(batch)
        ranges = describe(packets)
        self._gaps.learned(len(batch))
        event = events.Learn(ballot=ballot, instance=instance, batch=ranges)
        if quorum is not None:
            event.quorum = quorum
        self.step.events.append(event)
        self.heard.open.pop(instance, None)
        self.leader = ballot.proposer
        self.highest = max(self.highest, instance)
        self.learned[instance] = packets, ranges
        self._deliver_learned()

    def _deliver_learned(self) -> None:
        while self.prefix + 1 in self.learned:
            self._deliver(self.prefix + 1, *self.learned.pop(self.prefix + 1))

    def _deliver(self, instance: int, packets: Sequence[Packet], ranges: Sequence[Range]) -> None:
        """Deliver the next instance, without what is not due (`paxos.core.client_table`): what was
        delivered before and, with fifo, what comes before its turn, which its client has proposed
        again (spec: `Deliver`, `AppendNew`)."""
        values: list[Range] = []
        position, before_bytes = self.position + 1, self.delivered_bytes
        for packet, described in zip(packets, ranges, strict=True):
            client, first, last = packet.client, packet.first, packet.last
            is_whole = not is_part(packet)
            if self.table.is_due(packet):
                if self.table.add(client, first, last):
                    self.assembler.begins(client)
                values.append(described)
                self._hand_over(instance, packet)
                if is_whole:
                    self.places.note(client, first, instance, self.position + 1)
                self.position += packet.count
                self.delivered_bytes += len(packet.payload)
            elif not self.table.is_settled(packet):
                continue  # passed over, which nobody is told
            if is_whole:
                self._telling.place(self.places.recall(client, first))
            self._telling.delivered(client, first, last)
        self.prefix = instance
        self._telling.is_wanted = True
        if self.settings.synod:  # there, to learn is to deliver
            return
        self.step.events.append(events.Deliver(instance=instance, position=position, values=values))
        if self.keeping and self.keeping.is_due(instance, before_bytes, self.delivered_bytes):
            self._take_snapshot(self.keeping)

    def _hand_over(self, instance: int, packet: Packet) -> None:
        """Values are delivered. Parts are put together: the whole value is handed over in the place
        of its last part."""
        position = self.position + 1
        self.assembler.reaches(position)
        whole = self.assembler.add(instance, position, packet) if is_part(packet) else packet
        if whole is not None:
            self.step.deliveries.append(Delivery(instance, position, whole))

    # Snapshots.

    def snapshot(self) -> Snapshot:
        """What it knows of what is delivered, as it is now. It shares nothing that changes."""
        return Snapshot(
            prefix=self.prefix,
            position=self.position,
            delivered_bytes=self.delivered_bytes,
            clients=self.table.spans(),
            unfinished=self.assembler.unfinished(),
            outcomes=self.assembler.outcomes(),
            places=self.places.all(),
        )

    def _restore(self, snapshot: Snapshot) -> None:
        """Go on from there. All that can fail comes first."""
        table, assembler = ClientTable(self.settings), Assembler(self.settings)
        places = Places(self.settings)
        try:
            table.restore(snapshot.clients)
            assembler.restore(table.clients(), snapshot.unfinished, snapshot.outcomes)
            places.restore(snapshot.places)
        except ValueError as error:
            raise SnapshotError(str(error)) from error
        self.table, self.assembler, self.places = table, assembler, places
        self.prefix, self.position = snapshot.prefix, snapshot.position
        self.delivered_bytes = snapshot.delivered_bytes
        self.top, self.highest = max(self.top, self.prefix), max(self.highest, self.prefix)
        for waiting_for in (self.learned, self.heard.open):
            for instance in [i for i in waiting_for if i <= self.prefix]:
                del waiting_for[instance]

    def _take_snapshot(self, keeping: Keeping) -> None:
        """It goes to the disk (spec: `TakeSnapshot`)."""
        keeping.take(Place(self.prefix, self.position))
        self.step.taken = Taken(self.snapshot(), len(self.step.deliveries))
        self.step.events.append(events.TakeSnapshot(instance=self.prefix, position=self.position))

    def kept_checkpoint(self, prefix: int, now_s: float, *, durable: bool) -> None:
        """The snapshot that was taken at `prefix` is durable as a checkpoint, or will not be (spec:
        `Checkpoint`)."""
        keeping = self.keeping
        if keeping is None or keeping.taken is None or keeping.taken.prefix != prefix:
            return  # one that was installed since is newer
        if place := keeping.end(now_s, durable=durable):
            event = events.Checkpoint(instance=place.prefix, position=place.position)
            self.step.events.append(event)
            self._telling.report()

    def install(self, snapshot: Snapshot, giver: int, now_s: float) -> bool:
        """Go on from the snapshot of learner `giver`, which is durable as a checkpoint of this one
        (spec: `InstallSnapshot`). False: this one is as far, and nothing has changed. Raises
        `SnapshotError` if no learner can go on from it."""
        if snapshot.prefix <= self.prefix:
            return False
        self._restore(snapshot)
        if self.keeping:
            self.keeping.install(Place(self.prefix, self.position), now_s)
        if self.transfer:
            self.transfer.taker.end()
        self.step.installed = True
        self.step.events.append(
            events.InstallSnapshot(giver=giver, instance=self.prefix, position=self.position)
        )
        self._telling.report()
        self._deliver_learned()
        return True

    def refuse_snapshot(self, now_s: float, *, is_wrong: bool) -> None:
        """What another learner gave is not used; see `paxos.core.taker.Taker.refuse`."""
        if self.transfer:
            self.transfer.taker.refuse(now_s, is_wrong=is_wrong)

    @property
    def needless(self) -> int | None:
        """See `paxos.core.telling.Teller`. Where learners keep checkpoints, one that keeps none has
        nothing to give to others, and is not waited for."""
        if self.keeping:
            given = self.transfer and self.transfer.giver.serving
            kept = self.keeping.kept.prefix
            return min(kept, given.prefix) if given else kept  # or it would come too late again
        return 0 if self.settings.checkpoints else None

    # What it says.

    def _finish(self, now_s: float) -> None:
        self._counting.renew()
        self._ask(self._gaps.finish(self, now_s))
        self._telling.outcomes(self.assembler, self.step)
        self._telling.say(self, self.step, now_s)
        self.reads.finish(self.step, self.prefix, now_s)
        self._has_begun(self.reads.target)  # which may have been too far ahead when it was heard

    def tick(self, now_s: float) -> None:
        if self.keeping:
            self.keeping.look(now_s)
        if now_s >= self._gaps.due_s:
            self._ask(self._gaps.look(self, now_s))
        self._telling.tick(now_s)
        if self.transfer:
            self.transfer.tick(now_s, self.step, self.prefix)

    def waits_for(self) -> Wait | None:
        if self.transfer and (taker := self.transfer.taker).is_wanted:
            return waiting.for_snapshot(self.prefix + 1, taker.giver, taker.share)
        if self.top <= self.prefix:
            return self.reads.waits_for()
        first = self.prefix + 1
        trimmed = {acceptor for acceptor, last in self._silent.items() if last > self.prefix}
        return waiting.for_instance(self.settings, first, self.heard.voters(first), trimmed)

    def standing(self) -> Standing:
        kept, taker = self.keeping, self.transfer and self.transfer.taker
        return Standing(
            prefix=self.prefix,
            top=self.top,
            values=self.position,
            pending=len(self.learned),
            kept=kept.kept.prefix if kept else 0,
            kept_us=kept.age_us if kept and kept.kept.prefix else 0,
            giver=taker.giver if taker else 0,
            taken_percent=int(100 * taker.share) if taker else 0,
        )

    def deadline_s(self) -> float:
        own_s = min(self._gaps.due_s, self._telling.due_s, self.reads.due_s)
        return min(own_s, self.transfer.due_s) if self.transfer else own_s

    def _ask(self, questions: Iterable[Ask]) -> None:
        for ask in questions:
            self.step.send(ask, Group.ACCEPTORS, Group.PROPOSERS)
