"""`paxos compare`: TLC, the runs, the table, the plots, in this order, with progress."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from conformance import paths
from conformance.modelcheck import manifest
from conformance.tlc import errors, toolchain
from harness.compare import plan, runs, table, verdicts
from harness.compare.expected import messages_per_value
from harness.compare.result import Model, Result, Row, Run
from harness.measure import machine, output
from harness.measure.combos import ALL, Combination
from harness.measure.values import value_file
from paxos.config import Config
from paxos.errors import InputError, RunError, reason
from paxos.runtime.report import say

ACCEPTORS, PROPOSERS, LEARNERS = 3, 2, 2
TOO_LATE_US = 100_000
"""A combination that takes longer, in the median, cannot keep up, and is not offered more."""


def main(options: argparse.Namespace) -> int:
    """Compare; 0 if every combination conforms and has the message delays of the specification,
    1 if not, 130 if interrupted. Raises `InputError` or `RunError`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return compare(options)
    except KeyboardInterrupt:
        say("stopped")
        return 130


def compare(options: argparse.Namespace) -> int:
    """All of it, once."""
    if not options.no_plots:
        output.need_plots()
    output.make(options.out)
    combinations = [c for c in ALL if not options.only or c.name in options.only]
    chosen = plan.plan(options.count)
    large = not chosen.is_quick if options.large_models is None else options.large_models
    models = _check_models(combinations, options.out, large=large)
    busy = machine.busy()
    machine.warn(busy, say)
    comparison = _Comparison(combinations, chosen, options.out, keep=options.keep)
    measured = list(comparison.run())
    result = Result(
        machine=machine.describe(),
        workload={**_workload(chosen), "other load": f"{busy:.1f} processes a core at the start"},
        is_quick=chosen.is_quick,
        large_models=large,
        load=comparison.load,
        rows=[
            Row(
                name=c.name,
                models=models[c.name],
                runs=[run for run in measured if run.combination == c.name],
                expected=messages_per_value(c, ACCEPTORS, LEARNERS, Config().window),
            )
            for c in combinations
        ],
    )
    _write(result, options.out, plots=not options.no_plots)
    return _conclude(result, options.out)


def _check_models(
    combinations: Sequence[Combination], out: Path, *, large: bool
) -> dict[str, list[Model]]:
    """TLC's verdicts on the models of each combination."""
    folder = paths.MANIFEST.parent
    try:
        of = {c.name: verdicts.models_of(c, large=large) for c in combinations}
        names = [name for found in of.values() for name in found]
        entries = manifest.choose(manifest.load(), "all", names)
        toolchain.find_java()
        toolchain.find_jar()
        cache = verdicts.Cache(out / "tlc.json", folder)
        say(f"TLC: {len(entries)} models of {len(combinations)} combinations")
        known = verdicts.check(entries, folder, cache)
    except (manifest.ManifestError, errors.TlcError) as error:
        raise InputError(str(error)) from error
    except OSError as error:
        raise InputError(f"folder {out}: {reason(error)}") from error
    return {name: [known[model] for model in found] for name, found in of.items()}


class _Comparison:
    """The runs, interleaved: each repetition goes through all combinations, so that whatever
    changes on the machine changes for all of them."""

    def __init__(
        self, combinations: Sequence[Combination], chosen: plan.Plan, out: Path, *, keep: bool
    ) -> None:
        self.combinations = combinations
        self.plan = chosen
        self.out = out
        self.keep = keep
        self.load = 0.0
        self._done = 0
        self._began_s = time.monotonic()

    def run(self) -> Iterator[Run]:
        """All runs, as they are done. Raises `RunError`."""
        full: dict[str, list[float]] = {}
        for _ in range(self.plan.repetitions):
            for combination in self.combinations:
                yield self._perform(combination, "idle", None)
            for combination in self.combinations:
                run = self._perform(combination, "full", None)
                full.setdefault(combination.name, []).append(run.achieved)
                yield run
        slowest = min(max(rates) for rates in full.values())
        self.load = plan.shared_load(slowest, self.plan.is_quick)
        for _ in range(self.plan.repetitions):
            for combination in self.combinations:
                yield self._perform(combination, "load", self.load)
        yield from self._sweep()

    def _sweep(self) -> Iterator[Run]:
        able = list(self.combinations)
        for offered in self.plan.loads:
            for combination in list(able):
                run = self._perform(combination, "load", offered, self.plan.sweep_s)
                if (run.latency.quantile_us(0.5) or 0.0) > TOO_LATE_US:
                    able.remove(combination)
                yield run

    def _perform(
        self,
        combination: Combination,
        kind: str,
        offered: float | None,
        seconds: float | None = None,
    ) -> Run:
        clients = 1 if kind == "idle" else plan.CLIENTS
        many = self.plan.values * (plan.MORE_WITH_BATCHING if combination.batching else 1)
        values = {"idle": self.plan.idle_values, "full": many}.get(kind, 0)
        options = ["--acceptors", str(ACCEPTORS), "--proposers", str(PROPOSERS)]
        options += ["--learners", str(LEARNERS)]
        if offered is None:
            options += ["--outstanding", str(1 if kind == "idle" else plan.OUTSTANDING)]
        if offered is not None:
            values = max(1, int(offered * (seconds or self.plan.loaded_s) / clients))
            options += ["--rate", str(offered / clients)]
        files = [
            value_file(self.out / "values" / f"client-{n}.txt", n, values, plan.VALUE_BYTES)
            for n in range(1, clients + 1)
        ]
        self._done += 1
        folder = self.out / "runs" / f"{self._done:03}-{combination.name}-{kind}"
        job = runs.Job(combination, kind, files, offered, options)
        run = runs.perform(job, folder, keep=self.keep)
        self._show(run)
        return run

    def _show(self, run: Run) -> None:
        what = {"idle": "one at a time", "full": "full speed"}.get(run.kind)
        p50_us = run.latency.quantile_us(0.5)
        latency = f", p50 {p50_us / 1000:.2f} ms" if p50_us else ""
        say(
            f"[{time.monotonic() - self._began_s:4.0f} s] {run.combination}, "
            f"{what or f'{run.offered:,.0f}/s offered'}: {run.achieved:,.0f} values/s{latency}, "
            f"{'conforms' if run.conforms else run.verdict}"
        )


def _workload(chosen: plan.Plan) -> dict[str, str]:
    clients = plan.CLIENTS
    return {
        "cluster": f"{ACCEPTORS} acceptors, {PROPOSERS} proposers, {LEARNERS} learners, each a "
        "process, all on this machine, multicast on the loopback, storage in memory, tracing on",
        "clients": f"{clients} clients",
        "values": f"{plan.VALUE_BYTES} bytes each; at full speed {chosen.values:,} to a client "
        f"({plan.MORE_WITH_BATCHING} times as many with batching), up to {plan.OUTSTANDING:,} of "
        f"them under way; idle {chosen.idle_values:,} one after another from one client",
        "repetitions": f"{chosen.repetitions}, the combinations by turns",
    }


def _write(result: Result, out: Path, *, plots: bool) -> None:
    try:
        text = msgspec.json.format(msgspec.json.encode(result), indent=1)
        (out / "table.json").write_bytes(text + b"\n")
        (out / "table.md").write_text(table.render(result), encoding="utf-8")
        if plots:
            from harness.compare.plots import draw  # matplotlib is slow to import

            draw(result, out)
    except OSError as error:
        raise RunError(f"folder {out}: {reason(error)}") from error


def _conclude(result: Result, out: Path) -> int:
    """Print the table, say what is wrong, and where the rest is; the exit status."""
    lines = table.render(result).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("| optimisations"))
    print("\n".join(lines[start : start + 2 + len(result.rows)]))
    wrong = [problem for row in result.rows for problem in problems(row)]
    for problem in wrong:
        print(f"error: {problem}", file=sys.stderr)
    sys.stdout.flush()
    say(f"tables, figures and plots: {out}/")
    return 1 if wrong else 0


def problems(row: Row) -> Iterator[str]:
    """What keeps specification and implementation from agreeing in this combination."""
    for run in row.runs:
        if not run.conforms:
            yield f"{row.name}: {run.kind} run: {run.verdict}"
    for model in row.models:
        if not model.as_expected:
            yield f"{row.name}: model {model.name}: {model.verdict}"
    if not any(model.least is None for model in row.models):
        yield f"{row.name}: no model of this combination was checked"
    if row.spec_delays is None:
        yield f"{row.name}: TLC has not established the least number of message delays"
    elif row.spec_delays != row.measured_delays:
        yield (
            f"{row.name}: at least {row.measured_delays} message delays in the traces, but "
            f"{row.spec_delays} in the specification"
        )
