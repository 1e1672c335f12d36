"""State machines under load: what snapshots cost clients, and how soon a replica is back.

Two runs of three replicas with a state of so many bytes. In one nobody keeps checkpoints. In the
other the third replica starts when acceptors have trimmed what it would need, so that a snapshot is
taken, sent and installed while clients go on; and at the end a replica is started again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from harness.bench.benchmark import Stateful
from harness.bench.helper import Helper
from harness.bench.longest_wait import longest_waits_ms
from harness.bench.runner import Runner
from harness.bench.running import Cluster
from harness.bench.setting import Setting
from harness.measure.folder import Checked, check, latency_of
from paxos import config as configuration
from paxos.core.names import Member
from paxos.errors import RunError

CHECKPOINTS = 8
"""In a run with snapshots, about."""

NEVER = 1 << 40

UNBATCHED = Setting(optimisations="direct-ahead", proposers=3, learners=3, replicas=True)
UNBATCHED_PER_S = 20_000
"""What is given to it, per second that it is to last."""

STALL_S = 60.0
LOOK_S = 0.01


class _Timed(Struct):
    rate: float
    longest_ms: float
    waits_ms: dict[str, float] = {}
    installed_s: float = 0.0
    start_up_s: float = 0.0
    start_up_values: int = 0
    checkpoints: int = 0


def measure(runner: Runner, values: int, state_bytes: int, seconds: float) -> Stateful:
    """All runs, one after the other; those of reads last about so many seconds. Raises
    `RunError`."""
    without, first = _run(runner, values, state_bytes, snapshots=False)
    found, second = _run(runner, values, state_bytes, snapshots=True)
    reads_per_s, one_read_us, third = _reads(runner, seconds)
    unbatched = runner.run(UNBATCHED, int(UNBATCHED_PER_S * seconds))
    return Stateful(
        values=values,
        state_bytes=state_bytes,
        rate_without=without.rate,
        rate=found.rate,
        longest_without_ms=without.longest_ms,
        longest_ms=found.longest_ms,
        waits_ms=found.waits_ms,
        installed_s=found.installed_s,
        checkpoints=found.checkpoints,
        start_up_s=found.start_up_s,
        start_up_values=found.start_up_values,
        reads_per_s=reads_per_s,
        one_read_us=one_read_us,
        unbatched_rate=unbatched.rate,
        checked=[first, second, third, *([unbatched.checked] if unbatched.checked else [])],
    )


def _run(
    runner: Runner, values: int, state_bytes: int, *, snapshots: bool
) -> tuple[_Timed, Checked]:
    setting = Setting(storage="sqlite", proposers=3, learners=3, replicas=True)
    folder = runner.folders.new("", 4)
    inputs, total = runner.value_files(setting, values)
    every = max(1, total * setting.value_bytes // CHECKPOINTS) if snapshots else NEVER
    config = configuration.override(
        setting.config(),
        checkpoints=True,
        checkpoint_bytes=every,
        checkpoint_instances=NEVER,
        retain_instances=0,  # so that who starts late needs a snapshot
    )
    with Cluster(config, folder, setting.value_bytes) as cluster, ExitStack() as stack:
        replicas = _Replicas(cluster, state_bytes, stack)
        replicas.start(1, 2)
        if not snapshots:
            replicas.start(3)
        for number, path in enumerate(inputs[:-1], 1):
            cluster.start_fed("client", number, path, setting.client_options())
        cluster.start("client", [setting.clients + 1], stdin=inputs[-1])
        cluster.wait_for_end(Member("client", setting.clients + 1))
        began_s = cluster.open_gates()
        timed = _Timed(0.0, 0.0)
        if snapshots:
            replicas.wait(lambda: _has_trimmed(folder))
            timed.installed_s = replicas.catch_up(3)
        replicas.wait(lambda: replicas.applied(1) > total)
        timed.rate = total / (time.monotonic() - began_s)
        replicas.wait(lambda: min(map(replicas.applied, (1, 2, 3))) > total)
        if snapshots:
            timed.checkpoints = _count(folder, "learner-1.*", "Checkpoint")
            timed.start_up_s, timed.start_up_values = replicas.again(1)
    waits_us = (up_to_us for up_to_us, _ in latency_of(folder).buckets)
    timed.longest_ms = max(waits_us, default=0.0) / 1e3  # a very short run counts none
    timed.waits_ms = longest_waits_ms(folder)
    checked = check(folder, runner.out)
    runner.folders.done(folder, conforms=checked.conforms)
    return timed, checked


class _Replicas:
    """The replicas of one run, each a helper."""

    def __init__(self, cluster: Cluster, state_bytes: int, stack: ExitStack) -> None:
        self._cluster = cluster
        self._state_bytes = state_bytes
        self._stack = stack
        self._helpers: dict[int, Helper] = {}
        self._seen: dict[int, int] = {}

    def start(self, *numbers: int) -> None:
        """Start replicas, and wait until each has its state."""
        for number in numbers:
            self._spawn(number, self._state_bytes).line()

    def _spawn(self, number: int, state_bytes: int) -> Helper:
        """With a state of its own of so many bytes."""
        arguments = (self._cluster.config_file, self._cluster.run_dir, number, state_bytes)
        helper = self._stack.enter_context(Helper("ballast", arguments))
        self._helpers[number] = helper
        return helper

    def applied(self, number: int) -> int:
        """Values that a replica has applied."""
        path = self._cluster.run_dir / f"applied-{number}"
        text = path.read_text(encoding="ascii") if path.exists() else ""
        self._seen[number] = int(text) if text else self._seen.get(number, 0)
        return self._seen[number]

    def wait(self, done: Callable[[], bool]) -> None:
        """Until `done()`. Raises `RunError` when nothing is applied any more, or a replica ends."""
        progress, news_s = list[int](), time.monotonic()
        while not done():
            now = [self.applied(number) for number in self._helpers]
            if now != progress:
                progress, news_s = now, time.monotonic()
            if time.monotonic() > news_s + STALL_S:
                raise RunError(f"nothing was applied for {STALL_S:g} s, after {now} values")
            for helper in self._helpers.values():
                if helper.process.poll() is not None:
                    raise helper.failure()
            time.sleep(LOOK_S)

    def catch_up(self, number: int) -> float:
        """Start a replica that needs a snapshot; how long it took to have what others had."""
        there, began_s = self.applied(1), time.monotonic()
        self._spawn(number, 0).line()  # its state is to come from another one
        self.wait(lambda: self.applied(number) >= there)
        return time.monotonic() - began_s

    def again(self, number: int) -> tuple[float, int]:
        """End a replica and start it again; how long that took until it had its state, and of how
        many values that was."""
        self._helpers[number].__exit__(None, None, None)
        began_s = time.monotonic()
        count = int(self._spawn(number, 0).line())
        return time.monotonic() - began_s, count


def _reads(runner: Runner, seconds: float) -> tuple[float, float, Checked]:
    """Linearizable reads per second of three replicas together, with many under way at each; the
    median of one at a time, in microseconds, of the first."""
    setting = Setting(proposers=3, learners=3, replicas=True)
    folder = runner.folders.new("", 4)
    config = configuration.override(setting.config(), checkpoints=True)
    with Cluster(config, folder, setting.value_bytes) as cluster, ExitStack() as stack:
        nodes = [
            stack.enter_context(
                Helper("reading_node", (cluster.config_file, folder, number, seconds))
            )
            for number in (1, 2, 3)
        ]
        for node in nodes:
            node.line()
        found = [json.loads(node.line()) for node in nodes]
    checked = check(folder, runner.out)
    runner.folders.done(folder, conforms=checked.conforms)
    return sum(one["rate"] for one in found), found[0]["one_us"], checked


def _has_trimmed(folder: Path) -> bool:
    return _count(folder, "acceptor-*", "Trim") > 0


def _count(folder: Path, files: str, event: str) -> int:
    """Events of a kind, in the traces so far."""
    start = f'{{"event":"{event}"'.encode()
    return sum(_starting(path, start) for path in folder.glob(f"{files}.ndjson"))


def _starting(path: Path, start: bytes) -> int:
    with path.open("rb") as lines:
        return sum(line.startswith(start) for line in lines)
