"""Kinds of events that no file has though others need them: a writer that does not emit them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import get_args

from conformance.lint.finding import Findings, Place
from conformance.lint.lines import LintedFile
from conformance.trace.schema import Header, Omission, actions_of

WRITTEN = {
    "Broadcast": "a client writes it before it first sends a value; if values come from outside, "
    "whoever takes them in writes it as a client, in a file of its own",
    "Phase1a": "a proposer writes it before it sends a Prepare (1a)",
    "Phase1b": "an acceptor writes it before it answers a Prepare with a Promise (1b)",
    "Phase2a": "a proposer writes it before it sends an Accept (2a)",
    "Phase2b": "an acceptor writes it before it answers an Accept (2a) with its vote (2b)",
    "Decide": "a proposer writes it before it tells the learners what was decided; if they count "
    'votes themselves, say "direct_learning":true',
    "Learn": "a learner writes it when it knows what was decided in an instance",
    "Deliver": "a learner writes it when it hands the values of an instance on, in their order",
}
"""Who writes an event, and when."""


@dataclass
class _Written:
    """The kinds of events in all files: how many there are of each, and where the first is."""

    counts: Counter[str]
    first: dict[str, Place]
    values: bool  # some batch has values
    direct: bool  # learners count votes


def find_never_written(files: list[LintedFile], header: Header | None, findings: Findings) -> None:
    written = _written(files, header)
    wanted = _wanted(written)
    omits = header.omits if header else ()
    for name in WRITTEN:
        if name in wanted and name not in omits and not written.counts[name]:
            needing = next(n for n in wanted[name] if n in wanted or written.counts[n])
            at = next(written.first[n] for n in [*wanted[name], *WRITTEN] if n in written.first)
            what = f"your writer emits no {name}, and a {needing} follows from one"
            findings.fault("never-written", at, what, WRITTEN[name] + _unless(name))
    spec = header.spec if header else "MultiPaxos"
    for name in ("Learn", "Deliver"):
        quiet = not written.counts[name] and name not in wanted and name not in omits
        if quiet and written.counts["Phase2b"] and name in actions_of("learner", spec):
            what = f"your writer emits no {name}"
            todo = f"nothing that depends on it is checked; {WRITTEN[name]}"
            findings.warning("never-written", Place(files[0].path), what, todo)


def _unless(name: str) -> str:
    if name not in get_args(Omission):
        return ""
    return f'; or write "omits":["{name}"] into all headers if your program cannot say it'


def _wanted(written: _Written) -> dict[str, list[str]]:
    """The kinds of events that some event follows from, and of which kinds these are."""
    needs = {
        "Deliver": ["Learn"],
        "Learn": ["Phase2b" if written.direct else "Decide"],
        "Decide": ["Phase2b"],
        "Phase2b": ["Phase2a"],
        "Phase2a": ["Phase1b", "Broadcast"] if written.values else ["Phase1b"],
        "Phase1b": ["Phase1a"],
    }
    wanted: dict[str, list[str]] = {}
    for name, causes in needs.items():  # in an order in which each comes after what needs it
        if written.counts[name] or name in wanted:
            for cause in causes:
                wanted.setdefault(cause, []).append(name)
    return wanted


def _written(files: list[LintedFile], header: Header | None) -> _Written:
    counts: Counter[str] = Counter()
    first: dict[str, Place] = {}
    for file in files:
        counts += file.counts
        for name, line in file.first.items():
            first.setdefault(name, Place(file.path, line))
    values = any(file.has_values for file in files) or not counts["Phase2a"]
    direct = header is not None and header.constants.direct_learning
    direct = direct or any(file.has_quorums for file in files)
    return _Written(counts, first, values, direct)
