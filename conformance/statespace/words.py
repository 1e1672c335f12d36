"""The specification's terms, where ballots and acceptors are numbers and values have names, as what
events carry.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from conformance.rules.recovery import Again, Unseen
from conformance.rules.snapshots import Kept
from conformance.statespace.graph import NO_VOTE, Batch, Bounds, Label, Message, State, Vote
from conformance.statespace.turns import append_new
from conformance.trace import schema as ev
from conformance.trace.process import id_of

OF_SNAPSHOTS = (
    *("TakeSnapshot", "Checkpoint", "Restart", "SendSnapshot", "InstallSnapshot"),
    *("RecoverCheckpoint", "RecoverInstall"),
)
BESIDE = ("1a", "1b", "Delivered", "Checkpointed")
"""Messages that the checker's state does not keep; `Words.sent` has them."""


class Words:
    """Values v1, v2, v3, ... are numbered in pairs: two of client 1, two of client 2, ...; with
    sessions they are of client 1, one of each incarnation."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._ranges: dict[str, ev.Range] = {}
        for k, name in enumerate(bounds.names()):
            digest = blake2b(name.encode(), digest_size=8).hexdigest()
            client, number = (f"{k // 2 + 1}.1", k % 2 + 1)
            if bounds.checkpoints:
                client, number = f"1.{k + 1}", 1
            self._ranges[name] = client, number, 1, digest
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
            case _, [x, *_] if name in OF_SNAPSHOTS:
                return f"{x}.1", self.snapshot_step(label, state)
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

    def snapshot_step(self, label: Label, state: State) -> Any:
        """A learner's event about a snapshot, or a step that has no event of its own. Who gave one
        that is installed, no state says: it is learner 1 here."""
        action, x, *given = label
        match action:
            case "TakeSnapshot":
                place = state.prefix[x - 1], len(state.delivered[x - 1])
            case "Checkpoint" | "RecoverCheckpoint":
                place = self.place(state.taken[x - 1])
            case "Restart" | "SendSnapshot":
                place = self.place(state.checkpoint[x - 1])
            case _:
                place = self.place(given[0][1:])
        if action.startswith("Recover"):
            return Kept(*place)
        return self.of_snapshot(action, x, *place)

    def place(self, snapshot: Any) -> tuple[int, int]:
        """The instance and the position of a snapshot."""
        return snapshot[0], len(snapshot[1])

    def places(self) -> list[tuple[int, int]]:
        """Instances and positions at which a snapshot may be taken, and some at which none is."""
        b = self.bounds
        return [*itertools.product(range(b.instances + 1), range(b.values + 2))]

    def of_snapshot(self, action: str, x: int, i: int, position: int, giver: int = 1) -> Any:
        """An event of learner x about a snapshot."""
        said: dict[str, Any] = {"instance": i, "position": position}
        said |= {"giver": giver} if action == "InstallSnapshot" else {}
        return getattr(ev, action)(**self.by("learner", f"{x}.1"), **said)

    def sent(self, event: Any, actor: Any) -> frozenset[Message]:
        """The 1a, 1b, Delivered or Checkpointed message that an event stands for."""
        match event:
            case ev.Phase1a():
                return frozenset({("1a", self.number(event.ballot), event.first, event.last)})
            case ev.Phase1b():
                votes = frozenset((i, *self.vote((b, batch))) for i, b, batch in event.votes)
                b = self.number(event.ballot)
                return frozenset({("1b", actor, b, event.first, event.last, votes)})
            case ev.Deliver():
                return frozenset({("Delivered", id_of(actor), event.instance)})
            case ev.Checkpoint() | ev.Restart() | ev.InstallSnapshot():
                return frozenset({("Checkpointed", id_of(actor), event.instance)})
        return frozenset()
