"""The state graph of the checker's rules: every step tried in every state, with every parameter.

Parameters are drawn from the constants, as Next of the specification draws them. Parameters outside
its sets are tried too, and must be refused. An event also says things that are no parameters of the
action: the votes that a promise reports, the batch learned, the values delivered and their
position. Every form of these is tried, and the guards may allow one at most. No rule is repeated
here. A learner may come back with a checkpoint that no trace has: such a Restart must lead to where
RecoverCheckpoint or RecoverInstall and then a Restart lead to.

The checker's state is compact: it does not keep the 1a and 1b messages themselves, but what is
asked about them. So these are kept beside it, as the events give them, and abstraction.py holds
the two against each other in every state.
"""

from __future__ import annotations

import itertools
import pickle
from collections import deque
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from conformance.replay.checker import SPECS
from conformance.rules.rule import Action
from conformance.rules.snapshots import Kept
from conformance.rules.state import State as Checked
from conformance.statespace.abstraction import Projection
from conformance.statespace.graph import (
    BEGINNING,
    Bounds,
    Graph,
    Label,
    Message,
    State,
)
from conformance.statespace.parameters import Parameters, Try
from conformance.statespace.words import Words
from conformance.trace import schema as ev

SETTLED = {
    "Phase1b": {"votes"},
    "Learn": {"batch"},
    "Deliver": {"values", "position"},
    "TakeSnapshot": {"place"},
    "Checkpoint": {"place"},
    "SendSnapshot": {"place"},
    "Recover": {"trimmed", "promise", "votes", "new votes", "new promise", "new trim"},
}
"""Guards that settle what an event says beyond its parameters. If another guard is false, it is
false for every form of the event, as it does not read that."""


FIXED = ("constants", "cluster", "acceptors", "quorum1", "quorum2", "keeps")
"""Of the checker's state: what never changes."""


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
            checkpoints=bounds.checkpoints,
            phase1_quorum=bounds.least(1),
            phase2_quorum=bounds.least(2),
        )
        upto = {n: tuple(range(1, getattr(bounds, n) + 1)) for n in ("acceptors", "proposers")}
        learners = tuple(range(1, bounds.learners + 1))
        self.cluster = ev.Cluster(**upto, learners=learners, clients=())
        self.projection = Projection(bounds, self.words)
        self.actions = {**self.spec.actions, **self.spec.inner}

    @cached_property
    def tries(self) -> list[Try]:
        return list(Parameters(self.bounds, self.words, self.actions).all())

    def initial(self) -> Checked:
        state: Checked = self.spec.initial(self.constants, self.cluster)
        if self.bounds.keeps:
            state.keeps = {f"{x}.1" for x in range(1, self.bounds.keeps + 1)}
        return state

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
        own = [*self._recoveries(state), *self._restarts(state), *self._transfers(state)]
        for attempt in (*self.tries, *own):
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

        if self.bounds.keeps and self.bounds.crashes:
            self._check_unsaid(state, packed)

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

    @cached_property
    def learners(self) -> range:
        """Those that may have snapshots."""
        return range(1, self.bounds.learners + 1 if self.bounds.spec != "Synod" else 1)

    def _restarts(self, state: State) -> Iterator[Try]:
        """Each learner comes back with its checkpoint."""
        for x in self.learners:
            if state.checkpoint[x - 1] == BEGINNING and not self.bounds.blank:
                continue
            who, event = self.words.event(("Restart", x), state)
            yield Try(who, self.spec.actions["Restart"], ("Restart", x), (event,))

    def _transfers(self, state: State) -> Iterator[Try]:
        """Each learner installs a snapshot of any place, given by any other one; or comes back with
        it."""
        given = {self.words.place(m[1:]): m for m in state.msgs if m[0] == "Snapshot"}
        for x, place in itertools.product(self.learners, self.words.places()):
            m = given.get(place)
            for giver in self.learners:
                event = self.words.of_snapshot("InstallSnapshot", x, *place, giver)
                label = ("InstallSnapshot", x, m) if m else None
                yield Try(f"{x}.1", self.spec.actions["InstallSnapshot"], label, (event,))
            if self.bounds.crashes:
                label = ("RecoverInstall", x, m) if m else None
                action = self.spec.inner["RecoverInstall"]
                yield Try(f"{x}.1", action, label, (Kept(*place),))

    def _check_unsaid(self, state: State, packed: bytes) -> None:
        """A learner comes back with what no trace has where a step without an event allows it, and
        to the same state. Raises Drift."""
        steps = [self.spec.inner[name] for name in ("RecoverCheckpoint", "RecoverInstall")]
        for x, place in itertools.product(range(1, self.bounds.keeps + 1), self.words.places()):
            found = self._restarted(packed, x, place)
            due = {self._restarted(packed, x, place, step) for step in steps}
            if self.words.place(state.checkpoint[x - 1]) == place:
                due.add(found)
            if {found} - {None} != due - {None}:
                raise Drift(f"learner {x} comes back as {found}, not {due}, from {state}")

    def _restarted(
        self, packed: bytes, x: int, place: tuple[int, int], before: Action | None = None
    ) -> State | None:
        """The state after a Restart, and a step before it; None if that is refused."""
        after, who = self.unpack(packed), f"{x}.1"
        steps: list[tuple[Action, Any]] = [(before, Kept(*place))] if before else []
        event = self.words.of_snapshot("Restart", x, *place)
        for action, taken in (*steps, (self.spec.actions["Restart"], event)):
            if action.refused(after, who, taken) is not None:
                return None
            action.effect(after, who, taken)
        return self.projection.state(after, frozenset[Message]())


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
            if graph.steps[source].setdefault(label, target) != target:
                raise Drift(f"{label} leads to two states, from {before}")
            if target == known:
                waiting.append((target, after))
    return graph
