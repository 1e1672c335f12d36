"""The options of `paxos compare`; kept apart from what it does, which takes longer to load."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.compare.amounts import QUICK
from harness.measure.combos import ALL
from paxos.arguments import whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `paxos compare`."""
    parser.add_argument(
        "--count",
        metavar="N",
        type=whole_number,
        default=20_000,
        help="values to a client at full speed (default 20000); below "
        f"{QUICK}: a quick version, of a minute or two",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("compare"), help="default: compare"
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        choices=[combination.name for combination in ALL],
        help="this combination only (off, direct, ..., direct-ahead-batch); may be repeated",
    )
    parser.add_argument(
        "--against",
        metavar="FILE",
        type=Path,
        help="table.json of an earlier comparison: put the two side by side, in DIR/against.md, "
        "with each change and whether it is beyond noise",
    )
    parser.add_argument("--keep", action="store_true", help="keep the run folders, in DIR/runs")
    parser.add_argument("--no-plots", action="store_true", help="tables only")
    parser.add_argument(
        "--large-models",
        action=argparse.BooleanOptionalAction,
        help="check the large models too, which takes a while the first time (default: yes, but "
        "not in the quick version)",
    )
