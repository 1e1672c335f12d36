"""What the judges say of a run, as the value that every form is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from conformance.cli.arguments import version
from conformance.cli.exit_status import printable
from conformance.formats.judgement import CORE, TLC, ByTlc, Finding, Judgement, Place, Tool, judges
from conformance.replay.citations import places, quoted
from conformance.replay.report import explain, summary
from conformance.replay.verdict import Deviation, Verdict

if TYPE_CHECKING:
    from conformance.tla.module import Conjunct
    from conformance.tlcjudge.validator import TlcVerdict

# Where a line of a process's trace is: (process, line of role-id.incarnation.ndjson).
Locate = Callable[[str, int], Place]


def of_verdict(
    run: str,
    verdict: Verdict,
    locate: Locate,
    *,
    words: Callable[[str], str] = str,
    assume: Mapping[str, bool | int] | None = None,
    warnings: Iterable[str] = (),
    seconds: float = 0,
) -> Judgement:
    """What the core says of a run. `locate` says where a line of a process's trace is, and `words`
    puts a text that speaks of such places into terms of what was given."""
    held = verdict.held
    return Judgement(
        run=printable(run),
        verdict=verdict.kind,
        judged_by=[CORE],
        exit_status={"conforms": 0, "violation": 1, "unknown": 2}[verdict.kind],
        line=printable(words(summary(run, verdict, f"the {CORE}"))),
        report=printable(words(explain(run, verdict, f"the {CORE}"))),
        reason=printable(verdict.reason),
        specification=verdict.spec,
        assumed=dict(assume or {}),
        events=verdict.events,
        processes=verdict.processes,
        actions=verdict.counts,
        torn=list(verdict.torn),
        findings=_findings(verdict, locate),
        held=list(held.names) if held else [],
        broken=held.broken if held else {},
        undecided=held.open if held else {},
        warnings=[*warnings, *verdict.notes],
        silent=list(verdict.silent),
        inferred=list(verdict.inferred),
        waived=[d.name for d in verdict.waived],
        seconds=round(seconds, 3),
    )


def of_error(run: str, error: str) -> Judgement:
    """A run that cannot be read: nobody judged it."""
    line = printable(error)
    return Judgement(
        run=printable(run),
        verdict="error",
        judged_by=[],
        exit_status=2,
        line=f"{printable(run)}: cannot be read: {line}",
        reason=line,
    )


def with_tlc(judged: Judgement, by_tlc: TlcVerdict | str | None) -> Judgement:
    """The same with what TLC says: its verdict, why it gave none, or None if there was nothing to
    ask."""
    if by_tlc is None:
        return judged
    from conformance.cli import agreement  # it takes as long as all else: only who asks TLC waits

    if isinstance(by_tlc, str) or by_tlc.error is not None:
        why = by_tlc if isinstance(by_tlc, str) else str(by_tlc.error)
        none = ByTlc(verdict="none", reason=printable(why))
        return msgspec.structs.replace(judged, tlc=none, exit_status=judged.exit_status or 2)
    core: Any = judged.verdict  # not "error": that is asked of nobody
    verdict = Verdict(core, judged.events)
    agreed = agreement.agree(verdict, by_tlc)
    rejection = by_tlc.rejection
    words = printable(agreement.words(verdict, by_tlc))
    return msgspec.structs.replace(
        judged,
        judged_by=[CORE, TLC],
        line=_by_both(judged.line),
        report=f"{_by_both(judged.report)}\n{words}",
        tlc=ByTlc(
            verdict="violation" if rejection else "conforms",
            event=rejection.event if rejection else 0,
            specification=_places(rejection.false) if rejection else [],
        ),
        judges_agree=agreed,
        exit_status=judged.exit_status if agreed else 1,
    )


def _by_both(text: str) -> str:
    """The text, whose first line ends in who judged, with both judges there."""
    first, newline, rest = text.partition("\n")
    return f"{first} and {TLC}{newline}{rest}"


def held_to(judged: Judgement, required: Iterable[str]) -> Judgement:
    """The same, but unknown if it conforms only because what is required did not happen."""
    missing = [what for what in required if f"nothing was {what}" in judged.warnings]
    if judged.verdict != "conforms" or not missing:
        return judged
    reason = "; ".join(f"nothing was {what}, and --require asks for it" for what in missing)
    line = f"{judged.run}: unknown: {reason}; judged by {judges(judged)}"
    report = "\n".join([line, *judged.report.splitlines()[1:]])
    return msgspec.structs.replace(
        judged, verdict="unknown", exit_status=2, reason=reason, line=line, report=report
    )


def _findings(verdict: Verdict, locate: Locate) -> list[Finding]:
    """The violation in full, then each further kind by its first event."""
    v = verdict.violation
    if v is None:
        return []
    times = {d.name: d.times for d in verdict.further}
    first = Finding(
        rule=v.name,
        kind=v.kind,
        process=v.process,
        place=locate(v.process, v.event.seq + 1),
        event=_json(v.event),
        words=v.rule.words,
        tla="\n".join(quoted(v.spec, v.name)),
        specification=_places(places(v.spec, v.name)),
        expected=printable(v.fault.expected),
        found=printable(v.fault.actual),
        count=times.get(v.name, 1),
    )
    return [first, *(_further(d, v.spec, locate) for d in verdict.further if d.name != v.name)]


def _further(d: Deviation, spec: str, locate: Locate) -> Finding:
    return Finding(
        rule=d.name,
        kind=d.kind,
        process=d.first.process,
        place=locate(d.first.process, d.first.seq + 1),
        event=_json(d.first),
        words=d.rule.words,
        specification=_places(places(spec, d.name)),
        expected=printable(d.fault.expected),
        found=printable(d.fault.actual),
        count=d.times,
    )


def _json(event: Any) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(event))
    return built


def _places(conjuncts: Iterable[Conjunct]) -> list[Place]:
    return [
        Place(file=f"spec/{c.module}.tla", line=c.line, text=c.text, definition=c.definition)
        for c in conjuncts
    ]


def tool() -> Tool:
    return Tool("conformance", version())
