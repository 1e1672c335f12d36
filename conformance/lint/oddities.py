"""What is legal in an event, and probably not meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.lint.fields import quorum_of
from conformance.lint.finding import Findings, Place
from conformance.trace.schema import Ballot, fields

SAFE = 2**53
"""Beyond this, a program that has all numbers as floats (JavaScript, jq) changes an integer."""


class Oddities:
    """Let it `see` all events."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.voted: set[tuple[str, Ballot, int]] = set()

    def see(self, at: Place, e: Any) -> None:
        """An event, also a partial one."""
        if e.action == "Phase2b":
            self._vote(at, e)
        self._quorum(at, quorum_of(e))
        for name, number in _numbers(e):
            if number > SAFE:
                what = f"{name} has {number}, which is beyond 2^53"
                todo = "let numbers be smaller, or see that no program on the way rounds them"
                self.findings.warning("beyond-2^53", at, what, todo)
                break

    def _vote(self, at: Place, e: Any) -> None:
        key = e.process, e.ballot, e.instance
        if key in self.voted:
            what = f"the vote in instance {e.instance} and ballot {list(e.ballot)} is here again"
            todo = "write it once, however often it is sent; the checker takes it all the same"
            self.findings.warning("vote-twice", at, what, todo)
        self.voted.add(key)

    def _quorum(self, at: Place, quorum: tuple[int, ...]) -> None:
        if list(quorum) != sorted(set(quorum)):
            what = f"the quorum {list(quorum)} is not ascending, or has an acceptor twice"
            todo = f"write {sorted(set(quorum))}; each acceptor counts once"
            self.findings.warning("quorum-not-sorted", at, what, todo)


def _numbers(e: Any) -> Iterator[tuple[str, int]]:
    """The numbers of an event other than its clock, each with its field."""
    for name, value in fields(e).items():
        if name in e.extra:
            continue
        waiting = [value]
        while waiting:
            x = waiting.pop()
            if isinstance(x, int):
                yield name, x
            elif isinstance(x, list | tuple):
                waiting += x
