"""One run of a cluster, as a user would start it, and what its run folder says of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.trace.message_delays import delays_of
from harness.compare.comparison import Run, Traffic
from harness.measure.combos import Combination
from harness.measure.folder import check, latency_of, stats_of
from harness.measure.values import WARM_UP
from paxos.errors import RunError
from paxos.runtime.children import environment
from paxos.runtime.tracer import traces_of_role

TIMEOUT_S = 600.0
"""A run that takes longer is given up."""

SHORT_US = 10_000
"""Unless the rest was delivered in less than this, which would be no time to measure in."""

STEP_S = 0.1
"""A wall clock that was set by more than this during a run makes its rate worthless: the clocks in
the traces order events, and are times only while the wall clock goes on evenly."""


@dataclass(frozen=True)
class Job:
    """A run to be made."""

    combination: Combination
    kind: str
    values: Sequence[Path]
    offered: float | None = None
    options: list[str] = field(default_factory=list)


def perform(job: Job, run_dir: Path, out: Path) -> Run:
    """Make the run, check it and measure it; its page goes below `out`. Raises `RunError` if the
    cluster does not deliver everything."""
    count = sum(path.read_bytes().count(b"\n") for path in job.values)
    set_by_s = -_wall_ahead_s()
    _run_cluster(job, run_dir)
    set_by_s += _wall_ahead_s()
    if abs(set_by_s) > STEP_S:
        raise RunError(
            f"{job.combination.name}, {job.kind}: this machine's clock was set by {set_by_s:.1f} s "
            "during the run, and the speed is read off it; measure again"
        )
    checked = check(run_dir, out)
    return Run(
        combination=job.combination.name,
        kind=job.kind,
        offered=job.offered,
        conforms=checked.conforms,
        verdict=checked.verdict,
        page=checked.page,
        achieved=_rate(run_dir, count, job.kind),
        latency=latency_of(run_dir),
        traffic=_traffic(run_dir, count),
        delays=dict(delays_of(run_dir)) if job.kind == "idle" else {},
    )


def _wall_ahead_s() -> float:
    """How far the wall clock is ahead of the one that nobody sets."""
    return time.time() - time.monotonic()


def _run_cluster(job: Job, run_dir: Path) -> None:
    command = [sys.executable, "-m", "paxos", "run", "--run-dir", str(run_dir)]
    command += ["--storage", "memory", *job.combination.options, *job.options]
    command += ["--values", *map(str, job.values)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )
    try:
        output, _ = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise RunError(f"{' '.join(command)}: not done after {TIMEOUT_S:g} s") from error
    finally:
        if process.poll() is None:
            process.terminate()  # it stops its own processes
            process.wait()
    if process.returncode != 0:
        last = next((line for line in reversed(output.splitlines()) if "error" in line), output)
        raise RunError(
            f"{job.combination.name}, {job.kind}: {last.removeprefix('error: ').strip()}"
        )


# What the run folder says.


def _traffic(run_dir: Path, values: int) -> dict[str, Traffic]:
    """What all processes together sent, per value."""
    total: dict[str, Traffic] = {}
    for stats in stats_of(run_dir):
        sent = stats["sent"]
        assert isinstance(sent, dict)
        for name, counts in sent.items():
            traffic = total.setdefault(name, Traffic())
            traffic.messages += counts["messages"] / values
            traffic.datagrams += counts["datagrams"] / values
            traffic.bytes += counts["bytes"] / values
    return total


def _rate(run_dir: Path, values: int, kind: str) -> float:
    """Values per second at the slowest learner, by the clocks in the traces."""
    began_us = min(_first(path, "Broadcast") for path in traces_of_role(run_dir, "client"))
    if kind == "full":  # without what was broadcast while the cluster started
        began_us = min(_first(path, "Phase2a") for path in traces_of_role(run_dir, "proposer"))
    rates = []
    for path in traces_of_role(run_dir, "learner"):
        delivered = list(_deliveries(path))
        last_us = delivered[-1][0] if delivered else 0
        first_us, skipped = began_us, 0
        if kind == "full":
            warm = next(((us, n) for us, n in delivered if n >= WARM_UP * values), (last_us, 0))
            if last_us - warm[0] >= SHORT_US:
                first_us, skipped = warm
        rates.append((values - skipped) * 1e6 / max(1, last_us - first_us))
    return min(rates)


def _first(path: Path, event: str) -> int:
    """The time of the first event of a kind in a trace; that of the end of time if none is."""
    return next((int(json.loads(line)["hlc"]) for line in _lines(path, event)), 2**63 - 1)


def _deliveries(path: Path) -> Iterator[tuple[int, int]]:
    """When a learner delivered something, and how many values it had delivered then."""
    for line in _lines(path, "Deliver"):
        event = json.loads(line)
        if event["values"]:
            count = sum(delivered[2] for delivered in event["values"])
            yield event["hlc"], event["position"] - 1 + count


def _lines(path: Path, event: str) -> Iterator[str]:
    start = f'{{"event":"{event}"'
    with path.open(encoding="utf-8") as file:
        yield from (line for line in file if line.startswith(start))
