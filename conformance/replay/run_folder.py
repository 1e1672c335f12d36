"""A run folder to a verdict: read, merge, replay, and forget on the way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from conformance.replay import side_by_side
from conformance.replay.checker import Checker, Recorded
from conformance.replay.lateness import CARRY_IT, Lateness
from conformance.replay.retention import Horizon
from conformance.replay.service import Service
from conformance.replay.verdict import Verdict
from conformance.trace.reader import Run, open_run
from conformance.trace.schema import Header

__all__ = ["check_run", "judge"]


def check_run(
    directory: Path,
    assume: Mapping[str, bool | int] | None = None,
    make: Callable[..., Checker] | None = None,
    waived: Collection[str] = (),
    jobs: int = 1,
) -> Verdict:
    """The verdict on the run in this folder: see `judge`."""
    return judge(open_run(directory), assume, make, waived, jobs)


def judge(
    run: Run,
    assume: Mapping[str, bool | int] | None = None,
    make: Callable[..., Checker] | None = None,
    waived: Collection[str] = (),
    jobs: int = 1,
) -> Verdict:
    """Validate, merge and replay a run.

    `assume` are constants of the specification to use in place of those that the run says it was
    made under: a run with an optimisation on violates the specification that has it off. `make`
    makes the checker, from a header. `waived` are guards whose violations are let pass. Of a long
    run, so many processes judge parts, `jobs`, if nothing of it has to be counted or let pass.

    Raises TraceError if the run cannot be read, ValueError if its specification has no such
    constants, ChildProcessError if a process that judges was ended.
    """
    if run.header is None:
        what = (
            "no trace files (*.ndjson)"
            if not run.files
            else "no events: no file got as far as its header"
        )
        return Verdict("unknown", 0, reason=f"there are {what}", processes=len(run.files))
    header = assumed(run.header, assume)
    if jobs > 1 and not (make or waived) and sum(f.size for f in run.files) >= side_by_side.LEAST:
        checker = _checker(header, recorded=recorded(run, header))
        if verdict := side_by_side.judge(run, checker, jobs):
            return verdict
    horizon = Horizon.of(run)
    checker = (make or _checker)(header, recorded=recorded(run, header), waived=waived)
    verdict = replay(run, checker, horizon)
    return verdict if verdict.violation is None else _looked_at_again(run, header, verdict)


def _looked_at_again(run: Run, header: Header, verdict: Verdict) -> Verdict:
    """A violation, with what the whole run kept all the same; or that it is a matter of clocks,
    where these may be wrong."""
    assert verdict.violation is not None
    service, lateness = Service(header), Lateness(verdict.violation)
    for number, (_, _, _, event) in enumerate(run.rows(), 1):
        service.note(event)
        if number > verdict.events + 1:
            lateness.note(event)
    if header.clock == "carried" and (reason := lateness.reason()):
        return replace(
            verdict, kind="unknown", violation=None, further=(), reason=reason, todo=CARRY_IT,
            hangs=True,
        )  # fmt: skip
    return replace(verdict, held=service.held(), late=lateness.cause())


def recorded(run: Run, header: Header) -> Recorded:
    """What the files show besides their events; each has been read to its end."""
    torn = frozenset(f.process for f in run.files if f.torn)
    return Recorded(run.processes(), torn, header.omits, run.keeping())


def assumed(header: Header, assume: Mapping[str, bool | int] | None) -> Header:
    """The header with some constants of the specification in place of its own."""
    constants = msgspec.structs.replace(header.constants, **(assume or {}))
    return msgspec.structs.replace(header, constants=constants)


def _checker(header: Header, **options: Any) -> Checker:
    return Checker(header.constants, header.cluster, header.spec, **options)


def replay(run: Run, checker: Checker, horizon: Horizon | None) -> Verdict:
    """Feed the run's events, in merge order, to the checker; forget on the way if there is a
    horizon. After a violation nothing is forgotten: what may be rests on the rules.
    """
    for _, process, _, event in run.rows():
        checker.feed(process, event)
        if checker.verdict is not None and checker.verdict.violation is None:
            break
        if horizon is not None and checker.verdict is None:
            horizon.passed(event, checker.state)
    return checker.finish()
