"""The options of `paxos simulate`; kept apart from what it does, which takes longer to load."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.simulation.seeds import Range, Shard
from paxos.arguments import seconds, whole_number

STEPS = 20_000
"""How long a run is, if nobody says."""

KINDS = (
    "loss",
    "duplicate",
    "reorder",
    "delay",
    "partition",
    "leader",
    "stall",
    "crash",
    "outage",
    "slow-disk",
    "clock",
    "link",
    "processor",
    "snapshot",
    "folder",
    "damage",
)
"""The kinds of faults. What each is, `harness.simulation.nemesis` says."""

MECHANISMS = (
    "parts",
    "repair",
    "late-promise",
    "takeover",
    "trimming",
    "reject",
    "refill",
    "prepare-again",
    "resend",
    "submitted-again",
    "batch-wait",
    "no-op",
    "ask",
    "rivals",
    "late-vote",
    "acceptor-recovery",
    "proposer-recovery",
    "checkpoint",
    "learner-recovery",
    "install",
)
"""What the core does when not all goes as usual. By which signs each is seen,
`harness.simulation.meetings` says."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `paxos simulate`."""
    parser.description = (
        "Run a whole cluster in one process, with a simulated network, clocks and faults, and "
        "check every event against the specification as it happens. The same options are the same "
        "run, byte for byte. Exit status 0: it conforms, and all is delivered after the faults."
    )
    _add_of_a_run(parser)
    _add_of_many_runs(parser)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="print each event and each fault as it happens"
    )


def _add_of_a_run(parser: argparse.ArgumentParser) -> None:
    """What one run is."""
    parser.add_argument(
        "--seed",
        metavar="S",
        type=_natural,
        help="what is not given is drawn from it (default 0; with --minutes, a new one each time)",
    )
    parser.add_argument(
        "--steps",
        metavar="N",
        type=whole_number,
        default=STEPS,
        help="faults and load for N steps: groups of messages handled, and timers "
        f"(default {STEPS})",
    )
    for role in ("acceptors", "proposers", "learners", "clients"):
        parser.add_argument(f"--{role}", metavar="N", type=whole_number, help=f"number of {role}")
    parser.add_argument(
        "--quorums",
        metavar=("PHASE1", "PHASE2"),
        type=whole_number,
        nargs=2,
        help="so many acceptors promise, and so many vote (default: drawn, mostly majorities)",
    )
    parser.add_argument(
        "--replicas",
        metavar="N",
        type=_natural,
        help="so many proposers, acceptors and learners are three to a process; 0: none (default: "
        "drawn)",
    )
    for switch in ("direct-learning", "prepare-ahead", "batching", "fifo", "checkpoints"):
        parser.add_argument(f"--{switch}", action=argparse.BooleanOptionalAction)
    parser.add_argument(
        "--without",
        metavar="KIND",
        nargs="+",
        choices=KINDS,
        default=[],
        help=f"kinds of faults to leave out: {', '.join(KINDS)}",
    )
    parser.add_argument(
        "--storm",
        metavar="S",
        type=seconds,
        help="faults for S simulated seconds only (default: as long as there are steps)",
    )
    parser.add_argument(
        "--towards",
        metavar="MECHANISM",
        nargs=2,
        choices=MECHANISMS,
        help="have two mechanisms meet: when one is seen, do what brings the other about; of "
        f"{', '.join(MECHANISMS)}",
    )
    parser.add_argument("--trace", metavar="DIR", type=Path, help="write the run's traces there")


def _add_of_many_runs(parser: argparse.ArgumentParser) -> None:
    """How many runs there are, and where what came of them is kept."""
    parser.add_argument(
        "--minutes",
        metavar="M",
        type=_minutes,
        help="run seed after seed, from --seed on, on all cores; shrink the first one that fails. "
        "With --seeds: begin no run after M minutes",
    )
    parser.add_argument(
        "--seeds",
        metavar="A..B",
        type=_seeds,
        help="a campaign: run the seeds A to B, on all cores, failing ones too, and write a JSON "
        "line of each to --out. What is there is not run again: stopped, it goes on",
    )
    parser.add_argument(
        "--shard",
        metavar="K/N",
        type=_shard,
        help="of these seeds, only the K-th of N parts, as on the K-th of N machines",
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="the campaign's file")
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=whole_number,
        help="with --minutes or --seeds, run N seeds at a time (default: as many as there are "
        "cores)",
    )
    parser.add_argument(
        "--table",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="run nothing; print what the campaigns with these files found. Exit status 1: "
        "a run failed",
    )


def _natural(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**53:
        raise ValueError
    return value


def _seeds(text: str) -> Range:
    first, dots, last = text.partition("..")
    if not dots or _natural(first) > _natural(last):
        raise ValueError
    return Range(int(first), int(last))


def _shard(text: str) -> Shard:
    number, slash, of = text.partition("/")
    if not slash or not 1 <= int(number) <= int(of) < 2**53:
        raise ValueError
    return Shard(int(number), int(of))


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise ValueError
    return value


_natural.__name__ = "whole number"  # argparse says so of what is none
_seeds.__name__ = "range of seeds such as 1..1000"
_shard.__name__ = "shard such as 3/8"
_minutes.__name__ = "number of minutes"
