"""`make mutants`: changes the product in a copy, one small thing at a time, and sees whether a
quick test notices. Exit status 1 if less than `--least` per cent of the mutants are killed."""

from __future__ import annotations

import argparse
import signal
import sys
from math import inf
from pathlib import Path

from tests.mutation import coverage_map
from tests.mutation.campaign import Campaign, unsteady
from tests.mutation.results import read, table
from tests.mutation.sample import everything, sample
from tests.mutation.targets import BUDGETS_S
from tests.mutation.tree import scratch
from tests.paths import ROOT

KEPT = ".mutants"  # below the root; git ignores it


def options(arguments: list[str] | None) -> argparse.Namespace:
    """What the command is given."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default 1)")
    parser.add_argument("--count", type=int, default=300, help="how many mutants (default 300)")
    parser.add_argument("--minutes", type=float, default=inf, help="begin none later")
    parser.add_argument("--budget", type=float, help=f"seconds of tests for each ({BUDGETS_S})")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time (default 1)")
    parser.add_argument("--survivors", action="store_true", help="run again what survived")
    parser.add_argument("--least", type=float, default=90.0, help="per cent to kill (default 90)")
    parser.add_argument("--out", type=Path, help=f"default {KEPT}/seed-N.jsonl; goes on with it")
    parser.add_argument("--list", action="store_true", help="only say which mutants they are")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run a sample, and print what became of it; the exit status. When it is told to stop, nothing
    is left behind but its results so far."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return run(arguments)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130


def run(arguments: list[str] | None) -> int:
    """As `main`, but for being told to stop."""
    given = options(arguments)
    mutants = sample(everything(ROOT), given.seed, given.count)
    if given.list:
        print("\n".join(mutant.name for mutant in mutants))
        return 0
    out = given.out or ROOT / KEPT / f"seed-{given.seed}.jsonl"
    out.parent.mkdir(parents=True, exist_ok=True)
    with scratch(ROOT) as tree:
        known = coverage_map.renew(ROOT / KEPT / "lines.json", ROOT, tree)
    budgets_s = BUDGETS_S if given.budget is None else dict.fromkeys(BUDGETS_S, given.budget)
    campaign = Campaign(
        ROOT, given.seed, out, budgets_s, given.minutes, given.jobs, given.survivors
    )
    campaign.run(mutants, known)
    ranks = {mutant.rank(given.seed) for mutant in mutants}
    results = [result for rank, result in read(out).items() if rank in ranks]
    failing = unsteady(ROOT, results)
    for test in failing:
        print(f"error: {test} fails without any change", file=sys.stderr)
    survivors = [result.name for result in results if not result.killed]
    print("\n".join([*(f"survived: {name}" for name in survivors), table(results)]))
    killed = len(results) - len(survivors)
    return 0 if not failing and 100 * killed >= given.least * len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
