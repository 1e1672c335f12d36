"""Ends the processes of a schedule if the relay is killed: a program of its own, run by file name.

It reads lines on standard input, `+GROUP` when a process group was made and `-GROUP` when it has
ended. When the input ends, which it does however the relay goes, it kills the groups that are left.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress


def keep(lines: Iterable[str]) -> None:
    """Read what there is to read, then kill what is left."""
    groups: set[int] = set()
    for line in lines:
        change, group = line[0], int(line[1:])
        (groups.add if change == "+" else groups.discard)(group)
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    for interruption in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(interruption, signal.SIG_IGN)
    keep(sys.stdin)
