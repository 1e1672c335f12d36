"""The acceptor: the memory of Paxos. It promises, it votes, and it never goes back on either.

Spec: `Phase1b`, `Phase2b`.
"""

from collections.abc import Iterator, Mapping

from paxos.core import events
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.batch import decode_batch, describe
from paxos.core.budget import Budget
from paxos.core.messages import (
    VOTE_OVERHEAD_BYTES,
    Accept,
    Accepted,
    Ask,
    Delivered,
    Group,
    Message,
    Prepare,
    Promise,
    Reject,
    Vote,
    Votes,
)
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.step import PromiseWrite, VoteWrite


class Acceptor(Role):
    """One promise for all instances, and the last vote in each instance."""

    def __init__(
        self,
        settings: Settings,
        promised: Ballot = NO_BALLOT,
        votes: Mapping[int, Vote] | None = None,
    ) -> None:
        super().__init__(settings)
        self.promised = promised
        self.votes: dict[int, Vote] = dict(votes or {})
        self.known = max(self.votes, default=0)
        """Up to here the log is known to exist: a learner has reported it delivered, or there was
        a vote there at the start."""
        self._promising = Budget(settings.promised_instances)
        self._answering = Budget(settings.asked_instances)

    def come_back(self) -> None:
        recover = events.Recover(
            votes=[
                (vote.instance, vote.ballot, describe(decode_batch(vote.batch)))
                for _, vote in sorted(self.votes.items())
            ]
        )
        if self.promised != NO_BALLOT:
            recover.promised = self.promised
        self.step.events.append(recover)

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        match message:
            case Accept():
                self.on_accept(message)
            case Prepare():
                self.on_prepare(message)
            case Ask():
                self.on_ask(message)
            case Delivered():
                self.on_delivered(message)
            case _:
                pass

    def on_prepare(self, prepare: Prepare) -> None:
        """Promise, unless a higher ballot was promised (spec: `Phase1b`).

        The same leader may ask again, for these or other instances: the promise stands already,
        and only the votes are reported. A range too long, or with too many votes for one message,
        is answered in parts.
        """
        if prepare.ballot < self.promised:
            self.step.send(Reject(self.promised), Group.PROPOSERS)
            return
        last = min(prepare.last, prepare.first + self.settings.prepare_instances - 1)
        if not self._promising.grants(last - prepare.first + 1):
            self.step.refuse("Prepares for too many instances")
            return
        if prepare.ballot > self.promised:
            self.promised = prepare.ballot
            self.step.writes.append(PromiseWrite(prepare.ballot))
        for first, end, votes in self._reports(prepare.first, last):
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
        if accept.instance > self.known + self.settings.reach_instances:
            self.step.refuse("Accepts for instances that are too far ahead")
            return
        vote = self.votes.get(accept.instance)
        if vote is None or vote.ballot != accept.ballot:
            self.promised = accept.ballot
            vote = Vote(accept.instance, accept.ballot, accept.batch)
            self.votes[accept.instance] = vote
            self.step.writes.append(VoteWrite(vote))
            self.step.events.append(events.Phase2b(ballot=accept.ballot, instance=accept.instance))
        accepted = Accepted(accept.ballot, accept.instance)
        if self.settings.direct_learning:
            # The leader needs to know only before it begins too many instances.
            self.step.send(accepted, Group.LEARNERS)
            self.step.send_later(accepted, Group.PROPOSERS)
        else:
            self.step.send(accepted, Group.PROPOSERS)

    def on_ask(self, ask: Ask) -> None:
        """Say again what was voted, to whoever learns from votes."""
        last = min(ask.last, ask.first + self.settings.ask_instances - 1)
        if not self._answering.grants(last - ask.first + 1):
            self.step.refuse("Asks for too many instances")
            return
        to = Group.LEARNERS if self.settings.direct_learning else Group.PROPOSERS
        for _, _, votes in self._reports(ask.first, last):
            if votes:
                self.step.send(Votes(votes), to)

    def on_delivered(self, delivered: Delivered) -> None:
        """A learner says how far the log is."""
        reach = self.known + self.settings.reach_instances
        self.known = max(self.known, min(delivered.prefix, reach))

    def _finish(self, now_s: float) -> None:
        self._promising.renew()
        self._answering.renew()

    def _reports(self, first: int, last: int) -> Iterator[tuple[int, int, list[Vote]]]:
        """Cut `first..last` into parts `(first, last, votes)` whose votes fit one message."""
        size, votes = 0, list[Vote]()
        for instance in range(first, last + 1):
            vote = self.votes.get(instance)
            if vote is None:
                continue
            needed = len(vote.batch) + VOTE_OVERHEAD_BYTES
            if votes and size + needed > self.settings.message_bytes:
                yield first, instance - 1, votes
                first, size, votes = instance, 0, []
            votes.append(vote)
            size += needed
        if first <= last:
            yield first, last, votes
