"""Phase 1 over a range of instances, as its proposer sees it: who promised what, and which batch
the votes oblige the proposer to take.

Spec: `Reported`, `IsHighest`, and the first half of `Phase2a`.
"""

from collections.abc import Iterable

from paxos.core.intervals import IntervalSet
from paxos.core.messages import Promise, Vote


class Phase1:
    """A range of instances that was asked for in one ballot."""

    __slots__ = ("_parts", "_votes", "asked", "due_s", "first", "last", "promised")

    def __init__(self, first: int, last: int, due_s: float) -> None:
        self.asked = first
        """The first instance that was asked for. What is asked again is asked as it was, also when
        less of it would do: anything else would be another question (another `Phase1a`)."""
        self.first = first
        self.last = last
        self.due_s = due_s
        self.promised: set[int] = set()
        """The acceptors that promised the whole range."""
        self._parts: dict[int, IntervalSet] = {}
        self._votes: dict[int, dict[int, Vote]] = {}  # by acceptor, by instance

    def add(self, acceptor: int, promise: Promise) -> None:
        """Count a promise. It may be for a part of the range only, and may come twice."""
        first, last = max(promise.first, self.first), min(promise.last, self.last)
        if first > last or acceptor in self.promised:
            return
        votes = self._votes.setdefault(acceptor, {})
        votes.update({v.instance: v for v in promise.votes if first <= v.instance <= last})
        if first > self.first or last < self.last:
            parts = self._parts.setdefault(acceptor, IntervalSet())
            parts.add(first, last)
            if not parts.covers(self.first, self.last):
                return
        self.promised.add(acceptor)

    def skip(self, last: int) -> None:
        """Instances up to `last` need no promise: what is left of the range is what counts."""
        self.first = max(self.first, last + 1)
        for votes in self._votes.values():
            for instance in [i for i in votes if i <= last]:
                del votes[instance]
        self.promised.update(
            acceptor
            for acceptor, parts in self._parts.items()
            if self.first <= self.last and parts.covers(self.first, self.last)
        )

    def highest_votes(self, quorum: Iterable[int]) -> dict[int, Vote]:
        """By instance, the vote of the highest ballot that the acceptors of `quorum` reported."""
        highest: dict[int, Vote] = {}
        for acceptor in quorum:
            for instance, vote in self._votes[acceptor].items():
                if instance not in highest or vote.ballot > highest[instance].ballot:
                    highest[instance] = vote
        return highest
