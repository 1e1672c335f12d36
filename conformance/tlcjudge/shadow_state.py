"""The state of spec/TraceMultiPaxos.tla as the checker expects it: effects only, no guards.

It is kept to say what a window of a long trace starts from, and TLC must confirm that. What is
kept is by instance (Part) and by value (Fact), as there, in the numbers of numbering.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from conformance.tlcjudge.numbering import Values

Row = tuple[int, ...]
VotedFor = tuple[int, Values]  # ballot, batch
Said = tuple[int, int, Values]  # instance, ballot, batch: as a 1b reports it
Message = tuple[Any, ...]
Place = tuple[int, int]  # of a snapshot: instance, position

NONE: VotedFor = (0, ())

KINDS = (  # of rows, as TraceRows.tla numbers them, from 1
    *("Broadcast", "Phase1a", "Phase1b", "Phase2a", "Phase2b", "Decide", "Learn", "Deliver"),
    *("Recover", "Resume", "Return", "Promise", "Trim", "Unseen", "Repeat", "Life"),
    *("TakeSnapshot", "Checkpoint", "Restart", "SendSnapshot", "InstallSnapshot", "Kept", "Given"),
)
(
    BROADCAST,
    PHASE1A,
    PHASE1B,
    PHASE2A,
    PHASE2B,
    DECIDE,
    LEARN,
    DELIVER,
    RECOVER,
    RESUME,
    RETURN,
    PROMISE,
    TRIM,
    UNSEEN,
    REPEAT,
    LIFE,
    TAKE,
    CHECKPOINT,
    RESTART,
    SEND,
    INSTALL,
    KEPT,
    GIVEN,
) = range(1, len(KINDS) + 1)


@dataclass
class Part:
    """What concerns one instance. Messages are their fields in a tuple, the type first."""

    msgs: set[Message] = field(default_factory=set)
    vote: dict[int, VotedFor] = field(default_factory=dict)
    learned: dict[int, VotedFor] = field(default_factory=dict)
    votes: dict[int, set[VotedFor]] = field(default_factory=dict)
    chosen: set[Values] = field(default_factory=set)
    given: dict[int, Values] = field(default_factory=dict)
    promised: dict[int, int] = field(default_factory=dict)  # if each instance has a promise

    def batches(self) -> Iterator[Values]:
        """Every batch in it; one may come up several times."""
        for m in self.msgs:
            if m[0] == "2a":
                yield m[3]
            elif m[0] == "1b":
                yield from (batch for _, _, batch in m[5])
        for _, batch in (*self.vote.values(), *self.learned.values()):
            yield batch


@dataclass
class Fact:
    known: bool = False
    proposed: set[int] = field(default_factory=set)


@dataclass
class Asked:
    """The 1a messages of one ballot."""

    wide: set[tuple[int, int]] = field(default_factory=set)
    last: int = 0


@dataclass
class Mirror:
    quorum2: int
    scope: str = "log"  # of promises
    parts: dict[int, Part] = field(default_factory=dict)
    facts: dict[int, Fact] = field(default_factory=dict)
    promised: dict[int, int] = field(default_factory=dict)
    trimmed: dict[int, int] = field(default_factory=dict)
    prefix: dict[int, int] = field(default_factory=dict)
    asked: dict[int, Asked] = field(default_factory=dict)
    top: int = 0
    used: dict[int, int] = field(default_factory=dict)
    since: dict[int, int] = field(default_factory=dict)
    life: dict[int, int] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)
    taken: dict[int, Place] = field(default_factory=dict)
    kept: dict[int, Place] = field(default_factory=dict)  # checkpoints
    offered: set[tuple[int, int, int]] = field(default_factory=set)  # giver, instance, position
    begun: dict[int, int] = field(default_factory=dict)  # of a client: its first value's instance
    voted: dict[int, set[int]] = field(default_factory=dict)  # by acceptor: where it has a vote

    def part(self, i: int) -> Part:
        found = self.parts.get(i)
        if found is None:
            found = self.parts[i] = Part()
        return found

    def vote_of(self, a: int, i: int) -> VotedFor:
        if i <= self.trimmed.get(a, 0) or i not in self.parts:
            return NONE
        return self.parts[i].vote.get(a, NONE)

    # -- one method per action ------------------------------------------------------------------
    def broadcast(self, v: int) -> None:
        self.facts.setdefault(v, Fact()).known = True

    def phase1a(self, p: int, b: int, first: int, last: int) -> None:
        if first == last:
            self.part(first).msgs.add(("1a", b, first, last))
        asked = self.asked.setdefault(b, Asked())
        if first < last:
            asked.wide.add((first, last))
        asked.last = max(last, asked.last)
        self.used[p] = max(b, self.used.get(p, 0))

    def phase1b(self, a: int, b: int, first: int, last: int, said: tuple[Said, ...]) -> None:
        if self.scope == "log":
            self.promised[a] = b
        by_instance: dict[int, list[Said]] = {}
        for vote in said:
            by_instance.setdefault(vote[0], []).append(vote)
        for i in range(first, last + 1):
            part = self.part(i)
            part.msgs.add(("1b", a, b, i, i, frozenset(by_instance.get(i, ()))))
            if self.scope == "instance":
                part.promised[a] = b

    def phase2a(self, b: int, i: int, batch: Values) -> None:
        self.part(i).msgs.add(("2a", b, i, batch))
        for v in batch:
            self.facts.setdefault(v, Fact()).proposed.add(i)
        self.top = max(self.top, i)

    def phase2b(self, a: int, b: int, i: int) -> None:
        part = self.part(i)
        batch = next((m[3] for m in part.msgs if m[0] == "2a" and m[1] == b), ())
        part.msgs.add(("2b", a, b, i))
        self.promise(a, b, i)
        part.vote[a] = (b, batch)
        part.votes.setdefault(a, set()).add((b, batch))
        self.voted.setdefault(a, set()).add(i)
        if sum(m[0] == "2b" and m[2] == b for m in part.msgs) >= self.quorum2:
            part.chosen.add(batch)

    def decide(self, b: int, i: int) -> None:
        self.part(i).msgs.add(("Decide", b, i))

    def learn(self, learner: int, b: int, i: int, batch: Values) -> None:
        self.part(i).learned[learner] = (b, batch)

    def deliver(self, learner: int, i: int, batch: Values, weight: int) -> None:
        self.part(i).given[learner] = batch
        self.prefix[learner] = i
        self.counted[learner] = self.counted.get(learner, 0) + weight

    def begin(self, client: int, i: int) -> None:
        """A value of the client is delivered in instance i."""
        self.begun.setdefault(client, i)

    def take(self, learner: int, place: Place) -> None:
        self.taken[learner] = place

    def keep(self, learner: int) -> None:
        self.kept[learner] = self.taken.pop(learner, (0, 0))

    def go_back(self, learner: int) -> None:
        self.prefix[learner], self.counted[learner] = self.kept.get(learner, (0, 0))
        self.taken.pop(learner, None)
        for part in self.parts.values():
            part.learned.pop(learner, None)

    def offer(self, giver: int, place: Place) -> None:
        self.offered.add((giver, *place))

    def given(self, place: Place, most: int) -> int:
        """Who of the givers up to number `most` gave a snapshot of this place; 0: nobody did."""
        gave = (g for g, *it in self.offered if (*it,) == place and g <= most)
        return min(gave, default=0)

    def install(self, learner: int, place: Place) -> None:
        self.kept[learner] = place
        self.prefix[learner], self.counted[learner] = place
        self.taken.pop(learner, None)

    def resume(self, p: int, b: int) -> None:
        self.used[p] = self.since[p] = b

    def live(self, x: int, n: int) -> None:
        self.life[x] = n

    def promise(self, a: int, b: int, i: int) -> None:
        """Promise b: in instance i, or in the log."""
        if self.scope == "instance":
            self.part(i).promised[a] = b
        else:
            self.promised[a] = b

    def promised_in(self, a: int, i: int) -> int:
        """The ballot promised in instance i, or in the log."""
        if self.scope == "log":
            return self.promised.get(a, 0)
        return self.parts[i].promised.get(a, 0) if i in self.parts else 0

    def trim(self, a: int, i: int) -> None:
        """What was voted stays in its part, and is no vote any more."""
        self.trimmed[a] = i

    def copy(self) -> Mirror:
        """As it is now, whatever becomes of this one."""
        return deepcopy(self)

    # -- at a border ----------------------------------------------------------------------------
    def forget(self, instances: set[int], values: set[int]) -> None:
        for i in instances:
            for a in self.parts.pop(i).vote:
                self.voted[a].discard(i)
        for v in values:
            del self.facts[v]
