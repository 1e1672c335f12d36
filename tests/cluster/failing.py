"""The `paxos` command with a disk that fails on command: `python -m tests.cluster.failing FILE
ROLE ...`. As soon as FILE is there, whatever is to be made durable ends with the error that FILE
names, such as `ENOSPC before`: before anything is written, or `after` all of it is, as when fsync
fails and what was written is on disk all the same. A process that begins later keeps that it has
begun: on a busy machine that may be after FILE was made, and it would end before its first step."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from paxos.cli import main
from paxos.core.step import Write
from paxos.runtime.sqlite_storage import SqliteStorage

COMMAND = Path(sys.argv[1])

_save = SqliteStorage.save


def save(storage: SqliteStorage, writes: Sequence[Write]) -> None:
    if writes and COMMAND.exists():
        name, when = COMMAND.read_text(encoding="utf-8").split()
        if when == "after":
            _save(storage, writes)
        number = getattr(errno, name)
        raise OSError(number, os.strerror(number))
    _save(storage, writes)


if __name__ == "__main__":
    SqliteStorage.save = save  # type: ignore[assignment, method-assign]
    sys.exit(main(sys.argv[2:]))
