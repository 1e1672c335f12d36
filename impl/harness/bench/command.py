"""`paxos bench`: the rounds, the tables, the plots, in this order, with progress."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from pathlib import Path

import msgspec

from harness.bench import plan, proc, rivals, table
from harness.bench.plan import Plan
from harness.bench.result import Result
from harness.bench.rounds import Rounds
from harness.bench.runs import Runner
from harness.bench.setting import SATURATED, SATURATED_BYTES
from harness.measure import machine, output
from paxos.errors import InputError, RunError, reason
from paxos.runtime.aslr import share_layout
from paxos.runtime.report import say

CORES = 2
"""That everything which is measured runs on."""


def main(options: argparse.Namespace) -> int:
    """Measure; 0 if every run ended well and every trace conforms, 1 if not, 130 if interrupted.
    Whether goals are met is in the table. Raises `InputError` or `RunError`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return bench(options)
    except KeyboardInterrupt:
        say("stopped")
        return 130


def bench(options: argparse.Namespace) -> int:
    """All of it, once."""
    if not proc.available():
        raise InputError("the benchmark reads what processes use in /proc, and needs Linux for it")
    if not options.no_plots:
        output.need_plots()
    if not options.no_peer:
        rivals.check_installed()
    wanted = ((name, getattr(options, name)) for name in ("storage", "tracing", "optimisations"))
    changes = {name: value for name, value in wanted if value is not None}
    chosen = (
        plan.smoke(options.only, changes)
        if options.smoke
        else plan.full(options.only, options.runs, options.seconds, options.long_values, changes)
    )
    output.make(options.out)
    _take_two_cores()
    share_layout()
    busy = machine.busy()
    machine.warn(busy, say)
    rounds = Rounds(
        chosen, Runner(options.out, keep=options.keep), say, with_peer=not options.no_peer
    )
    try:
        rounds.run()
    finally:
        shutil.rmtree(options.out / "values", ignore_errors=True)
    result = Result(
        machine=machine.describe(),
        method={**_method(chosen), "other load": f"{busy:.1f} processes a core at the start"},
        is_smoke=chosen.smoke,
        parts=list(chosen.parts),
        rows=rounds.rows,
        peers=rounds.peers,
        limits=rounds.limits,
        flat=rounds.flat,
        late=rounds.late,
        failures=rounds.failures,
    )
    _write(result, chosen, options.out, plots=not options.no_plots)
    return _conclude(result, chosen, options.out)


def _take_two_cores() -> None:
    """For this process, and with it for all that it starts."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def _method(chosen: Plan) -> dict[str, str]:
    return {
        "cluster": "3 acceptors, 2 proposers, 2 learners and 2 clients if nothing else is said, "
        "each a process, all on the same cores, multicast on the loopback",
        "cores": f"{len(os.sched_getaffinity(0))}, for the cluster, the peer and the limits alike",
        "load": f"saturated: {SATURATED:,} values, or {SATURATED_BYTES >> 20} MiB of them, of each "
        "client under way; one at a time: one value of one client",
        "runs": f"{chosen.runs} of each setting, by turns with the machine's limits and the peer, "
        f"about {chosen.seconds:g} s each, the first fifth not measured",
        "peer": f"PySyncObj, {rivals.NODES} nodes, in memory, driven from inside its leader, "
        f"pipelined with up to {rivals.OUTSTANDING:,} commands under way, or one at a time",
    }


def _write(result: Result, chosen: Plan, out: Path, *, plots: bool) -> None:
    try:
        text = msgspec.json.format(msgspec.json.encode(result), indent=1)
        (out / "results.json").write_bytes(text + b"\n")
        (out / "table.md").write_text(table.render(result, chosen), encoding="utf-8")
        if plots:
            from harness.bench.plots import draw  # matplotlib is slow to import

            draw(result, chosen, out)
    except OSError as error:
        raise RunError(f"folder {out}: {reason(error)}") from error


def _conclude(result: Result, chosen: Plan, out: Path) -> int:
    """Print the tables, say what went wrong and where the rest is; the exit status."""
    print(table.render(result, chosen))
    sys.stdout.flush()
    for failure in result.failures:
        print(f"error: {failure.splitlines()[0]}", file=sys.stderr)
    say(f"tables, figures and plots: {out}/")
    return 1 if result.failures else 0
