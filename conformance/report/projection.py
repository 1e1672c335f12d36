"""What of a state is about one instance, or about one ballot.

States that have the same of it differ in other instances, or other ballots, only. What is about
none of them, such as the values that were broadcast, is a part of it always; what is about all
instances together, the delivered values and their order, of no single instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Numbers = frozenset[int]

# How the variables of the specifications are put together, from the outside to the inside.
OF_LOG: dict[str, tuple[str, ...]] = {
    "msgs": ("messages",),
    "depth": ("messages",),
    "promised": ("process", "scope", "ballot"),
    "vote": ("process", "instance", "vote"),
    "votes": ("process", "instance", "votes"),
    "learned": ("process", "instance", "vote"),
    "prefix": ("process", "upto"),
    "trimmed": ("process", "upto"),
    "chosen": ("instance", "value"),
    "lead": ("instance", "value"),
    "delivered": ("all",),
    "known": ("all",),
    "taken": ("process", "snapshot"),
    "checkpoint": ("process", "snapshot"),
    "order": ("all",),
}
"""Of MultiPaxos, LogVoting, and what extends them; a variable that is not here is about none."""

OF_ONE: dict[str, tuple[str, ...]] = {
    "msgs": ("messages",),
    "depth": ("messages",),
    "promised": ("process", "ballot"),
    "vote": ("process", "vote"),
    "votes": ("process", "votes"),
    "learned": ("process", "vote"),
}
"""Of Synod, Voting, and what extends them: there is one instance."""


@dataclass(frozen=True)
class Part:
    """A part of a state, and the instances and ballots that it is about (None: about no single
    one). `whole`: it is about all instances together."""

    text: Any
    instances: Numbers | None = None
    ballots: Numbers | None = None
    whole: bool = False


class Parts:
    """Takes states of some variables apart."""

    def __init__(self, variables: Sequence[str], *, promise_an_instance: bool) -> None:
        self._variables = variables
        if "prefix" in variables:
            self._shapes = OF_LOG
        else:
            self._shapes = OF_ONE if "promised" in variables else {}
        self._scoped = promise_an_instance

    def of(self, state: Sequence[Any]) -> frozenset[Part]:
        """The parts of the state."""
        found: set[Part] = set()
        for variable, value in zip(self._variables, state, strict=True):
            shape = self._shapes.get(variable, ("value",))
            found.update(self._parts((variable,), shape, value, None))
        return frozenset(found)

    def _parts(
        self, path: tuple[Any, ...], shape: Sequence[str], value: Any, instances: Numbers | None
    ) -> Iterator[Part]:
        kind, rest = shape[0], shape[1:]
        match kind:
            case "process":
                # TLC prints a function of 1..n as a sequence, and so one of nothing.
                known = value.items() if isinstance(value, Mapping) else enumerate(value, 1)
                for key, inner in known:
                    yield from self._parts((*path, key), rest, inner, instances)
            case "instance" | "scope":
                for i, inner in enumerate(value, 1):
                    own = frozenset({i}) if kind == "instance" or self._scoped else instances
                    yield from self._parts((*path, i), rest, inner, own)
            case "upto":
                yield from (Part((*path, i), frozenset({i})) for i in range(1, value + 1))
            case "snapshot":
                yield from self._parts((*path, "prefix"), ("upto",), value["prefix"], instances)
                yield Part((*path, value), instances, whole=True)
            case "ballot":
                yield Part((*path, value), instances, _ballots(value))
            case "vote":
                yield Part((*path, value), instances, _ballots(value[0]))
            case "votes":
                for vote in value:
                    yield Part((*path, vote), instances, _ballots(vote[0]))
            case "messages":
                pairs = value.items() if isinstance(value, Mapping) else ((m, "") for m in value)
                yield from (_message(path, m, worth) for m, worth in pairs)
            case _:
                yield Part((*path, value), instances, whole=kind == "all")


def _ballots(ballot: int) -> Numbers:
    """No ballot, 0, is about none of them."""
    return frozenset({ballot} if ballot else ())


def _message(path: tuple[Any, ...], message: Mapping[Any, Any], worth: Any) -> Part:
    instances = None
    if message.get("type") == "Checkpointed":  # up to there; 0: of nothing yet
        instances = frozenset(range(1, message["inst"] + 1))
    elif "inst" in message:
        instances = frozenset({message["inst"]})
    elif "from" in message:
        instances = frozenset(range(message["from"], message["to"] + 1))
    elif "state" in message:  # a snapshot
        instances = frozenset(range(1, message["state"]["prefix"] + 1))
    ballots = frozenset({message["bal"]}) if "bal" in message else None
    return Part((*path, message, worth), instances, ballots)


def known(states: Iterable[frozenset[Part]]) -> tuple[list[int], list[int]]:
    """The instances and the ballots that states are about."""
    parts = frozenset[Part]().union(*states)
    instances = {i for part in parts for i in part.instances or ()}
    return sorted(instances), sorted({b for part in parts for b in part.ballots or ()})


def about_instance(state: frozenset[Part], i: int) -> frozenset[Part]:
    """What of the state is about the instance, or about none."""
    return frozenset(p for p in state if not p.whole and (p.instances is None or i in p.instances))


def about_ballot(state: frozenset[Part], b: int) -> frozenset[Part]:
    """What of the state is about the ballot, or about none."""
    return frozenset(p for p in state if p.ballots is None or b in p.ballots)
