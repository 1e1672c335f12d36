"""What an acceptor has promised: ScopeOf, the clause of PromiseScope in spec/MultiPaxos.tla.

One ballot for the whole log, or one for each instance. Both answer the same questions, about the
instances first..last; to a promise of the log it does not matter which those are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Protocol

from conformance.trace.schema import LARGEST_NUMBER, NO_BALLOT, Ballot
from conformance.trace.show import show_run

Run = tuple[int, int, Ballot]  # first, last, what is promised there


class Promises(Protocol):
    """promised[a] of one acceptor."""

    def highest(self, first: int, last: int) -> Ballot:
        """The highest ballot promised in any of first..last."""

    def lowest(self, first: int, last: int) -> Ballot:
        """The lowest ballot promised in any of first..last."""

    def promise(self, b: Ballot, first: int, last: int) -> None:
        """Promise b in first..last, whatever was promised there before."""

    def runs(self, first: int = 1, last: int = LARGEST_NUMBER) -> Iterator[Run]:
        """The instances first..last in runs with one promise, ascending; also with none."""

    def copy(self) -> Promises:
        """As it is now."""


class LogPromise:
    """One ballot for all instances, also for those that nobody has begun."""

    __slots__ = ("ballot",)

    def __init__(self, ballot: Ballot = NO_BALLOT) -> None:
        self.ballot = ballot

    def highest(self, first: int, last: int) -> Ballot:
        return self.ballot

    lowest = highest

    def promise(self, b: Ballot, first: int, last: int) -> None:
        self.ballot = b

    def runs(self, first: int = 1, last: int = LARGEST_NUMBER) -> Iterator[Run]:
        yield first, last, self.ballot

    def copy(self) -> LogPromise:
        return LogPromise(self.ballot)


class InstancePromises:
    """A ballot for each instance, kept by runs of instances that have the same one."""

    __slots__ = ("ballots", "firsts")

    def __init__(self) -> None:
        self.firsts = [1]  # of each run; it ends before the next one begins
        self.ballots = [NO_BALLOT]

    def highest(self, first: int, last: int) -> Ballot:
        return max((b for _, _, b in self.runs(first, last)), default=NO_BALLOT)

    def lowest(self, first: int, last: int) -> Ballot:
        return min((b for _, _, b in self.runs(first, last)), default=NO_BALLOT)

    def promise(self, b: Ballot, first: int, last: int) -> None:
        after = self.highest(last + 1, last + 1) if last < LARGEST_NUMBER else NO_BALLOT
        lo, hi = bisect_left(self.firsts, first), bisect_right(self.firsts, last + 1)
        firsts, ballots = [first], [b]
        if lo > 0 and self.ballots[lo - 1] == b:
            firsts, ballots = [], []  # one run with the one before it
        if last < LARGEST_NUMBER and after != b:
            firsts.append(last + 1)
            ballots.append(after)
        self.firsts[lo:hi], self.ballots[lo:hi] = firsts, ballots

    def runs(self, first: int = 1, last: int = LARGEST_NUMBER) -> Iterator[Run]:
        k = bisect_right(self.firsts, first) - 1
        while k < len(self.firsts) and self.firsts[k] <= last:
            end = self.firsts[k + 1] - 1 if k + 1 < len(self.firsts) else LARGEST_NUMBER
            yield max(first, self.firsts[k]), min(last, end), self.ballots[k]
            k += 1

    def copy(self) -> InstancePromises:
        other = InstancePromises()
        other.firsts, other.ballots = self.firsts[:], self.ballots[:]
        return other


def none(scope: str) -> Promises:
    """Nothing promised yet. `scope`: "log" or "instance"."""
    return InstancePromises() if scope == "instance" else LogPromise()


def where(scope: str, first: int, last: int) -> str:
    """In which instances a promise is, in words; nothing if it is for all of them."""
    if scope != "instance":
        return ""
    return f" in instance{'s' if last > first else ''} {show_run(first, last)}"
