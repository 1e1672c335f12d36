"""What the machine has not enough of is said with the limit that was met; nothing else is taken for
that."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from paxos.config import Config
from paxos.errors import InputError, reason, shortage
from paxos.runtime.cluster import ClusterOptions, run_cluster
from paxos.runtime.shutdown import Stop


def system_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "out of memory; `ulimit -v`"),
        (RuntimeError("can't start new thread"), "no more threads; `ulimit -u`"),
        (ImportError("x.so: failed to map segment from shared object"), "while loading"),
        (system_error(errno.EMFILE), "Too many open files (`ulimit -n`"),
        (system_error(errno.ENFILE), "fs.file-max"),
        (system_error(errno.ENOMEM), "Cannot allocate memory (`ulimit -v`"),
        (system_error(errno.EAGAIN), "pids.max"),
    ],
)
def test_what_there_is_not_enough_of(error: BaseException, said: str) -> None:
    text = shortage(error)
    assert text is not None
    assert said in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "error",
    [RuntimeError("other"), ImportError("no module"), system_error(errno.ENOENT), ValueError()],
)
def test_anything_else(error: BaseException) -> None:
    assert shortage(error) is None


def test_the_reason_is_the_systems_own() -> None:
    assert reason(system_error(errno.ENOSPC)) == "No space left on device"
    assert reason(OSError("only text")) == "only text"


def test_a_cluster_for_which_there_are_not_enough_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with `pids.max` of a container."""

    def fork(*_: object, **__: object) -> object:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(subprocess, "Popen", fork)
    values = tmp_path / "values"
    values.write_bytes(b"a\n")
    with pytest.raises(InputError, match=r"pids\.max"):
        run_cluster(Config(), Stop(), ClusterOptions(values=[values], run_dir=tmp_path / "r"))
