"""Phase 1 over a range of instances, as its proposer sees it: who promised what, and which batch
the votes oblige the proposer to take.

Spec: `Reported`, `IsHighest`, and the first half of `Phase2a`.
"""

from collections.abc import Iterable

from paxos.core.intervals import IntervalSet
from paxos.core.messages import Promise, Vote
from paxos.core.roundtrip import longer


class Phase1:
    """A range of instances that was asked for in one ballot. Acceptors answer from its first
    instance on, as far as their votes fit one message; so does this get shorter from there."""

    __slots__ = ("_parts", "_pause_s", "_votes", "asked", "asked_s", "due_s", "first", "last")

    def __init__(self, first: int, last: int, now_s: float, pause_s: float) -> None:
        self.first = first
        self.last = last
        self._parts: dict[int, IntervalSet] = {}  # by acceptor: what it promised
        self._votes: dict[int, dict[int, Vote]] = {}  # by acceptor, by instance
        self.ask(now_s, pause_s)

    def ask(self, now_s: float, pause_s: float) -> None:
        """What is left is asked for: another question, if it is not the first."""
        self.asked = self.first
        """The first instance that was asked for. What is asked again is asked as it was, also when
        less of it would do: anything else would be another question (another `Phase1a`)."""
        self.asked_s = now_s
        """When it was asked; negative: more than once."""
        self._pause_s = pause_s
        self.due_s = now_s + pause_s
        """When to ask again, if it is not answered before."""

    def ask_again(self, now_s: float) -> None:
        """It was asked again: wait twice as long the next time."""
        self.asked_s = -1.0
        self._pause_s = longer(self._pause_s)
        self.due_s = now_s + self._pause_s

    def add(self, acceptor: int, promise: Promise) -> None:
        """Count a promise. It may be for a part of the range only, and may come twice."""
        first, last = max(promise.first, self.first), min(promise.last, self.last)
        if first > last:
            return
        votes = self._votes.setdefault(acceptor, {})
        votes.update({v.instance: v for v in promise.votes if first <= v.instance <= last})
        self._parts.setdefault(acceptor, IntervalSet()).add(first, last)

    def reached(self, quorum: int) -> int:
        """The instance up to which, from the first on, `quorum` acceptors have promised all; one
        below the first: there is none."""
        ends = sorted(parts.first_missing(self.first) - 1 for parts in self._parts.values())
        return min(ends[-quorum], self.last) if len(ends) >= quorum else self.first - 1

    def promised(self, last: int) -> list[int]:
        """The acceptors that promised all from the first instance to `last`, sorted."""
        return sorted(a for a, parts in self._parts.items() if parts.covers(self.first, last))

    def skip(self, last: int) -> None:
        """Instances up to `last` need no promise: what is left of the range is what counts."""
        self.first = max(self.first, last + 1)
        for votes in self._votes.values():
            for instance in [i for i in votes if i <= last]:
                del votes[instance]

    def is_mixed(self, instance: int, quorum: int) -> bool:
        """Whether no `quorum` reported a vote of the same ballot, as far as is known."""
        votes = [votes[instance].ballot for votes in self._votes.values() if instance in votes]
        return all(votes.count(ballot) < quorum for ballot in set(votes))

    def highest_votes(self, quorum: Iterable[int]) -> dict[int, Vote]:
        """By instance, the vote of the highest ballot that the acceptors of `quorum` reported."""
        highest: dict[int, Vote] = {}
        for acceptor in quorum:
            for instance, vote in self._votes[acceptor].items():
                if instance not in highest or vote.ballot > highest[instance].ballot:
                    highest[instance] = vote
        return highest
