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
        """The rule: "Action.guard", or the name of the invariant or of a rule of incarnations."""
        return f"{self.event.action}.{self.rule.name}" if self.kind == "guard" else self.rule.name


@dataclass(frozen=True)
class Verdict:
    """conforms, violation, or unknown: then `reason` says what was missing."""

    kind: Literal["conforms", "violation", "unknown"]
    events: int  # accepted
    counts: dict[str, int] = field(default_factory=dict)  # accepted, by action
    violation: Violation | None = None
    reason: str = ""
    spec: str = ""
    processes: int = 0
    torn: tuple[str, ...] = ()
    hangs: bool = False  # unknown, because an event hangs on a process that has no trace
    inferred: tuple[str, ...] = ()  # what the header omits, and the reader put in
    held: Held | None = None  # of a violation: what the run as a whole kept all the same
