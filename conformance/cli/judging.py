"""Runs to judgements: one after another, or several at a time in processes of their own; and what
TLC says of them."""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.cli.judgements import of_error, of_verdict, with_tlc
from conformance.formats.judgement import Judgement, Place
from conformance.inputs.source import STANDARD_INPUT, Source, opened
from conformance.replay.run_folder import assumed
from conformance.replay.run_folder import judge as judge_run
from conformance.replay.side_by_side import ENDED
from conformance.replay.verdict import Verdict
from conformance.trace.reader import Run, TraceError, open_run

if TYPE_CHECKING:
    from conformance.tlcjudge.survey import Survey

Assume = Mapping[str, bool | int]
Make = Callable[..., Any]  # makes the checker of a run, from its header


class Judged(NamedTuple):
    """What the core says of a run; and, of a run that could be read, the run and the verdict, and
    how errors in it are said in terms of what was given."""

    judgement: Judgement
    run: Run | None = None
    verdict: Verdict | None = None
    words: Callable[[str], str] = str

    @property
    def for_tlc(self) -> bool:
        """Whether there is something in it that TLC can be asked."""
        v = self.verdict
        return v is not None and (v.kind != "unknown" or v.hangs)


def judge(
    name: str,
    assume: Assume | None = None,
    within: str | None = None,
    make: Make | None = None,
    waived: Collection[str] = (),
    jobs: int = 1,
) -> Judgement:
    """What the core says of the run of this name. What has to be unpacked is put `within` this
    folder."""
    try:
        with opened(name, within=within) as source:
            return judge_source(source, assume, make, waived, jobs).judgement
    except TraceError as error:
        return of_error(name, str(error))


def judge_source(
    source: Source,
    assume: Assume | None = None,
    make: Make | None = None,
    waived: Collection[str] = (),
    jobs: int = 1,
) -> Judged:
    """The core's verdict on a run that is unpacked. If it is long, `jobs` processes judge it."""
    started = time.monotonic()
    try:
        run = open_run(source.folder)
        verdict = judge_run(run, assume, make, waived, jobs)
    except (TraceError, ValueError) as error:
        return Judged(of_error(source.name, source.words(str(error))))

    def locate(process: str, line: int) -> Place:
        file, number, member = source.origin(process, line)
        return Place(file=file, line=number, member=member)

    judgement = of_verdict(
        source.name,
        verdict,
        locate,
        words=source.words,
        assume=assume,
        warnings=source.warnings,
        seconds=time.monotonic() - started,
    )
    return Judged(judgement, run, verdict, source.words)


def judge_all(
    names: Sequence[str],
    assume: Assume | None,
    jobs: int,
    make: Make | None = None,
    waived: Collection[str] = (),
) -> Iterator[Judgement]:
    """What the core says of each run, in order, each as soon as those before it are there. If there
    are more jobs than runs, some judge parts of one run. With `make` there is one job: what it
    makes counts over all runs."""
    each = 1 if make is not None else max(1, jobs // max(1, len(names)))
    if jobs == 1 or len(names) < 2 or make is not None:
        yield from (judge(name, assume, None, make, waived, each) for name in names)
        return
    with ExitStack() as stack:
        within = None
        if not all(Path(name).is_dir() for name in names):
            # One folder for all, which is removed here also if a process has to be ended.
            within = stack.enter_context(tempfile.TemporaryDirectory(prefix="conformance-"))
        workers = stack.enter_context(_Workers(min(jobs, len(names))))
        with _interrupts_wait():
            judged: dict[str, Future[Judgement] | None] = {
                name: None
                if name == STANDARD_INPUT
                else workers.submit(judge, name, assume, within, None, waived, each)
                for name in names
            }
        for name in names:
            found = judged[name]
            yield judge(name, assume, waived=waived) if found is None else found.result()


class _Workers:
    """Processes that judge. They are fresh ones, not copies of this one, which has threads."""

    def __init__(self, jobs: int) -> None:
        self._pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))

    def __enter__(self) -> ProcessPoolExecutor:
        return self._pool

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown(wait=kind is None, cancel_futures=True)
        if kind is not None:  # what runs would be waited for
            for process in multiprocessing.active_children():
                process.terminate()
                process.join()
        if kind is not None and issubclass(kind, BrokenProcessPool):
            raise ChildProcessError(0, ENDED) from None


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Ctrl-C has its effect at the end of this. Processes that are started here never see one: it
    is for the process that started them, which ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def judge_all_by_both(
    names: Sequence[str],
    assume: Assume | None,
    keep: Path | None,
    jobs: int | None = None,
    make: Make | None = None,
) -> list[Judgement]:
    """What the core and TLC say of each run, in order. Many short runs share one TLC, so all of
    them are there, unpacked, at once. `jobs` processes judge a long run, of either."""
    with ExitStack() as stack:
        judged: dict[str, Judged] = {}
        for name in names:
            try:
                source = stack.enter_context(opened(name))
                judged[name] = judge_source(source, assume, make, jobs=jobs or 1)
            except TraceError as error:
                judged[name] = Judged(of_error(name, str(error)))
        return ask_tlc([judged[name] for name in names], assume, keep, jobs)


def ask_tlc(
    judged: Sequence[Judged],
    assume: Assume | None = None,
    keep: Path | None = None,
    jobs: int | None = None,
) -> list[Judgement]:
    """The same with what TLC says of those that it can be asked of."""
    from conformance.tlcjudge import validator

    surveys: dict[int, Survey] = {}
    failed: dict[int, str] = {}
    for n, found in enumerate(judged):
        if found.run is not None and found.for_tlc:
            try:
                surveys[n] = _survey(found.run, assume)
            except TraceError as error:
                failed[n] = found.words(str(error))
    at_once = jobs or validator.AT_ONCE
    verdicts = validator.Validator(keep=keep, at_once=at_once).verdicts(surveys.values())
    said = dict(zip(surveys, verdicts, strict=True))
    return [
        with_tlc(found.judgement, failed.get(n) or said.get(n)) for n, found in enumerate(judged)
    ]


def _survey(run: Run, assume: Assume | None) -> Survey:
    from conformance.tlcjudge.survey import survey

    assert run.header is not None  # or there would be nothing for TLC
    return survey(run, assumed(run.header, assume))
