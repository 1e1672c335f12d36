"""The proposer. The one that leads runs Phase 1 and Phase 2 for the values that wait; the others
listen, so that any of them can take over.

Milestone 2 (no prepare_ahead): for each value that waits, Phase 1 for the next instance, then
Phase 2. With prepare_ahead, Phase 1 covers a window of instances before any value is known. Either
way several instances are under way at a time, in any order of completion.

Spec: `Phase1a`, `Phase2a`, `Decide`.
"""

from collections.abc import Sequence
from math import inf

from paxos.core import events, waiting
from paxos.core.backlog import Backlog
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.batch import Packet, decode_batch, describe, encode_batch
from paxos.core.budget import Budget
from paxos.core.election import Election
from paxos.core.intervals import IntervalSet
from paxos.core.messages import (
    Accepted,
    Ask,
    Decide,
    Delivered,
    Group,
    Heartbeat,
    Message,
    Prepare,
    Promise,
    Reject,
    Submit,
    Trimmed,
    Votes,
)
from paxos.core.phase1 import Phase1, Promises
from paxos.core.phase2 import Proposals
from paxos.core.repair import Repair
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.silence import Silence
from paxos.core.standing import Standing
from paxos.core.step import RoundWrite
from paxos.core.waiting import Wait

__all__ = ["Proposer"]


class Proposer(Role):
    """One proposer; it acts on instances only while it leads."""

    def __init__(
        self, settings: Settings, proposer_id: int, now_s: float, round_used: int = 0
    ) -> None:
        super().__init__(settings)
        self.id = proposer_id
        self.phase1 = Promises(settings)
        self.phase2 = Proposals(settings)
        self.election = Election(settings, proposer_id, round_used, now_s)
        self.backlog = Backlog(settings)
        self.chosen = IntervalSet()  # the instances known to be chosen
        self.top = 0  # the highest instance known to have been begun
        self._delivered = 0  # instances 1 to this are delivered, by a learner
        self.repair = Repair(settings)
        self._asking = Budget(settings.asked_instances)
        self._noting = Budget(settings.delivered_spans)
        self._counting = Budget(settings.counted_votes)
        self._batch_s = inf  # when a batch that waits for more values is to be proposed
        self._silence = Silence(now_s)
        self._acceptors = Silence(now_s)  # of acceptors alone
        self._forget_ballot()

    def _forget_ballot(self) -> None:
        """What is true in one ballot only."""
        self.backlog.start_ballot()
        self.phase1.clear()
        self.phase2.clear()
        self.proposed = IntervalSet()  # instances that something was proposed in

    def come_back(self) -> None:
        recover = events.Recover()
        if self.election.highest != NO_BALLOT:
            recover.round = self.election.highest.round
        self.step.events.append(recover)

    # What it hears.

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        is_acceptor = isinstance(message, Accepted | Promise | Reject)
        if (is_acceptor and self._acceptors.ends(now_s)) | self._silence.ends(now_s):
            self._ask_at_once(now_s)
        match message:
            case Accepted():
                self._on_accepted(sender, message, now_s)
            case Promise():
                self._on_promise(sender, message, now_s)
            case Submit():
                if not self.backlog.add(message.packets, now_s, message.delivered):
                    self.step.refuse("Submits of too many values, or too many clients")
            case Delivered():
                self._on_delivered(message)
            case Heartbeat():
                self._on_heartbeat(message, now_s)
            case Reject():
                self._heard(message.promised, now_s)
            case Ask():
                self._on_ask(message, now_s)
            case Votes():
                self._on_votes(sender, message)
            case Trimmed():
                self._on_trimmed(sender, message, now_s)

    def _ask_at_once(self, now_s: float) -> None:
        """A path is open again: do not wait for the end of long pauses."""
        self.phase2.flight.revive()
        self.phase1.hurry(now_s)

    def _heard(self, ballot: Ballot, now_s: float) -> None:
        if self.election.heard(ballot, now_s):
            self._forget_ballot()
            self._batch_s = inf

    def _on_heartbeat(self, heartbeat: Heartbeat, now_s: float) -> None:
        self.election.notice(heartbeat.ballot)
        self._heard(heartbeat.ballot, now_s)
        self.top = max(self.top, self._reached(heartbeat.top))

    def _reached(self, instance: int) -> int:
        """How far the log is believed to be when somebody speaks of `instance`."""
        return min(instance, self.chosen.first_missing(1) - 1 + self.settings.reach_instances)

    def _on_delivered(self, delivered: Delivered) -> None:
        prefix = self._reached(delivered.prefix)
        if prefix:
            self._delivered = max(self._delivered, prefix)
            self.chosen.add(1, prefix)
            self.top = max(self.top, prefix)
        if not self._noting.grants(len(delivered.values)):
            self.step.refuse("lists of delivered values beyond those of one step")
            return
        for client, first, last in delivered.values:
            self.backlog.mark_delivered(client, first, last)

    # Leading.

    def tick(self, now_s: float) -> None:
        if now_s >= self.election.due_s:
            if self.election.ballot is None:
                self.backlog.drop_abandoned(now_s)
                self._take_lead()
            if self.election.ballot is None:
                self.election.wait(now_s)
                self.step.refuse("chances to lead, as all rounds are used up")
            else:
                self._send_heartbeat(now_s)
        if now_s >= self.phase1.due_s:
            self._retry(now_s)

    def waits_for(self) -> Wait | None:
        promised = {first: phase1.promised(first) for first, phase1 in self.phase1.open.items()}
        voted = {instance: phase2.votes for instance, phase2 in self.phase2.open.items()}
        return waiting.for_quorum(self.settings, promised, voted)

    @property
    def leads(self) -> bool:
        """Whether it leads, as far as it has heard."""
        return self.election.ballot is not None

    def standing(self) -> Standing:
        return Standing(
            ballot=self.election.highest,
            leads=self.leads,
            prefix=self.chosen.first_missing(1) - 1,
            top=self.top,
            pending=self.backlog.queued_values,
        )

    def deadline_s(self) -> float:
        flight_s = self.phase2.flight.deadline_s()
        return min(self.election.due_s, self.phase1.due_s, self._batch_s, flight_s)

    def _take_lead(self) -> None:
        ballot = self.election.take_lead()
        if ballot is None:
            return
        self._forget_ballot()
        self.step.writes.append(RoundWrite(ballot.round))

    def _send_heartbeat(self, now_s: float) -> None:
        assert self.election.ballot is not None, "only a leader sends heartbeats"
        heartbeat = Heartbeat(self.election.ballot, self.top)
        self.step.send(heartbeat, Group.PROPOSERS, Group.LEARNERS)
        self.election.due_s = now_s + self.settings.heartbeat_s

    def _finish(self, now_s: float) -> None:
        self._asking.renew()
        self._noting.renew()
        self._counting.renew()
        ballot = self.election.ballot
        if ballot is None:
            return
        if self.settings.fifo:
            self.backlog.propose_passed_over(self._delivered)
        batches, proposed = self.backlog.batches(), len(self.phase2.open)
        for first, last in self.phase1.wanted(self.chosen, self.top, batches, proposed):
            self._prepare(ballot, first, last, now_s)
        self._propose_ready(ballot, now_s)
        self._send_accepts(ballot, now_s)

    # Phase 1.

    def _prepare(self, ballot: Ballot, first: int, last: int, now_s: float) -> None:
        """Ask for promises for `first..last` (spec: `Phase1a`)."""
        phase1 = Phase1(first, last, now_s, self.phase2.flight.round_trip.timeout_s)
        self._ask_for(ballot, phase1)

    def _ask_for(self, ballot: Ballot, phase1: Phase1) -> None:
        first, last = phase1.first, phase1.last
        self.phase1.ask(phase1)
        self.step.events.append(events.Phase1a(ballot=ballot, first=first, last=last))
        self.step.send(Prepare(ballot, first, last), Group.ACCEPTORS)

    def _on_promise(self, sender: int, promise: Promise, now_s: float) -> None:
        ballot = self.election.ballot
        if promise.ballot != ballot:
            return
        for phase1 in self.phase1.add(sender, promise):
            self._count_promises(ballot, phase1, now_s)

    def _count_promises(self, ballot: Ballot, phase1: Phase1, now_s: float) -> None:
        """Take what a quorum has promised. What acceptors had no room for in one message is asked
        for when that has come: so many votes are under way, and no more."""
        reached = phase1.reached(self.settings.quorum1)
        if reached < phase1.first:
            return
        del self.phase1.open[phase1.first]
        if phase1.asked_s >= 0:
            self.phase2.flight.round_trip.measured(now_s - phase1.asked_s)
        self._promised(ballot, phase1, reached, now_s)
        phase1.skip(reached)
        if phase1.first <= phase1.last:
            phase1.ask(now_s, self.phase2.flight.round_trip.timeout_s)
            self._ask_for(ballot, phase1)

    def _on_trimmed(self, acceptor: int, trimmed: Trimmed, now_s: float) -> None:
        """An acceptor has forgotten instances that every learner has delivered. They are chosen
        (perhaps others' values, in a higher ballot): nothing is to be done or awaited in them."""
        last = self._reached(trimmed.last)
        self.chosen.add(1, last)
        self.top = max(self.top, last)
        ballot = self.election.ballot
        if ballot is None:
            return
        for phase2 in self.phase2.skip(last, now_s, self.repair.wants):
            self.backlog.drop(phase2.packets)
        self.repair.trimmed(acceptor, last)
        for phase1 in self.phase1.skip(last, self.repair.wants):
            self._count_promises(ballot, phase1, now_s)

    def _promised(self, ballot: Ballot, phase1: Phase1, last: int, now_s: float) -> None:
        """A quorum promised all up to `last`: take up the batches that its votes oblige to; what is
        left is free.

        An instance that was proposed in before (it is run again for a learner) is neither. The
        same proposal is said again, if a vote tells it: a late promise of the first time may not.
        """
        votes = phase1.highest_votes(quorum := phase1.promised(last))
        for instance in range(phase1.first, last + 1):
            vote = votes.get(instance)
            if instance in self.proposed:
                if vote and vote.ballot == ballot:
                    self.phase2.add(instance, vote.batch, decode_batch(vote.batch))
            elif vote is None:
                if instance not in self.chosen:
                    self.phase1.set_free(instance, quorum)
            elif (again := self.repair.wants(instance)) or instance not in self.chosen:
                if again and phase1.is_mixed(instance, self.settings.quorum2):
                    self.repair.note_mixed(instance)
                packets = decode_batch(vote.batch)
                self.backlog.mark_proposed(packets, now_s)
                self._propose(ballot, instance, vote.batch, packets, quorum)

    # Phase 2.

    def _propose_ready(self, ballot: Ballot, now_s: float) -> None:
        """Propose the values that wait in the free instances, lowest first. If none wait, a free
        instance below one that was begun gets the no-op, rather than hold up delivery."""
        self._batch_s = inf
        while self.phase1.free and self.phase2.has_room(self.backlog.next_bytes()):
            is_gap = self.phase1.free[0][0] <= self.top and not self.settings.synod
            due_s = self.backlog.batch_due_s()
            if due_s > now_s and not is_gap:
                self._batch_s = due_s
                return
            packets = self.backlog.take()
            instance, quorum = self.phase1.take()
            self._propose(ballot, instance, encode_batch(packets), packets, quorum)

    def _propose(
        self,
        ballot: Ballot,
        instance: int,
        batch: bytes,
        packets: Sequence[Packet],
        quorum: list[int],
    ) -> None:
        """Propose `batch`, once per ballot and instance (spec: `Phase2a`)."""
        self.top = max(self.top, instance)
        self.proposed.add(instance, instance)
        self.step.events.append(
            events.Phase2a(ballot=ballot, instance=instance, batch=describe(packets), quorum=quorum)
        )
        self.phase2.add(instance, batch, packets)
        if self.settings.fifo:
            self.backlog.note_proposed(packets, instance)

    def _send_accepts(self, ballot: Ballot, now_s: float) -> None:
        """Send what the window admits. What is sent again is nothing new in the spec: the message
        was sent."""
        for accept, again in self.phase2.accepts(ballot, now_s):
            self.repeated += again
            if self.settings.direct_learning and not accept.teller:
                self.step.send(accept, Group.ACCEPTORS, Group.LEARNERS)
            else:
                self.step.send(accept, Group.ACCEPTORS)

    def _on_accepted(self, sender: int, accepted: Accepted, now_s: float) -> None:
        if accepted.ballot != self.election.ballot:
            return
        if not self._counting.grants(min(accepted.more, len(self.phase2.open))):
            self.step.refuse("votes beyond those that are counted in one step")
            return
        voted = self.phase2.among(accepted.instance, accepted.instance + accepted.more)
        for instance, phase2 in self.phase2.vote(sender, voted, now_s):
            self._note_chosen(instance, phase2.packets)
            if not self.settings.direct_learning:
                self._decide(accepted.ballot, instance, phase2.batch, sorted(phase2.votes))

    def _note_chosen(self, instance: int, packets: Sequence[Packet]) -> None:
        self.chosen.add(instance, instance)
        self.backlog.mark_chosen(packets, instance)

    def _decide(self, ballot: Ballot, instance: int, batch: bytes, quorum: list[int]) -> None:
        """Tell the learners what was chosen (spec: `Decide`)."""
        self.step.events.append(events.Decide(ballot=ballot, instance=instance, quorum=quorum))
        self.step.send(Decide(ballot, instance, batch), Group.LEARNERS)

    # Loss.

    def _retry(self, now_s: float) -> None:
        """Ask again for promises that did not come. Nothing new in the spec: it was asked."""
        ballot = self.election.ballot
        assert ballot is not None, "only a leader has something to repeat"
        for phase1 in self.phase1.late(now_s):
            self.repeated += 1
            self.step.send(Prepare(ballot, phase1.asked, phase1.last), Group.ACCEPTORS)

    def _on_ask(self, ask: Ask, now_s: float) -> None:
        """A learner misses instances. The acceptors answer it; what they cannot settle, the
        leader runs again."""
        ballot = self.election.ballot
        if ballot is None:
            return
        last = min(self._reached(ask.last), ask.first + self.settings.ask_instances - 1)
        if last < ask.first or not self._asking.grants(last - ask.first + 1):
            self.step.refuse("Asks for too many instances, or too far ahead")
            return
        self.top = max(self.top, last)
        patience_s = 4 * self.phase2.flight.round_trip.timeout_s
        for instance in self.repair.asked(
            ask.first, last, now_s, patience_s, len(self.phase1.open)
        ):
            if instance < self.phase1.next and not self._is_under_way(instance):
                self._prepare(ballot, instance, instance, now_s)

    def _is_under_way(self, instance: int) -> bool:
        return instance in self.phase2.open or self.phase1.concerns(instance)

    def _on_votes(self, sender: int, votes: Votes) -> None:
        """Acceptors answer a learner that does not learn from votes: decide in its place."""
        if self.election.ballot is None or self.settings.direct_learning:
            return
        for vote in votes.votes:
            quorum = self.repair.voted(sender, vote)
            if quorum:
                self._note_chosen(vote.instance, decode_batch(vote.batch))
                self._decide(vote.ballot, vote.instance, vote.batch, quorum)
