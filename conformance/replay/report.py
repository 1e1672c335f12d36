"""A verdict in words, for a reader who knows the protocol but not this checker."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.replay.checker import SPECS
from conformance.replay.citations import places, quoted, signature
from conformance.replay.verdict import Deviation, Verdict, Violation
from conformance.trace.show import omitted, place, shown

__all__ = ["explain", "summary"]

TORN = (
    "A killed process leaves that, and lost nothing that others saw. A file that was cut, or "
    "copied while it was written, did: then record the run again"
)


def explain(run: str, verdict: Verdict, judged: str = "") -> str:
    """The report on a run, without a final newline; its first line says who judged it."""
    by = f"; judged by {judged}" if judged else ""
    if verdict.kind == "conforms":
        return conforms(run, verdict, judged)
    if verdict.kind == "unknown":
        return (
            f"{run}: unknown after {verdict.events} accepted events{by}\n"
            f"  missing   {verdict.reason}\n"
            f"  what now  {verdict.todo}"
        )
    assert verdict.violation is not None
    lines = [violation(run, verdict.violation, by)]
    if verdict.inferred:
        lines.append(f"  inferred  {_inferred(verdict.violation, verdict.inferred)}")
    if verdict.late is not None:
        late = verdict.late
        cause = f"{late.action} at clock {late.hlc}, after it by the one clock of all processes"
        lines.append(f"  later     {place(late)} has what it rests on, {cause}")
    lines += further(verdict)
    if verdict.held is not None:
        lines.append(f"  service   {verdict.held}")
    return "\n".join(lines)


RESTS_ON = {
    "Phase1a": {"Broadcast", "Phase1a", "Phase1a.to"},
    "Phase1b": {"Phase1a", "Phase1a.to", "Phase1b.votes"},
    "Phase2a": {"Broadcast", "Phase1b.votes", "Phase2a", "Phase2a.quorum"},
    "Phase2b": {"Phase2a"},
    "Decide": {"Decide.quorum"},
    "Learn": {"Learn", "Learn.quorum"},
    "Deliver": {"Learn"},
}
"""By the action, what a header may omit that makes an event legal or not, as it is put in."""


def _inferred(violation: Violation, omits: tuple[str, ...]) -> str:
    chosen = RESTS_ON.get(violation.event.action, set()) & set(omits)
    if not chosen:
        return f"{omitted(omits)}; this event does not rest on it"
    return (
        f"{omitted(chosen)}: no choice of these makes the event legal; what is shown came nearest"
    )


def further(verdict: Verdict) -> list[str]:
    """A line for each kind of violation in the rest of the run, and for each that was waived."""
    first = verdict.violation.name if verdict.violation else ""
    lines = []
    for d in verdict.further:
        if d.name != first:
            lines.append(f"  further   {d.name}: {d.rule.words}; {_times(d)}")
        elif d.times > 1:
            lines.append(f"  again     {d.name}: {_number(d.times - 1, 'event')} more")
    lines += [f"  waived    {d.name}: {d.rule.words}; {_times(d)}" for d in verdict.waived]
    return lines


def _times(d: Deviation) -> str:
    return f"false of {_number(d.times, 'event')}, first at {place(d.first)}"


def _number(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def summary(run: str, verdict: Verdict, judged: str = "") -> str:
    """The verdict in one line, which says who judged."""
    by = f"; judged by {judged}" if judged else ""
    if verdict.violation is not None:
        v = verdict.violation
        return f"{run}: violation of {v.name} at {where(v)}{by}"
    if verdict.kind == "unknown":
        return f"{run}: unknown: {verdict.reason}{by}"
    size = f"{verdict.events} events of {verdict.processes} processes"
    if verdict.inferred:
        size = f"inferred: {omitted(verdict.inferred)}; {size}"
    if verdict.waived:
        size = f"waived: {', '.join(d.name for d in verdict.waived)}; {size}"
    notes = "".join(f"; {note}" for note in verdict.notes)
    return f"{run}: conforms to {verdict.spec} ({size}{notes}){by}"


def conforms(run: str, verdict: Verdict, judged: str = "") -> str:
    order = SPECS[verdict.spec].actions
    counts = "  ".join(f"{name} {verdict.counts[name]}" for name in order if name in verdict.counts)
    lines = [summary(run, verdict, judged), f"  {counts}"]
    lines += further(verdict)
    if verdict.silent:
        lines.append(f"  no events of {', '.join(verdict.silent)}")
    if verdict.torn:
        lines.append(f"  torn last line, as a killed process leaves it: {', '.join(verdict.torn)}")
    return "\n".join(lines)


def where(v: Violation) -> str:
    return place(v.event)


def violation(run: str, v: Violation, by: str = "") -> str:
    kind = "contract" if v.rule.contract else v.kind
    what = "what a trace must be (traces/README.md)" if v.rule.contract else v.spec
    lines = [
        f"{run}: violation of {what}{by}",
        f"  event     {v.event.action} by {v.process}, at {where(v)}, clock {v.event.hlc}",
        f"            {shown(v.event)}",
        f"  action    {signature(v.spec, v.event.action)} of {v.spec}.tla",
        f"  false     {kind} {v.name}: {v.rule.words}",
        *(f"            {line}" for line in _cited(v)),
        f"  expected  {v.fault.expected}",
        f"  found     {v.fault.actual}",
        f"  accepted  the {v.accepted} events before it, in the order of the clock",
    ]
    for process, events in v.recent:
        lines.append(f"  last events of {process}" + ("" if events else ": none"))
        lines += [f"    {place(e)}  clock {e.hlc}  {shown(e)}" for e in events]
    if v.torn:
        lines.append(f"  note      the last line of {', '.join(v.torn)} is torn. {TORN}")
    return "\n".join(lines)


def _cited(v: Violation) -> Iterator[str]:
    """Where the specification has the rule, and its text."""
    place = places(v.spec, v.name)[0].place
    first, *others = quoted(v.spec, v.name)
    yield f"{place}: {first}"
    yield from others
