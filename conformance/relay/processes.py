"""The processes that a schedule starts: each leads a process group, and is ended with its group.

A group is only signalled while its leader has not been waited for, so that its number can belong to
nobody else. Whatever happens to the relay itself, the groups are ended: by `end_all`, or by the
keeper.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

KEEPER = Path(__file__).with_name("keeper.py")

STOP_S = 5.0
"""A process that has not ended so long after SIGTERM is killed."""

LOOK_S = 0.01
"""How often is looked whether a process has ended."""


class ProcessError(Exception):
    """A process cannot be started, or there is none to do that to. One line."""


class Processes:
    """A context: what was started in it is gone after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.statuses: dict[str, int] = {}
        """How those that ended did so last: the exit status, or minus a signal's number."""

    def __enter__(self) -> Self:
        self._keeper = subprocess.Popen(
            [sys.executable, str(KEEPER)], stdin=subprocess.PIPE, start_new_session=True
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.end_all()
        finally:
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()
            self._keeper.wait()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a process; what it prints goes to NAME.log in the folder, after what is there.

        Raises `ProcessError`.
        """
        if self.alive(name):
            raise ProcessError(f"{name} is running already; kill or stop it first")
        try:
            with (self.folder / f"{name}.log").open("ab") as log:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **environment},
                    start_new_session=True,
                )
        except OSError as error:
            raise ProcessError(
                f"{name}: {command[0]} cannot be started: {error.strerror}; see `run`"
            ) from None
        self.running[name] = process
        self._tell_keeper(f"+{process.pid}")

    def alive(self, name: str) -> bool:
        """Whether it runs. What is left of the group of one that has ended is killed now."""
        process = self.running.get(name)
        if process is None:
            return False
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        if os.waitid(os.P_PID, process.pid, options) is None:
            return True
        self._reap(name)
        return False

    def look(self) -> list[str]:
        """Those that have ended by themselves since the last look, or the start."""
        return [name for name in list(self.running) if not self.alive(name)]

    def send_signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and all that it has started. Raises `ProcessError`."""
        if not self._signal_if_alive(name, number):
            raise ProcessError(f"{name} is not running{self.how(name)}")

    def tell(self, name: str, line: str) -> None:
        """Write a line to its standard input. Raises `ProcessError`."""
        if not self.alive(name):
            raise ProcessError(f"{name} is not running{self.how(name)}")
        pipe = self.running[name].stdin
        assert pipe is not None
        try:
            pipe.write(line.encode() + b"\n")
            pipe.flush()
        except OSError as error:
            raise ProcessError(f"{name} does not read its input: {error.strerror}") from None

    def kill(self, *names: str) -> None:
        """End processes and their groups at once, as a crash would. Raises `ProcessError`."""
        for name in names:
            self.send_signal(name, signal.SIGKILL)
        for name in names:
            self._reap(name)

    def ask_to_end(self, *names: str) -> None:
        """Send SIGTERM, also to those that are paused. Raises `ProcessError`."""
        for name in names:
            self.send_signal(name, signal.SIGTERM)
        for name in names:
            self._signal_if_alive(name, signal.SIGCONT)

    def alive_of(self, names: Iterable[str]) -> list[str]:
        """Those that run."""
        return [name for name in names if self.alive(name)]

    def end_all(self) -> None:
        """Ask what still runs to end, and kill it if it has not after `STOP_S`."""
        names = list(self.running)
        for number in (signal.SIGTERM, signal.SIGCONT):
            for name in names:
                self._signal_if_alive(name, number)
        until_s = time.monotonic() + STOP_S
        while self.alive_of(names) and time.monotonic() < until_s:
            time.sleep(LOOK_S)
        for name in names:
            if self._signal_if_alive(name, signal.SIGKILL):
                self._reap(name)

    def how(self, name: str) -> str:
        """How it ended last, in words that go after others; nothing if it never ran."""
        status = self.statuses.get(name)
        if status is None:
            return ""
        said = f"by signal {-status}" if status < 0 else f"with status {status}"
        return f": it ended {said} (see {self.folder / f'{name}.log'})"

    def _signal_if_alive(self, name: str, number: signal.Signals) -> bool:
        if not self.alive(name):
            return False
        os.killpg(self.running[name].pid, number)  # if it ends now, its number is still its own
        return True

    def _reap(self, name: str) -> None:
        process = self.running[name]
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # what it has left behind
        self.statuses[name] = process.wait()
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        del self.running[name]
        self._tell_keeper(f"-{process.pid}")

    def _tell_keeper(self, line: str) -> None:
        assert self._keeper.stdin is not None
        with suppress(OSError):  # without it all is as before, but for a relay that is killed
            self._keeper.stdin.write(line.encode() + b"\n")
            self._keeper.stdin.flush()
