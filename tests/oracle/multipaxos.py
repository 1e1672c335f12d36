"""spec/MultiPaxos.tla and Checkpoints.tla, read word for word: to be compared by eye.

Nothing is clever here, and nothing is shared with `conformance`: `msgs` is one set, a quantifier is
`any` or `all`. An action is a generator: it yields each of its guards, with the module's own text,
and then, if they all hold, does what the primed conjuncts say. A test holds the texts against the
module.

A ballot is the pair (round, proposer), a value is a range of values that a client broadcast
together, and a batch is a tuple of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

Guards = Iterator[tuple[str, bool]]
Ballot = tuple[int, int]
Batch = tuple[Any, ...]

NO_OP: Batch = ()
BEGINNING: Any = (0, (), frozenset())  # a snapshot of nothing
NO_VOTE: tuple[Ballot, Batch] = ((0, 0), NO_OP)


class MultiPaxos:
    def __init__(
        self,
        acceptors: list[int],
        direct_learning: bool,
        prepare_ahead: bool,
        promise_scope: str,
        fifo: bool,
        checkpoints: bool = False,
    ) -> None:
        self.Acceptor = set(acceptors)
        self.sizes: tuple[int | None, int | None] = None, None  # of the least quorums
        self.DirectLearning, self.PrepareAhead = direct_learning, prepare_ahead
        self.PromiseScope = promise_scope
        self.Fifo, self.Checkpoints = fifo, checkpoints
        self.Keeps: set[str] = set()
        self.Lives: list[set[str]] = []
        # Init
        self.broadcast: set[Any] = set()
        self.msgs: set[Any] = set()
        self.promised: dict[int, dict[int, Ballot]] = {a: {} for a in acceptors}  # by scope
        self.vote: dict[int, dict[int, Any]] = {a: {} for a in acceptors}  # others: NoVote
        self.trimmed = dict.fromkeys(acceptors, 0)
        self.learned: dict[str, dict[int, Any]] = {}
        self.prefix: dict[str, int] = {}
        self.delivered: dict[str, tuple[Any, ...]] = {}
        self.known: dict[str, frozenset[Any]] = {}
        self.taken: dict[str, Any] = {}  # others: Beginning
        self.checkpoint: dict[str, Any] = {}
        self.votes: dict[int, dict[int, set[Any]]] = {a: {} for a in acceptors}
        self.chosen: dict[int, set[Batch]] = {}

    def quorums(self, least: int | None) -> Iterator[set[int]]:
        """The sets of so many acceptors or more; None: of a majority."""
        least = least or len(self.Acceptor) // 2 + 1
        for size in range(least, len(self.Acceptor) + 1):
            yield from map(set, combinations(self.Acceptor, size))

    def Quorum1(self) -> Iterator[set[int]]:
        yield from self.quorums(self.sizes[0])

    def Quorum2(self) -> Iterator[set[int]]:
        yield from self.quorums(self.sizes[1])

    def ScopeOf(self, i: int) -> int:
        return 0 if self.PromiseScope == "log" else i

    def ScopesOf(self, first: int, last: int) -> set[int]:
        return {self.ScopeOf(i) for i in range(first, last + 1)}

    def promised_in(self, a: int, s: int) -> Ballot:
        """promised[a][s]"""
        return self.promised[a].get(s, (0, 0))

    def Promise(self, a: int, b: Ballot, scopes: set[int]) -> None:
        self.promised[a].update(dict.fromkeys(scopes, b))

    # -- what the messages say --------------------------------------------------------------------
    def Accepts(self, b: Ballot, i: int) -> set[Any]:
        return {m for m in self.msgs if m[0] == "2a" and m[1] == b and m[2] == i}

    def Promises(self, a: int, b: Ballot, i: int) -> set[Any]:
        return {
            m for m in self.msgs if m[0] == "1b" and m[1] == a and m[2] == b and m[3] <= i <= m[4]
        }

    def HasVoted(self, a: int, b: Ballot, i: int) -> bool:
        return ("2b", a, b, i) in self.msgs

    def VotedTogether(self, Q: Any, b: Ballot, i: int) -> bool:
        return all(self.HasVoted(a, b, i) for a in Q)

    def BatchOf(self, b: Ballot, i: int) -> Batch:
        """Where CHOOSE would have nothing to choose from, anything: the guards forbid it."""
        return next((m[3] for m in self.Accepts(b, i)), NO_OP)

    def Reported(self, Q: Any, b: Ballot, i: int) -> set[Any]:
        return {(v[1], v[2]) for a in Q for m in self.Promises(a, b, i) for v in m[5] if v[0] == i}

    def Reached(self, i: int) -> bool:
        return any(m[0] == "2a" and m[2] >= i for m in self.msgs)

    def ValueWaits(self, b: Ballot) -> bool:
        return any(
            (self.Fifo and v[1] > 1)
            or all(v not in m[3] for m in self.msgs if m[0] == "2a" and m[1] == b)
            for v in self.broadcast
        )

    def VotesOf(self, a: int, first: int, last: int) -> set[Any]:
        return {(i, *vote) for i, vote in self.vote[a].items() if first <= i <= last}

    # -- actions ----------------------------------------------------------------------------------
    def Broadcast(self, v: Any) -> Guards:
        yield r"v \notin broadcast", v not in self.broadcast
        yield "InTurn(v, broadcast)", self.InTurn(v, self.broadcast)
        self.broadcast.add(v)

    def MayPrepare(self, b: Ballot, first: int, last: int) -> bool:
        return self.PrepareAhead or (first == last and (self.ValueWaits(b) or self.Reached(first)))

    def Phase1a(self, b: Ballot, first: int, last: int) -> Guards:
        yield "from <= to", first <= last
        yield "MayPrepare(b, from, to)", self.MayPrepare(b, first, last)
        self.msgs.add(("1a", b, first, last))

    def MayPromise(self, a: int, b: Ballot, first: int, last: int) -> bool:
        return all(b >= self.promised_in(a, s) for s in self.ScopesOf(first, last))

    def MayReport(self, a: int, first: int) -> bool:
        return first > self.trimmed[a]

    def Phase1b(self, a: int, b: Ballot, first: int, last: int) -> Guards:
        yield "from <= to", first <= last
        yield (
            r'\E m \in msgs : /\ m.type = "1a" /\ m.bal = b /\ m.from <= from /\ to <= m.to',
            any(m[0] == "1a" and m[1] == b and m[2] <= first and last <= m[3] for m in self.msgs),
        )
        yield "MayPromise(a, b, from, to)", self.MayPromise(a, b, first, last)
        yield "MayReport(a, from)", self.MayReport(a, first)
        self.Promise(a, b, self.ScopesOf(first, last))
        self.msgs.add(("1b", a, b, first, last, frozenset(self.VotesOf(a, first, last))))

    def MayPropose(self, batch: Batch, i: int) -> bool:
        return set(batch) <= self.broadcast and (batch != NO_OP or self.Reached(i))

    def Proposable(self, batch: Batch, b: Ballot, i: int, Q: Any) -> bool:
        reported = self.Reported(Q, b, i)
        if not reported:
            return self.MayPropose(batch, i)
        highest = {v for v in self.Heard(b, i) if all(w[0] <= v[0] for w in reported)}
        return batch in {v[1] for v in highest}

    def Heard(self, b: Ballot, i: int) -> set[tuple[Ballot, Batch]]:
        told = [m for m in self.msgs if m[0] == "1b" and m[2] <= b and m[2][1] == b[1]]
        return {(v[1], v[2]) for m in told for v in m[5] if v[0] == i}

    def Phase2a(self, b: Ballot, i: int, batch: Batch, Q: Any) -> Guards:
        yield "Unused(b, i)", self.Accepts(b, i) == set()
        yield (
            r"\A a \in Q : Promises(a, b, i) # {}",
            all(self.Promises(a, b, i) != set() for a in Q),
        )
        yield "Proposable(batch, b, i, Q)", self.Proposable(batch, b, i, Q)
        self.msgs.add(("2a", b, i, batch))

    def RecordVote(self, a: int, b: Ballot, i: int) -> None:
        batch = self.BatchOf(b, i)
        self.votes[a].setdefault(i, set()).add((b, batch))
        if any(all((b, batch) in self.votes[c].get(i, ()) for c in Q) for Q in self.Quorum2()):
            self.chosen.setdefault(i, set()).add(batch)

    def Phase2b(self, a: int, b: Ballot, i: int) -> Guards:
        yield from self.RecoverVote(a, b, i)
        self.msgs.add(("2b", a, b, i))

    def Decide(self, b: Ballot, i: int, Q: Any) -> Guards:
        yield "~DirectLearning", not self.DirectLearning
        yield "VotedTogether(Q, b, i)", self.VotedTogether(Q, b, i)
        self.msgs.add(("Decide", b, i))

    def MayLearn(self, b: Ballot, i: int, Q: Any) -> bool:
        if self.DirectLearning:
            return self.VotedTogether(Q, b, i)
        return ("Decide", b, i) in self.msgs

    def Learn(self, me: str, b: Ballot, i: int, Q: Any) -> Guards:
        yield "learned[l][i] = NoVote", i not in self.learned.get(me, {})
        yield "MayLearn(b, i, Q)", self.MayLearn(b, i, Q)
        self.learned.setdefault(me, {})[i] = (b, self.BatchOf(b, i))

    def IsOver(self, v: Any, S: Any) -> bool:
        """Later(v) \\cap S # {}, where Later(v) has those of later incarnations of a client."""
        client, incarnation = map(int, v[0].split("."))
        others = [tuple(map(int, u[0].split("."))) for u in S] if self.Checkpoints else []
        return any(c == client and k > incarnation for c, k in others)

    def Remember(self, table: Any, s: Batch) -> Any:
        every = table | set(s)
        return frozenset(v for v in every if not self.IsOver(v, every))

    def NewOf(self, table: Any, batch: Batch) -> Batch:
        new: Batch = ()
        for v in batch:
            if v not in table and self.InTurn(v, table) and not self.IsOver(v, table):
                new = (*new, v)
                table = self.Remember(table, (v,))
        return new

    def InTurn(self, v: Any, S: Any) -> bool:
        """Before(v) \\subseteq S, where Before(v) has the range that ends where v begins."""
        client, first = v[0], v[1]
        before = {u for u in S if u[0] == client and u[1] + u[2] == first}
        return not self.Fifo or first == 1 or bool(before)

    def Deliver(self, me: str, i: int) -> Guards:
        yield "IsNext(l, i)", i == self.prefix.get(me, 0) + 1
        yield "learned[l][i] # NoVote", i in self.learned.get(me, {})
        self.prefix[me] = i
        table = self.known.get(me, frozenset())
        new = self.NewOf(table, self.learned[me][i][1])
        self.delivered[me] = self.delivered.get(me, ()) + new
        self.known[me] = self.Remember(table, new)
        self.msgs.add(("Delivered", me, i))

    # -- checkpoints ------------------------------------------------------------------------------
    def StateOf(self, me: str) -> Any:
        known = self.known.get(me, frozenset())
        return (self.prefix.get(me, 0), self.delivered.get(me, ()), known)

    def TakeSnapshot(self, me: str) -> Guards:
        yield r"l \in Keeps", me in self.Keeps
        self.taken[me] = self.StateOf(me)

    def Durable(self, me: str, s: Any) -> None:
        self.checkpoint[me] = s
        self.taken[me] = BEGINNING

    def Checkpoint(self, me: str) -> Guards:
        yield from self.RecoverCheckpoint(me)
        self.msgs.add(("Checkpointed", me, self.checkpoint[me][0]))

    def Become(self, me: str, s: Any) -> None:
        self.prefix[me], self.delivered[me], self.known[me] = s

    def Restart(self, me: str) -> Guards:
        yield r"l \in Keeps", me in self.Keeps
        self.Become(me, self.checkpoint.get(me, BEGINNING))
        self.learned[me] = {}
        self.taken[me] = BEGINNING
        self.msgs.add(("Checkpointed", me, self.prefix[me]))

    def SendSnapshot(self, me: str) -> Guards:
        yield r"l \in Keeps", me in self.Keeps
        self.msgs.add(("Snapshot", "ours", self.checkpoint.get(me, BEGINNING)))

    def InstallSnapshot(self, me: str, m: Any) -> Guards:
        yield from self.RecoverInstall(me, m)
        self.msgs.add(("Checkpointed", me, m[2][0]))

    def RecoverCheckpoint(self, me: str) -> Guards:
        yield "taken[l] # Beginning", self.taken.get(me, BEGINNING) != BEGINNING
        self.Durable(me, self.taken[me])

    def RecoverInstall(self, me: str, m: Any) -> Guards:
        yield r"l \in Keeps", me in self.Keeps
        yield r'm \in msgs /\ m.type = "Snapshot"', m in self.msgs
        yield "IsOurs(m)", m[1] == "ours"
        yield "IsNewer(l, m)", m[2][0] > self.prefix.get(me, 0)
        self.Durable(me, m[2])
        self.Become(me, m[2])

    def EnoughHave(self, has: Any) -> bool:
        """Of one of the Keepers, each has; with checkpoints, of the lives that keep them."""
        if self.Checkpoints:
            have = [x for x in self.Lives if any(has(me) for me in x & self.Keeps)]
            return 2 * len(have) > len(self.Lives)
        return all(any(map(has, lives)) for lives in self.Lives)

    def IsDone(self, me: str, i: int) -> bool:
        if me in self.Keeps:
            return any(m[:2] == ("Checkpointed", me) and m[2] >= i for m in self.msgs)
        return ("Delivered", me, i) in self.msgs

    def MayForget(self, i: int) -> bool:
        return bool(self.Lives) and self.EnoughHave(lambda me: self.IsDone(me, i))

    def Has(self, me: str, i: int) -> bool:
        if me in self.Keeps:
            return bool(self.checkpoint.get(me, BEGINNING)[0] >= i)
        return self.prefix.get(me, 0) >= i

    def Trim(self, a: int, i: int) -> Guards:
        yield "i > trimmed[a]", i > self.trimmed[a]
        yield "MayForget(i)", self.MayForget(i)
        self.trimmed[a] = i
        self.vote[a] = {j: vote for j, vote in self.vote[a].items() if j > i}

    # -- what only a recovery shows ---------------------------------------------------------------
    def RecoverPromise(self, a: int, b: Ballot, s: int) -> Guards:
        yield (
            r'\E m \in msgs : /\ m.type = "1a" /\ m.bal = b /\ s \in ScopesOf(m.from, m.to)',
            any(
                m[0] == "1a"
                and m[1] == b
                and s in self.ScopesOf(m[2], m[3])
                and self.MayReport(a, m[3] if s == 0 else s)
                for m in self.msgs
            ),
        )
        yield "b >= promised[a][s]", b >= self.promised_in(a, s)
        self.Promise(a, b, {s})

    def MayVote(self, a: int, b: Ballot, i: int) -> bool:
        return b >= self.promised_in(a, self.ScopeOf(i))

    def RecoverVote(self, a: int, b: Ballot, i: int) -> Guards:
        yield "Accepts(b, i) # {}", self.Accepts(b, i) != set()
        yield "MayVote(a, b, i)", self.MayVote(a, b, i)
        yield "Remembers(a, i)", i > self.trimmed[a]
        self.Promise(a, b, {self.ScopeOf(i)})
        self.vote[a][i] = (b, self.BatchOf(b, i))
        self.RecordVote(a, b, i)

    def Repeat(self, a: int, i: int) -> Guards:
        yield "vote[a][i] # NoVote", i in self.vote[a]
        self.msgs.add(("2b", a, self.vote[a][i][0], i))

    # -- invariants -------------------------------------------------------------------------------
    def invariants(self) -> Iterator[tuple[str, bool]]:
        yield "Agreement", all(len(batches) <= 1 for batches in self.chosen.values())
        yield (
            "Integrity",
            all(
                set(x) <= self.broadcast and len(set(x)) == len(x) for x in self.delivered.values()
            ),
        )
        every = self.delivered.values()
        yield (
            "TotalOrder",
            all(x[: len(y)] == y or y[: len(x)] == x for x in every for y in every),
        )
        yield (
            "FIFO",
            all(self.InTurn(v, x[:k]) for x in every for k, v in enumerate(x)),
        )
        proposals = [m for m in self.msgs if m[0] == "2a"]
        yield "OneBatchPerBallot", len({m[1:3] for m in proposals}) == len(proposals)
        yield (
            "VotesBelowPromise",
            all(
                v[0] <= self.promised_in(a, self.ScopeOf(i))
                for a in self.Acceptor
                for i, v in self.vote[a].items()
            ),
        )
        yield (
            "LearnedFromOneBallot",
            all(
                any(self.VotedTogether(Q, vote[0], i) for Q in self.Quorum2())
                for mine in self.learned.values()
                for i, vote in mine.items()
            ),
        )
        yield (
            "TrimmedIsOver",
            all(
                not (n := self.trimmed[a]) or self.EnoughHave(lambda me, n=n: self.Has(me, n))
                for a in self.Acceptor
            ),
        )
