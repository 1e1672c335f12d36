"""The lines of one file, each by itself and after the one before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.lint.fields import batch_of, quorum_of
from conformance.lint.finding import Findings, Place
from conformance.trace.header_mistakes import mistakes_of_header
from conformance.trace.line import MALFORMED, event_of, header_of, key_twice
from conformance.trace.line_mistakes import (
    A_FILE_EACH,
    NUMBERED,
    RISING,
    in_place_of,
    mistakes_of_event,
    of_promises,
    parsed,
)
from conformance.trace.mistakes import NAME as PROCESS
from conformance.trace.mistakes import Mistake, a_role
from conformance.trace.process import decode
from conformance.trace.reader import EVENT, MAX_LINE, NAME
from conformance.trace.schema import EVENTS, Header, Omission, Recover, actions_of

BOM = b"\xef\xbb\xbf"
OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16
UNKNOWN = "acceptor-1.1"  # stands for the process of a file of which nothing says whose it is
UNITS = (
    # from, below, what it looks like, what to do
    (10**9, 10**11, "seconds", "multiply by 1000000"),
    (10**12, 10**14, "milliseconds", "multiply by 1000"),
    (10**18, 10**20, "nanoseconds", "divide by 1000; beyond 2^53 many programs lose digits"),
)
"""Which clock of today is in which unit; one in microseconds is about 1.8 * 10^15."""


@dataclass
class LintedFile:
    """What a file has. `process` is None if neither its name nor its header says one."""

    path: Path
    process: str | None
    header: Header | None = None
    counts: Counter[str] = field(default_factory=Counter)  # lines of each kind of event
    first: dict[str, int] = field(default_factory=dict)  # the first line of each kind of event
    has_values: bool = False  # some batch is not the no-op
    has_quorums: bool = False  # some Learn has a quorum

    @property
    def omits(self) -> tuple[Omission, ...]:
        """What its header says that it leaves out."""
        return self.header.omits if self.header else ()

    def note(self, event: Any) -> None:
        """An event, also a partial one."""
        if batch_of(event):
            self.has_values = True
        if event.action == "Learn" and quorum_of(event):
            self.has_quorums = True

    def events(self) -> Iterator[tuple[Place, Any]]:
        """The lines that are events; if something is left out, partial ones."""
        for number, line in numbered_lines(self.path):
            try:
                event = event_of(line.removeprefix(BOM), self.omits)
            except MALFORMED:
                continue
            yield Place(self.path, number), event


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that end in a newline, without it. Ends at one that is longer than MAX_LINE."""
    with path.open("rb") as f:
        number = 0
        while (line := f.readline(MAX_LINE + 1)).endswith(b"\n"):
            number += 1
            yield number, line[:-1]


def lint_lines(path: Path, findings: Findings) -> LintedFile | None:
    """Look at a file's lines; None if it cannot be read."""
    named = NAME.fullmatch(path.name)
    file = LintedFile(path, path.name.removesuffix(".ndjson") if named else None)
    lines = _Lines(file, findings)
    try:
        for number, line in numbered_lines(path):
            lines.take(number, line)
        lines.end()
    except OSError as error:
        todo = "allow it to be read, or write it again"
        findings.fault("unreadable", Place(path), f"cannot be read: {error.strerror}", todo)
        return None
    return file


class _Lines:
    """Goes through a file. It knows the last seq and hlc of each process in it, which should be
    one."""

    def __init__(self, file: LintedFile, findings: Findings) -> None:
        self.file = file
        self.findings = findings
        self.seqs: dict[str, int] = {}
        self.last_seq: int | None = None  # of whatever process
        self.clocks: dict[str, int] = {}
        self.strangers: dict[str, Place] = {}  # other processes that have lines here
        self.number = 0  # of the last line
        self.size = 0  # bytes up to its end
        self.crlf = False

    def take(self, number: int, line: bytes) -> None:
        at = Place(self.file.path, number)
        self.number, self.size = number, self.size + len(line) + 1
        if number == 1:
            line = self._beginning(at, line)
        if line.endswith(b"\r"):
            self._crlf(at)
        if number > 1:
            self._event(at, line)
        elif isinstance(said := parsed(line), Mistake):
            self._all(at, [said])
        elif said.get("event") == "Header":
            self._header(at, line, said)
        else:
            self._all(at, mistakes_of_header(line, self.file.process or UNKNOWN))
            self._event(at, line)

    def _crlf(self, at: Place) -> None:
        if not self.crlf:
            what = "the lines end in CR LF"
            todo = "end them with LF alone; the checker takes both, other programs may not"
            self.findings.warning("crlf", at, what, todo)
        self.crlf = True

    def _beginning(self, at: Place, line: bytes) -> bytes:
        """The first line without a byte order mark, which no line of JSON begins with."""
        if line.startswith(OTHER_BOMS):
            what = "the file is in UTF-16"
            self.findings.fault("not-utf-8", at, what, "write it in UTF-8")
        elif line.startswith(BOM):
            what = "the file begins with a byte order mark"
            self.findings.fault("byte-order-mark", at, what, "write it in UTF-8 without one")
        return line.removeprefix(BOM)

    def _header(self, at: Place, line: bytes, said: dict[str, Any]) -> None:
        process = said.get("process")
        if self.file.process is None and isinstance(process, str) and PROCESS.fullmatch(process):
            self.file.process = process
        self._all(at, mistakes_of_header(line, self.file.process or UNKNOWN))
        try:
            self.file.header = header_of(line)
        except MALFORMED:
            return

    def _event(self, at: Place, line: bytes) -> None:
        try:
            event = event_of(line, self.file.omits)
            wrong = key_twice(line, event) is not None
        except MALFORMED:
            wrong = True
        else:
            self.file.note(event)
            scope = self.file.header.constants.promise_scope if self.file.header else "log"
            if isinstance(event, Recover) and (mistake := of_promises(event, scope)):
                self._all(at, [mistake])
        if wrong:
            self._all(at, mistakes_of_event(line, self.file.omits))
            said = parsed(line)
            if isinstance(said, dict):
                self._order(at, said)
            return
        self._order(
            at,
            {"event": event.action, "process": event.process, "seq": event.seq, "hlc": event.hlc},
        )

    def _order(self, at: Place, said: dict[str, Any]) -> None:
        """A line, whatever else is wrong with it, after the one before it of the same process."""
        action, process = said.get("event"), said.get("process")
        if action in EVENTS:
            self.file.counts[action] += 1
            self.file.first.setdefault(action, at.line)
        if not (isinstance(process, str) and PROCESS.fullmatch(process)):
            process = self.file.process or UNKNOWN
        elif process != self.file.process:
            self.strangers.setdefault(process, at)
        if action in EVENTS:
            self._role(at, action, process)
        seq, hlc = said.get("seq"), said.get("hlc")
        if type(seq) is int:
            self._seq(at, process, seq)
        if type(hlc) is int:
            self._clock(at, process, hlc)

    def _role(self, at: Place, action: str, process: str) -> None:
        spec = self.file.header.spec if self.file.header else "MultiPaxos"
        role = decode(process).role
        if action not in actions_of(role, spec):
            what = f"{action} is no action of {a_role(role)} under {spec}"
            self.findings.fault("event-of-another-role", at, what, in_place_of(action, spec))

    def _seq(self, at: Place, process: str, seq: int) -> None:
        before, last = self.seqs.get(process), self.last_seq
        self.seqs[process] = self.last_seq = seq
        if before is None and seq > 1 and (last is None or seq != last + 1):
            what = f"seq is {seq} in the first event; the header is not counted"
            self.findings.fault("seq", at, what, NUMBERED)
        elif before is not None and last is not None and seq not in (before + 1, last + 1):
            what = f"seq is {seq}, but {before + 1} comes next: lines are lost, moved or twice"
            self.findings.fault("seq", at, what, NUMBERED)

    def _clock(self, at: Place, process: str, hlc: int) -> None:
        last = self.clocks.get(process)
        self.clocks[process] = hlc
        if last is None:
            self._unit(at, hlc)
        elif hlc == last:
            what = f"hlc {hlc} is that of the line before it"
            self.findings.fault("clock-stands-still", at, what, RISING)
        elif hlc < last:
            what = f"hlc {hlc} is {last - hlc} below that of the line before it"
            self.findings.fault("clock-goes-back", at, what, RISING)

    def _unit(self, at: Place, hlc: int) -> None:
        for least, below, unit, todo in UNITS:
            if least <= hlc < below:
                what = f"hlc {hlc} looks like {unit}, and microseconds are meant"
                self.findings.warning(f"clock-in-{unit}", at, what, todo)

    def end(self) -> None:
        """After the last line that ends in a newline."""
        self._strangers()
        with self.file.path.open("rb") as f:
            f.seek(self.size)
            rest = f.read(MAX_LINE + 1)
        at = Place(self.file.path, self.number + 1)
        if len(rest) > MAX_LINE:
            what = f"the line is longer than {MAX_LINE} bytes, and the rest is not looked at"
            self.findings.fault("long-line", at, what, "end each line with a newline, LF")
        elif len(EVENT.findall(rest)) > 1:
            what = "the last line has no newline, and more than one event"
            self.findings.fault("no-newlines", at, what, "end each line with a newline, LF")
        elif rest.strip() and not isinstance(parsed(rest), Mistake):
            what = "the last line has no newline, so it is taken for torn, and not read"
            todo = "end each line with a newline, LF, also the last one"
            self.findings.warning("no-newline-at-the-end", at, what, todo)
        elif not self.size and not rest:
            what = "the file is empty"
            todo = "write the header when the process begins; this is legal only if it died then"
            self.findings.warning("empty-file", at, what, todo)

    def _strangers(self) -> None:
        if not self.strangers:
            return
        at = min(self.strangers.values(), key=lambda place: place.line)
        some = ", ".join(sorted(self.strangers)[:4]) + (", ..." if len(self.strangers) > 4 else "")
        if len(self.strangers) == 1:
            what = f"this is a line of {some} in the file of {self.file.process}"
            self.findings.fault("line-of-another-process", at, what, A_FILE_EACH)
        else:
            what = f"lines of {len(self.strangers)} other processes are in this file: {some}"
            self.findings.fault("processes-in-one-file", at, what, A_FILE_EACH)

    def _all(self, at: Place, mistakes: list[Mistake]) -> None:
        for mistake in mistakes:
            self.findings.fault(mistake.kind, at, mistake.what, mistake.todo)
