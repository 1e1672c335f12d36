"""A cluster under measurement: started, warmed up, watched from outside, stopped.

Watching costs next to nothing, whatever the load: values are all of one size, so the size of a
learner's output says how many it has delivered. Nobody reads or counts while the cluster runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import NamedTuple

from harness.bench import proc
from harness.bench.watched import Watched
from paxos import config as configuration
from paxos.config import Config
from paxos.core.names import Member, Replica
from paxos.errors import InputError, RunError, reason
from paxos.runtime.children import output_path, start, stop_all
from paxos.runtime.groups import ChosenGroups

LOOK_S = 0.01
"""How often the outputs are looked at."""

READ_S = 0.25
"""How often what the processes use is read."""

STALL_S = 60.0
"""When nothing was delivered for so long, the run has failed."""

PIPE_BYTES = 1 << 20


class Sample(NamedTuple):
    """What each learner had delivered at one time."""

    at_s: float
    delivered: tuple[int, ...]


class Cluster:
    """The processes of one run. Leaving the `with` block stops them all."""

    def __init__(self, config: Config, run_dir: Path, value_bytes: int) -> None:
        self.run_dir = run_dir
        self.watched: list[Watched] = []
        self.samples: list[Sample] = []
        self.outputs: list[Path] = []
        self._line_bytes = value_bytes + 1
        self._gates: list[tuple[int, Path]] = []
        self._read_due_s = 0.0
        self._chosen = ChosenGroups(config)
        self.config = configuration.override(
            config, groups=self._chosen.groups, cluster=self._chosen.cluster
        )
        self.config_file = run_dir / "config.yaml"
        try:
            (run_dir / "logs").mkdir(parents=True)
            self.config_file.write_text(configuration.dump(self.config), encoding="utf-8")
        except OSError as error:
            self._chosen.__exit__()
            raise InputError(f"run folder {run_dir}: {reason(error)}") from error

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        stop_all([watched.child for watched in self.watched])
        for gate, _ in self._gates:
            os.close(gate)
        self._chosen.__exit__()

    # Starting.

    def start(
        self,
        role: str,
        numbers: Iterable[int],
        options: Sequence[str] = (),
        stdin: Path | None = None,
    ) -> None:
        """Start processes of a role, or replicas."""
        given = ["--config", str(self.config_file), "--run-dir", str(self.run_dir), *options]
        for number in numbers:
            process = Replica(number) if role == "replica" else Member(role, number)
            self.watched.append(Watched(start(process, given, self.run_dir, stdin=stdin)))
            self.outputs += [
                output_path(self.run_dir, member)
                for member in process.members
                if member.role == "learner"
            ]

    def start_fed(self, role: str, number: int, values: Path, options: Sequence[str]) -> None:
        """Start a client, or a replica that has one, which gets its values when `open_gates` is
        called."""
        fifo = self.run_dir / f"{Member('client', number)}.in"
        os.mkfifo(fifo)
        both = os.open(fifo, os.O_RDWR)  # so that neither end has to wait for the other
        try:
            self.start(role, [number], options, stdin=fifo)
            self._gates.append((os.open(fifo, os.O_WRONLY), values))
        finally:
            os.close(both)

    def wait_until_all_listen(self) -> None:
        """Until every process that has not ended has its sockets."""
        self.watch(lambda _: all(w.listens or not w.child.alive for w in self.watched))

    def open_gates(self) -> float:
        """When every process listens, give all clients their values; when that was. The kernel
        moves the values from file to pipe; no process has to. Clients stay until the run is over:
        what it costs a process to end is not the others'."""
        self.wait_until_all_listen()
        opened_s = self.samples[-1].at_s
        for gate, values in self._gates:
            Thread(target=_feed, args=(gate, values), daemon=True).start()
        return opened_s

    # Watching.

    def watch(self, done: Callable[[tuple[int, ...]], bool], stall_s: float = STALL_S) -> None:
        """Take samples until `done(delivered)`. Raises `RunError` when a process fails, or nothing
        was delivered for `stall_s`."""
        news_s, before = time.monotonic(), tuple[int, ...]()
        while True:
            now_s = time.monotonic()
            delivered = tuple(path.stat().st_size // self._line_bytes for path in self.outputs)
            self.samples.append(Sample(now_s, delivered))
            if now_s >= self._read_due_s:
                self._read(now_s)
            if done(delivered):
                self._read(now_s)
                return
            if delivered != before:
                news_s, before = now_s, delivered
            if now_s > news_s + stall_s:
                raise RunError(
                    f"nothing was delivered for {stall_s:g} s, after {list(delivered)} values; "
                    f"run folder {self.run_dir}"
                )
            time.sleep(LOOK_S)

    def _read(self, now_s: float) -> None:
        self._read_due_s = now_s + READ_S
        udp = proc.udp_drops()
        for watched in self.watched:
            watched.read(now_s, udp)
            # Only now: a process whose end was noticed is gone from /proc.
            if watched.child.just_died() and watched.child.status != 0:
                raise RunError(f"{watched.child.member} {watched.child.how}")

    def wait_for_end(self, member: Member) -> None:
        """Until a process has ended by itself. Raises `RunError` as `watch` does."""
        (child,) = (w.child for w in self.watched if w.child.member == member)
        self.watch(lambda _: not child.alive)


def _feed(gate: int, values: Path) -> None:
    """Move a whole file into a pipe."""
    with values.open("rb") as file, suppress(OSError):  # a client that fails is noticed elsewhere
        while os.sendfile(gate, file.fileno(), None, PIPE_BYTES):
            pass
