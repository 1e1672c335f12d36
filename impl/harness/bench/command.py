"""`paxos bench`: the rounds, the tables, the plots, in this order, with progress."""

from __future__ import annotations

import argparse
import os
import shutil
from functools import partial
from pathlib import Path

from harness.bench import performance_tables, proc, rivals, schedule, side_by_side
from harness.bench.benchmark import Benchmark
from harness.bench.rounds import Rounds
from harness.bench.runner import Runner
from harness.bench.schedule import Plan
from harness.bench.setting import SATURATED, SATURATED_BYTES
from harness.measure import machine, output
from paxos.errors import InputError
from paxos.runtime.aslr import share_layout
from paxos.runtime.report import say

CORES = 2
"""That everything which is measured runs on."""


def main(options: argparse.Namespace) -> int:
    """Measure; 0 if every run ended well and every trace conforms, 1 if not. Whether goals are met
    is in the table. Raises `InputError` or `RunError`."""
    if not proc.available():
        raise InputError("the benchmark reads what processes use in /proc, and needs Linux for it")
    if not options.no_plots:
        output.need_plots()
    if not options.no_peer:
        rivals.check_installed()
    wanted = ((name, getattr(options, name)) for name in ("storage", "tracing", "optimisations"))
    changes = {name: value for name, value in wanted if value is not None}
    chosen = (
        schedule.smoke(options.only, changes)
        if options.smoke
        else schedule.full(
            options.only, options.runs, options.seconds, options.long_values, changes
        )
    )
    before = None if options.against is None else side_by_side.load(options.against)
    output.make(options.out)
    _take_two_cores()
    share_layout()
    load = machine.other_load(say)
    rounds = Rounds(
        chosen, Runner(options.out, keep=options.keep), say, with_peer=not options.no_peer
    )
    try:
        rounds.run()
    finally:
        shutil.rmtree(options.out / "values", ignore_errors=True)
    result = Benchmark(
        machine=machine.describe(),
        method={**_method(chosen), **_calls(rounds), "other load": load},
        is_smoke=chosen.smoke,
        parts=list(chosen.parts),
        rows=rounds.rows,
        peers=rounds.peers,
        limits=rounds.limits,
        flat=rounds.flat,
        late=rounds.late,
        stateful=rounds.stateful,
        stores=rounds.stores,
        failures=rounds.failures,
    )
    tables = performance_tables.render(result, chosen)
    draw = None if options.no_plots else partial(_draw, result, chosen, options.out)
    plots = output.write(options.out, "results.json", result, tables, draw)
    beside = "" if before is None else side_by_side.render(before, result)
    if beside:
        output.write_text(options.out / "against.md", beside)
    shown = [tables, *_beside(options.against, beside), performance_tables.runs(result)]
    output.write_page(options.out, "\n".join(shown), plots)
    wrong = [failure.splitlines()[0] for failure in result.failures]
    return output.conclude(options.out, "\n".join(filter(None, (tables, beside))), wrong)


def _beside(against: Path | None, text: str) -> list[str]:
    """The section of the page in which another benchmark stands beside this one."""
    return [f"## Side by side with {against}\n\n{text}"] if text else []


def _draw(result: Benchmark, chosen: Plan, out: Path) -> list[Path]:
    from harness.bench.performance_plots import draw  # matplotlib is slow to import

    return draw(result, chosen, out)


def _take_two_cores() -> None:
    """For this process, and with it for all that it starts."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def _calls(rounds: Rounds) -> dict[str, str]:
    """How system calls were counted, if a value was alone in some of the runs."""
    if not any(row.setting.one_at_a_time for row in rounds.rows):
        return {}
    how = "of one value at a time, by perf, in a run of each setting that is not timed"
    return {"system calls": f"not counted: {rounds.no_calls}" if rounds.no_calls else how}


def _method(chosen: Plan) -> dict[str, str]:
    return {
        "cluster": "3 acceptors, 2 proposers, 2 learners and 2 clients if nothing else is said, "
        "each a process, all on the same cores, multicast on the loopback",
        "cores": f"{len(os.sched_getaffinity(0))}, for the cluster, the peer and the limits alike",
        "load": f"saturated: {SATURATED:,} values, or {SATURATED_BYTES >> 20} MiB of them, of each "
        "client under way; one at a time: one value of one client",
        "runs": f"{chosen.runs} of each setting, by turns with the machine's limits and the peer, "
        f"about {chosen.seconds:g} s each, the first fifth not measured",
        "stores": "three nodes, durable: etcd by its gateway from JSON to gRPC, kv (examples/kv) "
        "over HTTP, each from a process beside them; kv from inside the replica that began first",
        "peer": f"PySyncObj, {rivals.NODES} nodes, in memory, driven from inside its leader, "
        f"pipelined with up to {rivals.OUTSTANDING:,} commands under way, or one at a time",
    }
