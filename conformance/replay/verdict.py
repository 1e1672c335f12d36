"""What comes of a replay: a verdict, and the violation that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from conformance.replay.service import Held
from conformance.rules.rule import Fault, Rule
from conformance.trace.schema import AnyEvent

__all__ = ["Verdict", "Violation"]


@dataclass(frozen=True)
class Violation:
    """The first event that the specification forbids, and the rule that says so."""

    process: str
    event: AnyEvent
    spec: str
    kind: Literal["guard", "invariant", "contract"]
    rule: Rule
    fault: Fault
    accepted: int  # events before it
    recent: tuple[
        tuple[str, tuple[AnyEvent, ...]], ...
    ]  # the last events of the processes involved
    torn: tuple[str, ...] = ()  # of those, the ones whose file ends in a torn line

    @property
    def name(self) -> str:
        """Of the rule: see `name_of`."""
        return name_of(self.kind, self.event, self.rule)


def name_of(kind: str, event: AnyEvent, rule: Rule) -> str:
    """The name of a rule that is false of an event: "Action.guard", or the name of the invariant or
    of a rule of incarnations."""
    return f"{event.action}.{rule.name}" if kind == "guard" else rule.name


@dataclass
class Deviation:
    """One kind of violation in a run: the rule, the first event that it forbids, and how many."""

    kind: Literal["guard", "invariant", "contract"]
    rule: Rule
    name: str  # as of a Violation
    first: AnyEvent
    fault: Fault
    times: int = 1


@dataclass(frozen=True)
class Verdict:
    """conforms, violation, or unknown: then `reason` says what was missing."""

    kind: Literal["conforms", "violation", "unknown"]
    events: int  # accepted
    counts: dict[str, int] = field(default_factory=dict)  # accepted, by action
    violation: Violation | None = None
    reason: str = ""
    todo: str = "record the run with all processes traced into one folder"  # if it is unknown
    spec: str = ""
    processes: int = 0
    torn: tuple[str, ...] = ()
    hangs: bool = False  # unknown, because an event hangs on a process that has no trace
    further: tuple[Deviation, ...] = ()
    """Of a violation: each kind in the whole run, that of the first event too, as if each event had
    been legal."""
    waived: tuple[Deviation, ...] = ()  # what was let pass
    notes: tuple[str, ...] = ()  # what did not happen, though it might be thought that it did
    silent: tuple[str, ...] = ()  # processes of the cluster that have no event
    inferred: tuple[str, ...] = ()  # what the header omits, and the reader put in
    late: AnyEvent | None = None  # of a violation: what the event rests on, if that comes after it
    held: Held | None = None  # of a violation: what the run as a whole kept all the same
