"""Whether the two judges of a trace agree."""

from __future__ import annotations

from conformance.replay.verdict import Verdict
from conformance.tlcjudge import report
from conformance.tlcjudge.validator import TlcVerdict


def agree(verdict: Verdict, by_tlc: TlcVerdict) -> bool:
    """Whether both say the same, and of the same event. That something is missing only the Python
    model says: TLC then refuses the event that hangs on it."""
    if verdict.kind == "conforms":
        return by_tlc.rejection is None
    return by_tlc.rejection is not None and by_tlc.rejection.event == verdict.events + 1


def words(verdict: Verdict, by_tlc: TlcVerdict) -> str:
    """The lines that go below the Python model's report, without a final newline."""
    lines = [report.report(by_tlc)]
    if not agree(verdict, by_tlc):
        lines.append(
            "  DISAGREE  the two judges say different things: one of them is wrong. "
            "Please report it, with the trace"
        )
    return "\n".join(lines)
