"""A run to a page. Its events are replayed once more, by judge 1 as ever, and each that is shown is
looked at before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from conformance.draw.rejection import label
from conformance.draw.spacetime import LANES
from conformance.replay.checker import Checker
from conformance.replay.coverage import BRANCHES, possible
from conformance.replay.retention import Horizon
from conformance.replay.run_folder import recorded
from conformance.replay.verdict import Verdict
from conformance.report.cells import INSTANCES, Cell, every, latest, read, tables, touched
from conformance.report.clauses import action, action_name, false_of
from conformance.report.page import (
    MOST_RANGES,
    Action,
    FalseRule,
    Further,
    Page,
    Step,
    Table,
    as_json,
    clipped,
)
from conformance.report.totals import Totals
from conformance.report.window import MOST_SHOWN, Window, about, around, number_of
from conformance.trace.causality import Causes
from conformance.trace.intervals import IntervalSet
from conformance.trace.process import decode
from conformance.trace.reader import Run
from conformance.trace.schema import (
    NO_OP,
    AnyEvent,
    Broadcast,
    Deliver,
    Header,
    Learn,
    Phase1a,
    Phase1b,
    Phase2a,
    Range,
    Recover,
    Trim,
    fields,
)
from conformance.trace.show import place, show_ballot, show_run

OPTIMISATIONS = {
    "direct_learning": "direct learning: learners count the votes themselves",
    "prepare_ahead": "prepare ahead: Phase 1 before there is a value, for many instances",
    "max_batch": "batching: at most {} values in an instance",
}

LONGEST_REPORT = 20_000  # characters


class Asked(NamedTuple):
    """What a page is asked for besides the run: what to call it, the verdict in a line and in full,
    and of a long run, what to show and how much."""

    name: str
    line: str
    report: str
    near: str = ""  # an event: its number, or its file and line
    instances: str = ""  # "10..20"
    most: int = MOST_SHOWN  # events in full, and half the rows about instances


def run_page(run: Run, verdict: Verdict, asked: Asked) -> Page:
    """The page of a run of which the verdict is known.

    Of a long run it shows what is near an event, or what is about some instances, if that is asked
    for; otherwise what is around the event that is rejected, or the beginning. Raises NoWindow if
    there is no such thing, TraceError if the run cannot be read.
    """
    assert run.header is not None  # or there would be no event to show
    # Who has judged a run that conforms has read it all, and reading is most of the work.
    total = verdict.events if verdict.kind == "conforms" else sum(1 for _ in run.events())
    suspect = verdict.events + 1 if verdict.violation or verdict.hangs else 0
    if asked.instances:
        window, open_at = about(run, asked.instances, total, asked.most), suspect
    else:
        open_at = number_of(run, asked.near, total) if asked.near else suspect
        window = around(open_at or 1, total, asked.most)
    film = _Film(run, run.header, verdict, window)
    steps = list(film.steps())
    numbers = {s.number for s in steps}
    if open_at not in numbers:
        open_at = steps[0].number if steps else 0
    return Page(
        title=f"Run {clipped(asked.name, 80)}",
        verdict=verdict.kind,
        summary=clipped(asked.line),
        report=clipped(asked.report, LONGEST_REPORT),
        facts=tuple(_facts(run.header, verdict, total)),
        lanes=film.lanes,
        tables=film.tables,
        cells=film.known_cells(),
        before=film.before,
        steps=tuple(steps),
        actions=film.actions(),
        total=total,
        open_at=open_at,
        partial=window.words,
        over=film.over,
        further=tuple(
            Further(d.name, d.rule.words, d.times, place(d.first)) for d in verdict.further
        ),
        waits=not run.header.constants.prepare_ahead,
        width=film.totals.width,
        seconds=film.totals.stretches(),
        spans=film.totals.spans(2 * asked.most),
    )


def _facts(header: Header, verdict: Verdict, total: int) -> Iterator[tuple[str, str]]:
    yield "name in the traces", clipped(header.run, 80)
    yield "specification", f"spec/{header.spec}.tla"
    yield "events", f"{total:,} of {verdict.processes} processes"
    constants = header.constants
    on = []
    for name, words in OPTIMISATIONS.items():
        value = getattr(constants, name)
        if value is True or (name == "max_batch" and value > 1):
            on.append(words.format(f"{value:,}"))
    yield "optimisations", "; ".join(on) or "none"
    if constants.promise_scope == "instance":
        yield "promises", "one for each instance"
    acceptors = len(header.cluster.acceptors)
    quorums = constants.quorums(acceptors)
    if set(quorums) != {acceptors // 2 + 1}:
        yield "quorums", f"{quorums[0]} promises, {quorums[1]} votes, of {acceptors} acceptors"
    for d in verdict.waived:
        yield "waived", f"{d.name}: {d.times:,} times, first at {place(d.first)}"
    if verdict.torn:
        yield "torn last line", ", ".join(verdict.torn)
    if verdict.silent:
        yield "no events of", ", ".join(verdict.silent)


class _Film:
    """The events of a window, one after another, and what is known on the way."""

    def __init__(self, run: Run, header: Header, verdict: Verdict, window: Window) -> None:
        self._run, self._header, self._window, self._verdict = run, header, window, verdict
        self.totals = Totals()
        names = [f.process for f in run.files if f.header is not None]
        processes = sorted(map(decode, names), key=lambda p: (LANES.index(p.role), *p[1:]))
        self.lanes = tuple(map(str, processes))
        self._lane = {name: n for n, name in enumerate(self.lanes)}
        learners = tuple(p.member for p in processes if p.role == "learner")
        self.tables: tuple[Table, ...] = tables(header, learners)
        self.before: tuple[tuple[int, str], ...] = ()
        self.over = ""
        self._numbers: dict[Cell, int] = {}
        self._shown: dict[Cell, str] = {}  # what the last step that is shown left in each cell
        self._actions: dict[str, Action] = {}
        self._begun = False
        self._checker = Checker(
            header.constants, header.cluster, header.spec, recorded=recorded(run, header)
        )
        self._branches = [b for b in BRANCHES[header.spec] if possible(b, header.constants)]

    def known_cells(self) -> tuple[tuple[int, str, str], ...]:
        return tuple((c.table, _row(c), c.column) for c in self._numbers)

    def actions(self) -> tuple[Action, ...]:
        return tuple(self._actions.values())

    def steps(self) -> Iterator[Step]:
        """The steps that are shown. All events are read, for the totals; those after the last that
        can be shown are only counted."""
        causes, checker, last = Causes(), self._checker, self._window.last
        horizon = Horizon.of(self._run) if self._window.forgets else None
        waiting: set[Cell] = set()  # may have changed since the last step that is shown
        judging = True
        for number, (_, process, _, event) in enumerate(self._run.rows(), 1):
            self.totals.note(event)
            if number > last:
                continue
            found = tuple((c.event, c.message) for c in causes.of(event))
            shown = judging and self._window.shows(number, event)
            if shown and not self._begun:
                self._begin()
            false = self._false(process, event) if shown else []
            clauses = self._clauses(process, event) if shown and not false else ()
            if judging:
                checker.feed(process, event)
            if shown:
                false += self._broken(process, event)
                yield self._step(number, event, found, clauses, false, waiting)
                waiting.clear()
            elif self._begun and judging:
                waiting.update(filter(self._is_about, touched(checker.state, event)))
            if checker.verdict is None and horizon is not None:
                horizon.passed(event, checker.state)
            judging = checker.verdict is None or self._verdict.violation is not None

    def _begin(self) -> None:
        """Note what the state is before the first step that is shown."""
        self._begun = True
        state = self._checker.state
        found = {cell: read(state, cell) for cell in every(state) if self._is_about(cell)}
        self._shown = {cell: text for cell, text in found.items() if text}
        self.before = tuple((self._number(cell), text) for cell, text in self._shown.items())
        over = IntervalSet()
        for i in sorted(set(self.totals.instances_before()) - state.instances.keys()):
            if self._is_about(Cell(INSTANCES, i, "")):
                over.add(i, i)
        self.over = latest([show_run(*run) for run in over.runs()])

    def _is_about(self, cell: Cell) -> bool:
        only = self._window.instances
        return only is None or cell.table != INSTANCES or only[0] <= cell.row <= only[1]

    def _number(self, cell: Cell) -> int:
        return self._numbers.setdefault(cell, len(self._numbers))

    def _changes(self, cells: Iterable[Cell]) -> tuple[tuple[int, str], ...]:
        """Of these cells, those that have something else than when they were last shown."""
        found = []
        for cell in dict.fromkeys(filter(self._is_about, cells)):
            text = clipped(read(self._checker.state, cell))
            if text != self._shown.get(cell, ""):
                self._shown[cell] = text
                found.append((self._number(cell), text))
        return tuple(found)

    def _trimmed(self, event: AnyEvent) -> Iterator[Cell]:
        """The cells of votes that the event has the acceptor forget."""
        last = event.last if isinstance(event, Trim) else 0
        if isinstance(event, Recover) and event.trimmed:
            last = event.trimmed
        column = f"acceptor {decode(event.process).id}"
        if last:
            for cell in self._shown:
                if cell.table == INSTANCES and cell.row <= last and cell.column == column:
                    yield cell

    def _step(
        self,
        number: int,
        event: AnyEvent,
        causes: tuple[tuple[int, str], ...],
        clauses: tuple[str, ...],
        false: list[FalseRule],
        waiting: set[Cell],
    ) -> Step:
        own = [*touched(self._checker.state, event), *self._trimmed(event)]
        name = action_name(event)
        self._actions.setdefault(name, action(self._header.spec, name))
        first, last = _instances(event)
        ballot = getattr(event, "ballot", None)
        return Step(
            number=number,
            lane=self._lane[event.process],
            kind=name,
            text=clipped(label(event), 160),
            place=place(event),
            clock=event.hlc - self.totals.start,
            first=first,
            last=last,
            ballot=show_ballot(ballot) if ballot else "",
            causes=causes,
            between=self._changes(waiting - set(own)),
            changes=self._changes(own),
            parameters=tuple((k, as_json(v)) for k, v in fields(event).items() if k != "event"),
            values=tuple(r[:3] for r in _ranges(event)[:MOST_RANGES]),
            clauses=clauses,
            false=tuple(false),
            mark=self._mark(number, false),
        )

    def _mark(self, number: int, false: list[FalseRule]) -> str:
        if number == self._verdict.events + 1:
            if self._verdict.violation is not None:
                return "rejected"
            if self._verdict.hangs:
                return "not settled"
        return "also false" if false else ""

    def _false(self, process: str, event: AnyEvent) -> list[FalseRule]:
        """The guards that are false of the event in the state before it."""
        every = self._checker.false_of(process, event)
        return [false_of(self._header.spec, event, *false) for false in every]

    def _actor(self, process: str) -> Any:
        """Who the process is to the rules."""
        who = decode(process)
        return self._checker.state.lives.known(who) or who.actor

    def _broken(self, process: str, event: AnyEvent) -> list[FalseRule]:
        """The invariant that is false in the state after the event, if one is."""
        checker = self._checker
        if checker.verdict is None or checker.verdict.violation is None:
            return []
        actor = self._actor(process)
        try:
            found = checker.spec.actions[event.action].broken(checker.state, actor, event)
        except LookupError:  # the event is about what there is not, and had no effect
            return []
        return [false_of(self._header.spec, event, "invariant", *found)] if found else []

    def _clauses(self, process: str, event: AnyEvent) -> tuple[str, ...]:
        """In which of several ways the guards are true, with the constant that allows it."""
        actor = self._actor(process)
        return tuple(
            f"{b.rule}: {b.words}" + (f" ({b.only})" if b.only else "")
            for b in self._branches
            if b.rule.partition(".")[0] == event.action
            and b.taken(self._checker.state, actor, event)
        )


def _row(cell: Cell) -> str:
    return show_ballot(cell.row) if isinstance(cell.row, tuple) else str(cell.row)


def _instances(e: AnyEvent) -> tuple[int, int]:
    if isinstance(e, Phase1a | Phase1b):
        return e.first, e.last
    if isinstance(e, Trim):
        return 1, e.last
    i: int = getattr(e, "instance", 0)
    return i, i


def _ranges(e: AnyEvent) -> tuple[Range, ...]:
    if isinstance(e, Broadcast | Deliver):
        return e.values
    return e.batch if isinstance(e, Phase2a | Learn) else NO_OP
