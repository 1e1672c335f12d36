"""TLC as the judge of traces: runs the jobs that windows.py makes, and reads what TLC says.

A run conforms only if TLC says of each of its windows that it took every row. Where TLC stops, it
is asked which conjunct or which invariant is false. A small job asks at once, since starting TLC
takes longest; a large one asks in a second run, of the windows in which TLC stopped.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from conformance.paths import SPEC
from conformance.tla import trace_spec
from conformance.tla.module import Conjunct, read
from conformance.tla.value import tuples
from conformance.tlc import errors as tlcerrors
from conformance.tlc import runner
from conformance.tlcjudge import diagnosis, trace_data
from conformance.tlcjudge.shadow_state import KINDS
from conformance.tlcjudge.survey import Survey, survey
from conformance.tlcjudge.windows import WINDOW, Job, Window, jobs
from conformance.trace.reader import Run

LIMITS = runner.Limits(seconds=900, heap_mb=1300)
SMALL = 5000  # rows of a job of which TLC says at once why it stops
AT_ONCE = 2
"""Processes of TLC, if nothing else is said. Each has one worker: a trace is one line of steps."""


class JudgeError(tlcerrors.TlcError):
    """TLC stopped without a reason: the trace specification or the checker is wrong."""


AGAIN = (tlcerrors.SpecError, tlcerrors.TlcCrash)  # may be for the sake of another window
MOST_RUNS = 60  # of TLC for one job, before what is left of it has no answer


@dataclass(frozen=True)
class Rejection:
    """The event (its number in the run, from 1) that TLC does not take, and what is false.

    `state` is the part of the state that the event is about, as TLC prints it: before the event,
    or, for an invariant, after it.
    """

    event: int
    kind: str  # guard or invariant
    false: tuple[Conjunct, ...]
    state: dict[str, str]
    window: Window


@dataclass
class TlcVerdict:
    """What TLC says of one run: `rejection` is None if it conforms."""

    survey: Survey
    rejection: Rejection | None = None
    error: tlcerrors.TlcError | None = None  # why TLC gave no answer; then there is no rejection
    windows: int = 0


@dataclass
class _Outcome:
    """What came of one job: the windows that TLC took whole, or why there is no answer."""

    job: Job
    done: set[int] = field(default_factory=set)
    rejections: dict[int, Rejection] = field(default_factory=dict)
    errors: dict[int, tlcerrors.TlcError] = field(default_factory=dict)
    runs: int = 0  # of TLC, for a verdict


@dataclass(frozen=True)
class Validator:
    """How TLC is run: with which folder of specifications, which lines added to the
    configuration, how many events at a time, how many windows at once; `keep` is a folder for its
    files."""

    spec: Path = SPEC
    extra: Sequence[str] = ()
    window: int = WINDOW
    keep: Path | None = None
    limits: runner.Limits = LIMITS
    at_once: int = AT_ONCE

    def judge(self, surveys: Iterable[Survey]) -> list[TlcVerdict]:
        """TLC's verdict on each run. A run without an event is not to be given.

        Raises TraceError if a run cannot be read, TlcError if TLC gives no answer to one.
        """
        all_by_tlc = self.verdicts(surveys)
        for by_tlc in all_by_tlc:
            if by_tlc.error is not None:
                raise by_tlc.error
        return all_by_tlc

    def verdicts(self, surveys: Iterable[Survey]) -> list[TlcVerdict]:
        """The same, but where there is no answer, `error` has the reason. What stops TLC in one run
        says nothing of the other runs in its job. Raises TraceError.
        """
        surveys = list(surveys)
        for s in surveys:
            if s.events == 0:
                raise ValueError(f"{s.run.directory}: no events, so there is nothing to judge")
        all_by_tlc = {id(s): TlcVerdict(s) for s in surveys}
        with closing(self._outcomes(jobs(surveys, self.window))) as outcomes:
            for outcome in outcomes:
                _enter(outcome, all_by_tlc)
        return list(all_by_tlc.values())

    def _outcomes(self, them: Iterator[Job]) -> Generator[_Outcome, None, None]:
        """The outcomes in the order of the jobs; a few jobs are made ahead of TLC. However it
        ends, no TLC is left running."""
        waiting: list[Future[_Outcome]] = []
        stop = threading.Event()
        with ThreadPoolExecutor(self.at_once) as pool:
            try:
                for number, job in enumerate(them, 1):
                    waiting.append(pool.submit(self._try, job, number, stop))
                    if len(waiting) > self.at_once:
                        yield waiting.pop(0).result()
                while waiting:
                    yield waiting.pop(0).result()
            finally:
                stop.set()
                for future in waiting:
                    future.cancel()

    def _try(self, job: Job, number: int, stop: threading.Event) -> _Outcome:
        outcome = _Outcome(job)
        self._judge(outcome, list(range(len(job.windows))), f"job-{number}", stop)
        return outcome

    def _judge(
        self, outcome: _Outcome, numbers: list[int], name: str, stop: threading.Event
    ) -> None:
        """Judge these windows of the job together. If TLC ends in an error, judge them again in
        halves: the error may be of another run. It may also be of a window after a rejected event,
        which starts from a state that means nothing."""
        if not numbers:
            return
        outcome.runs += 1
        job = outcome.job if outcome.runs == 1 else outcome.job.only(numbers)
        try:
            self._run(job, numbers, name, outcome, stop)
        except tlcerrors.TlcError as error:
            if not isinstance(error, AGAIN) or len(numbers) == 1 or outcome.runs >= MOST_RUNS:
                outcome.errors.update(dict.fromkeys(numbers, error))
                return
            half = len(numbers) // 2
            self._judge(outcome, numbers[:half], f"{name}-a", stop)
            over = {id(outcome.job.windows[n].survey) for n in outcome.rejections}
            rest = [n for n in numbers[half:] if id(outcome.job.windows[n].survey) not in over]
            self._judge(outcome, rest, f"{name}-b", stop)

    def _run(
        self, job: Job, numbers: list[int], name: str, outcome: _Outcome, stop: threading.Event
    ) -> None:
        """Run TLC on a job, whose windows have these numbers in that of the outcome."""
        asking = diagnosis.module(job.module, self.spec)
        at_once = job.rows <= SMALL
        result = self._tlc(job, name, asking if at_once else None, stop)
        done = set()
        for window, rows in (rest for kind, *rest in tuples(result.printed) if kind == "done"):
            if rows == len(job.windows[window - 1].rows):
                done.add(window - 1)
        asked = list(range(len(job.windows)))
        left = [n for n in asked if n not in done]
        if left and not at_once:
            result = self._tlc(job.only(left), f"{name}-why", asking, stop)
            asked = left
        outcome.done |= {numbers[n] for n in done}
        found = _rejections(result.printed, job, asked, self.spec)
        outcome.rejections.update({numbers[n]: rejection for n, rejection in found.items()})

    def _tlc(self, job: Job, name: str, root: str | None, stop: threading.Event) -> runner.Result:
        """Run TLC on the job; `root` is the text of a module to run in place of the job's."""
        with ExitStack() as stack:
            try:
                folder = self._folder(stack, name)
                module, config = self._write(job, folder, root)
            except OSError as error:
                where = error.filename or self.keep or tempfile.gettempdir()
                raise tlcerrors.TlcCrash(
                    f"{where}: {error.strerror}; make room, or set TMPDIR"
                ) from None
            manner = runner.Manner(short=True, keep=folder / "tlc" if self.keep else None)
            task = runner.Task(module, config, [folder, self.spec])
            return runner.run(task, self.limits, manner, stop=stop)

    def _folder(self, stack: ExitStack, name: str) -> Path:
        """For what TLC reads: it goes when the stack is unwound, unless it is to be kept."""
        if self.keep is None:
            return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trace-")))
        folder = self.keep.resolve() / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _write(self, job: Job, folder: Path, root: str | None) -> tuple[Path, Path]:
        """Write what TLC reads; the root module and its configuration."""
        with (folder / "TraceData.tla").open("w", encoding="utf-8") as f:
            f.writelines(trace_data.module(job))
        module = self.spec / f"{job.module}.tla"
        text = module.with_suffix(".cfg").read_text(encoding="utf-8")
        if root is not None:
            module = folder / f"Why{job.module}.tla"
            module.write_text(root, encoding="utf-8")
            text = diagnosis.config(text)
        config = folder / "trace.cfg"
        config.write_text("\n".join([text, *self.extra, ""]), encoding="utf-8")
        return module, config


def judge(runs: Iterable[Run], keep: Path | None = None) -> list[TlcVerdict]:
    """TLC's verdict on each run; see Validator.judge."""
    return Validator(keep=keep).judge([survey(run) for run in runs])


def _enter(outcome: _Outcome, all_by_tlc: dict[int, TlcVerdict]) -> None:
    """Add what came of a job to the verdicts on its runs."""
    for n, window in enumerate(outcome.job.windows):
        by_tlc = all_by_tlc[id(window.survey)]
        if by_tlc.rejection is not None or by_tlc.error is not None:
            continue  # what comes after an event that is refused says nothing
        if n in outcome.errors:
            by_tlc.error = outcome.errors[n]
            continue
        by_tlc.windows += 1
        by_tlc.rejection = outcome.rejections.get(n)
        if by_tlc.rejection is None and n not in outcome.done:
            by_tlc.error = _unexplained(window)


def _unexplained(window: Window) -> JudgeError:
    return JudgeError(
        f"{window.survey.run.directory}: TLC stopped in the events from {window.first} on without "
        "refusing one: the trace was not judged"
    )


def _rejections(
    printed: Sequence[str], job: Job, left: list[int], spec: Path
) -> dict[int, Rejection]:
    """What TLC printed of the windows `left`, by the number of the window in the job."""
    found: dict[int, Rejection] = {}
    state: dict[str, str] = {}
    operator = {kind: take for kind, take, _ in trace_spec.takes(read(job.module, spec))}
    for kind, *said in tuples(printed):
        if kind == "state":
            name, value = said
            state[name] = value
        elif kind in ("guard", "invariants"):
            number, row, what = said
            window, state = job.windows[left[number - 1]], {}
            if kind == "guard":
                take = operator[KINDS[window.rows[row - 1][0] - 1]]
                false = [trace_spec.guards(job.module, take, spec)[what - 1].conjunct]
            else:
                every = trace_spec.invariants(job.module, spec)
                false = [c for k, c in enumerate(every, 1) if k in what]
            found[left[number - 1]] = Rejection(
                window.event_number(row), kind.removesuffix("s"), tuple(false), state, window
            )
    return found
