"""Phase 1 as its proposer sees it. Of a range of instances: who promised what, and which batch the
votes oblige the proposer to take. Of a ballot: what was asked for, and which instances are free.

Spec: `Phase1a`, `Reported`, `IsHighest`, and the first half of `Phase2a`.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from math import inf

from paxos.core.intervals import IntervalSet
from paxos.core.messages import Promise, Vote
from paxos.core.roundtrip import longer
from paxos.core.settings import Settings


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
        """Whether no `quorum` of votes of the same ballot was reported, as far as is known."""
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


class Promises:
    """The ranges whose Phase 1 is under way in a ballot, and the instances that it has set free."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.clear()

    def clear(self) -> None:
        """A ballot begins, or is over."""
        self.next = 1
        """The first instance that Phase 1 was not begun for."""
        self.open: dict[int, Phase1] = {}
        """By first instance."""
        self.free: list[tuple[int, list[int]]] = []
        """A heap of the instances that are promised and in which nothing is proposed, and by whom
        they are promised."""
        self.due_s = inf
        """When to ask again."""

    # What is to be asked for.

    def wanted(
        self, chosen: IntervalSet, top: int, batches: int, proposed: int
    ) -> Iterator[tuple[int, int]]:
        """The ranges `(first, last)` to ask promises for now. The log is known to be begun up to
        `top`, `batches` wait to be proposed, and Phase 2 is under way in `proposed` instances."""
        if self._settings.prepare_ahead:
            return self._window(chosen)
        return self._for_values(chosen, top, batches, proposed)

    def _window(self, chosen: IntervalSet) -> Iterator[tuple[int, int]]:
        """The clause of prepare_ahead: keep a window of instances promised, values or not. It is
        refilled when half of it is used, so that one Phase 1 serves many instances."""
        ahead = len(self.free) + self._asked_for(chosen)
        if ahead > self._settings.window // 2:
            return
        first = self.next = chosen.first_missing(self.next)
        last = first - 1 + min(self._settings.window - ahead, self._settings.prepare_instances)
        if self._settings.synod:
            last = min(last, 1)
        if first <= last:
            self.next = last + 1
            yield first, last

    def _for_values(
        self, chosen: IntervalSet, top: int, batches: int, proposed: int
    ) -> Iterator[tuple[int, int]]:
        """Without it: an instance for each batch that waits, and for each that a leader before
        began and that has to be finished."""
        begun = len(self.free) + self._asked_for(chosen)
        waiting = batches - begun
        for _ in range(self._settings.in_flight - begun - proposed):
            first = self.next = chosen.first_missing(self.next)
            if first > top and (waiting <= 0 or (self._settings.synod and first > 1)):
                return
            self.next += 1
            waiting -= 1
            yield first, first

    def _asked_for(self, chosen: IntervalSet) -> int:
        """The instances whose promises are awaited for values; not those for a learner alone."""
        return sum(p.last - p.first + 1 for p in self.open.values() if p.last not in chosen)

    # What was asked for.

    def ask(self, phase1: Phase1) -> None:
        """Promises for what is left of it are asked for."""
        self.open[phase1.first] = phase1
        self.due_s = min(self.due_s, phase1.due_s)

    def late(self, now_s: float) -> list[Phase1]:
        """Those to ask for again now, because the answers take too long."""
        late = [phase1 for phase1 in self.open.values() if phase1.due_s <= now_s]
        for phase1 in late:
            phase1.ask_again(now_s)
        self.due_s = min((phase1.due_s for phase1 in self.open.values()), default=inf)
        return late

    def hurry(self, now_s: float) -> None:
        """A path is open again: ask again now."""
        for phase1 in self.open.values():
            phase1.due_s = self.due_s = now_s

    def add(self, acceptor: int, promise: Promise) -> Iterator[Phase1]:
        """Count a promise; it may answer several questions. Those that it was counted for."""
        exact = self.open.get(promise.first)
        asked = [exact] if exact and exact.last == promise.last else list(self.open.values())
        for phase1 in asked:
            phase1.add(acceptor, promise)
            yield phase1

    def skip(self, last: int, is_wanted: Callable[[int], bool]) -> Iterator[Phase1]:
        """Nothing is to be proposed up to `last`: those of which something is left. One that a
        learner alone wants is left as it is: others may still tell their votes."""
        self.free = [(instance, quorum) for instance, quorum in self.free if instance > last]
        heapify(self.free)
        for first, phase1 in sorted(self.open.items()):
            if first > last:
                break
            if first == phase1.last and is_wanted(first):
                continue
            del self.open[first]
            phase1.skip(last)
            if phase1.first <= phase1.last:
                self.open[phase1.first] = phase1
                yield phase1

    # What is free.

    def set_free(self, instance: int, quorum: list[int]) -> None:
        """`quorum` has promised `instance`, and no vote obliges to anything."""
        heappush(self.free, (instance, quorum))

    def take(self) -> tuple[int, list[int]]:
        """The lowest free instance, which is not free any more, and who promised it."""
        return heappop(self.free)

    def concerns(self, instance: int) -> bool:
        """Whether Phase 1 is under way for the instance, or it is free."""
        return any(p.first <= instance <= p.last for p in self.open.values()) or any(
            instance == free for free, _ in self.free
        )
