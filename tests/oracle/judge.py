"""The third judge: events of a trace as actions of the specification, one after another.

What stands beside an action here is what traces/README.md says a trace must be beyond the
specification. `verdict` is slow and plain, and knows nothing of files, windows or forgetting.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.oracle.multipaxos import BEGINNING, NO_VOTE, Guards, MultiPaxos
from tests.oracle.synod import NO_VOTE as NO_SYNOD_VOTE
from tests.oracle.synod import Synod

Line = dict[str, Any]


@dataclass
class Run:
    """A run: what its headers say, and its events in their order."""

    spec: str
    constants: dict[str, Any]
    cluster: dict[str, list[int]]
    lines: list[Line] = field(default_factory=list)
    keeps: set[str] = field(default_factory=set)  # the processes that keep checkpoints

    def processes(self) -> list[str]:
        return sorted({line["process"] for line in self.lines})


def tupled(x: Any) -> Any:
    return tuple(map(tupled, x)) if isinstance(x, list | tuple) else x


def decoded(process: str) -> tuple[str, int, int]:
    """Role, id and life of a process as traces name it."""
    role, _, rest = process.partition("-")
    number, _, life = rest.partition(".")
    return role, int(number), int(life)


def overlap(v: Any, w: Any) -> bool:
    return bool(v[0] == w[0] and v[1] < w[1] + w[2] and w[1] < v[1] + v[2])


class Judge:
    def __init__(self, run: Run) -> None:
        self.cluster, self.constants = run.cluster, run.constants
        acceptors = run.cluster["acceptors"]
        direct, ahead = run.constants["direct_learning"], run.constants["prepare_ahead"]
        self.synod = Synod(acceptors, direct) if run.spec == "Synod" else None
        scope = run.constants.get("promise_scope", "log")
        fifo = run.constants.get("fifo", False)
        checkpoints = run.constants.get("checkpoints", False)
        self.log = MultiPaxos(acceptors, direct, ahead, scope, fifo, checkpoints)
        self.spec.sizes = run.constants.get("phase1_quorum"), run.constants.get("phase2_quorum")
        self.keeps = run.keeps
        self.learner: dict[str, str] = {}  # of a process that has had an event: which learner it is
        self.kept: dict[int, str] = {}  # of each id, the last learner that keeps checkpoints
        self.left: set[tuple[int, Any]] = set()  # id, checkpoint
        self.gave: set[tuple[int, int, int]] = set()  # id, instance, position of a snapshot
        self.log.Lives = [
            {f"{n}.{life}" for *who, life in map(decoded, run.processes()) if who == ["learner", n]}
            for n in run.cluster["learners"]
        ]
        self.life: dict[str, int] = {}  # of an acceptor or a proposer: the one that lives now
        self.seen: set[str] = set()
        self.round: dict[int, int] = {}  # of a proposer: the highest that it used or came back with
        self.since: dict[int, int] = {}  # ... and the one that it came back with

    @property
    def spec(self) -> Any:
        return self.synod or self.log

    def take(self, line: Line) -> str | None:
        """Take an event; what is false if it may not be taken, or after it."""
        e = {key: tupled(x) for key, x in line.items()}
        for clause, holds in self._clauses(e):
            if not holds:
                return clause
        self.seen.add(e["process"])
        if e["process"].startswith("learner"):
            self._enter(e)
        return next((name for name, holds in self.spec.invariants() if not holds), None)

    def _clauses(self, e: Line) -> Guards:
        role, number, life = decoded(e["process"])
        yield from self._lives(e, f"{role}-{number}", life)
        actor: Any = number if role in ("acceptor", "proposer") else f"{number}.{life}"
        if role == "learner":
            actor = self.who(e["process"], e["event"])
            if e["process"] in self.keeps:
                self.log.Keeps.add(actor)
        yield from getattr(self, "synod_" * bool(self.synod) + e["event"])(actor, e)

    def who(self, process: str, event: str = "") -> str:
        """Which learner a process is; if it is new, by its first event."""
        _, number, life = decoded(process)
        me = self.learner.get(process, f"{number}.{life}")
        is_back = process not in self.learner and process in self.keeps and event == "Restart"
        return self.kept.get(number, me) if is_back else me

    def _enter(self, e: Line) -> None:
        process = e["process"]
        if process not in self.learner:
            self.learner[process] = self.who(process, e["event"])
            if process in self.keeps:
                self.kept[decoded(process)[1]] = self.learner[process]

    def _lives(self, e: Line, who: str, life: int) -> Guards:
        if who.startswith(("acceptor", "proposer")):
            now = self.life.get(who, 1 if life < 10**12 else life)  # a number from a clock
            yield "life", life >= now
            yield "comes back", life == now or e["event"] == "Recover"
            if e["event"] == "Recover":
                yield "begins", life > now
            self.life[who] = life
        if e["process"] in self.keeps:
            me = self.who(e["process"], e["event"])
            yield "life", life >= self.life.get(me, int(me.partition(".")[2]))
            self.life[me] = life
        if e["event"] == "Restart":
            yield "begins", e["process"] not in self.seen
        if e["event"] == "Recover":
            yield "begins", life > 1 and e["process"] not in self.seen

    def is_quorum1(self, Q: Any) -> bool:
        return len(set(Q)) == len(Q) and set(Q) in list(self.spec.Quorum1())

    def is_quorum2(self, Q: Any) -> bool:
        return len(set(Q)) == len(Q) and set(Q) in list(self.spec.Quorum2())

    # -- MultiPaxos -------------------------------------------------------------------------------
    def Broadcast(self, c: str, e: Line) -> Guards:
        for v in e["values"]:
            yield "own", v[0] == c
            yield "fresh", not any(overlap(v, w) for w in self.spec.broadcast)
            yield from self.spec.Broadcast(v)

    def _new(self, p: int, e: Line) -> Guards:
        yield "owner", e["ballot"][1] == p
        yield "new", e["ballot"][0] > self.since.get(p, 0)

    def Phase1a(self, p: int, e: Line) -> Guards:
        yield from self._new(p, e)
        yield from self.log.Phase1a(e["ballot"], e["from"], e["to"])
        self.round[p] = max(self.round.get(p, 0), e["ballot"][0])

    def Phase1b(self, a: int, e: Line) -> Guards:
        votes = self.log.VotesOf(a, e["from"], e["to"])
        yield from self.log.Phase1b(a, e["ballot"], e["from"], e["to"])
        yield "votes", len(set(e["votes"])) == len(e["votes"]) and set(e["votes"]) == votes

    def Phase2a(self, p: int, e: Line) -> Guards:
        yield from self._new(p, e)
        yield "quorum", self.is_quorum1(e["quorum"])
        batch = e["batch"]
        yield "batch", sum(v[2] for v in batch) <= self.constants["max_batch"]
        yield (
            "batch",
            not any(overlap(v, w) for k, v in enumerate(batch) for w in batch[:k]),
        )
        yield from self.log.Phase2a(e["ballot"], e["instance"], batch, e["quorum"])

    def Phase2b(self, a: int, e: Line) -> Guards:
        yield from self.log.Phase2b(a, e["ballot"], e["instance"])

    def Decide(self, p: int, e: Line) -> Guards:
        yield "quorum", self.is_quorum2(e["quorum"])
        yield from self.log.Decide(e["ballot"], e["instance"], e["quorum"])

    def Learn(self, me: str, e: Line) -> Guards:
        if self.constants["direct_learning"]:
            yield "quorum", "quorum" in e and self.is_quorum2(e["quorum"])
        else:
            yield "quorum", "quorum" not in e
        b, i = e["ballot"], e["instance"]
        accepted = self.log.Accepts(b, i)
        yield from self.log.Learn(me, b, i, e.get("quorum", ()))
        yield "batch", bool(accepted) and self.log.BatchOf(b, i) == e["batch"]

    def Deliver(self, me: str, e: Line) -> Guards:
        before = self.log.delivered.get(me, ())
        yield from self.log.Deliver(me, e["instance"])
        yield "values", self.log.delivered[me] == before + e["values"]
        yield "position", e["position"] == sum(v[2] for v in before) + 1

    def _is_of(self, s: Any, e: Line) -> bool:
        return bool((e["instance"], e["position"]) == (s[0], sum(v[2] for v in s[1])))

    def _given(self, e: Line) -> Any:
        """The message that the event is about; it may be that there is none."""
        given = (m for m in self.log.msgs if m[0] == "Snapshot" and self._is_of(m[2], e))
        return next(given, ("Snapshot", "theirs", BEGINNING))

    def TakeSnapshot(self, me: str, e: Line) -> Guards:
        yield from self.log.TakeSnapshot(me)
        yield "place", self._is_of(self.log.taken[me], e)

    def Checkpoint(self, me: str, e: Line) -> Guards:
        yield from self.log.Checkpoint(me)
        yield "place", self._is_of(self.log.checkpoint[me], e)
        self._leave(me)

    def _leave(self, me: str) -> None:
        """Its next life may be given its checkpoint, which no trace says."""
        self.left.add((int(me.partition(".")[0]), self.log.checkpoint[me]))

    def _left(self, e: Line) -> Any:
        """The message that an earlier life with that id has left."""
        left = (s for number, s in self.left if number == e["from"] and self._is_of(s, e))
        return ("Snapshot", "ours", next(left, BEGINNING))

    def Restart(self, me: str, e: Line) -> Guards:
        """What was durable and nobody was told of comes first."""
        log, given = self.log, self._given(e)
        if not self._is_of(log.checkpoint.get(me, BEGINNING), e):
            if self._is_of(log.taken.get(me, BEGINNING), e):
                yield from log.RecoverCheckpoint(me)
            elif given in log.msgs and given[2][0] > log.prefix.get(me, 0):
                yield from log.RecoverInstall(me, given)
        yield from log.Restart(me)
        yield "place", self._is_of(log.checkpoint.get(me, BEGINNING), e)
        self._leave(me)

    def SendSnapshot(self, me: str, e: Line) -> Guards:
        yield from self.log.SendSnapshot(me)
        yield "place", self._is_of(self.log.checkpoint.get(me, BEGINNING), e)
        self.gave.add((int(me.partition(".")[0]), e["instance"], e["position"]))

    def InstallSnapshot(self, me: str, e: Line) -> Guards:
        given, left = self._given(e), self._left(e)
        if me.partition(".")[0] == str(e["from"]) and left[2] != BEGINNING:
            is_new = left not in self.log.msgs
            self.log.msgs.add(left)
            yield from self.log.InstallSnapshot(me, left)
            if is_new:  # it is for nobody else
                self.log.msgs.remove(left)
        else:
            yield "sent", (e["from"], e["instance"], e["position"]) in self.gave
            yield from self.log.InstallSnapshot(me, given)
        self._leave(me)

    def Trim(self, a: int, e: Line) -> Guards:
        yield from self.log.Trim(a, e["to"])

    def Recover(self, actor: Any, e: Line) -> Guards:
        """What storage kept: first all that the trace does not have, as the actions that it stands
        for, then that it is exactly this."""
        if e["process"].startswith("proposer"):
            yield "round", e.get("round", 0) >= self.round.get(actor, 0)
            self.round[actor] = self.since[actor] = e.get("round", 0)
        elif e["process"].startswith("acceptor"):
            yield from self._acceptor(actor, e)

    def _acceptor(self, a: int, e: Line) -> Guards:
        log, votes = self.log, e.get("votes", ())
        promises, trimmed = self._promises(e), e.get("trimmed", 0)
        yield "one vote", len({v[0] for v in votes}) == len(votes)
        for b, i in sorted((v[1], v[0]) for v in votes):
            kept = next(v for v in votes if v[0] == i)
            if i > log.trimmed[a] and (i, *log.vote[a].get(i, NO_VOTE)) != kept:
                yield from log.RecoverVote(a, b, i)
                yield from log.Repeat(a, i)
        for s, promised in promises.items():
            if promised > log.promised_in(a, s):
                yield from log.RecoverPromise(a, promised, s)
        if trimmed > log.trimmed[a]:
            yield from log.Trim(a, trimmed)
        yield "trimmed", log.trimmed[a] == trimmed
        made = {s: b for s, b in log.promised[a].items() if s == 0 or s > trimmed}
        yield "promise", made == promises
        yield "votes", {(i, *vote) for i, vote in log.vote[a].items()} == set(votes)

    def _promises(self, e: Line) -> dict[int, Any]:
        """What is promised, by scope."""
        if self.log.PromiseScope == "log":
            return {0: e["promised"]} if "promised" in e else {}
        return {i: b for first, last, b in e.get("promises", ()) for i in range(first, last + 1)}

    # -- Synod ------------------------------------------------------------------------------------
    def synod_Broadcast(self, c: str, e: Line) -> Guards:
        yield from self.Broadcast(c, e)

    def synod_Phase1a(self, p: int, e: Line) -> Guards:
        assert self.synod
        yield from self._new(p, e)
        yield "instance", e["from"] == e["to"] == 1
        yield from self.synod.Phase1a(e["ballot"])
        self.round[p] = max(self.round.get(p, 0), e["ballot"][0])

    def _listed(self, a: int) -> Any:
        assert self.synod
        b, value = self.synod.vote[a]
        return () if (b, value) == NO_SYNOD_VOTE else ((1, b, (value,)),)

    def synod_Phase1b(self, a: int, e: Line) -> Guards:
        assert self.synod
        yield "instance", e["from"] == e["to"] == 1
        yield "votes", e["votes"] == self._listed(a)
        yield from self.synod.Phase1b(a, e["ballot"])

    def synod_Phase2a(self, p: int, e: Line) -> Guards:
        assert self.synod
        yield from self._new(p, e)
        yield "instance", e["instance"] == 1
        yield "quorum", self.is_quorum1(e["quorum"])
        yield "value", len(e["batch"]) == 1 and e["batch"][0][2] == 1
        yield from self.synod.Phase2a(e["ballot"], e["batch"][0], e["quorum"])

    def synod_Phase2b(self, a: int, e: Line) -> Guards:
        assert self.synod
        yield "instance", e["instance"] == 1
        yield from self.synod.Phase2b(a, e["ballot"])

    def synod_Decide(self, p: int, e: Line) -> Guards:
        assert self.synod
        yield "instance", e["instance"] == 1
        yield "quorum", self.is_quorum2(e["quorum"])
        yield from self.synod.Decide(e["ballot"], e["quorum"])

    def synod_Learn(self, me: str, e: Line) -> Guards:
        assert self.synod
        yield "instance", e["instance"] == 1
        b, counted = e["ballot"], e.get("quorum")
        if not self.constants["direct_learning"]:
            yield "quorum", counted is None
        if counted is not None:
            yield "quorum", self.is_quorum2(counted)
        Q = {a for a in self.synod.Acceptor if self.synod.HasVoted(a, b)}
        yield from self.synod.Learn(me, b, Q if counted is None else counted)
        if self.constants["direct_learning"] and counted is None:
            yield "decided", Q in list(self.synod.Quorum2())
        yield "batch", e["batch"] == (self.synod.ValueOf(e["ballot"]),)

    def synod_Recover(self, actor: Any, e: Line) -> Guards:
        if not e["process"].startswith("acceptor"):
            yield from self.Recover(actor, e)
            return
        assert self.synod
        votes, promised = e.get("votes", ()), e.get("promised", (0, 0))
        yield "one vote", len(votes) <= 1
        yield "trimmed", not e.get("trimmed")
        if votes and votes != self._listed(actor):
            yield "instance", votes[0][0] == 1
            yield from self.synod.Phase2b(actor, votes[0][1])
        if promised > self.synod.promised[actor]:
            yield from self.synod.Phase1b(actor, promised, lost=True)
        yield "promise", self.synod.promised[actor] == promised
        yield "votes", votes == self._listed(actor)


def verdict(run: Run) -> tuple[int, str] | None:
    """The number of the first event (from 1) that is refused, and what is false; None if all may
    be taken."""
    judge = Judge(run)
    return next(
        ((n, why) for n, line in enumerate(run.lines, 1) if (why := judge.take(line))), None
    )
