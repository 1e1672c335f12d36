"""The verdict on a run does not depend on where it is cut: python -m tests.oracle.cuts [N] [SEED].

N random runs, half of them with something wrong, are judged whole and cut at random sizes by TLC,
and one in ten of them cut after every event, which takes longest; and by the Python model, which
cuts by forgetting after every event. Verdict, event and rule must be the same. Exit status 1 at the
first run of which that is not true.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from conformance.cli.agreement import agree
from conformance.replay.checker import Checker, Recorded
from conformance.replay.lateness import CLOCK_CHECK
from conformance.replay.run_folder import check_run, replay
from conformance.replay.verdict import Verdict
from conformance.tlcjudge.survey import Survey, survey
from conformance.tlcjudge.validator import TlcVerdict, Validator
from conformance.trace.reader import open_run
from tests.oracle.judge import Run
from tests.oracle.mutants import mutant
from tests.oracle.runs import legal, write

BATCH = 500  # runs that are given to TLC together
ALIKE = 50  # runs with the same constants, which one TLC can judge


class Differs(AssertionError):
    """A run is judged otherwise when it is cut."""


def drawn(seed: int, steps: int = 120) -> Run:
    run = legal(seed, steps, shape=seed // ALIKE)
    return run if seed % 2 else mutant(run, seed)


def said(by_tlc: TlcVerdict) -> Any:
    """What TLC says of a run."""
    rejection = by_tlc.rejection
    return rejection and (rejection.event, rejection.kind, [c.text for c in rejection.false])


def known(verdict: Verdict) -> Any:
    """What the Python model says of a run."""
    if CLOCK_CHECK in verdict.reason:  # that is said of a violation, when the run is read again
        return "violation", verdict.events
    return verdict.kind, verdict.events


def remembering(folder: Path) -> Verdict:
    """The Python model's verdict if it forgets nothing."""
    run = open_run(folder)
    h = run.header
    assert h is not None
    return replay(
        run,
        Checker(
            h.constants,
            h.cluster,
            h.spec,
            recorded=Recorded(run.processes(), keeps=run.keeping()),
        ),
        None,
    )


def check(seeds: range, size: int, every: int, folder: Path) -> Iterator[tuple[int, Verdict]]:
    """Judge these runs whole and in windows of this size, and one in `every` in windows of one
    event; the verdict on each. Raises Differs."""
    folders = {seed: write(drawn(seed), folder / str(seed)) for seed in seeds}
    surveys = {seed: survey(open_run(f)) for seed, f in folders.items()}
    whole = judged(surveys, 10**9)
    some = {seed: s for seed, s in surveys.items() if seed // ALIKE % every == seed % every}
    cut = [(size, judged(surveys, size)), (1, judged(some, 1))]
    for seed in seeds:
        verdict, uncut = check_run(folders[seed]), whole[seed]
        if known(verdict) != known(remembering(folders[seed])):
            raise Differs(f"seed {seed}: the Python model says {known(verdict)}, and otherwise")
        if not agree(verdict, uncut):
            raise Differs(f"seed {seed}: {known(verdict)}, but TLC says {said(uncut)}")
        for size, all_by_tlc in cut:
            if seed in all_by_tlc and said(all_by_tlc[seed]) != said(uncut):
                what = f"{said(all_by_tlc[seed])}, not {said(uncut)}"
                raise Differs(f"seed {seed} in windows of {size}: {what}")
        yield seed, verdict


def judged(surveys: dict[int, Survey], size: int) -> dict[int, TlcVerdict]:
    return dict(zip(surveys, Validator(window=size).judge(surveys.values()), strict=True))


def main(argv: list[str]) -> int:
    many = int(argv[0]) if argv else 10_000
    first = int(argv[1]) if len(argv) > 1 else 1
    kinds: Counter[str] = Counter()
    started = time.monotonic()
    for begin in range(first, first + many, BATCH):
        seeds = range(begin, min(begin + BATCH, first + many))
        size = Random(begin).randint(2, 40)
        with tempfile.TemporaryDirectory(prefix="cuts-") as folder:
            try:
                for _, verdict in check(seeds, size, 10, Path(folder)):
                    kinds[verdict.kind] += 1
                    kinds.update({f"with {name}": 1 for name in verdict.counts})
            except Differs as error:
                print(f"error: {error}", file=sys.stderr)
                return 1
        done = seeds.stop - first
        print(f"{done} runs, {time.monotonic() - started:.0f} s: {dict(kinds)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
