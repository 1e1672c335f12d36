"""Traces as the windows and jobs that TLC is given.

A job is what one run of TLC judges: some windows, which are short traces as a whole, or one part
of a long one. How a job reads as TLA+ is in trace_data.py; running it is for validator.py.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.tlcjudge.encode import Tables, Writer
from conformance.tlcjudge.shadow_state import BROADCAST, PHASE1A, Mirror, Row
from conformance.tlcjudge.survey import Survey
from conformance.trace.schema import AnyEvent, Header

WINDOW = 50_000  # events: TLC needs about 700 MB for them, and 20 seconds

Spans = list[tuple[int, int]]  # first and last, ascending, no two that touch


@dataclass(eq=False)
class Border:
    """The state between two windows as the mirror had it, without what is gone."""

    mirror: Mirror
    gone: Spans
    gone_values: Spans
    rows: int = 0  # how many rows it is worth: TLC reads it too


@dataclass(eq=False)
class Window:
    """Some events of one run, in rows. `first` is the number of its first event, from 1;
    `event_of` has for each row how many events of the window came before its own."""

    survey: Survey
    first: int = 1
    shift: int = 0  # of the numbers of values
    client_shift: int = 0
    rows: list[Row] = field(default_factory=list)
    event_of: list[int] = field(default_factory=list)
    start: Border | None = None
    end: Border | None = None

    def event_number(self, row: int) -> int:
        """The event of the run (from 1) that the row (from 1) belongs to."""
        return self.first + self.event_of[row - 1]

    def take(self, writer: Writer, process: str, event: AnyEvent) -> None:
        rows = writer.rows(process, event)
        at = self.event_of[-1] + 1 if self.event_of else 0
        self.rows += rows
        self.event_of += [at] * len(rows)


@dataclass
class Job:
    """What one TLC judges: windows that share constants and tables."""

    header: Header
    tables: Tables = field(default_factory=Tables)
    windows: list[Window] = field(default_factory=list)
    values: int = 0
    clients: int = 0
    others: list[Window] = field(default_factory=list)  # windows that share the tables
    before: int = 0  # rows of all windows but the last, with their borders

    @property
    def module(self) -> str:
        return f"Trace{self.header.spec}"

    @property
    def rows(self) -> int:
        """How much TLC has to read: the rows, and the borders as so many more."""
        if not self.windows:
            return self.before
        w = self.windows[-1]
        return self.before + len(w.rows) + sum(b.rows for b in (w.start, w.end) if b)

    def add(self, window: Window) -> Window:
        """Begin a window; the ones before it are complete."""
        self.before = self.rows
        self.windows.append(window)
        return window

    def only(self, numbers: Iterable[int]) -> Job:
        """The same with these windows only, which keep their order."""
        kept = set(numbers)
        job = Job(self.header, self.tables, [], self.values, self.clients, [*self.others])
        for n, window in enumerate(self.windows):
            if n in kept:
                job.add(window)
            else:
                job.others.append(window)
        return job

    def complete(self) -> None:
        """Enter the batches that no row names, but a list of votes or a border does."""
        number = self.tables.batches.number
        for votes in self.tables.lists.numbers:
            for _, _, batch in votes:  # type: ignore[attr-defined]
                number(batch)
        for w in self.windows:
            for border in (w.start, w.end):
                for part in border.mirror.parts.values() if border else ():
                    for batch in part.batches():
                        number(batch)

    def named_values(self) -> dict[int, Window]:
        """All values that the job speaks of, each with a window of its run."""
        named: dict[int, Window] = {}
        for w in self.windows:
            for row in w.rows:
                if row[0] == BROADCAST:
                    named[row[2]] = w
                elif row[0] == PHASE1A and row[5]:
                    named[row[5]] = w
            for border in (w.start, w.end):
                named.update(dict.fromkeys(border.mirror.facts if border else (), w))
        every = sorted((*self.windows, *self.others), key=lambda w: w.shift)
        shifts = [w.shift for w in every]
        for batch in self.tables.batches.numbers:
            for v in batch:  # type: ignore[attr-defined]
                if v not in named:
                    named[v] = every[bisect_left(shifts, v) - 1]
        return named


def _share(survey: Survey) -> Any:
    """Runs with the same of this may be in one job."""
    h, c = survey.header, survey.header.constants
    size = len(h.cluster.acceptors), len(survey.numbers.proposers)
    switches = c.direct_learning, c.prepare_ahead, c.promise_scope, c.checkpoints
    return h.spec, switches, size, c.quorums(size[0]), len(survey.numbers.keeps)


def jobs(surveys: Iterable[Survey], size: int = WINDOW) -> Iterator[Job]:
    """The runs as windows of about `size` events, and those as jobs: what is short is put together,
    what is long is cut."""
    room = max(size, WINDOW)  # events of a job
    waiting: dict[Any, Job] = {}
    for survey in surveys:
        length = _length(survey, size)
        job = waiting.pop(_share(survey), None) or Job(survey.header)
        if job.windows and job.rows + length > room:
            yield job
            job = Job(survey.header)
        writer = Writer(survey, job.tables, job.values, job.clients)
        job.values += len(survey.numbers.ranges)
        job.clients += len(survey.numbers.clients)
        cutter = _Cutter(survey, writer)
        window = job.add(cutter.window(1))
        for done, (_, process, _, event) in enumerate(survey.run.rows()):
            if done + 1 - window.first == length:
                window.end = cutter.border(done, window.start)
                if job.rows + length > room:
                    yield job
                    job = Job(survey.header, values=job.values, clients=job.clients)
                    writer.tables = job.tables
                window = job.add(cutter.window(done + 1, window.end))
            window.take(writer, process, event)
        waiting[_share(survey)] = job
    yield from waiting.values()


def _length(survey: Survey, size: int) -> int:
    """How many events a window of the run has, so that all are of about one size. A Synod is not
    cut: it is one instance, and all of it is in the state."""
    windows = max(1, round(survey.events / size)) if survey.header.spec == "MultiPaxos" else 1
    return -(-survey.events // windows)


class _Cutter:
    """Cuts a run into windows: which part of the state may later events still ask about?"""

    def __init__(self, survey: Survey, writer: Writer) -> None:
        self.survey, self.writer = survey, writer
        self.floor = survey.instances.floor()

    def window(self, first: int, start: Border | None = None) -> Window:
        """The window that begins with this event."""
        return Window(self.survey, first, self.writer.shift, self.writer.clients, start=start)

    def border(self, done: int, before: Border | None) -> Border:
        """The mirror after `done` events; what is gone is dropped from it."""
        mirror, shift = self.writer.mirror, self.writer.shift
        uses, name = self.survey.instances, self.survey.numbers.name_of_instance
        floor = self.floor.at(done + 1)
        gone = {
            i
            for i in mirror.parts
            if uses.last(name(i)) <= done and i != mirror.top and (floor is None or name(i) < floor)
        }
        gone_values = {v for v in mirror.facts if self.survey.values.last[v - shift] <= done}
        mirror.forget(gone, gone_values)
        rows = 20 + sum(10 + 3 * len(part.msgs) for part in mirror.parts.values())
        return Border(
            mirror.copy(),
            merged(before.gone if before else [], gone),
            merged(before.gone_values if before else [], gone_values),
            rows,
        )


def merged(spans: Spans, more: Iterable[int]) -> Spans:
    """The spans with some further numbers."""
    result: Spans = []
    for first, last in sorted([*spans, *((x, x) for x in more)]):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result
