"""`paxos run` notices each of its processes that ends, and says why, whatever becomes of its
log."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos.config import Config
from paxos.errors import InputError
from paxos.runtime import cluster
from paxos.runtime.cluster import ClusterOptions, run_cluster
from paxos.runtime.shutdown import Stop
from tests.cluster.processes import PATIENCE_S, begin_run, run
from tests.leftovers import processes_of

pytestmark = pytest.mark.multicast


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for little."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=512k"]
    mounted = subprocess.run(
        ["mount", *options, "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.parametrize("options", [[], ["--storage", "memory"]], ids=["sqlite", "memory"])
def test_a_full_disk_is_named_though_it_has_the_logs(
    small_disk: Path, tmp_path: Path, options: list[str]
) -> None:
    values = tmp_path / "values"
    values.write_bytes(b"".join(b"%d " % n + b"x" * 1_000 + b"\n" for n in range(2_000)))
    arguments = ["--values", values, "--run-dir", small_disk / "r", *options]
    ended = run("run", *arguments, "--clients", "1")
    assert ended.returncode in (1, 2), "the disk was full later, or at once"
    last = ended.stderr.splitlines()[-1]
    assert re.match(r"error: [a-z]+-\d ended with exit status [12]: [a-z]+[- ]", last), last
    assert "No space left on device" in last or "disk is full" in last, ended.stderr


def test_a_process_that_cannot_start_says_why_without_a_log(tmp_path: Path) -> None:
    """Its log goes where nothing is kept."""
    (tmp_path / "r" / "logs").mkdir(parents=True)
    for name in ("learner-1", "learner-2", "acceptor-1", "acceptor-2", "acceptor-3"):
        (tmp_path / "r" / "logs" / f"{name}.log").symlink_to(os.devnull)
    config = tmp_path / "c.yaml"
    config.write_text("interface: 203.0.113.9\n", encoding="utf-8")
    ended = run("run", "--config", config, "--run-dir", tmp_path / "r")
    assert ended.returncode == 2
    last = ended.stderr.splitlines()[-1]
    assert re.match(
        r"error: [a-z]+-\d ended with exit status 2: this machine has no network interface", last
    ), ended.stderr


def test_an_end_is_noticed_when_it_comes_and_not_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "LOOK_S", 3_600.0)
    config = Config(interface="203.0.113.9")
    with pytest.raises(InputError, match="ended with exit status 2: this machine has no network"):
        run_cluster(config, Stop(), ClusterOptions(run_dir=tmp_path / "r"))


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (signal.SIGTERM, "ended with exit status 0"),
        (signal.SIGINT, None),
        (signal.SIGKILL, "was killed (SIGKILL)"),
    ],
)
def test_whoever_ends_is_said(tmp_path: Path, number: signal.Signals, how: str | None) -> None:
    """An acceptor of three: the others go on. One that Ctrl-C has ended has failed."""
    values = tmp_path / "values"
    values.write_bytes(b"".join(b"value %d\n" % n for n in range(50)))
    run_dir = tmp_path / "r"
    process = begin_run(run_dir, values)
    for pid in processes_of(run_dir):
        if b"acceptor\x003\x00" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, number)
    out, err = process.communicate(timeout=PATIENCE_S)
    if how is None:
        assert process.returncode == 1
        assert "error: acceptor-3 ended with exit status 130" in err
    else:
        assert process.returncode == 0, err
        assert f"acceptor-3 {how}\n" in err
        assert "all learners delivered the same sequence" in out
