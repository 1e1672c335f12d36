"""What a leader knows of the instances that learners ask for.

The acceptors answer such a question with their votes. Without direct learning it is the leader who
counts them and decides. If after `repair_s` a learner still asks, the votes that can be heard do
not settle the instance (they are of different ballots, or too few), and the leader runs it again.
"""

from paxos.core.ballot import Ballot
from paxos.core.messages import Vote
from paxos.core.settings import Settings


class _Asked:
    """An instance that a learner asked for."""

    __slots__ = ("since_s", "votes")

    def __init__(self, since_s: float) -> None:
        self.since_s = since_s
        self.votes: dict[int, Ballot] = {}  # of each acceptor, what it said last


class Repair:
    """The instances asked for of late, at most `asked_instances` of them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._asked: dict[int, _Asked] = {}  # the longest ago first
        self._rerun: set[int] = set()

    def asked(self, first: int, last: int, now_s: float) -> list[int]:
        """A learner asks for `first..last`. Returns those that are to be run again."""
        rerun: list[int] = []
        for instance in range(first, last + 1):
            known = self._asked.get(instance)
            patience_s = self._settings.repair_s
            if known is None or now_s - known.since_s > 10 * patience_s:
                self._asked.pop(instance, None)
                self._asked[instance] = _Asked(now_s)
            elif now_s - known.since_s >= patience_s:
                known.since_s = now_s
                rerun.append(instance)
        self._rerun.update(rerun)
        while len(self._asked) > self._settings.asked_instances:
            self._forget(next(iter(self._asked)))
        return rerun

    def wants(self, instance: int) -> bool:
        """Whether the instance is to be run again although it is known to be chosen."""
        return instance in self._rerun

    def voted(self, acceptor: int, vote: Vote) -> list[int]:
        """Count a vote in an instance that was asked for. Returns the quorum, sorted, when there
        is one in the vote's ballot."""
        known = self._asked.get(vote.instance)
        if known is None:
            return []
        known.votes[acceptor] = vote.ballot
        voters = [voter for voter, ballot in known.votes.items() if ballot == vote.ballot]
        if len(voters) < self._settings.quorum:
            return []
        self._forget(vote.instance)
        return sorted(voters)

    def _forget(self, instance: int) -> None:
        self._asked.pop(instance, None)
        self._rerun.discard(instance)
