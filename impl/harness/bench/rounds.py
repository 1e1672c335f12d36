"""The rounds: each goes through the machine's limits, all settings and the peer by turns, so that
what changes on the machine changes for all of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.bench import limits, rivals, schedule, stateful, stores, system_calls
from harness.bench.benchmark import Flat, Late, PeerRow, Row, Stateful, StoreRow
from harness.bench.limits import Limits
from harness.bench.runner import Runner
from harness.bench.schedule import Plan
from harness.bench.setting import Setting, size_text
from harness.measure.folder import Checked
from harness.measure.text import figure, ms
from paxos.errors import RunError

TOO_LATE_US = 200_000
"""A setting with an offered load whose median latency is beyond that cannot keep up. It is not run
again: its latency would only say how long the run was."""

MAX_RUN_VALUES = 5_000_000
"""The most values of a run that is to last a given time."""


class Rounds:
    """Makes all runs and keeps what they found."""

    def __init__(
        self, chosen: Plan, runner: Runner, say: Callable[[str], None], *, with_peer: bool
    ) -> None:
        self.plan = chosen
        self.runner = runner
        self.limits: list[Limits] = []
        self.flat: list[Flat] = []
        self.late: list[Late] = []
        self.stateful: list[Stateful] = []
        self.failures: list[str] = []
        wanted = schedule.all_settings(chosen)
        self.rows = [Row(setting) for setting in wanted]
        self.peers = [PeerRow(*peer) for peer in schedule.peers(wanted)] if with_peer else []
        uses, why_not = schedule.stores(chosen), stores.missing()
        if uses and why_not:
            say(f"without the stores: {why_not}")
        self.stores = [] if why_not else [StoreRow(use) for use in uses]
        self.no_calls = ""
        """Why the system calls of a value were not counted; empty: they were, if one was alone."""
        self._values = {setting: schedule.first_values(chosen, setting) for setting in wanted}
        self._say = say
        self._began_s = time.monotonic()

    def run(self) -> None:
        """All rounds, then the long runs."""
        if not self.plan.smoke:
            for row in self.rows:
                self._warm_up(row.setting)
        for number in range(self.plan.runs):
            self._show(f"round {number + 1} of {self.plan.runs}")
            self.limits.append(limits.measure(self.plan.limit_s, self.runner.out))
            for job in self._interleaved(number):
                if isinstance(job, PeerRow):
                    self._peer(job)
                elif job.setting in self._values:
                    self._cluster(job)
        self._count_calls()
        for number in range(self.plan.long_runs):
            if "stateful" in self.plan.parts:
                self._stateful(number)
            if "flat" in self.plan.parts:
                self._flat(number)
            if "late" in self.plan.parts:
                self._late(number)
        self._run_stores()

    def _run_stores(self) -> None:
        """All uses of the stores by turns, in another order in each round."""
        for number in range(self.plan.runs):
            for row in random.Random(number).sample(self.stores, len(self.stores)):
                self._store(row)

    def _interleaved(self, number: int) -> Iterator[Row | PeerRow]:
        """The settings, with the peer's runs spread evenly among them, in another order in each
        round: what a run leaves behind, such as files that are still to be written to the disk,
        takes from the run that follows it."""
        draw = random.Random(number)
        waiting = draw.sample(self.peers, len(self.peers))
        for done, row in enumerate(draw.sample(self.rows, len(self.rows)), 1):
            yield row
            while waiting and (len(self.peers) - len(waiting)) * len(self.rows) < done * len(
                self.peers
            ):
                yield waiting.pop(0)

    # One run each.

    def _warm_up(self, setting: Setting) -> None:
        """A run that is not counted; how fast it was says how many values make a run of the time
        that is wanted."""
        with self._noting(setting.name):
            run = self.runner.run(setting, self._values[setting])
            if setting.rate is None:
                wanted = run.rate * self.plan.seconds
                self._values[setting] = _two_digits(max(50, min(wanted, MAX_RUN_VALUES)))
            self._show(f"{setting.name}: warm-up, {figure(run.rate)} values/s")

    def _cluster(self, row: Row) -> None:
        setting = row.setting
        with self._noting(setting.name):
            run = self.runner.run(setting, self._values[setting])
            row.runs.append(run)
            self._judge(setting.name, run.checked)
            p50_us = run.latency_us.get("p50")
            self._show(
                f"{setting.name}: {figure(run.rate)} values/s, p50 {ms(p50_us)} ms, "
                f"{_verdict(run.checked)}"
            )
            if setting.rate is not None and (p50_us or 0) > TOO_LATE_US:
                del self._values[setting]

    def _count_calls(self) -> None:
        """The system calls of a value that is alone, where they can be counted."""
        alone = [row for row in self.rows if row.setting.one_at_a_time and row.runs]
        self.no_calls = system_calls.missing() if alone else ""
        for row in alone if not self.no_calls else []:
            with self._noting(f"{row.setting.name}, system calls"):
                row.system_calls = self.runner.system_calls(row.setting, self._values[row.setting])

    def _peer(self, row: PeerRow) -> None:
        name = f"PySyncObj, {row.mode}, {size_text(row.value_bytes)} values"
        with self._noting(name):
            row.runs.append(rivals.measure(row.mode, row.value_bytes, self.plan.peer_s))
            self._show(f"{name}: {figure(row.runs[-1].rate)} values/s")

    def _store(self, row: StoreRow) -> None:
        with self._noting(row.use.name):
            row.runs.append(stores.measure(row.use, self.plan.peer_s))
            self._show(f"{row.use.name}: {figure(row.runs[-1].rate)} a second")

    def _flat(self, number: int) -> None:
        name = f"flat {number + 1}"
        with self._noting(name):
            flat = self.runner.flat(
                schedule.changed(self.plan, schedule.USUAL), self.plan.long_values
            )
            self.flat.append(flat)
            self._judge(name, flat.run.checked)
            first, last = flat.tenths[0], flat.tenths[-1]
            self._show(
                f"{name}: {flat.run.values:,} values, first tenth {figure(first)} values/s, "
                f"last {figure(last)}, {_verdict(flat.run.checked)}"
            )

    def _late(self, number: int) -> None:
        name = f"late {number + 1}"
        with self._noting(name):
            setting = schedule.late_setting(self.plan)
            late = self.runner.late(setting, self.plan.late_values, self.plan.late_values)
            self.late.append(late)
            self._judge(name, late.checked)
            self._show(
                f"{name}: live {figure(late.live_before)} values/s before, "
                f"{figure(late.live_during)} during, catch-up {figure(late.catch_up)}, "
                f"{'caught up' if late.caught_up else 'NOT caught up'}, {_verdict(late.checked)}"
            )
            if not late.caught_up:
                self.failures.append(f"{name}: the late learner did not catch up")

    def _stateful(self, number: int) -> None:
        name = f"state machines {number + 1}"
        with self._noting(name):
            plan = self.plan
            found = stateful.measure(
                self.runner, plan.machine_values, plan.machine_bytes, plan.seconds
            )
            self.stateful.append(found)
            for checked in found.checked:
                self._judge(name, checked)
            self._show(
                f"{name}: {figure(found.rate_without)} values/s without snapshots, "
                f"{figure(found.rate)} with them, installed in {found.installed_s:.2g} s, back in "
                f"{found.start_up_s:.2g} s, {figure(found.reads_per_s)} reads/s, "
                f"{_verdict(found.checked[-1])}"
            )

    # What is said and noted.

    @contextmanager
    def _noting(self, name: str) -> Iterator[None]:
        """A run that fails is noted, and the others go on."""
        try:
            yield
        except RunError as error:
            self.failures.append(f"{name}: {error}")
            self._show(self.failures[-1])

    def _judge(self, name: str, checked: Checked | None) -> None:
        if checked is not None and not checked.conforms:
            self.failures.append(f"{name}: {checked.verdict}")

    def _show(self, text: str) -> None:
        self._say(f"[{time.monotonic() - self._began_s:5.0f} s] {text}")


def _verdict(checked: Checked | None) -> str:
    if checked is None:
        return "not traced"
    if not checked.conforms:
        return checked.verdict
    return f"conforms ({checked.events:,} events checked in {checked.seconds:.1f} s)"


def _two_digits(number: float) -> int:
    """Rounded, so that runs share files of values."""
    return int(float(f"{number:.1e}"))
