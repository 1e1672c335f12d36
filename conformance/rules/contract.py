"""What a trace must be beyond the specification: the incarnations of a process, one after another.

The actions of the specification allow what is forbidden here, so none of it touches safety. But it
is promised (traces/README.md), and where it is false, something is wrong: two processes with one
id, storage that came back wrong, or a trace that was not written as it should be.

The specification's prose, the names of these rules and what they say call an incarnation a life. A
learner or a client, which is a new process in each, says that it came back only if it likes to.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.rules.rule import Fault, Rule, rule
from conformance.rules.state import State
from conformance.trace.process import Process, Role
from conformance.trace.schema import FROM_A_CLOCK, Event, Phase1a, Phase2a, Recover


@dataclass
class Incarnations:
    """Which incarnation each process is in. Before its first event it is in the first, or in the
    one that has its number from a clock."""

    now: dict[tuple[Role, int], int] = field(default_factory=dict)  # of those that keep their state
    begun: set[Process] = field(default_factory=set)  # of the others

    def of(self, process: Process) -> int:
        number = process.incarnation
        if not process.keeps_state:
            return number
        first = 1 if number < FROM_A_CLOCK else number
        return self.now.get((process.role, process.id), first)

    def enter(self, process: Process) -> None:
        """This incarnation has taken an event."""
        if process.keeps_state:
            self.now[process.role, process.id] = process.incarnation
        else:
            self.begun.add(process)


@rule("Life.order", "an acceptor or a proposer acts in the last of its lives only", contract=True)
def in_order(s: Incarnations, p: Process, e: Event) -> Fault | None:
    if s.of(p) <= p.incarnation:
        return None
    return Fault(
        f"nothing more of life {p.incarnation}, since life {s.of(p)} has begun",
        f"a {e.action} of {e.process}: two processes with one id, or a clock that was put back",
    )


@rule(
    "Life.begins",
    "Recover is the first event of a life, and not of life 1",
    at=("Life.begins", "Return.begins"),
    contract=True,
)
def begins(s: Incarnations, p: Process, e: Event) -> Fault | None:
    if not isinstance(e, Recover):
        return None
    if p.incarnation == 1:
        return Fault("a life before the one that a Recover begins", "a Recover in life 1")
    again = s.of(p) == p.incarnation if p.keeps_state else p in s.begun
    return Fault("Recover as the first event of a life", "an event before it") if again else None


@rule(
    "Life.comes back",
    "a life after the first one of an acceptor or a proposer begins with Recover",
    contract=True,
)
def comes_back(s: Incarnations, p: Process, e: Event) -> Fault | None:
    if s.of(p) >= p.incarnation or isinstance(e, Recover):
        return None
    return Fault(
        f"a Recover, with which life {p.incarnation} begins", f"{e.action} as its first event"
    )


INCARNATIONS: tuple[Rule, ...] = (in_order, begins, comes_back)


@rule(
    "new",
    "a proposer that came back uses ballots above the round that it came back with",
    contract=True,
)
def new_ballot(s: State, p: int, e: Phase1a | Phase2a) -> Fault | None:
    since = s.since.get(p, 0)
    if e.ballot[0] > since:
        return None
    return Fault(
        f"a round above {since}, with which proposer {p} came back: no ballot is used in two lives",
        f"round {e.ballot[0]}: it was restarted and uses an old round again",
    )
