"""A counterexample as a space-time diagram: whose each step is, and which messages it needed.

What an action needs is known of the actions of Synod.tla and MultiPaxos.tla, by their parameters'
names. Steps of other modules are drawn without arrows, in the lane that their parameters name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.changes import show
from conformance.diagram import Shown
from conformance.stepping import Step
from conformance.tlavalue import Record

OF_PROPOSERS = ("Phase1a", "Phase2a", "Decide")
MOST = 40
"""Steps that are drawn: the last ones."""


def sketch(steps: Sequence[Step], proposers: int) -> list[Shown]:
    """The steps after the initial state, as they are to be drawn. proposers is how many there are:
    it says whose a ballot is."""
    needs = Needs(proposers)
    drawn = []
    for number, step in enumerate(steps[1:], 2):
        needs.before(number - 1, steps[number - 2])
        causes = tuple(dict.fromkeys(needs.of(step)))
        text = f"{number}  {words(step)}"
        drawn.append(Shown(number, needs.lane(step), text, causes))
    return drawn[-MOST:]


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

    def lane(self, step: Step) -> str:
        p, action = step.parameters, _plain(step.action)
        if action == "Broadcast":
            return "client"
        for parameter, role in (("a", "acceptor"), ("l", "learner")):
            if parameter in p:
                return f"{role}-{_number(p[parameter])}"
        if "b" in p and action in OF_PROPOSERS:
            return f"proposer-{(p['b'] - 1) % self._proposers + 1}"
        return "service"

    def of(self, step: Step) -> Iterator[tuple[int, str]]:
        """The numbers of the steps, and what they sent."""
        p = step.parameters
        match _plain(step.action):
            case "Phase1b":
                yield from self._messages("1a", p)
            case "Phase2a":
                yield from self._of_each("1b", p)
                batch = p["batch"] if "batch" in p else (p["v"],)
                yield from ((self._broadcast[v], "value") for v in batch if v in self._broadcast)
            case "Phase2b":
                yield from self._messages("2a", p)
            case "Decide":
                yield from self._of_each("2b", p)
            case "Learn":
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


def _plain(action: str) -> str:
    """Delays.tla has the actions of MultiPaxos.tla with a D before their names."""
    return re.sub(r"^D(?=[A-Z])", "", action)


def _number(name: object) -> str:
    found = re.search(r"\d+$", str(name))
    return found[0] if found else "0"
