"""An effect before its cause: what an event rests on is in the run, but later in its order.

Where messages have to carry the clocks, one that is not carried, or runs behind, looks like that,
and nobody can tell what happened first. So the verdict is unknown, and says which two events stand
the wrong way round, and by how much. Where the header says that all processes have the clock of one
host, the program did the effect first: a violation, whose report names the cause all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conformance.replay.verdict import Violation
from conformance.trace.schema import (
    AnyEvent,
    Broadcast,
    Checkpoint,
    Decide,
    Deliver,
    InstallSnapshot,
    Learn,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
    SendSnapshot,
    Trim,
)
from conformance.trace.show import place, shown

CLOCK_CHECK = "Clock.carried"
"""The name of what is checked here."""
CARRY_IT = (
    "an event has a higher clock than all that it follows from: let each message carry its "
    "sender's clock, or all processes of one host take theirs from it"
)
"""What to do about it."""

Wanted = Callable[[AnyEvent], bool]


class Lateness:
    """Feed it the events that come after a violation; `reason` says whether it hangs on a clock."""

    def __init__(self, violation: Violation) -> None:
        self._event = violation.event
        self._wanted = list(_causes(violation))
        self._last: AnyEvent | None = None  # of the causes that came

    def note(self, event: AnyEvent) -> None:
        if self._wanted and event.process != self._event.process:
            missing = [wanted for wanted in self._wanted if not wanted(event)]
            if len(missing) < len(self._wanted):
                self._wanted, self._last = missing, event

    def cause(self) -> AnyEvent | None:
        """The last of what the event rests on; none if it does not all come."""
        return None if self._wanted else self._last

    def reason(self) -> str:
        """Why the event is no violation, if clocks may be wrong; "" if a cause never comes."""
        effect, cause = self._event, self.cause()
        if cause is None:
            return ""
        if cause.hlc == effect.hlc:
            behind = f"the same clock, {cause.hlc}"
        else:
            ahead = cause.hlc - effect.hlc
            behind = (
                f"the clock {cause.hlc}, which is {ahead} more than the {effect.hlc} of its effect"
            )
        return (
            f"{place(effect)}, {shown(effect)}, rests on {place(cause)}, {shown(cause)}, which has "
            f"{behind} [{CLOCK_CHECK}]"
        )


def _causes(v: Violation) -> Iterator[Wanted]:
    """What the event should have come after, where that is what the rule misses: all of it."""
    e, rule = v.event, v.name.partition(".")[2]
    if isinstance(e, Phase2a):
        yield from _of_a_proposal(v, e, rule)
    elif isinstance(e, Decide | Learn) and rule in ("voted", "decided"):
        yield from _of_learning(v, e)
    elif isinstance(e, Phase1a) and rule == "prepare" and e.first == e.last:
        yield lambda c: isinstance(c, Broadcast) or _is_proposed_from(c, e.first)
    elif isinstance(e, Phase1b) and rule == "asked":
        yield (
            lambda c: (
                isinstance(c, Phase1a)
                and c.ballot == e.ballot
                and c.first <= e.first
                and e.last <= c.last
            )
        )
    elif isinstance(e, Phase2b) and rule == "proposed":
        yield lambda c: isinstance(c, Phase2a) and _place(c) == _place(e)
    elif isinstance(e, Trim) and rule == "delivered":
        yield from _each(
            v,
            lambda c: (
                (isinstance(c, Deliver) and c.instance == e.last)
                or (isinstance(c, Checkpoint) and c.instance >= e.last)
            ),
        )
    elif isinstance(e, InstallSnapshot) and rule == "sent":
        yield from _each(v, lambda c: isinstance(c, SendSnapshot) and _state(c) == _state(e))


def _of_a_proposal(v: Violation, e: Phase2a, rule: str) -> Iterator[Wanted]:
    if rule == "promises":
        yield from _each(
            v,
            lambda c: (
                isinstance(c, Phase1b) and c.ballot == e.ballot and c.first <= e.instance <= c.last
            ),
        )
    elif rule == "gap":
        yield lambda c: _is_proposed_from(c, e.instance)
    elif rule == "broadcast":
        yield lambda c: isinstance(c, Broadcast) and not {*e.batch}.isdisjoint(c.values)


def _of_learning(v: Violation, e: Decide | Learn) -> Iterator[Wanted]:
    if any(role == "acceptor" for role, _ in v.fault.needs):
        yield from _each(v, lambda c: isinstance(c, Phase2b) and _place(c) == _place(e))
    else:
        yield lambda c: isinstance(c, Decide) and _place(c) == _place(e)


def _each(v: Violation, wanted: Wanted) -> Iterator[Wanted]:
    """The same of each process that the rule looked at in vain."""
    for role, number in v.fault.needs:
        yield _of(f"{role}-{number}.", wanted)


def _of(prefix: str, wanted: Wanted) -> Wanted:
    return lambda c: c.process.startswith(prefix) and wanted(c)


def _is_proposed_from(c: AnyEvent, instance: int) -> bool:
    return isinstance(c, Phase2a) and c.instance >= instance


def _state(e: SendSnapshot | InstallSnapshot) -> object:
    return e.instance, e.position


def _place(e: Phase2a | Phase2b | Decide | Learn) -> object:
    return e.ballot, e.instance
