"""The state graph of the checker's rules: every step tried in every state, with every parameter.

Parameters are drawn from the constants, as Next of the specification draws them. Parameters outside
its sets are tried too, and must be refused. An event also says things that are no parameters of the
action: the votes that a promise reports, the batch learned, the values delivered and their
position. Every form of these is tried, and the guards may allow one at most. No rule is repeated
here.

The checker's state is compact: it does not keep the 1a and 1b messages themselves, but what is
asked about them. So these are kept beside it, as the events give them, and abstraction.py holds
the two against each other in every state.
"""

from __future__ import annotations

import itertools
import pickle
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec import UNSET, UnsetType

from conformance.replay.checker import SPECS
from conformance.rules.recovery import Again, Unseen
from conformance.rules.rule import Action
from conformance.rules.state import State as Checked
from conformance.statespace.abstraction import Projection, Words
from conformance.statespace.graph import NO_VOTE, Batch, Bounds, Graph, Label, Message, State, Vote
from conformance.trace import schema as ev

SETTLED = {
    "Phase1b": {"votes"},
    "Learn": {"batch"},
    "Deliver": {"values", "position"},
    "Recover": {"trimmed", "promise", "votes", "new votes", "new promise", "new trim"},
}
"""Guards that settle what an event says beyond its parameters. If another guard is false, it is
false for every form of the event, as it does not read that."""


FIXED = ("constants", "cluster", "acceptors", "majority")
"""Of the checker's state: what never changes."""


@dataclass(frozen=True)
class Try:
    """An event to try: who takes it, and what the specification calls it (None: nothing)."""

    actor: Any
    action: Action
    label: Label | None
    forms: tuple[Any, ...]


class Drift(Exception):
    """The checker's rules contradict themselves or the specification's terms; says where."""


class Model:
    """The checker's rules under some bounds, as a transition system over the specification's
    states."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.words = Words(bounds)
        self.spec = SPECS[bounds.spec]
        self.constants = ev.Constants(
            direct_learning=bounds.direct,
            prepare_ahead=bounds.ahead,
            max_batch=bounds.max_batch,
            promise_scope="instance" if bounds.scope == "instance" else "log",
            fifo=bounds.fifo,
        )
        upto = {n: tuple(range(1, getattr(bounds, n) + 1)) for n in ("acceptors", "proposers")}
        learners = tuple(range(1, bounds.learners + 1))
        self.cluster = ev.Cluster(**upto, learners=learners, clients=())
        self.projection = Projection(bounds, self.words)

    @cached_property
    def tries(self) -> list[Try]:
        return list(Parameters(self).all())

    def initial(self) -> Checked:
        return self.spec.initial(self.constants, self.cluster)  # type: ignore[no-any-return]

    def pack(self, state: Checked) -> bytes:
        """A copy of the checker's state, without what is the same in all of them."""
        variables = {k: v for k, v in vars(state).items() if k not in FIXED}
        return pickle.dumps(variables, pickle.HIGHEST_PROTOCOL)

    def unpack(self, packed: bytes) -> Checked:
        state = self.initial()
        vars(state).update(pickle.loads(packed))
        return state

    def successors(self, state: State, packed: bytes) -> Iterator[tuple[Label, State, bytes]]:
        """All steps from a state, given the checker's own too. Raises Drift."""
        here = self.unpack(packed)
        for attempt in (*self.tries, *self._recoveries(state)):
            event = self._enabled(here, attempt)
            if event is None:
                continue
            if attempt.label is None:
                raise Drift(f"{event} is allowed, which no specification knows, in {state}")
            after = self.unpack(packed)
            attempt.action.effect(after, attempt.actor, event)
            broken = attempt.action.broken(after, attempt.actor, event)
            if broken is not None:
                raise Drift(f"{broken[0].name} is false after {attempt.label} in {state}")
            sent, repacked = self.words.sent(event, attempt.actor), self.pack(after)
            if repacked == packed and sent <= state.msgs:
                yield attempt.label, state, packed  # nothing changed
                continue
            msgs = state.msgs | sent
            if not sent or sum(m[0] == "1a" for m in msgs) <= self.bounds.requests:
                found = self.projection.state(after, msgs)
                self.projection.check(found, after)
                yield attempt.label, found, repacked

    def _enabled(self, here: Any, attempt: Try) -> Any:
        """The form of the event that the guards let through; None if there is none."""
        allowed = None
        for event in attempt.forms:
            refused = attempt.action.refused(here, attempt.actor, event)
            if refused is None:
                if allowed is not None:
                    raise Drift(f"both {allowed} and {event} are allowed")
                allowed = event
            elif refused[0].name not in SETTLED.get(attempt.action.name, ()):
                return None
        return allowed

    def _recoveries(self, state: State) -> Iterator[Try]:
        """Each acceptor comes back with exactly what it had, which changes nothing."""
        for a in range(1, self.bounds.acceptors + 1):
            _, event = self.words.event(("Recover", a), state)
            yield Try(a, self.spec.actions["Recover"], ("Recover", a), (event,))


class Parameters:
    """All events of a model, by action: those of Next, and some from outside its sets."""

    def __init__(self, model: Model) -> None:
        self.bounds, self.words = model.bounds, model.words
        self.actions = {**model.spec.actions, **model.spec.inner}
        b = model.bounds
        self.instances = range(1, b.instances + 1)
        self.acceptors = range(1, b.acceptors + 1)
        self.batches = b.batches()
        self.quorums = b.quorums()
        # not in Batch: a value twice, and too many values
        self.no_batches: list[Batch] = [("v1", "v1"), (*b.names(), "v1")[: b.max_batch + 1]]
        self.no_quorums = [
            q for size in range(b.acceptors // 2 + 1)
            for q in itertools.combinations(self.acceptors, size)
        ] + [(1,) * (b.acceptors // 2 + 1), (1, b.acceptors + 1)]  # fmt: skip
        if b.acceptors == 1:
            self.no_quorums = [(), (2,), (1, 1)]

    def all(self) -> Iterator[Try]:
        yield from self.requests()
        yield from self.answers()
        yield from self.proposals()
        yield from self.decisions()
        yield from self.learning()
        if self.bounds.spec != "Synod":
            yield from self.deliveries()
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
            regular = set(itertools.product(self.batches, self.quorums))
            odd = [(batch, self.quorums[0]) for batch in self.no_batches]
            odd += [(batch, q) for batch in self.batches for q in self.no_quorums]
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
            for q in (*self.quorums, *self.no_quorums):
                event = ev.Decide(
                    **self.words.by("proposer", 1), ballot=self.words.ballot(b), instance=i,
                    quorum=q,
                )  # fmt: skip
                label = ("Decide", b, i, q) if q in self.quorums else None
                yield Try(1, self.actions["Decide"], label, (event,))

    def learning(self) -> Iterator[Try]:
        quorums = [*self.quorums, *self.no_quorums] if self.bounds.direct else [()]
        for x, b, i in itertools.product(
            range(1, self.bounds.learners + 1), self.bounds.ballots, self.instances
        ):
            for q in quorums:
                forms = tuple(self.learn(x, b, i, batch, q) for batch in self.batches)
                known = q in self.quorums or not self.bounds.direct
                label = ("Learn", x, b, i, q) if known else None
                yield Try(f"{x}.1", self.actions["Learn"], label, forms)
            if self.bounds.direct and self.bounds.spec == "Synod":
                continue  # there a learner may leave it out
            odd = UNSET if self.bounds.direct else self.quorums[0]
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


def model_graph(bounds: Bounds, expected: Graph | None = None) -> Graph:
    """The graph of the checker's rules. Raises Drift, also at the first step beyond `expected`."""
    model, graph = Model(bounds), Graph()
    first = model.initial()
    start = model.projection.state(first, frozenset[Message]())
    model.projection.check(start, first)
    waiting = deque([(graph.number(start), model.pack(first))])
    while waiting:
        source, packed = waiting.popleft()
        before = graph.states[source]
        for label, state, after in model.successors(before, packed):
            if expected is not None and not expected.has(before, label, state):
                raise Drift(f"{label} leads to {state}, from {before}")
            known = len(graph.states)
            target = graph.number(state)
            graph.steps[source][label] = target
            if target == known:
                waiting.append((target, after))
    return graph
