"""The acceptor: the memory of Paxos. It promises, it votes, and it never goes back on either.

It forgets its votes where no learner needs them (`paxos.core.retention`), and says so to whoever
asks about them. (Lamport, "Paxos Made Simple", section 2.)

Spec: `Phase1b`, `Phase2b`, `Trim`, `Repeat`; in Reads, `AnswerRead`.
"""

from collections.abc import Iterator, MutableMapping, Sequence

from paxos.core import events
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.batch import decode_batch, describe
from paxos.core.budget import Budget
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Delivered,
    Group,
    Message,
    Prepare,
    Promise,
    Query,
    Reached,
    Reject,
    Trimmed,
    Vote,
    Votes,
)
from paxos.core.names import client_id
from paxos.core.portions import portions, vote_bytes
from paxos.core.retention import Retention
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.standing import Standing
from paxos.core.step import PromiseWrite, TrimWrite, VoteWrite

__all__ = ["Acceptor"]

LEAST_TRIMMED = 32
"""Instances that a step may trim, however little it votes."""


class Acceptor(Role):
    """One promise for all instances, and the last vote in each instance."""

    def __init__(
        self,
        settings: Settings,
        promised: Ballot = NO_BALLOT,
        votes: MutableMapping[int, Vote] | None = None,
        trimmed: int = 0,
        acceptor_id: int = 0,
    ) -> None:
        super().__init__(settings)
        self.id = acceptor_id
        self.promised = promised
        self.votes: MutableMapping[int, Vote] = {} if votes is None else votes
        """The last vote in each instance above `trimmed`, for the acceptor alone. Those that are
        only on disk are read when they are looked up."""
        self.trimmed = trimmed
        """It has forgotten its votes in instances `1..trimmed`."""
        self.known = max(self.votes, default=trimmed)
        """Up to here the log is known to exist: a learner has reported it delivered, or there was
        a vote there at the start."""
        self._reached = max(self.known, trimmed)  # the highest instance voted in, or trimmed
        self._retention = Retention(settings)
        self._needless = 0  # to be trimmed up to here, part by part
        self._promising = Budget(settings.promised_instances)
        self._answering = Budget(settings.asked_instances)
        self._reporting = Budget(settings.reported_bytes)
        self._telling = Budget(settings.answered_queries)

    def come_back(self) -> None:
        recover = events.Recover(
            votes=[
                (vote.instance, vote.ballot, describe(decode_batch(vote.batch)))
                for vote in (self.votes[instance] for instance in sorted(self.votes))
            ]
        )
        if self.promised != NO_BALLOT:
            recover.promised = self.promised
        if self.trimmed:
            recover.trimmed = self.trimmed
        self.step.events.append(recover)
        if self.promised != NO_BALLOT:  # a leader may have given up waiting for this acceptor
            self.step.send(Reject(self.promised), Group.PROPOSERS)

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        match message:
            case Accept():
                self.on_accept(message)
            case Prepare():
                self.on_prepare(message)
            case Ask():
                self.on_ask(message)
            case Delivered():
                self.on_delivered(sender, message)
            case Query():
                self.on_query(message)
            case _:
                pass

    def on_prepare(self, prepare: Prepare) -> None:
        """Promise, unless a higher ballot was promised (spec: `Phase1b`).

        The same leader may ask again, for these or other instances: the promise stands already,
        and only the votes are reported. Of a range too long, or with too many votes for one
        message, the first part is answered, and the leader asks for the rest when it has that: so
        an answer costs no more than a message. Of what was trimmed nothing can be reported, so for
        that it is no answer at all.
        """
        if prepare.ballot < self.promised:
            self.step.send(Reject(self.promised), Group.PROPOSERS)
            return
        first = self._remembered(prepare.first, Group.PROPOSERS)
        last = min(prepare.last, first + self.settings.prepare_instances - 1)
        if last < first:
            return
        _, end, votes = next(self._reports(first, last))
        if not self._promising.grants(last - first + 1) or not self._reporting.grants(
            _bytes(votes)
        ):
            self.step.refuse("Prepares for too many instances")
            return
        if prepare.ballot > self.promised:
            self.promised = prepare.ballot
            self.step.writes.append(PromiseWrite(prepare.ballot))
        self.step.events.append(
            events.Phase1b(
                ballot=prepare.ballot,
                first=first,
                last=end,
                votes=[(v.instance, v.ballot, describe(decode_batch(v.batch))) for v in votes],
            )
        )
        self.step.send(Promise(prepare.ballot, first, end, votes), Group.PROPOSERS)

    def on_accept(self, accept: Accept) -> None:
        """Vote, unless a higher ballot was promised (spec: `Phase2b`). A vote is a promise too,
        for all instances: without that, a vote could be cast below it later."""
        if accept.ballot < self.promised:
            self.step.send(Reject(self.promised), Group.PROPOSERS)
            return
        if len(accept.batch) > self.settings.max_batch_bytes:
            # Nobody could ever be told of the vote. The proposer has larger datagrams, or lies.
            self.step.refuse("Accepts of batches that fit no answer (is datagram_bytes the same?)")
            return
        if accept.instance > self.known + self.settings.reach_instances:
            self.step.refuse("Accepts for instances that are too far ahead")
            return
        if self._remembered(accept.instance, Group.PROPOSERS) > accept.instance:
            return
        vote = self.votes.get(accept.instance)
        if vote is None or vote.ballot != accept.ballot:
            self.promised = accept.ballot
            vote = Vote(accept.instance, accept.ballot, accept.batch)
            self.votes[accept.instance] = vote
            self._reached = max(self._reached, accept.instance)
            self.step.writes.append(VoteWrite(vote))
            self.step.events.append(events.Phase2b(ballot=accept.ballot, instance=accept.instance))
        if not self.settings.direct_learning:
            _say(self.step.urgent, Group.PROPOSERS, vote)
            return
        if accept.teller == self.id > 0:
            self.step.send(Votes([vote]), Group.LEARNERS)
        else:
            _say(self.step.urgent, Group.LEARNERS, vote, accept.teller)
        # The leader needs to know only before it begins too many instances.
        _say(self.step.later, Group.PROPOSERS, vote)

    def on_ask(self, ask: Ask) -> None:
        """Say again what was voted, to whoever learns from votes (spec: `Repeat`): as much as there
        is room for their batches, also where another acceptor tells these."""
        first = self._remembered(ask.first, Group.LEARNERS)
        last = min(ask.last, first + self.settings.ask_instances - 1)
        if not self._answering.grants(max(0, last - first + 1)):
            self.step.refuse("Asks for too many instances")
            return
        tells = not self.settings.direct_learning or ask.teller in (0, self.id)
        to = Group.LEARNERS if self.settings.direct_learning else Group.PROPOSERS
        room = ask.room or self.settings.reported_bytes
        for _, end, votes in self._reports(first, last):
            size = _bytes(votes)
            if not self._reporting.grants(size):
                self.step.refuse("Asks for too many bytes of votes")
                return
            room -= size
            is_full = room < self.settings.fitting_bytes and end < last
            if votes and tells:
                self.step.send(Votes(votes, end if is_full else 0), to)
            elif votes:
                for vote in votes:
                    _say(self.step.urgent, to, vote)
            if is_full:
                return

    def _remembered(self, first: int, to: Group) -> int:
        """The first instance from `first` on that is not trimmed. If that is another one, whoever
        asks is told; it is chosen, and a proposer need not ask again."""
        if first > self.trimmed:
            return first
        self.step.send(Trimmed(self.trimmed), to)
        return self.trimmed + 1

    def on_delivered(self, learner: int, delivered: Delivered) -> None:
        """A learner says how far the log is, and so what may be trimmed (spec: `Trim`)."""
        prefix = min(delivered.prefix, self.known + self.settings.reach_instances)
        self.known = max(self.known, prefix)
        needless = delivered.needless
        self._retention.report(learner, prefix if needless is None else min(needless, prefix))
        if not self.settings.synod:
            self._needless = self._retention.trim_to(self.trimmed) or self._needless

    def on_query(self, query: Query) -> None:
        """Say up to where this acceptor has voted, or trimmed (spec, in Reads: `AnswerRead`). A
        vote that is not durable yet is made so in this step, before it is said."""
        if not self._telling.grants(1):
            self.step.refuse("Queries beyond those of one step")
            return
        reached = Reached(query.reader, query.number, self._reached)
        if self.settings.own_acceptor == self.id == client_id(query.reader):
            self.step.tell(reached, Group.LEARNERS)
        else:
            self.step.send(reached, Group.LEARNERS)

    def standing(self) -> Standing:
        return Standing(
            ballot=self.promised,
            prefix=self.trimmed,
            top=max(self.votes, default=self.trimmed),
            pending=len(self.votes),
        )

    def _finish(self, now_s: float) -> None:
        self._promising.renew()
        self._answering.renew()
        self._reporting.renew()
        self._telling.renew()
        self._trim()

    def _trim(self) -> None:
        """Forget a part of what need not be retained (spec: `Trim`): what a checkpoint of learners
        has made needless may be a great deal, and nobody is to wait for all of it. Twice as much as
        this step has voted for is enough to be done before there is as much again."""
        part = max(LEAST_TRIMMED, 2 * len(self.step.writes))
        last = min(self._needless, self.trimmed + part)
        if last <= self.trimmed:
            return
        for instance in range(self.trimmed + 1, last + 1):
            if instance in self.votes:
                del self.votes[instance]
        self.trimmed = last
        self._reached = max(self._reached, last)
        self.step.writes.append(TrimWrite(last))
        self.step.events.append(events.Trim(last=last))

    def _reports(self, first: int, last: int) -> Iterator[tuple[int, int, list[Vote]]]:
        """Cut `first..last` into parts `(first, last, votes)` whose votes fit one message. A caller
        that takes only some of them has only these and the next one looked up."""
        votes = (self.votes[i] for i in range(first, last + 1) if i in self.votes)
        parts = portions(Promise, votes, self.settings.fitting_bytes)
        part = next(parts, [])
        while first <= last:
            following = next(parts, [])
            end = following[0].instance - 1 if following else last
            yield first, end, part
            first, part = end + 1, following


def _say(said: list[tuple[Group, Message]], to: Group, vote: Vote, teller: int = 0) -> None:
    """Add a vote to what is said in a step. Those in instances in a row, in one ballot, are one
    message, in the place of the first of them: what else is said to the group comes between no two
    of them, as who hears of later instances takes what it has not heard of for lost."""
    instance, ballot = vote.instance, vote.ballot
    if said:
        group, last = said[-1]
        if (
            group is to
            and isinstance(last, Accepted)
            and last.instance + last.more + 1 == instance
            and last.ballot == ballot
            and last.teller == teller
        ):
            said[-1] = to, Accepted(ballot, last.instance, teller, last.more + 1)
            return
    said.append((to, Accepted(ballot, instance, teller)))


def _bytes(votes: Sequence[Vote]) -> int:
    """What they take in a message."""
    return sum(map(vote_bytes, votes))
