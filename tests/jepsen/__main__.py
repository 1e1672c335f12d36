"""`make jepsen`: run after run, each with a seed of its own. Exit status 0: all good; 1: a run was
not; 2: this machine cannot."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.cluster.hosts import missing
from tests.jepsen.nemesis import FAULTS, LATE
from tests.jepsen.planted import BUGS
from tests.jepsen.run import run


def main() -> int:
    """All runs, a line each."""
    parser = argparse.ArgumentParser(prog="python -m tests.jepsen", description=__doc__)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--seconds", type=float, default=20.0, help="of faults in each run")
    parser.add_argument("--bug", default="", choices=["", *BUGS], help="with this fault planted")
    parser.add_argument("--only", action="append", default=[], choices=[LATE, *FAULTS])
    parser.add_argument("--out", type=Path, help="keep the folders of all runs here")
    options = parser.parse_args()
    if reason := missing("ip"):
        print(f"error: {reason}", file=sys.stderr)
        return 2
    out = options.out or Path(tempfile.mkdtemp(prefix="jepsen-"))
    wrong = 0
    for seed in range(options.seed, options.seed + options.runs):
        folder = out / f"seed-{seed}"
        folder.mkdir(parents=True)
        began_s = time.monotonic()
        outcome = run(folder, seed, options.seconds, options.bug, options.only)
        took_s = time.monotonic() - began_s
        print(f"seed {seed}: {'WRONG' if outcome.problems else 'good'} in {took_s:.0f} s: "
              f"{outcome.text}", flush=True)  # fmt: skip
        for problem in outcome.problems:
            print(f"  {problem}", flush=True)
        wrong += bool(outcome.problems)
        if not outcome.problems and not options.out:
            shutil.rmtree(folder)
    print(f"{options.runs - wrong} of {options.runs} runs are good" + f"; see {out}" * bool(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
