"""What a trace must be beyond the specification: the lives of a process, one after another.

The actions of the specification allow what is forbidden here, so none of it touches safety. But it
is promised (traces/README.md), and where it is false, something is wrong: two processes with one
id, storage that came back wrong, or a trace that was not written as it should be.

An acceptor or a proposer is one process through all its lives; a learner or a client is a new one
in each, and says that it came back only if it likes to.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.rules.rule import Fault, Rule, rule
from conformance.rules.state import State
from conformance.trace.schema import FROM_A_CLOCK, Event, Phase1a, Phase2a, Recover


@dataclass(frozen=True)
class Life:
    """A process, as far as its lives go. `person` is "acceptor-1" or the like; None if each life
    is another process."""

    person: str | None
    number: int

    @classmethod
    def of(cls, process: str) -> Life:
        """Of a process as traces name it."""
        person, _, number = process.partition(".")
        return cls(person if person.startswith(("acceptor", "proposer")) else None, int(number))


@dataclass
class Lives:
    """Which life each process is in. Before its first event it is in life 1, or in the one that has
    its number from a clock."""

    now: dict[str, int] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)  # those that each life is a process of its own

    def of(self, life: Life) -> int:
        first = 1 if life.number < FROM_A_CLOCK else life.number
        return self.now.get(life.person, first) if life.person else life.number

    def enter(self, life: Life, process: str) -> None:
        """The life has taken an event."""
        if life.person:
            self.now[life.person] = life.number
        else:
            self.begun.add(process)


@rule("Life.order", "an acceptor or a proposer acts in the last of its lives only", contract=True)
def in_order(s: Lives, life: Life, e: Event) -> Fault | None:
    if s.of(life) <= life.number:
        return None
    return Fault(
        f"nothing more of life {life.number}, since life {s.of(life)} has begun",
        f"a {e.action} of {e.process}: two processes with one id, or a clock that was put back",
    )


@rule(
    "Life.begins",
    "Recover is the first event of a life, and not of life 1",
    at=("Life.begins", "Return.begins"),
    contract=True,
)
def begins(s: Lives, life: Life, e: Event) -> Fault | None:
    if not isinstance(e, Recover):
        return None
    if life.number == 1:
        return Fault("a life before the one that a Recover begins", "a Recover in life 1")
    again = s.of(life) == life.number if life.person else e.process in s.begun
    return Fault("Recover as the first event of a life", "an event before it") if again else None


@rule(
    "Life.comes back",
    "a life after the first one of an acceptor or a proposer begins with Recover",
    contract=True,
)
def comes_back(s: Lives, life: Life, e: Event) -> Fault | None:
    if s.of(life) >= life.number or isinstance(e, Recover):
        return None
    return Fault(
        f"a Recover, with which life {life.number} begins", f"{e.action} as its first event"
    )


LIFE: tuple[Rule, ...] = (in_order, begins, comes_back)


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
        f"round {e.ballot[0]}",
    )
