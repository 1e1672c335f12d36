"""The runs of a comparison: each repetition goes through all combinations."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.compare import amounts
from harness.compare.comparison import Run
from harness.compare.job import Job, perform
from harness.measure.combos import Combination
from harness.measure.folder import RunFolders
from harness.measure.values import value_file
from paxos.runtime.report import say

TOO_LATE_US = 100_000
"""A combination that takes longer, in the median, cannot keep up, and is not offered more."""


class Repetitions:
    """Makes the runs, interleaved: each repetition goes through all combinations, so that whatever
    changes on the machine changes for all of them."""

    def __init__(
        self, combinations: Sequence[Combination], chosen: amounts.Plan, out: Path, *, keep: bool
    ) -> None:
        self.combinations = combinations
        self.plan = chosen
        self.out = out
        self.load = 0.0
        """The load at which all are compared, when it is known; in values per second."""
        self._folders = RunFolders(out, keep=keep)
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
        self.load = amounts.shared_load(slowest, self.plan.is_quick)
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
        clients = 1 if kind == "idle" else amounts.CLIENTS
        many = self.plan.values * (amounts.MORE_WITH_BATCHING if combination.batching else 1)
        values = {"idle": self.plan.idle_values, "full": many}.get(kind, 0)
        options = ["--acceptors", str(amounts.ACCEPTORS), "--proposers", str(amounts.PROPOSERS)]
        options += ["--learners", str(amounts.LEARNERS)]
        if offered is None:
            options += ["--outstanding", str(1 if kind == "idle" else amounts.OUTSTANDING)]
        if offered is not None:
            values = max(1, int(offered * (seconds or self.plan.loaded_s) / clients))
            options += ["--rate", str(offered / clients)]
        files = [
            value_file(self.out / "values" / f"client-{n}.txt", n, values, amounts.VALUE_BYTES)
            for n in range(1, clients + 1)
        ]
        folder = self._folders.new(f"-{combination.name}-{kind}", 3)
        run = perform(Job(combination, kind, files, offered, options), folder, self.out)
        self._folders.done(folder, conforms=run.conforms)
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
