"""A counterexample as a space-time diagram: which process takes each step, and which messages the
step needed.

The names of its parameters, which are the same in all modules, say which process it is: a is an
acceptor, l a learner, and b a ballot, which has an owner. The kind of message that a step sends
says which messages it needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.draw.spacetime import Lane, Shown
from conformance.tla.diff import show
from conformance.tla.value import Record
from conformance.tlc.name_steps import Step

MOST_STEPS = 40
"""Steps that are drawn: the last ones."""


def events_of(steps: Sequence[Step], proposers: int) -> list[Shown]:
    """The steps after the initial state, as they are to be drawn. proposers is how many there are:
    it says whose a ballot is."""
    needs = Needs(proposers)
    drawn = []
    for number, step in enumerate(steps[1:], 2):
        before = steps[number - 2]
        needs.before(number - 1, before)
        sent = step.state.get("msgs", frozenset()) - before.state.get("msgs", frozenset())
        causes = tuple(dict.fromkeys(needs.of(step, {message["type"] for message in sent})))
        text = f"{number}  {words(step)}"
        drawn.append(Shown(number, needs.lane(step), text, causes))
    return drawn[-MOST_STEPS:]


def words(step: Step) -> str:
    # Whose step it is, the lane says.
    said = {k: v for k, v in step.parameters.items() if k not in ("a", "l")}
    parameters = ", ".join(f"{k} {show(v)}" for k, v in said.items())
    return f"{step.action} {parameters}".rstrip()


class Needs:
    """Which steps sent the messages that a step needs. Numbers are those of the states."""

    def __init__(self, proposers: int) -> None:
        self._proposers = proposers
        self._sent: dict[Record, int] = {}
        self._broadcast: dict[Any, int] = {}

    def before(self, number: int, step: Step) -> None:
        """Note what the step with this number sent, which led to the state before the next."""
        for message in step.state.get("msgs", ()):
            self._sent.setdefault(message, number)
        for value in step.state.get("broadcast", ()):
            self._broadcast.setdefault(value, number)

    def lane(self, step: Step) -> Lane:
        p = step.parameters
        for parameter, role in (("a", "acceptor"), ("l", "learner")):
            if parameter in p:
                return Lane(role, _number(p[parameter]))
        if "b" in p:
            return Lane("proposer", (p["b"] - 1) % self._proposers + 1)
        return Lane("client" if step.action.endswith("Broadcast") else "service")

    def of(self, step: Step, sends: set[str]) -> Iterator[tuple[int, str]]:
        """The numbers of the steps whose messages it needed, and the kinds of these messages."""
        p = step.parameters
        if "1b" in sends:
            yield from self._messages("1a", p)
        elif "2a" in sends:
            yield from self._of_each("1b", p)
            batch = p.get("batch", (p.get("v"),))
            yield from ((self._broadcast[v], "value") for v in batch if v in self._broadcast)
        elif "2b" in sends:
            yield from self._messages("2a", p)
        elif "Decide" in sends:
            yield from self._of_each("2b", p)
        elif "l" in p and "b" in p:  # it learns
            decided = list(self._messages("Decide", p))
            yield from decided or self._of_each("2b", p)

    def _of_each(self, kind: str, p: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
        """What each acceptor of the quorum sent: in this ballot, or with a mutant that counts
        others too, the last that there is."""
        for acceptor in sorted(p.get("Q", ())):
            own = {**p, "a": acceptor}
            without = {k: v for k, v in own.items() if k != "b"}
            found = list(self._messages(kind, own)) or list(self._messages(kind, without))
            yield from found[-1:]

    def _messages(self, kind: str, p: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
        for message, number in self._sent.items():
            if message["type"] == kind and _concerns(message, p):
                yield number, kind


def _concerns(message: Record, p: Mapping[str, Any]) -> bool:
    """Whether a message is about what the parameters say, as far as both say it."""
    for parameter, fields in (("a", "acc"), ("b", "bal"), ("i", "inst")):
        if parameter in p and fields in message and message[fields] != p[parameter]:
            return False
    first, last = p.get("from", p.get("i")), p.get("to", p.get("i"))
    if "from" in message and first is not None:
        return bool(message["from"] <= first and last <= message["to"])
    return True


def _number(name: object) -> int:
    """Of a1: 1."""
    found = re.search(r"\d+$", str(name))
    return int(found[0]) if found else 0
