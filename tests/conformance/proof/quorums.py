"""The quorums of a small model, and what they are in the terms of TLC and of an encoding."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.proof.evaluate import Meaning
from tests.conformance.proof.tla_text import braces, number, pairs

Sets = tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Quorums:
    """Of phase 1, and of phase 2."""

    phase1: Sets
    phase2: Sets

    @property
    def acceptors(self) -> int:
        """How many there are, if each is in some quorum."""
        return len(frozenset().union(*self.phase1, *self.phase2))

    @property
    def sizes(self) -> dict[str, int]:
        """By the names of the sorts."""
        return {"Quorum1": len(self.phase1), "Quorum2": len(self.phase2)}

    @property
    def meanings(self) -> dict[str, Meaning]:
        return {"member1": _members(self.phase1), "member2": _members(self.phase2)}

    @property
    def config(self) -> str:
        """The constants, for TLC."""
        return f"Quorum1 = {_written(self.phase1)} Quorum2 = {_written(self.phase2)}\n"

    def place(self, sort: str, quorum: frozenset[str]) -> int:
        """The element that stands for a quorum, of one of the two sorts."""
        return (self.phase1 if sort == "Quorum1" else self.phase2).index(quorum)


def _members(some: Sets) -> Meaning:
    return pairs((n, number(a)) for n, quorum in enumerate(some) for a in quorum)


def _written(some: Sets) -> str:
    return braces(braces(sorted(quorum)) for quorum in some)


def _same(*some: set[str]) -> Quorums:
    quorums = tuple(map(frozenset, some))
    return Quorums(quorums, quorums)


ONE = _same({"a1"})
BOTH = _same({"a1", "a2"}, {"a2"})
"""Of two acceptors, of which one is enough."""

FLEXIBLE = Quorums((frozenset({"a1", "a2"}),), (frozenset({"a1"}), frozenset({"a2"})))
"""Both promise, and each by itself decides: two quorums of phase 2 do not meet."""
FLEXIBLE_OF_3 = Quorums(
    (frozenset({"a1", "a2", "a3"}),), (frozenset({"a1"}), frozenset({"a2"}), frozenset({"a3"}))
)
