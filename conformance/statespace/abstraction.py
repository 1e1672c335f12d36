"""The checker's state in the terms of the specification, and back.

`Words` turns numbers of ballots and names of values into what events carry. `Projection` reads the
specification's variables off the checker's state, and holds whatever else that keeps (ranges
asked for, coverage, counters, what is highest) against its definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from conformance.rules.promises import Promises
from conformance.rules.recovery import Again, Unseen
from conformance.rules.state import State as Checked
from conformance.statespace.graph import NO_VOTE, Batch, Bounds, Label, Message, State, Vote
from conformance.statespace.turns import append_new
from conformance.trace import schema as ev


class Words:
    """Values v1, v2, v3, ... are numbered in pairs: two of client 1, two of client 2, ..."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._ranges: dict[str, ev.Range] = {}
        for k, name in enumerate(bounds.names()):
            digest = blake2b(name.encode(), digest_size=8).hexdigest()
            self._ranges[name] = (f"{k // 2 + 1}.1", k % 2 + 1, 1, digest)
        self._names = {r: name for name, r in self._ranges.items()}

    def by(self, role: str, who: int | str) -> dict[str, Any]:
        """What every event has."""
        name = f"{role}-{who}" if isinstance(who, str) else f"{role}-{who}.1"
        return {"process": name, "seq": 1, "hlc": 1}

    def ballot(self, b: int) -> ev.Ballot:
        return self.bounds.round(b), self.bounds.owner(b)

    def number(self, ballot: ev.Ballot) -> int:
        """The other way; no ballot is 0."""
        r, p = ballot
        return (r - 1) * self.bounds.proposers + p if r else 0

    def range(self, value: str) -> ev.Range:
        return self._ranges[value]

    def batch(self, batch: Batch) -> ev.Batch:
        return tuple(self._ranges[v] for v in batch)

    def names(self, ranges: Iterable[ev.Range]) -> Batch:
        return tuple(self._names[r] for r in ranges)

    def vote(self, vote: tuple[ev.Ballot, ev.Batch]) -> Vote:
        return self.number(vote[0]), self.names(vote[1])

    def votes(self, votes: Mapping[int, Vote]) -> tuple[tuple[int, ev.Ballot, ev.Batch], ...]:
        """Votes by instance, as events report them: without those that are none."""
        return tuple(
            (i, self.ballot(v[0]), self.batch(v[1])) for i, v in votes.items() if v != NO_VOTE
        )

    def recover(self, a: int, promised: Any, votes: tuple[Vote, ...], trimmed: int) -> ev.Recover:
        said: dict[str, Any] = {}
        if self.bounds.scope == "instance":
            said["promises"] = tuple((i, i, self.ballot(b)) for i, b in enumerate(promised, 1) if b)
        elif promised:
            said["promised"] = self.ballot(promised)
        said |= {"trimmed": trimmed} if trimmed else {}
        reported = self.votes(dict(enumerate(votes, 1)))
        return ev.Recover(**self.by("acceptor", a), **said, votes=reported)

    def event(self, label: Label, state: State) -> tuple[Any, Any]:
        """Who takes a step, and its event: what that says beyond the parameters is read off the
        state."""
        name, *p = label
        match name, p:
            case "Broadcast", [v]:
                r = self.range(v)
                client = ev.Broadcast(**self.by("client", r[0]), values=(r,))
                return r[0], client
            case "Phase1a", [b, f, t]:
                me = self.bounds.owner(b)
                at: dict[str, Any] = {"ballot": self.ballot(b), "first": f, "last": t}
                return me, ev.Phase1a(**self.by("proposer", me), **at)
            case "Phase1b", [a, b, f, t]:
                votes = self.votes({i: state.vote[a - 1][i - 1] for i in range(f, t + 1)})
                said: dict[str, Any] = {
                    "ballot": self.ballot(b),
                    "first": f,
                    "last": t,
                    "votes": votes,
                }
                return a, ev.Phase1b(**self.by("acceptor", a), **said)
            case "Phase2b", [a, b, i]:
                at = {"ballot": self.ballot(b), "instance": i}
                return a, ev.Phase2b(**self.by("acceptor", a), **at)
            case "Phase2a", [b, i, batch, q]:
                said = {"instance": i, "batch": self.batch(batch), "quorum": q}
                me = self.bounds.owner(b)
                return me, ev.Phase2a(**self.by("proposer", me), ballot=self.ballot(b), **said)
            case "Decide", [b, i, q]:
                at = {"ballot": self.ballot(b), "instance": i, "quorum": q}
                return 1, ev.Decide(**self.by("proposer", 1), **at)
            case "Learn", [x, b, i, q]:
                proposed = [m[3] for m in state.msgs if m[0] == "2a" and m[1:3] == (b, i)]
                batch = self.batch(proposed[0]) if proposed else ()
                said = {"instance": i, "batch": batch, **({"quorum": q} if q else {})}
                return f"{x}.1", ev.Learn(
                    **self.by("learner", f"{x}.1"), ballot=self.ballot(b), **said
                )
            case "Deliver", [x, i]:
                had = state.delivered[x - 1]
                learned = state.learned[x - 1][i - 1][1]
                new = append_new(self.bounds, had, learned)[len(had) :]
                at = {"instance": i, "position": len(had) + 1, "values": self.batch(new)}
                return f"{x}.1", ev.Deliver(**self.by("learner", f"{x}.1"), **at)
        return p[0], self.storage_step(label, state)

    def storage_step(self, label: Label, state: State) -> Any:
        """An acceptor's event that sends nothing, or a step that has no event of its own."""
        match label:
            case "Trim", a, i:
                return ev.Trim(**self.by("acceptor", a), last=i)
            case "RecoverPromise", _, b, i:
                return Unseen(self.ballot(b), i)
            case "RecoverVote", _, b, i:
                return Unseen(self.ballot(b), i)
            case "Repeat", _, i:
                return Again(i)
            case "Recover", a:
                back = state.promised[a - 1], state.vote[a - 1], state.trimmed[a - 1]
                return self.recover(a, *back)
        raise ValueError(f"no such step: {label}")

    def sent(self, event: Any, actor: Any) -> frozenset[Message]:
        """The 1a or 1b message that an event stands for."""
        match event:
            case ev.Phase1a():
                return frozenset({("1a", self.number(event.ballot), event.first, event.last)})
            case ev.Phase1b():
                votes = frozenset((i, *self.vote((b, batch))) for i, b, batch in event.votes)
                b = self.number(event.ballot)
                return frozenset({("1b", actor, b, event.first, event.last, votes)})
        return frozenset()


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
        """The variables. Of `msgs` only the 1a and 1b messages are taken: the checker's state has
        the others."""
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
            msgs=frozenset(m for m in msgs if m[0] in ("1a", "1b")) | self.messages(s),
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
            votes=votes,
            chosen=self.initial.chosen if self.synod else chosen,
            order=self.initial.order if self.synod else self.order_of(chosen),
        )

    def promised(self, held: Promises) -> Any:
        each = [self.words.number(held.highest(i, i)) for i in self.instances]
        return tuple(each) if self.bounds.scope == "instance" else each[0]

    def messages(self, s: Checked) -> frozenset[Message]:
        """The 2a, 2b, Decide and Delivered messages."""
        w, found = self.words, set[Message]()
        for i in self.instances:
            inst = s.look(i)
            found |= {("2a", w.number(b), i, w.names(x)) for b, xs in inst.accepts.items()
                      for x in xs}  # fmt: skip
            found |= {("2b", a, w.number(b), i) for b in inst.voters for a in s.voters(b, i)}
            found |= {("Decide", w.number(b), i) for b in inst.decided}
        for n, x in enumerate(self.learners, 1):
            found |= {("Delivered", n, i) for i in range(1, s.learner(x).prefix + 1)}
        return frozenset(found)

    def check(self, state: State, s: Checked) -> None:
        """Hold what else the checker's state keeps against its definition."""
        for name, kept, defined in (
            ("requests", self.kept_requests(s), self.requests(state)),
            ("promises", self.kept_promises(s), self.promises(state)),
            ("proposals", self.kept_proposals(s), self.proposals(state)),
            ("votes", self.kept_votes(s), self.votes(state)),
            ("deliveries", self.kept_deliveries(s), self.deliveries(state)),
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

    # What each learner has delivered.

    def deliveries(self, state: State) -> Any:
        return [(len(values), frozenset(values), 0) for values in state.delivered]

    def kept_deliveries(self, s: Checked) -> Any:
        return [
            (
                x.position,
                frozenset(v for v in self.bounds.names() if x.values.has_any(self.words.range(v))),
                len(x.repeated),
            )
            for x in map(s.learner, self.learners)
        ]

    def order_of(self, chosen: tuple[frozenset[Batch], ...]) -> Batch:
        """OrderOf(chosen), which the checker does not keep."""
        order: Batch = ()
        for batches in chosen:
            if not batches:
                break
            order = append_new(self.bounds, order, next(iter(batches)))
        return order
