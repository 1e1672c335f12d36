"""What a learner has heard of an instance that it has not learned."""

from paxos.core.ballot import Ballot


class Hearsay:
    """By ballot, who has voted, and for which batch."""

    __slots__ = ("batches", "teller", "votes")

    def __init__(self) -> None:
        self.batches: dict[Ballot, bytes] = {}
        self.votes: dict[Ballot, set[int]] = {}
        self.teller = (
            0  # the acceptor that was to tell the batch, as it was said last; 0: the leader
        )

    @property
    def voters(self) -> set[int]:
        """The acceptors that have voted, in any ballot."""
        return set().union(*self.votes.values())

    def vote(self, acceptor: int, ballot: Ballot) -> None:
        """An acceptor has voted."""
        voters = self.votes.get(ballot)
        if voters is None:
            voters = self.votes[ballot] = set()
        voters.add(acceptor)

    def admits(self, ballot: Ballot, limit: int) -> bool:
        """Whether to keep what is said in `ballot`: only the `limit` highest ballots are kept."""
        if ballot in self.batches or ballot in self.votes:
            return True
        if not self.batches and not self.votes:
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
