"""What a leader knows of the instances that learners ask for.

The acceptors answer such a question with their votes. Without direct learning it is the leader who
counts them and decides. If after `repair_s` a learner still asks, the votes that can be heard do
not settle the instance (they are of different ballots, or too few), and the leader runs it again.
"""

from paxos.core.ballot import Ballot
from paxos.core.messages import Vote
from paxos.core.roundtrip import LONGEST_PAUSE_S, longer
from paxos.core.settings import Settings

FEWEST_RERUNS, MOST_RERUNS = 4, 64
"""Instances that a leader runs again at a time: each is answered with a vote by every acceptor. As
long as their votes turn out to be mixed, it is twice as many each time."""

QUESTIONS, LONG_S = 5, 8.0
"""So often a learner has asked in vain before an instance is run again, or for so long."""

FORGOTTEN_S = 4 * LONGEST_PAUSE_S
"""A learner that has not asked for so long has what it asked for: one that misses something asks
more often."""


class _Asked:
    """An instance that a learner asked for."""

    __slots__ = ("patience_s", "since_s", "times", "votes")

    def __init__(self, since_s: float, patience_s: float) -> None:
        self.since_s = since_s
        self.patience_s = patience_s
        self.times = 1  # that it was asked for first of all that is missing
        self.votes: dict[int, Ballot] = {}  # of each acceptor, what it said last


class Repair:
    """The instances asked for of late, at most `asked_instances` of them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._asked: dict[int, _Asked] = {}  # the longest ago first
        self._rerun: set[int] = set()
        self._most = FEWEST_RERUNS
        self._mixed = -1  # the highest instance that was run again and whose votes settled nothing
        self._trimmed: dict[int, int] = {}  # by acceptor: up to where it has forgotten its votes
        self._gone = 0  # up to there no quorum of phase 1 remembers them

    def asked(self, first: int, last: int, now_s: float, patience_s: float, busy: int) -> list[int]:
        """A learner asks for `first..last`. Returns those that are to be run again: those that the
        learner has asked for longer than `repair_s` and `patience_s`, and the next time for twice
        as long. While `busy` others are run again it is fewer of them, but one at least. None is
        run again while `first` is new: a learner goes on from there when it has that, and the
        acceptors answer as much as there is room for."""
        first = max(first, self._gone + 1)
        patience_s = max(patience_s, self._settings.repair_s)
        rerun: list[int] = []
        most = max(1, self._most - busy) if self._is_due(first, now_s) else 0
        for instance in range(first, last + 1):
            known = self._asked.get(instance)
            if known is None or now_s - known.since_s > FORGOTTEN_S:
                self._asked.pop(instance, None)
                self._asked[instance] = _Asked(now_s, patience_s)
            elif now_s - known.since_s >= known.patience_s and len(rerun) < most:
                known.since_s = now_s
                known.patience_s = longer(known.patience_s)
                rerun.append(instance)
        self._rerun.update(rerun)
        while len(self._asked) > self._settings.asked_instances:
            self._forget(next(iter(self._asked)))
        return rerun

    def _is_due(self, instance: int, now_s: float) -> bool:
        known = self._asked.get(instance)
        if known is None:
            return False
        known.times += 1
        waited_s = now_s - known.since_s
        if instance - 1 == self._mixed:  # and so, probably, are those after it
            self._most = min(2 * self._most, MOST_RERUNS)
            return waited_s >= known.patience_s
        self._most = FEWEST_RERUNS
        return waited_s >= known.patience_s and (known.times >= QUESTIONS or waited_s >= LONG_S)

    def note_mixed(self, instance: int) -> None:
        """No quorum has voted for an instance in one ballot: it had to be run again."""
        self._mixed = max(self._mixed, instance)

    def wants(self, instance: int) -> bool:
        """Whether the instance is to be run again although it is known to be chosen."""
        return instance in self._rerun

    def trimmed(self, acceptor: int, last: int) -> None:
        """An acceptor has forgotten its votes up to `last`. What no quorum of phase 1 remembers
        cannot be run again, as it promises nothing there: the learners that ask for it will end, or
        take a checkpoint."""
        if not 1 <= acceptor <= self._settings.acceptors:
            return
        self._trimmed[acceptor] = max(last, self._trimmed.get(acceptor, 0))
        furthest = sorted(self._trimmed.values(), reverse=True)
        spare = self._settings.acceptors - self._settings.quorum1
        self._gone = furthest[spare] if len(furthest) > spare else 0
        for instance in [i for i in self._asked if i <= self._gone]:
            self._forget(instance)

    def voted(self, acceptor: int, vote: Vote) -> list[int]:
        """Count a vote in an instance that was asked for. Returns the quorum, sorted, when there
        is one in the vote's ballot."""
        known = self._asked.get(vote.instance)
        if known is None:
            return []
        known.votes[acceptor] = vote.ballot
        voters = [voter for voter, ballot in known.votes.items() if ballot == vote.ballot]
        if len(voters) < self._settings.quorum2:
            return []
        self._forget(vote.instance)
        return sorted(voters)

    def _forget(self, instance: int) -> None:
        self._asked.pop(instance, None)
        self._rerun.discard(instance)
