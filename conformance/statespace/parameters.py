"""What is tried in each state: the events of a model with all parameters, and some from outside the
sets that the specification draws them from.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, UnsetType

from conformance.rules.recovery import Again, Unseen
from conformance.rules.rule import Action
from conformance.rules.snapshots import Kept
from conformance.statespace.graph import NO_VOTE, Batch, Bounds, Label, Vote
from conformance.statespace.words import Words
from conformance.trace import schema as ev


@dataclass(frozen=True)
class Try:
    """An event to try: who takes it, and what the specification calls it (None: nothing)."""

    actor: Any
    action: Action
    label: Label | None
    forms: tuple[Any, ...]


class Parameters:
    """All events of a model, by action: those of Next, and some from outside its sets."""

    def __init__(self, bounds: Bounds, words: Words, actions: dict[str, Action]) -> None:
        self.bounds, self.words, self.actions = bounds, words, actions
        b = bounds
        self.instances = range(1, b.instances + 1)
        self.acceptors = range(1, b.acceptors + 1)
        self.batches = b.batches()
        self.quorums1, self.quorums2 = b.quorums_of(1), b.quorums_of(2)
        # not in Batch: a value twice, and too many values
        self.no_batches: list[Batch] = [("v1", "v1"), (*b.names(), "v1")[: b.max_batch + 1]]
        self.no_quorums1, self.no_quorums2 = self._no_quorums(1), self._no_quorums(2)

    def _no_quorums(self, phase: int) -> list[tuple[int, ...]]:
        """Too few acceptors, one several times, and one that there is not."""
        if self.bounds.acceptors == 1:
            return [(), (2,), (1, 1)]
        least, others = self.bounds.least(phase), [(1, self.bounds.acceptors + 1)]
        few = [q for size in range(least) for q in itertools.combinations(self.acceptors, size)]
        return [*few, (1,) * max(2, least), *others]

    def all(self) -> Iterator[Try]:
        yield from self.requests()
        yield from self.answers()
        yield from self.proposals()
        yield from self.decisions()
        yield from self.learning()
        if self.bounds.spec != "Synod":
            yield from self.deliveries()
            yield from self.snapshots()
            yield from self.trims()
            yield from self.crashes()

    def requests(self) -> Iterator[Try]:
        for v in self.bounds.names():
            r = self.words.range(v)
            said = ev.Broadcast(**self.words.by("client", r[0]), values=(r,))
            yield Try(r[0], self.actions["Broadcast"], ("Broadcast", v), (said,))
            yield Try("9.1", self.actions["Broadcast"], None, (said,))
        spans = [*itertools.product(self.instances, repeat=2)]
        no_spans = [(1, 2), (2, 2)] if self.bounds.spec == "Synod" else []
        for b in self.bounds.ballots:
            for f, t in [*spans, *no_spans]:
                p = self.bounds.owner(b)
                event = ev.Phase1a(
                    **self.words.by("proposer", p), ballot=self.words.ballot(b), first=f, last=t
                )
                label = ("Phase1a", b, f, t) if (f, t) in spans else None
                yield Try(p, self.actions["Phase1a"], label, (event,))
                yield Try(p + 1, self.actions["Phase1a"], None, (event,))

    def answers(self) -> Iterator[Try]:
        spans = itertools.product(self.instances, repeat=2)
        for a, b, (f, t) in itertools.product(self.acceptors, self.bounds.ballots, [*spans]):
            forms = tuple(
                ev.Phase1b(
                    **self.words.by("acceptor", a), ballot=self.words.ballot(b), first=f, last=t,
                    votes=votes,
                )
                for votes in self.reports(range(f, t + 1))
            )  # fmt: skip
            yield Try(a, self.actions["Phase1b"], ("Phase1b", a, b, f, t), forms)
        for a, b, i in itertools.product(self.acceptors, self.bounds.ballots, self.instances):
            event = ev.Phase2b(
                **self.words.by("acceptor", a), ballot=self.words.ballot(b), instance=i
            )
            yield Try(a, self.actions["Phase2b"], ("Phase2b", a, b, i), (event,))

    def reports(self, instances: range) -> list[Any]:
        """All that a promise can report of some instances."""
        batches = self.batches
        votes: list[Vote] = [NO_VOTE, *itertools.product(self.bounds.ballots, batches)]
        return [
            self.words.votes(dict(zip(instances, some, strict=True)))
            for some in itertools.product(votes, repeat=len(instances))
        ]

    def proposals(self) -> Iterator[Try]:
        action = self.actions["Phase2a"]
        for b, i in itertools.product(self.bounds.ballots, self.instances):
            p = self.bounds.owner(b)
            regular = set(itertools.product(self.batches, self.quorums1))
            odd = [(batch, self.quorums1[0]) for batch in self.no_batches]
            odd += [(batch, q) for batch in self.batches for q in self.no_quorums1]
            for batch, q in [*regular, *odd]:
                event = ev.Phase2a(
                    **self.words.by("proposer", p), ballot=self.words.ballot(b), instance=i,
                    batch=self.words.batch(batch), quorum=q,
                )  # fmt: skip
                label = ("Phase2a", b, i, batch, q) if (batch, q) in regular else None
                yield Try(p, action, label, (event,))
                if label is not None:
                    yield Try(p + 1, action, None, (event,))

    def decisions(self) -> Iterator[Try]:
        for b, i in itertools.product(self.bounds.ballots, self.instances):
            for q in (*self.quorums2, *self.no_quorums2):
                event = ev.Decide(
                    **self.words.by("proposer", 1), ballot=self.words.ballot(b), instance=i,
                    quorum=q,
                )  # fmt: skip
                label = ("Decide", b, i, q) if q in self.quorums2 else None
                yield Try(1, self.actions["Decide"], label, (event,))

    def learning(self) -> Iterator[Try]:
        quorums = [*self.quorums2, *self.no_quorums2] if self.bounds.direct else [()]
        for x, b, i in itertools.product(
            range(1, self.bounds.learners + 1), self.bounds.ballots, self.instances
        ):
            for q in quorums:
                forms = tuple(self.learn(x, b, i, batch, q) for batch in self.batches)
                known = q in self.quorums2 or not self.bounds.direct
                label = ("Learn", x, b, i, q) if known else None
                yield Try(f"{x}.1", self.actions["Learn"], label, forms)
            if self.bounds.direct and self.bounds.spec == "Synod":
                continue  # there a learner may leave it out
            odd = UNSET if self.bounds.direct else self.quorums2[0]
            forms = tuple(self.learn(x, b, i, batch, odd) for batch in self.batches)
            yield Try(f"{x}.1", self.actions["Learn"], None, forms)

    def learn(
        self, x: int, b: int, i: int, batch: Batch, quorum: tuple[int, ...] | UnsetType
    ) -> ev.Learn:
        said = quorum if quorum is UNSET or self.bounds.direct or quorum else UNSET
        return ev.Learn(
            **self.words.by("learner", f"{x}.1"), ballot=self.words.ballot(b), instance=i,
            batch=self.words.batch(batch), quorum=said,
        )  # fmt: skip

    def deliveries(self) -> Iterator[Try]:
        for x, i in itertools.product(range(1, self.bounds.learners + 1), self.instances):
            forms = tuple(
                ev.Deliver(
                    **self.words.by("learner", f"{x}.1"), instance=i, position=position,
                    values=self.words.batch(values),
                )
                for values in self.batches
                for position in range(1, self.bounds.values + 2)
            )  # fmt: skip
            yield Try(f"{x}.1", self.actions["Deliver"], ("Deliver", x, i), forms)

    def snapshots(self) -> Iterator[Try]:
        for x in range(1, self.bounds.learners + 1):
            for name in ("TakeSnapshot", "Checkpoint", "SendSnapshot"):
                forms = tuple(
                    self.words.of_snapshot(name, x, *place) for place in self.words.places()
                )
                yield Try(f"{x}.1", self.actions[name], (name, x), forms)
            if self.bounds.crashes:
                action = self.actions["RecoverCheckpoint"]
                yield Try(f"{x}.1", action, ("RecoverCheckpoint", x), (Kept(),))

    def trims(self) -> Iterator[Try]:
        for a, i in itertools.product(self.acceptors, self.instances):
            event = ev.Trim(**self.words.by("acceptor", a), last=i)
            yield Try(a, self.actions["Trim"], ("Trim", a, i), (event,))

    def crashes(self) -> Iterator[Try]:
        ballots = self.bounds.ballots if self.bounds.crashes else ()
        for a, b in itertools.product(self.acceptors, ballots):
            for s in self.instances if self.bounds.scope == "instance" else (0,):
                step = Unseen(self.words.ballot(b), s)
                yield Try(a, self.actions["RecoverPromise"], ("RecoverPromise", a, b, s), (step,))
            for i in self.instances:
                step = Unseen(self.words.ballot(b), i)
                yield Try(a, self.actions["RecoverVote"], ("RecoverVote", a, b, i), (step,))
        for a, i in itertools.product(self.acceptors, self.instances):
            yield Try(a, self.actions["Repeat"], ("Repeat", a, i), (Again(i),))
