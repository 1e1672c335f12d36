"""Both judges of this checkout beside those of another, in the same run:
python -m tests.conformance.bench_against CHECKOUT [--pairs N] [--events N] [--tlc-events N].

The two take turns on one trace, each time in a new process, so that a machine whose speed drifts
slows both. Compared is processor time, pair by pair, by the median of the ratios. Exit status 1 if
a judge here takes over 5 % longer, 2 if the other checkout cannot be measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conformance.bench import make

HERE = Path(__file__).parents[2]
MOST = 1.05
TIMEOUT_S = 600  # for one judge to take the trace once
MEASURE = """
import resource, sys
from pathlib import Path
{prepare}
files = [Path(m.__file__) for n, m in sys.modules.items() if n.startswith("conformance.")]
assert all(f.is_relative_to(Path.cwd()) for f in files), "it has no such package"
def used():
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(x.ru_utime + x.ru_stime for x in both)
before = used()
{judge}
print(used() - before)
"""
JUDGES = {
    "core": (
        "from conformance.replay.run_folder import check_run",
        "assert check_run(Path(sys.argv[1])).kind == 'conforms'",
    ),
    "TLC": (
        "from conformance.tlcjudge.validator import judge\n"
        "from conformance.trace.reader import open_run",
        "assert judge([open_run(Path(sys.argv[1]))])[0].rejection is None",
    ),
}


def processor_s(checkout: Path, name: str, run: Path) -> float:
    """Seconds of processor time that a judge of the checkout takes for the run, TLC's included.
    Raises ValueError if that judge is not there or does not accept the run."""
    prepare, judge = JUDGES[name]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(prepare=prepare, judge=judge), str(run)],
        env={**os.environ, "PYTHONPATH": str(checkout.resolve()), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=checkout, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise ValueError(f"{checkout}: its {name} judge does not judge: {last}")
    return float(done.stdout)


def ratio(other: Path, name: str, events: int, pairs: int) -> float:
    """How much longer the judge takes here than there: the median of so many pairs."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run = Path(folder)
        count = make(run, events)
        found = []
        for _ in range(pairs):
            mine, theirs = processor_s(HERE, name, run), processor_s(other, name, run)
            found.append(mine / theirs)
            print(
                f"{name:5} {count:>9,} events  {mine:6.2f} s here  {theirs:6.2f} s there"
                f"  ratio {found[-1]:.3f}",
                flush=True,
            )
    return statistics.median(found)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--tlc-events", type=int, default=20_000)
    args = parser.parse_args(argv)
    if not (args.checkout / "conformance").is_dir():
        parser.error(f"{args.checkout} is no checkout of this project")
    events = {"core": args.events, "TLC": args.tlc_events}
    try:
        ratios = {name: ratio(args.checkout, name, events[name], args.pairs) for name in JUDGES}
    except (ValueError, subprocess.TimeoutExpired) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, median in ratios.items():
        met = "met" if median <= MOST else "missed"
        print(f"{met:<8}{name}: {median:.3f} of the other's time, at most {MOST}")
    return int(max(ratios.values()) > MOST)


if __name__ == "__main__":
    sys.exit(main())
