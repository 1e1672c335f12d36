"""Look for a run of which the judges differ: python -m tests.oracle.fuzz [MINUTES] [SEED].

Legal runs and mutants of them, of a log and of a Synod, are judged by the oracle, by the Python
model and by TLC. Each must refuse the same event, or none; and the two judges the same clause.
Exit status 1 at the first run of which that is not true, which is left in a folder.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from conformance.cli.agreement import agree
from conformance.replay.citations import places
from conformance.replay.run_folder import check_run
from conformance.tlcjudge.survey import survey
from conformance.tlcjudge.validator import Validator
from conformance.trace.reader import TraceError, open_run
from tests.oracle.compare import by_the_model, difference
from tests.oracle.judge import Run
from tests.oracle.mutants import mutant
from tests.oracle.runs import legal, write

BATCH = 300  # runs that are given to TLC together
ALIKE = 60  # runs with the same constants, which one TLC can judge


def drawn(seed: int) -> Run:
    """A legal run now and then, and otherwise a mutant; every fifth group is of a Synod."""
    spec = "Synod" if seed // ALIKE % 5 == 4 else "MultiPaxos"
    run = legal(seed // 3, 150, spec, shape=seed // ALIKE)
    return mutant(run, seed) if seed % 4 else run


def differ(seeds: range, folder: Path, refused: Counter[str]) -> str | None:
    """The first difference between the three on these runs."""
    runs = {seed: drawn(seed) for seed in seeds}
    for seed, run in runs.items():
        if found := difference(run):
            write(run, folder / str(seed))
            return f"seed {seed}: {found}"
        why = by_the_model(run)
        refused[why[1].name if why else "nothing"] += 1
    surveys = {}
    for seed, run in runs.items():
        try:
            surveys[seed] = survey(open_run(write(run, folder / str(seed))))
        except TraceError:  # so damaged that it is no trace
            continue
    whole = {seed: s for seed, s in surveys.items() if s.events}
    all_by_tlc = Validator().judge(whole.values())
    for seed, by_tlc in zip(whole, all_by_tlc, strict=True):
        verdict = check_run(folder / str(seed))
        if not agree(verdict, by_tlc):
            return f"seed {seed}: the model says {verdict.kind} after {verdict.events}, TLC not"
        v = verdict.violation
        if v and by_tlc.rejection and by_tlc.rejection.false[0] not in places(v.spec, v.name):
            return f"seed {seed}: {v.name}, but TLC says {by_tlc.rejection.false[0].text}"
    return None


def main(argv: list[str]) -> int:
    minutes = float(argv[0]) if argv else 20
    first = int(argv[1]) if len(argv) > 1 else 1
    refused: Counter[str] = Counter()
    started = time.monotonic()
    while (spent := time.monotonic() - started) < 60 * minutes:
        place = Path(tempfile.mkdtemp(prefix="fuzz-judges-"))
        found = differ(range(first, first + BATCH), place, refused)
        if found:
            print(f"error: {found}; see {place}", file=sys.stderr)
            return 1
        shutil.rmtree(place)
        first += BATCH
        rules = len(refused) - 1
        print(f"{refused.total()} runs, {spent:.0f} s, refused by {rules} rules", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
