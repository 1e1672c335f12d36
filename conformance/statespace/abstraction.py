"""The checker's state in the terms of the specification.

`Projection` reads the specification's variables off the checker's state, and holds whatever else
that keeps (ranges asked for, coverage, counters, what is highest) against its definition.
"""

from __future__ import annotations

from typing import Any

from conformance.rules.promises import Promises
from conformance.rules.state import Learner
from conformance.rules.state import Snapshot as Place
from conformance.rules.state import State as Checked
from conformance.statespace.graph import NO_VOTE, Batch, Bounds, Message, Snapshot, State
from conformance.statespace.turns import append_new, is_over, known_of
from conformance.statespace.words import BESIDE, Words
from conformance.trace.process import member


class Projection:
    """Reads the specification's variables off the checker's state."""

    def __init__(self, bounds: Bounds, words: Words) -> None:
        self.bounds, self.words = bounds, words
        self.synod = bounds.spec == "Synod"
        self.acceptors = range(1, bounds.acceptors + 1)
        self.instances = range(1, bounds.instances + 1)
        self.learners = [f"{x}.1" for x in range(1, bounds.learners + 1)]
        self.initial = bounds.initial()

    def state(self, s: Checked, msgs: frozenset[Message]) -> State:
        """The variables. Of `msgs` only those are taken that the checker's state does not keep."""
        w, at = self.words, {i: s.look(i) for i in self.instances}
        votes = tuple(
            tuple(
                frozenset(
                    w.vote((b, s.batch_of(b, i))) for b, who in at[i].voters.items() if a in who
                )
                for i in self.instances
            )
            for a in self.acceptors
        )
        chosen = tuple(frozenset(map(w.names, at[i].chosen)) for i in self.instances)
        learners = [s.learner(x) for x in self.learners]
        return State(
            broadcast=frozenset(v for v in self.bounds.names() if s.is_broadcast(w.range(v))),
            msgs=frozenset(m for m in msgs if m[0] in BESIDE) | self.messages(s),
            promised=tuple(self.promised(s.promised[a]) for a in self.acceptors),
            vote=tuple(
                tuple(w.vote(at[i].vote[a]) if a in at[i].vote else NO_VOTE for i in at)
                for a in self.acceptors
            ),
            trimmed=tuple(s.trimmed[a] for a in self.acceptors),
            learned=tuple(
                tuple(w.vote(at[i].learned[x]) if x in at[i].learned else NO_VOTE for i in at)
                for x in self.learners
            ),
            prefix=tuple(x.prefix for x in learners),
            delivered=tuple(w.names(x.delivered) for x in learners),
            known=tuple(self.table(x) for x in learners),
            taken=tuple(self.snapshot(x, x.taken) for x in learners),
            checkpoint=tuple(self.snapshot(x, x.checkpoint) for x in learners),
            votes=votes,
            chosen=self.initial.chosen if self.synod else chosen,
            order=self.initial.order if self.synod else self.order_of(chosen),
        )

    def promised(self, held: Promises) -> Any:
        each = [self.words.number(held.highest(i, i)) for i in self.instances]
        return tuple(each) if self.bounds.scope == "instance" else each[0]

    def table(self, x: Learner) -> frozenset[str]:
        """The values that the learner knows of: without sessions, all that it delivered."""
        return frozenset(
            name for name in self.words.names(x.delivered)
            if not (self.bounds.checkpoints and x.is_over(self.words.range(name)[0]))
        )  # fmt: skip

    def snapshot(self, x: Learner, at: Place) -> Snapshot:
        """What the snapshot is that x took at this place, or may have been given."""
        delivered = self.words.names(x.delivered[: at.ranges])
        return at.instance, delivered, known_of(self.bounds, delivered)

    def messages(self, s: Checked) -> frozenset[Message]:
        """The 2a, 2b, Decide and Snapshot messages."""
        w, found = self.words, set[Message]()
        for i in self.instances:
            inst = s.look(i)
            found |= {("2a", w.number(b), i, w.names(x)) for b, xs in inst.accepts.items()
                      for x in xs}  # fmt: skip
            found |= {("2b", a, w.number(b), i) for b in inst.voters for a in s.voters(b, i)}
            found |= {("Decide", w.number(b), i) for b in inst.decided}
        for givers in s.snapshots.values():
            found |= {("Snapshot", *self.snapshot(s.learner(x), at)) for x, at in givers.values()}
        return frozenset(found)

    def check(self, state: State, s: Checked) -> None:
        """Hold what else the checker's state keeps against its definition."""
        for name, kept, defined in (
            ("requests", self.kept_requests(s), self.requests(state)),
            ("promises", self.kept_promises(s), self.promises(state)),
            ("proposals", self.kept_proposals(s), self.proposals(state)),
            ("votes", self.kept_votes(s), self.votes(state)),
            ("deliveries", self.kept_deliveries(s), self.deliveries(state)),
            ("checkpoints", self.kept_checkpoints(s), self.checkpoints(state)),
        ):
            if kept != defined:
                raise AssertionError(
                    f"{name}: the checker keeps {kept}, which should be {defined}, in {state}"
                )

    # Ranges asked for, without those inside another, and each proposer's highest round.

    def requests(self, state: State) -> Any:
        asked = {m[1:] for m in state.msgs if m[0] == "1a"}
        widest = {
            (b, f, t)
            for b, f, t in asked
            if not any(c == b and g <= f and t <= u and (g, u) != (f, t) for c, g, u in asked)
        }
        rounds: dict[int, int] = {}
        for b, _, _ in asked:
            p = self.bounds.owner(b)
            rounds[p] = max(self.bounds.round(b), rounds.get(p, 0))
        return widest, rounds, len(state.broadcast)

    def kept_requests(self, s: Checked) -> Any:
        asked = {(self.words.number(b), f, t) for b, x in s.asked.items() for f, t in x.runs()}
        return asked, s.rounds, s.broadcasts

    # Instances that each acceptor promised a ballot for, and the votes it reported with that.

    def promises(self, state: State) -> Any:
        told = [m[1:] for m in state.msgs if m[0] == "1b"]
        covered = {(a, b, i) for a, b, f, t, _ in told for i in range(f, t + 1)}
        return covered, {(a, b, *vote) for a, b, _, _, votes in told for vote in votes}

    def kept_promises(self, s: Checked) -> Any:
        w = self.words
        covered = {
            (a, w.number(b), i)
            for b, by in s.covered.items()
            for a, x in by.items()
            for i in x.within(1, self.bounds.instances)
        }
        reported = {
            (a, w.number(b), i, *w.vote(vote))
            for i, inst in s.instances.items()
            for b, by in inst.reported.items()
            for a, votes in by.items()
            for vote in votes
        }
        return covered, reported

    # The highest instance proposed in, and the values that each ballot proposed.

    def proposals(self, state: State) -> Any:
        made = [m[1:] for m in state.msgs if m[0] == "2a"]
        values = {(b, v) for b, _, batch in made for v in batch}
        return max((i for _, i, _ in made), default=0), set() if self.bounds.ahead else values

    def kept_proposals(self, s: Checked) -> Any:
        values = {
            (self.words.number(b), v)
            for b, known in s.proposed.items()
            for v in self.bounds.names()
            if known.has_any(self.words.range(v))
        }
        assert len(values) == sum(known.count for known in s.proposed.values()), "ValueSet.count"
        return s.highest, values

    # Where each acceptor has a vote, and the highest ballot that it ever voted in.

    def votes(self, state: State) -> Any:
        where = {
            (a, i) for a, votes in enumerate(state.vote, 1)
            for i, vote in enumerate(votes, 1) if vote != NO_VOTE
        }  # fmt: skip
        ever = {a: [v[0] for vs in by for v in vs] for a, by in enumerate(state.votes, 1)}
        top = {a: max(ballots, default=0) for a, ballots in ever.items()}
        return where, {a: b for a, b in top.items() if b}

    def kept_votes(self, s: Checked) -> Any:
        where = {(a, i) for a, x in s.voted_in.items() for i in x.within(1, self.bounds.instances)}
        return where, {a: self.words.number(b) for a, b in s.top_vote.items()}

    # What each learner has delivered, and has said that it has.

    def deliveries(self, state: State) -> Any:
        told = [m[1:] for m in state.msgs if m[0] == "Delivered"]
        return [
            (len(values), frozenset(values), 0, {i for y, i in told if y == x > self.bounds.keeps})
            for x, values in enumerate(state.delivered, 1)
        ]

    def kept_deliveries(self, s: Checked) -> Any:
        return [
            (
                x.position,
                frozenset(v for v in self.bounds.names() if x.values.has_any(self.words.range(v))),
                len(x.repeated),
                # one that keeps no checkpoints takes back nothing of what it said
                set() if n <= self.bounds.keeps else set(range(1, x.prefix + 1)),
            )
            for n, x in enumerate(map(s.learner, self.learners), 1)
        ]

    # The positions of each learner's snapshots, which checkpoint it said it has, and of each client
    # the last incarnation of which it delivered a value.

    def checkpoints(self, state: State) -> Any:
        places = [
            (*self.words.place(at), *self.words.place(kept))
            for at, kept in zip(state.taken, state.checkpoint, strict=True)
        ]
        said = [
            max((m[2] for m in state.msgs if m[:2] == ("Checkpointed", x)), default=0)
            for x, _ in enumerate(self.learners, 1)
        ]
        latest = [
            {member(self.words.range(v)[0]) for v in values if not is_over(self.bounds, v, values)}
            for values in state.delivered
        ]
        given = {self.words.place(m[1:]) for m in state.msgs if m[0] == "Snapshot"}
        return places, said, latest, given

    def kept_checkpoints(self, s: Checked) -> Any:
        known = [s.learner(x) for x in self.learners]
        places = [(*x.taken[:2], *x.checkpoint[:2]) for x in known]
        latest = [set(x.latest.items()) for x in known]
        return places, [x.said for x in known], latest, set(s.snapshots)

    def order_of(self, chosen: tuple[frozenset[Batch], ...]) -> Batch:
        """OrderOf(chosen), which the checker does not keep."""
        order: Batch = ()
        for batches in chosen:
            if not batches:
                break
            order = append_new(self.bounds, order, next(iter(batches)))
        return order
