"""Processes beside the cluster under test: the peer's nodes, the other end of raw multicast.

Each is a module of this package, run with `python -m`. It holds the reading end of a pipe as its
standard input, and ends when that is closed: by its parent, or with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

from paxos.errors import RunError
from paxos.runtime.children import environment

PATIENCE_S = 5.0
"""A helper that has not ended so long after its input was closed is killed."""


def end_with_parent() -> None:
    """For a helper, at its start: end when the parent closes standard input or is gone."""

    def watch() -> None:
        with suppress(OSError):
            while os.read(0, 1 << 10):
                pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


class Helper:
    """A helper process, ended when the `with` block is left."""

    def __init__(self, module: str, arguments: Sequence[object]) -> None:
        self._name = module
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"harness.bench.{module}", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=environment(),
        )

    def __enter__(self) -> Helper:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process = self.process
        assert process.stdin and process.stdout and process.stderr
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()

    @property
    def output(self) -> int:
        """The file descriptor of its standard output."""
        assert self.process.stdout
        return self.process.stdout.fileno()

    def line(self) -> bytes:
        """The next line that it writes, waited for. A helper writes a line only when it was asked
        for something, so none waits behind it. Raises `RunError` if it ended instead."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self.failure()
        return line

    def failure(self) -> RunError:
        """Why it ended, in its own last words. Waits for its end."""
        assert self.process.stderr
        last = self.process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        return RunError(f"{self._name}: {last[-1] if last else 'ended without a word'}")
