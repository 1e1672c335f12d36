"""How many system calls processes make, counted by the kernel for `perf stat`.

Counting costs each call something, so it is done in runs that are not timed. Nobody but the kernel
stops a process for it, as `strace` would, beside which timers run out and everything is repeated.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from types import TracebackType

from paxos.errors import RunError

PERF = ("perf", "stat", "--field-separator=,", "--event=raw_syscalls:sys_enter")
PATIENCE_S = 10.0
"""How long `perf` may take to begin, or to say what it has found."""


def missing() -> str:
    """Why they cannot be counted here; empty: they can be."""
    if not shutil.which(PERF[0]):
        return "perf is not installed"
    trial = [*PERF, "true"]
    done = subprocess.run(trial, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
    return "" if parse(done.stderr) else "perf may not count them here (root may)"


def parse(said: str) -> int:
    """The count in what `perf` says at its end; 0: there is none."""
    found = re.search(r"^(\d+),[^,]*,raw_syscalls:sys_enter,", said, re.MULTILINE)
    return int(found[1]) if found else 0


class Counting:
    """Counts those of some processes, from when the `with` block is entered until `end`."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids

    def __enter__(self) -> Counting:
        orders, control = os.pipe()
        answers, told = os.pipe()
        begin = ["--delay=-1", f"--control=fd:{orders},{told}"]  # only when it is told to
        self._perf = subprocess.Popen(
            [*PERF, *begin, "--pid", ",".join(map(str, self._pids))],
            pass_fds=(orders, told),
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(orders)
        os.close(told)
        try:
            os.write(control, b"enable\n")
            has_begun = os.read(answers, 16)
        except BrokenPipeError:
            has_begun = b""
        finally:
            os.close(control)
            os.close(answers)
        if not has_begun:
            raise _failed(self._said())
        return self

    def end(self) -> int:
        """How many there were."""
        self._perf.send_signal(signal.SIGINT)
        said = self._said()
        if not (count := parse(said)):
            raise _failed(said)
        return count

    def _said(self) -> str:
        return self._perf.communicate(timeout=PATIENCE_S)[1]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._perf.poll() is None:
            self._perf.kill()
            self._perf.communicate()


def _failed(said: str) -> RunError:
    why, _, _ = said.strip().partition("\n")
    return RunError(f"perf counts no system calls: {why}")
