"""The mistakes of the models that must fail, in the roles of the core: those that are not in
tests/simulation/bugs.py, or only in a milder form."""

from __future__ import annotations

from paxos.core.acceptor import Acceptor
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.batch import encode_batch
from paxos.core.messages import Accept, Vote
from paxos.core.proposer import Proposer
from paxos.core.settings import Settings


class VotesAnyway(Acceptor):
    """MayVote <- VoteAnyway: it votes below its promise, which falls by that."""

    def on_accept(self, accept: Accept) -> None:
        self.promised = min(self.promised, accept.ballot)
        super().on_accept(accept)


class TakesItsVoteForItsPromise(Acceptor):
    """Recover <- PromiseLost: only the votes were stored, and the highest stands for the
    promise."""

    def __init__(self, settings: Settings, promised: Ballot, votes: dict[int, Vote]) -> None:
        highest = max((vote.ballot for vote in votes.values()), default=NO_BALLOT)
        super().__init__(settings, highest, votes)


class ProposesAgain(Proposer):
    """Unused <- UsedAgain: it has no answer, so it proposes something else in the same ballot: what
    waits, or the no-op."""

    def tick(self, now_s: float) -> None:
        ballot = self.election.ballot
        for instance in list(self.phase2.open):
            packets = self.backlog.take()
            if ballot:
                quorum = [1, 2]
                self._propose(ballot, instance, encode_batch(packets), packets, quorum)
        super().tick(now_s)
