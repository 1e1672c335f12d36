"""spec/Synod.tla, read word for word, as multipaxos.py reads its module."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from tests.oracle.multipaxos import Ballot, Guards

NO_VOTE: tuple[Ballot, Any] = ((0, 0), None)


class Synod:
    def __init__(self, acceptors: list[int], direct_learning: bool) -> None:
        self.Acceptor = set(acceptors)
        self.sizes: tuple[int | None, int | None] = None, None  # of the least quorums
        self.DirectLearning = direct_learning
        # Init
        self.broadcast: set[Any] = set()
        self.msgs: set[Any] = set()
        self.promised: dict[int, Ballot] = dict.fromkeys(acceptors, (0, 0))
        self.vote: dict[int, Any] = dict.fromkeys(acceptors, NO_VOTE)
        self.learned: dict[str, Any] = {}

    def quorums(self, least: int | None) -> Iterator[set[int]]:
        """The sets of so many acceptors or more; None: of a majority."""
        least = least or len(self.Acceptor) // 2 + 1
        for size in range(least, len(self.Acceptor) + 1):
            yield from map(set, combinations(self.Acceptor, size))

    def Quorum1(self) -> Iterator[set[int]]:
        yield from self.quorums(self.sizes[0])

    def Quorum2(self) -> Iterator[set[int]]:
        yield from self.quorums(self.sizes[1])

    def Accepts(self, b: Ballot) -> set[Any]:
        return {m for m in self.msgs if m[0] == "2a" and m[1] == b}

    def Promises(self, a: int, b: Ballot) -> set[Any]:
        return {m for m in self.msgs if m[0] == "1b" and m[1] == a and m[2] == b}

    def HasVoted(self, a: int, b: Ballot) -> bool:
        return ("2b", a, b) in self.msgs

    def VotedTogether(self, Q: Any, b: Ballot) -> bool:
        return all(self.HasVoted(a, b) for a in Q)

    def ValueOf(self, b: Ballot) -> Any:
        return next((m[2] for m in self.Accepts(b)), None)

    def Reported(self, Q: Any, b: Ballot) -> set[Any]:
        return {m[3] for a in Q for m in self.Promises(a, b)} - {NO_VOTE}

    def Heard(self, b: Ballot) -> set[Any]:
        told = {m for m in self.msgs if m[0] == "1b" and m[2] <= b and m[2][1] == b[1]}
        return {m[3] for m in told} - {NO_VOTE}

    def Broadcast(self, v: Any) -> Guards:
        yield r"v \notin broadcast", v not in self.broadcast
        self.broadcast.add(v)

    def Phase1a(self, b: Ballot) -> Guards:
        yield "broadcast # {}", self.broadcast != set()
        self.msgs.add(("1a", b))

    def Phase1b(self, a: int, b: Ballot, lost: bool = False) -> Guards:
        """`lost`: only a recovery shows the promise, and nobody can count it."""
        yield r'[type |-> "1a", bal |-> b] \in msgs', ("1a", b) in self.msgs
        yield "MayPromise(a, b)", b >= self.promised[a]
        self.promised[a] = b
        if not lost:
            self.msgs.add(("1b", a, b, self.vote[a]))

    def Proposable(self, v: Any, b: Ballot, Q: Any) -> bool:
        reported = self.Reported(Q, b)
        if not reported:
            return v in self.broadcast
        highest = {w for w in self.Heard(b) if all(x[0] <= w[0] for x in reported)}
        return v in {w[1] for w in highest}

    def Phase2a(self, b: Ballot, v: Any, Q: Any) -> Guards:
        yield "Unused(b)", self.Accepts(b) == set()
        yield r"\A a \in Q : Promises(a, b) # {}", all(self.Promises(a, b) for a in Q)
        yield "Proposable(v, b, Q)", self.Proposable(v, b, Q)
        self.msgs.add(("2a", b, v))

    def Phase2b(self, a: int, b: Ballot) -> Guards:
        yield "Accepts(b) # {}", self.Accepts(b) != set()
        yield "MayVote(a, b)", b >= self.promised[a]
        self.promised[a] = b
        self.vote[a] = (b, self.ValueOf(b))
        self.msgs.add(("2b", a, b))

    def Decide(self, b: Ballot, Q: Any) -> Guards:
        yield "~DirectLearning", not self.DirectLearning
        yield "VotedTogether(Q, b)", self.VotedTogether(Q, b)
        self.msgs.add(("Decide", b))

    def MayLearn(self, b: Ballot, Q: Any) -> bool:
        return self.VotedTogether(Q, b) if self.DirectLearning else ("Decide", b) in self.msgs

    def Learn(self, me: str, b: Ballot, Q: Any) -> Guards:
        yield "learned[l] = NoVote", me not in self.learned
        yield "MayLearn(b, Q)", self.MayLearn(b, Q)
        self.learned[me] = (b, self.ValueOf(b))

    def invariants(self) -> Iterator[tuple[str, bool]]:
        ballots = {m[1] for m in self.msgs if m[0] == "2a"}
        chosen = {
            self.ValueOf(b)
            for b in ballots
            if any(self.VotedTogether(Q, b) for Q in self.Quorum2())
        }
        learned = {vote[1] for vote in self.learned.values()}
        yield "Agreement", len(chosen) <= 1 and len(learned) <= 1
        yield "Integrity", learned <= self.broadcast
        yield "OneBatchPerBallot", len(ballots) == len([m for m in self.msgs if m[0] == "2a"])
        yield "VotesBelowPromise", all(self.vote[a][0] <= self.promised[a] for a in self.Acceptor)
        yield (
            "LearnedFromOneBallot",
            all(
                any(self.VotedTogether(Q, v[0]) for Q in self.Quorum2())
                for v in self.learned.values()
            ),
        )
