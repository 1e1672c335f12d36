"""The options of `paxos bench`; kept apart from what it does, which takes longer to load."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.measure.combos import ALL
from paxos.arguments import seconds, whole_number

PARTS = (
    *("throughput", "latency", "load", "switches", "unbatched", "loss", "replicas", "fifo"),
    *("scale", "stateful", "flat", "late", "stores", "combos"),
)
DEFAULT = tuple(part for part in PARTS if part != "combos")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `paxos bench`."""
    parser.description = (
        "Measure the cluster by turns with raw multicast, raw fsync and PySyncObj, and check every "
        "run. Needs Linux."
    )
    parser.add_argument(
        "--only",
        metavar="PART,...",
        type=_parts,
        default=DEFAULT,
        help=f"of {', '.join(PARTS)} (default: all but combos)",
    )
    parser.add_argument(
        "--smoke", action="store_true", help="a little of everything, to see that it works"
    )
    parser.add_argument(
        "--runs", metavar="N", type=whole_number, default=5, help="runs of each setting (default 5)"
    )
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=seconds,
        default=2.0,
        help="length of a run, about (default 2)",
    )
    parser.add_argument(
        "--long-values",
        metavar="N",
        type=whole_number,
        default=15_000_000,
        help="values of a flat run (default 15000000)",
    )
    parser.add_argument("--storage", choices=("memory", "sqlite"), help="in all runs")
    parser.add_argument("--tracing", action=argparse.BooleanOptionalAction, help="in all runs")
    parser.add_argument(
        "--optimisations",
        metavar="NAME",
        choices=[combination.name for combination in ALL],
        help="in all runs: off, direct, ..., direct-ahead-batch, as `paxos compare` names them",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("bench"), help="default: bench"
    )
    parser.add_argument(
        "--against",
        metavar="FILE",
        type=Path,
        help="results.json of an earlier benchmark: put the two side by side, in DIR/against.md, "
        "with each change and whether it is beyond noise",
    )
    parser.add_argument("--no-peer", action="store_true", help="without PySyncObj")
    parser.add_argument("--no-plots", action="store_true", help="tables only")
    parser.add_argument("--keep", action="store_true", help="keep the run folders, in DIR/runs")


def _parts(text: str) -> tuple[str, ...]:
    wanted = text.replace(",", " ").split()
    if not wanted or not set(wanted) <= set(PARTS):
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(PARTS)}, not {text!r}")
    return tuple(part for part in PARTS if part in wanted)
