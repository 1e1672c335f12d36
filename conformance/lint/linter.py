"""Everything that is wrong with a run folder as input, in one go.

The files are read three times: each line by itself, then all events together, then each event after
those that it follows from. The memory that this takes grows with the number of events, by some
hundred bytes for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from conformance.lint.carried_clock import CarriedClock
from conformance.lint.contradictions import Contradictions
from conformance.lint.finding import Findings, Place
from conformance.lint.folder import find_traces
from conformance.lint.lines import LintedFile, lint_lines
from conformance.lint.membership import Membership
from conformance.lint.never_written import find_never_written
from conformance.lint.oddities import Oddities
from conformance.trace.mistakes import shown
from conformance.trace.schema import AGREED, Header


@dataclass
class Linted:
    """What was found in a run, and how much was looked at."""

    findings: Findings
    files: int
    events: int


def lint_run(directory: Path) -> Linted:
    """Look at a run folder. Raises TraceError if there is nothing to read."""
    findings = Findings()
    looked = [lint_lines(path, findings) for path in find_traces(directory, findings)]
    files = [file for file in looked if file is not None]
    header = _agreed_header(files, findings)
    find_never_written(files, header, findings)
    if header is not None:
        _look_at_events(files, header, findings)
    return Linted(findings, len(files), sum(file.counts.total() for file in files))


def _look_at_events(files: list[LintedFile], header: Header, findings: Findings) -> None:
    membership = Membership(header)
    contradictions = Contradictions(header, findings)
    oddities = Oddities(findings)
    clock = CarriedClock()
    for at, event in _events(files):
        membership.see(at, event)
        contradictions.see(at, event)
        oddities.see(at, event)
        clock.learn(at, event)
    for at, event in _events(files) if header.clock == "carried" else ():
        clock.compare(at, event)
    membership.report(files, findings)
    contradictions.report()
    clock.report(findings)


def _events(files: list[LintedFile]) -> Iterator[tuple[Place, Any]]:
    for file in files:
        yield from file.events()


def _agreed_header(files: list[LintedFile], findings: Findings) -> Header | None:
    """What most headers say, part by part; those that say otherwise are found."""
    headed = [(file, file.header) for file in files if file.header is not None]
    if not headed:
        return None
    agreed = headed[0][1]
    for name in AGREED:
        said = Counter(_comparable(getattr(header, name)) for _, header in headed)
        most, _ = said.most_common(1)[0]
        like = next((f, h) for f, h in headed if _comparable(getattr(h, name)) == most)
        agreed = msgspec.structs.replace(agreed, **{name: getattr(like[1], name)})
        for file, header in headed:
            if _comparable(getattr(header, name)) != most:
                what = f"the header has {_difference(header, like[1], name)} {like[0].path.name}"
                todo = "write the same into all files of a run; keep each run in its own folder"
                findings.fault("headers-differ", Place(file.path), what, todo)
    return agreed


def _difference(header: Header, other: Header, name: str) -> str:
    """Where a part of two headers first differs: `name here, and name in`."""
    mine, theirs = _plain(getattr(header, name)), _plain(getattr(other, name))
    if isinstance(mine, dict):
        both = {**mine, **theirs}
        name = next(k for k in both if _in_any_order(mine.get(k)) != _in_any_order(theirs.get(k)))
        if name not in mine or name not in theirs:
            here, there = ("a", "none") if name in mine else ("no", "one")
            return f"{here} {name}, and there is {there} in"
        mine, theirs = mine[name], theirs[name]
    return f"{name} {shown(mine)}, and it is {shown(theirs)} in"


def _in_any_order(x: Any) -> Any:
    return sorted(x) if isinstance(x, list) else x


def _comparable(part: Any) -> Any:
    """A cluster may list its processes in any order, and `omits` what it has."""
    built = _in_any_order(_plain(part))
    if isinstance(built, dict):
        return tuple((name, str(_in_any_order(x))) for name, x in built.items())
    return str(built)


def _plain(part: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(part))
