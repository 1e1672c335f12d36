"""What a trace must be beyond the specification: the incarnations of a process, one after another.

The actions of the specification allow what is forbidden here, so none of it touches safety. But it
is promised (traces/README.md), and where it is false, something is wrong: two processes with one
id, storage that came back wrong, or a trace that was not written as it should be.

The specification's prose, the names of these rules and what they say call an incarnation a life. A
learner or a client, which is a new process in each, says that it came back only if it likes to;
but for a learner that comes back with a checkpoint (Restart), and is the same one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.rules.rule import Fault, Rule, rule
from conformance.rules.state import State
from conformance.trace.lives import LearnerLives
from conformance.trace.process import Process, Role, member
from conformance.trace.schema import FROM_A_CLOCK, Event, Phase1a, Phase2a, Recover, Restart


@dataclass
class Incarnations:
    """Which incarnation each process is in. Before its first event it is in the first, or in the
    one that has its number from a clock."""

    lives: LearnerLives = field(default_factory=LearnerLives)
    now: dict[tuple[Role, int | str], int] = field(default_factory=dict)  # of those that come back
    begun: set[Process] = field(default_factory=set)  # of learners and clients

    def one(self, process: Process) -> tuple[Role, int | str] | None:
        """Who it is through its incarnations; None of one that is new in each."""
        if process.keeps_state:
            return process.role, process.id
        if process.role == "learner" and str(process) in self.lives.keeps:
            return process.role, self.lives.known(process) or process.member
        return None

    def of(self, process: Process) -> int:
        number, one = process.incarnation, self.one(process)
        if one is None:
            return number
        if isinstance(one[1], str):
            first = member(one[1])[1]
        else:
            first = 1 if number < FROM_A_CLOCK else number
        return self.now.get(one, first)

    def enter(self, process: Process) -> None:
        """This incarnation has taken an event."""
        one = self.one(process)
        if one is not None:
            self.now[one] = process.incarnation
        if not process.keeps_state:
            self.begun.add(process)


@rule(
    "Life.order",
    "an acceptor, a proposer or a learner with checkpoints acts in the last of its lives only",
    contract=True,
)
def in_order(s: Incarnations, p: Process, e: Event) -> Fault | None:
    if s.of(p) <= p.incarnation:
        return None
    return Fault(
        f"nothing more of life {p.incarnation}, since life {s.of(p)} has begun",
        f"a {e.action} of {e.process}: two processes with one id, or a clock that was put back",
    )


@rule(
    "Life.begins",
    "Recover is the first event of a life, and not of life 1; and Restart the first of one",
    at=("Life.begins", "Return.begins"),
    contract=True,
)
def begins(s: Incarnations, p: Process, e: Event) -> Fault | None:
    if isinstance(e, Restart):
        what = "Restart as the first event of a life"
        return Fault(what, "an event before it") if p in s.begun else None
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
    if s.of(p) >= p.incarnation or isinstance(e, Recover | Restart):
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
