"""Read a run: its trace files, validated line by line and merged into one causal order,
streaming.

What is legal about a file is decided here; what is legal about an event is decided by the model.
Each check has a name, which its message has in brackets: traces/README.md lists them. A short run
is read once, and its events are kept; a long one is read again for each pass. So the memory in use
does not depend on the length of the files; and no file is held open.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from conformance.trace.header_mistakes import mistakes_of_header
from conformance.trace.inference import TooMuch, completed
from conformance.trace.line import (
    MALFORMED,
    decoded,
    decoder,
    event_of,
    has_names,
    header_of,
    key_twice,
)
from conformance.trace.line_mistakes import (
    A_FILE_EACH,
    NUMBERED,
    ONCE,
    RISING,
    in_place_of,
    mistakes_of_event,
    of_promises,
)
from conformance.trace.merge_order import merge
from conformance.trace.mistakes import Mistake, a_role
from conformance.trace.process import PROCESS_NAME, ROLES
from conformance.trace.schema import AGREED, AnyEvent, Header, Recover, actions_of

__all__ = ["Run", "TraceError", "TraceFile", "open_run"]

MAX_LINE = 16 << 20  # bytes; a Recover line may list all votes of an acceptor
MAX_FILES = 10_000
KEPT = 1 << 20  # bytes of a run that is read once: its events are then kept
CHUNK, CHUNKS = 1 << 18, 1 << 28  # bytes that are read at a time, of a file and of all together
NAME = re.compile(rf"{PROCESS_NAME}\.ndjson")
LIKE_A_TRACE = re.compile(rf".*\.ndjson|({'|'.join(ROLES)})-\d+\.\d+\b", re.I)
LIKE_A_TRACE_BELOW = re.compile(r".*\.ndjson", re.I)  # for a run has stats/client-1.1.json
EVENT = re.compile(rb'"event"\s*:')
CHECKS = (  # the names of all checks that are made here
    *("File.name", "File.regular", "File.readable", "File.lines", "File.one run", "File.folder"),
    *("Line.shape", "Line.keys", "Line.process", "Line.seq", "Line.hlc", "Line.role"),
    *("Header.first", "Header.schema", "Header.shape", "Header.keys", "Header.process"),
    *("Header.constants", "Header.cluster", "Header.keeps"),
)
HEADER_CHECKS = {
    **{name: name for name in CHECKS},
    **{"no-header": "Header.first", "key-twice": "Header.keys"},
}
"""The checks that mistakes of a header are of, by the kinds of these; others are Header.shape."""
# Of events with one clock none follows from another, so that what would follow comes first: if it
# needs the other, that is seen, whatever the processes are called.
LATEST_FIRST = (
    *("Trim", "Recover", "InstallSnapshot", "SendSnapshot", "Restart", "Checkpoint"),
    *("TakeSnapshot", "Deliver", "Learn", "Decide", "Phase2b", "Phase2a", "Phase1b", "Phase1a"),
    "Broadcast",
)
_RANK = {name: k for k, name in enumerate(LATEST_FIRST)}
NAMED = "a trace is named role-id.incarnation.ndjson, and this looks like one and would not be read"
ENDED = "end each line with a newline, LF"
AGAIN = "record the run again, or remove the file to check without it"

# hlc, process, seq, event; of two rows of a file the first has the lower hlc.
Row = tuple[int, str, int, AnyEvent]


class TraceError(Exception):
    """The trace cannot be read. The message is one line: where, what, and what to do."""


class _Clock(msgspec.Struct):
    hlc: int = 0


_clock = msgspec.json.Decoder(_Clock)
_CLUSTER = ("acceptors", "proposers", "learners", "clients")


@dataclass
class TraceFile:
    """One incarnation's file. `header` is None if the process died before it was written."""

    path: Path
    process: str
    header: Header | None = None
    torn: bool = False
    size: int = 0  # bytes, when it was first read; what is appended later is not looked at
    chunk: int = CHUNK  # bytes that are read at a time
    first_clock: int | None = None
    checked: bool = False  # all lines were read, so what is asked of each need not be asked again
    keeps: bool = False  # its events, once they are read
    kept: tuple[Row, ...] | None = None

    def fail(self, check: str, line: int, what: str, todo: str) -> TraceError:
        return _error(self.path, line, what, todo, check)

    def rows(self) -> Iterator[Row]:
        """The events, each checked against the header and the event before it, the first time."""
        if not self.keeps:
            return self._rows()
        if self.kept is None:
            self.kept = tuple(self._rows())
        return iter(self.kept)

    def lines_about(self) -> int:
        """How many lines it has, if those at its beginning are as long as the others."""
        chunk = self._read(0, min(self.chunk, self.size))
        return round(self.size * chunk.count(b"\n") / len(chunk)) if chunk else 0

    def begins(self) -> tuple[int]:
        """The clock of the first event; 0 if that cannot be told without reading all of it."""
        if self.first_clock is None:
            self.first_clock = 0
            if not self.keeps and self.header is not None:
                lines = self._lines()
                next(lines)
                with suppress(*MALFORMED):
                    self.first_clock = _clock.decode(next(lines, b"")).hlc
        return (self.first_clock,)

    def _rows(self) -> Iterator[Row]:
        if self.header is None:
            return
        process, omits = self.process, self.header.omits
        allowed = actions_of(self.header.role, self.header.spec)
        decode, clock = decoder(omits), 0
        lines = self._lines()
        next(lines)
        for seq, line in enumerate(lines, 1):
            try:
                try:
                    event = decode(line)
                except msgspec.ValidationError:
                    event = decoded(line, omits)
                fine = self.checked or (
                    event.process == process
                    and event.seq == seq
                    and event.hlc > clock
                    and event.action in allowed
                    and event.action != "Recover"
                    and has_names(event)
                    and key_twice(line, event) is None
                )
            except MALFORMED:
                raise self._malformed(seq, line) from None
            if not fine:
                self._check(seq, line, clock)
            clock = event.hlc
            yield clock, process, seq, event
        self.checked = True

    def _check(self, seq: int, line: bytes, clock: int) -> None:
        """Raises TraceError if something is wrong with the line, after one with this clock."""
        assert self.header is not None
        try:
            event = event_of(line, self.header.omits)
            key = key_twice(line, event)
        except MALFORMED:
            raise self._malformed(seq, line) from None
        if event.process != self.process:
            what = f"process is {event.process}, but this is the file of {self.process}"
            raise self.fail("Line.process", seq + 1, what, A_FILE_EACH)
        if event.seq != seq:
            what = f"seq is {event.seq}, but {seq} comes next: lines are lost or moved"
            raise self.fail("Line.seq", seq + 1, what, NUMBERED)
        if event.hlc <= clock:
            what = f"hlc {event.hlc} is not above {clock}, that of the line before it"
            raise self.fail("Line.hlc", seq + 1, what, RISING)
        role, spec = self.header.role, self.header.spec
        if event.action not in actions_of(role, spec):
            what = f"{event.action} is no action of {a_role(role)} under {spec}"
            raise self.fail("Line.role", seq + 1, what, in_place_of(event.action, spec))
        scope = self.header.constants.promise_scope
        if isinstance(event, Recover) and (mistake := of_promises(event, scope)):
            raise self._mistaken("Line.shape", seq + 1, mistake)
        if key is not None:
            raise self.fail("Line.keys", seq + 1, f"a key is in the line twice: {key}", ONCE)

    def _malformed(self, seq: int, line: bytes) -> TraceError:
        assert self.header is not None
        return self._mistaken("Line.shape", seq + 1, mistakes_of_event(line, self.header.omits)[0])

    def read_header(self) -> None:
        found = _stat(self.path)
        if not stat.S_ISREG(found.st_mode):
            what = "is no regular file"
            todo = "remove it, or put the trace in its place"
            raise self.fail("File.regular", 1, what, todo)
        self.size = found.st_size
        line = next(self._lines(), None)
        if line is None:
            return
        for mistake in mistakes_of_header(line, self.process):
            raise self._mistaken(HEADER_CHECKS.get(mistake.kind, "Header.shape"), 1, mistake)
        self.header = header_of(line)

    def _mistaken(self, check: str, line: int, mistake: Mistake) -> TraceError:
        return self.fail(check, line, mistake.what, mistake.todo)

    def _lines(self) -> Iterator[bytes]:
        """The complete lines.

        What follows the last newline was being written when the process died.
        """
        rest, number, at = b"", 0, 0
        while chunk := self._read(at, min(self.chunk, self.size - at)):
            at += len(chunk)
            parts = (rest + chunk).split(b"\n")
            rest = parts.pop()
            number += len(parts)
            if len(rest) > MAX_LINE:
                what = f"the line is longer than {MAX_LINE} bytes"
                raise self.fail("File.lines", number + 1, what, ENDED)
            yield from parts
        if len(EVENT.findall(rest)) > 1:
            what = "the last line has no newline, and more than one event"
            raise self.fail("File.lines", number + 1, what, ENDED)
        self.torn = bool(rest)

    def _read(self, at: int, size: int) -> bytes:
        try:
            with self.path.open("rb", buffering=0) as f:
                f.seek(at)
                return f.read(size) or b""
        except OSError as error:
            raise _unreadable(self.path, error) from None


@dataclass
class Run:
    """The trace files of one execution. `header` is one of theirs: what counts is equal in all."""

    directory: Path
    files: list[TraceFile] = field(default_factory=list)
    header: Header | None = None

    def rows(self) -> Iterator[Row]:
        """All events in merge order: by hlc, kind (LATEST_FIRST) and process. A cause comes before
        its effect. What the header omits is put in."""
        if self.header is None or not self.header.omits:
            return self._written()
        return self._whole(self.header)

    def _written(self) -> Iterator[Row]:
        return merge(((f.begins(), f.rows) for f in self.files), _order)

    def _whole(self, header: Header) -> Iterator[Row]:
        try:
            yield from completed(header, self._written)
        except TooMuch as error:
            raise TraceError(f"{self.directory}: {error}") from None

    def events(self) -> Iterator[AnyEvent]:
        """The same events in any order: where that is enough, it takes less time."""
        if self.header is None or not self.header.omits:
            for file in self.files:
                for _, _, _, event in file.rows():
                    yield event
        else:
            for _, _, _, event in self.rows():
                yield event

    def processes(self) -> frozenset[str]:
        return frozenset(f.process for f in self.files)

    def keeping(self) -> frozenset[str]:
        """The learners, an incarnation each, that keep checkpoints."""
        return frozenset(f.process for f in self.files if f.header and f.header.keeps)


def open_run(directory: Path) -> Run:
    """Find the trace files of a run and read their headers, which must agree. Raises TraceError."""
    run = Run(directory)
    paths = _trace_paths(directory)
    for path in paths:
        named = NAME.fullmatch(path.name)
        if named is None:
            raise _error(path, 1, NAMED, "rename it or move it away", "File.name")
        chunk = min(CHUNK, max(1, CHUNKS // len(paths)))
        file = TraceFile(path, path.name.removesuffix(".ndjson"), chunk=chunk)
        file.read_header()
        run.files.append(file)
        if file.header is not None:
            _agree(run, file)
    if sum(file.size for file in run.files) <= KEPT:
        for file in run.files:
            file.keeps = True
    return run


def _agree(run: Run, file: TraceFile) -> None:
    assert file.header is not None
    if run.header is None:
        run.header = file.header
    for name in AGREED:
        mine, theirs = getattr(file.header, name), getattr(run.header, name)
        if name == "cluster":
            same = all(set(getattr(mine, x)) == set(getattr(theirs, x)) for x in _CLUSTER)
        elif name == "omits":
            same = set(mine) == set(theirs)
        else:
            same = mine == theirs
        if not same:
            raise file.fail(
                "File.one run",
                1,
                f"the header's {name} differs from that of {run.header.process}: "
                f"{_show(mine)} here, {_show(theirs)} there",
                "keep the files of one run, and only those, in one folder",
            )


def _trace_paths(directory: Path) -> list[Path]:
    """What looks like a trace: all of it is read, or is an error."""
    try:
        if not directory.is_dir():
            what = "is not a folder" if directory.exists() else "does not exist"
            raise TraceError(
                f"{directory}: {what}; give the folder that holds a run's *.ndjson files"
            )
        entries = sorted(directory.iterdir())
        folders = [p for p in entries if not LIKE_A_TRACE.match(p.name) and p.is_dir()]
        below = [p for p in folders if any(map(LIKE_A_TRACE_BELOW.match, os.listdir(p)))]  # noqa: PTH208
    except OSError as error:
        raise _unreadable(directory, error) from None
    paths = [path for path in entries if LIKE_A_TRACE.match(path.name)]
    if below and paths:
        todo = "keep all files of a run in one folder, and no others"
        raise TraceError(
            f"{below[0]}: has traces too, which would not be read; {todo} [File.folder]"
        )
    if below:
        raise TraceError(
            f"{directory}: the runs are in folders below this one; name those: {directory}/*"
        )
    if len(paths) > MAX_FILES:
        raise TraceError(
            f"{directory}: {len(paths)} trace files, more than {MAX_FILES}; split the run"
        )
    return paths


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> TraceError:
    """Say what to do: a limit of the machine is no reason to leave a trace out."""
    limited = error.errno in (errno.EMFILE, errno.ENFILE)
    todo = "allow more (ulimit -n)" if limited else AGAIN
    return TraceError(f"{path}:1: cannot be read: {error.strerror}; {todo} [File.readable]")


def _error(path: Path, line: int, what: str, todo: str, check: str) -> TraceError:
    more = f"`conformance lint {shlex.quote(str(path.parent))}` says all that is wrong"
    return TraceError(f"{path}:{line}: {what}; {todo} [{check}]; {more}")


def _order(row: Row) -> tuple[int, int, str]:
    return row[0], _RANK[row[3].action], row[1]


def _show(part: object) -> str:
    return part if isinstance(part, str) else msgspec.json.encode(part).decode()
