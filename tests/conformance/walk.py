"""Random walks through the specification: events drawn from a tiny domain, taken if enabled.

With guards switched off, a walk goes astray, and it is the invariants that must say so.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from conformance.replay.checker import Participant
from conformance.rules.learning import append_new
from conformance.rules.rule import Fault, Rule
from tests.conformance.scenario import Ballot, Scenario, rng

QUORUMS = ((1, 2), (1, 3), (2, 3), (1, 2, 3), (1, 2), (1,))


class Walk:
    """A walk. `scenario` has the events taken; `broken` the invariant that ended it."""

    def __init__(self, seed: int, disabled: Any = (), instances: int = 3, **constants: Any) -> None:
        self.random = Random(seed)
        self.scenario = Scenario(f"walk {seed}", disabled=disabled, **constants)
        self.instances = instances
        self.broken: tuple[Rule, Fault] | None = None
        self.looked: Callable[[], None] = lambda: None  # called after guards were evaluated

    @property
    def state(self) -> Any:
        return self.scenario.checker.state

    def take(self, process: str, name: str, **params: Any) -> bool:
        """Take an event if its guards hold."""
        checker = self.scenario.checker
        who = Participant(process, checker.spec, checker.cluster)
        event = checker._decode(process, {"event": name, **params})
        action = checker.spec.actions[name]
        refused = action.refused(checker.state, who.actor, event)
        self.looked()
        if refused is not None:
            return False
        action.effect(checker.state, who.actor, event)
        checker.accepted += 1
        self.scenario.lines.append({"event": name, "process": process, **params})
        self.broken = action.broken(checker.state, who.actor, event)
        return True

    def step(self) -> None:
        """Draw an event; most are not enabled."""
        draw, s = self.random, self.scenario
        kind = draw.choice(KINDS)
        b, i = self.place(kind)
        a, q = draw.randint(1, 3), list(draw.choice(QUORUMS))
        upto = draw.randint(i, self.instances) if draw.random() < 0.5 else i
        learner, client = f"{draw.randint(1, 2)}.1", f"{draw.randint(1, 2)}.1"
        span = {"from": i, "to": upto}
        if kind == "Broadcast":
            self.take(f"client-{client}", kind, values=[rng(client, draw.randint(1, 9))])
        elif kind == "Phase1a":
            self.take(f"proposer-{b[1]}.1", kind, ballot=list(b), **span)
        elif kind == "Phase1b":
            votes = s.votes_of(a, i, upto)
            if draw.random() < 0.1:
                votes = votes[1:]
            self.take(f"acceptor-{a}.1", kind, ballot=list(b), **span, votes=votes)
        elif kind == "Phase2a":
            self.take(
                f"proposer-{b[1]}.1", kind, ballot=list(b), instance=i, batch=self.batch(b, i),
                quorum=q,
            )  # fmt: skip
        elif kind == "Phase2b":
            self.take(f"acceptor-{a}.1", kind, ballot=list(b), instance=i)
        elif kind == "Decide":
            self.take(f"proposer-{b[1]}.1", kind, ballot=list(b), instance=i, quorum=q)
        elif kind == "Learn":
            self.learn(learner, b, i, q)
        elif kind == "Trim":
            self.take(f"acceptor-{a}.1", kind, to=i)
        elif kind == "Deliver":
            self.deliver(learner, i)

    def place(self, kind: str) -> tuple[Ballot, int]:
        """A ballot and an instance: mostly ones where there is something to do."""
        draw, state = self.random, self.state
        b = (draw.randint(1, 3), draw.randint(1, 2))
        i = draw.randint(1, self.instances)
        proposed = [(b, i) for i, x in state.instances.items() for b in x.accepts]
        if draw.random() < 0.1:
            return b, i
        if kind in ("Phase2b", "Decide", "Learn") and proposed:
            return draw.choice(sorted(proposed))
        if kind in ("Phase1b", "Phase2a") and state.asked:
            b = draw.choice(sorted(state.asked)[-2:])
            return b, draw.choice(state.asked[b].firsts) if kind == "Phase1b" else i
        if kind == "Phase1a":
            new = not state.asked or draw.random() < 0.1
            return ((1 + len(state.asked) // 2, b[1]) if new else max(state.asked)), i
        return b, i

    def batch(self, b: Ballot, i: int) -> list[Any]:
        """What was reported, or some values."""
        reported = self.state.reported((1, 2, 3), b, i)
        if reported and self.random.random() < 0.7:
            return [list(r) for r in self.random.choice(sorted(reported))[1]]
        known = [rng(c, first) for c, x in self.state.broadcast.items() for first in x.firsts]
        if not known or self.random.random() < 0.1:
            known.append(rng("1.1", self.random.randint(1, 9)))
        size = self.random.randint(0, self.state.constants.max_batch)
        return [self.random.choice(known) for _ in range(size)]

    def learn(self, learner: str, b: Ballot, i: int, q: list[int]) -> None:
        batch = [list(r) for r in self.state.batch_of(b, i)]
        quorum = {"quorum": q} if self.state.constants.direct_learning else {}
        self.take(f"learner-{learner}", "Learn", ballot=list(b), instance=i, batch=batch, **quorum)

    def deliver(self, learner: str, i: int) -> None:
        me = self.state.learner(learner)
        i = me.prefix + 1 if self.random.random() < 0.8 else i
        due = append_new(self.state, learner, i)
        if self.random.random() < 0.2:  # as if the duplicate check were missing
            due = self.state.look(i).learned.get(learner, (0, ()))[1]
        values = [list(r) for r in due]
        self.take(
            f"learner-{learner}", "Deliver", instance=i, position=me.position + 1, values=values
        )


KINDS = (
    "Broadcast", "Phase1a", *["Phase1b"] * 4, *["Phase2a"] * 6, *["Phase2b"] * 6,
    *["Decide"] * 3, *["Learn"] * 4, *["Deliver"] * 3, *["Trim"] * 2,
)  # fmt: skip


def legal_run(seed: int, steps: int, **constants: Any) -> Scenario:
    """A run that conforms, with duplicates, contention and gaps."""
    walk = Walk(seed, **constants)
    for _ in range(steps):
        walk.step()
    assert walk.broken is None
    return walk.scenario
