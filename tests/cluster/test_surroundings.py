"""What whoever starts a process may hand down to it, and what a machine may not have enough of:
each command goes on, or ends with one line."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.cluster.processes import (
    ENVIRONMENT,
    PATIENCE_S,
    PAXOS,
    Cluster,
    begin_run,
    conformance,
    run,
)
from tests.leftovers import processes_of

pytestmark = pytest.mark.multicast


@pytest.fixture
def values_file(tmp_path: Path) -> Path:
    path = tmp_path / "values"
    path.write_bytes(b"".join(b"value %d\n" % n for n in range(50)))
    return path


def test_streams_that_do_not_block(cluster: Cluster) -> None:
    """A client's input, a learner's output and what everybody says, with a reader that is slow."""
    cluster.start("acceptor-1", "acceptor-2", "acceptor-3", "proposer-1")
    config = ["--config", str(cluster.config), "--run-dir", str(cluster.run_dir)]
    ends = {name: os.pipe() for name in ("input", "output", "said")}
    for reader, writer in ends.values():
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
    for role, stdin, stdout in (
        ("learner", subprocess.DEVNULL, ends["output"][1]),
        ("client", ends["input"][0], subprocess.DEVNULL),
    ):
        cluster.processes[f"{role}-1"] = subprocess.Popen(
            [*PAXOS, role, "1", *config, "--verbose"],
            stdin=stdin,
            stdout=stdout,
            stderr=ends["said"][1],
            env=ENVIRONMENT,
        )
    values = [b"%d " % n + bytes(1_000).replace(b"\0", b"x") for n in range(500)]
    lines = b"".join(value + b"\n" for value in values)
    feeder, output = ends["input"][1], ends["output"][0]
    os.set_blocking(feeder, True)
    os.set_blocking(output, True)
    feeding = threading.Thread(target=_feed, args=(feeder, lines))
    feeding.start()
    got = b""
    while len(got) < len(lines):
        got += os.read(output, 4_096)
    feeding.join()
    assert cluster.processes["client-1"].wait(PATIENCE_S) == 0
    assert sorted(got.splitlines()) == sorted(values)
    cluster.stop()
    for ends_of in ends.values():
        for fd in ends_of:
            if fd != feeder:
                os.close(fd)


def _feed(fd: int, data: bytes) -> None:
    with os.fdopen(fd, "wb") as pipe:
        pipe.write(data)


def test_descriptors_above_1023(tmp_path: Path, values_file: Path) -> None:
    script = (
        "import os, subprocess, sys\n"
        "held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]\n"
        "sys.exit(subprocess.run(sys.argv[1:], pass_fds=held).returncode)\n"
    )
    arguments = ["run", "--values", str(values_file), "--run-dir", str(tmp_path / "r")]
    ended = subprocess.run(
        [sys.executable, "-c", script, *PAXOS, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        preexec_fn=partial(limit, resource.RLIMIT_NOFILE, 4_096),
    )
    assert ended.returncode == 0, ended.stderr
    assert "delivered the same sequence" in ended.stdout


def limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, max(most, resource.getrlimit(what)[1])))


def block_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})


def test_signals_that_the_parent_has_blocked(cluster: Cluster, values_file: Path) -> None:
    for role in ("acceptor", "proposer", "learner", "client"):
        process = subprocess.Popen(
            [*PAXOS, role, "1", "--config", str(cluster.config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd=cluster.run_dir,
            preexec_fn=block_signals,  # noqa: PLW1509 - no threads here
        )
        cluster.processes[f"{role}-1"] = process
    cluster.stop()


def test_a_child_that_had_to_be_killed_is_said(tmp_path: Path, values_file: Path) -> None:
    """It is stopped, so it hears of no SIGTERM; the two other acceptors deliver everything."""
    run_dir = tmp_path / "r"
    process = begin_run(run_dir, values_file)
    for pid in processes_of(run_dir):
        if b"acceptor\x003\x00" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGSTOP)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert "delivered the same sequence" in out
    assert "acceptor-3 did not stop within 5 s and was killed" in err
    assert process.returncode == 1


def test_a_run_that_is_frozen_is_not_out_of_patience(tmp_path: Path, values_file: Path) -> None:
    run_dir = tmp_path / "r"
    process = begin_run(run_dir, values_file, "--timeout", "5")  # so long may its start take
    others = [pid for pid in processes_of(run_dir) if pid != process.pid]
    frozen = threading.Event()
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    frozen.wait(0.3)  # it looks once more, after which there is nothing new
    os.kill(process.pid, signal.SIGSTOP)
    frozen.wait(6.0)  # is longer than its time-out
    os.kill(process.pid, signal.SIGCONT)
    frozen.wait(0.3)  # it looks before anybody else does anything
    for pid in others:
        os.kill(pid, signal.SIGCONT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "delivered the same sequence" in out


def test_names_of_files_that_are_not_utf8(tmp_path: Path, values_file: Path) -> None:
    folder = tmp_path / os.fsdecode(b"nb\xff")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    config = folder / os.fsdecode(b"c\xfe.yaml")
    config.write_text("acceptors: 1\nproposers: 1\n", encoding="utf-8")
    values = folder / os.fsdecode(b"v\xfd")
    values.write_bytes(values_file.read_bytes())
    key = folder / os.fsdecode(b"k\xfc")
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    run_dir = folder / os.fsdecode(b"r\xfa")
    options = ["--values", values, "--run-dir", run_dir, "--config", config, "--key-file", key]
    ended = subprocess.run(
        [*PAXOS, "run", *map(str, options), "--data-dir", str(folder / os.fsdecode(b"d\xfb"))],
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 0, ended.stderr
    assert b"run folder: " + os.fsencode(run_dir) in ended.stdout
    traces = list(run_dir.glob("*.ndjson"))
    assert len(traces) == 1 + 1 + 2 + 1
    for trace in traces:
        head = json.loads(trace.read_text(encoding="utf-8").splitlines()[0])
        assert head["run"] == "r\\xfa"
        assert head["config"]["key_file"].endswith("/nb\\xff/k\\xfc")
    ended = subprocess.run(
        [*PAXOS, "acceptor", "1", "--config", str(folder / os.fsdecode(b"no\xff"))],
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr.count(b"\n")) == (2, 1)
    assert b"no\xff: No such file" in ended.stderr
    run_dir.rename(tmp_path / "r")  # what the checker prints need not be UTF-8 either
    conformance(tmp_path / "r")


LITTLE = 34_000 << 10
"""Bytes of address space in which Python starts and has no room for the stack of a thread."""

SHORT_OF: list[tuple[str, Callable[[], None], str]] = [
    ("memory", partial(limit, resource.RLIMIT_AS, LITTLE), "`ulimit -v`"),
    ("descriptors", partial(limit, resource.RLIMIT_NOFILE, 8), "`ulimit -n`"),
]


@pytest.mark.parametrize(("what", "shorten", "said"), SHORT_OF)
@pytest.mark.parametrize("command", ["acceptor", "proposer", "learner", "client", "simulate"])
def test_what_the_machine_has_not_enough_of(
    cluster: Cluster, command: str, what: str, shorten: Callable[[], None], said: str
) -> None:
    if command == "simulate":
        arguments = ["simulate", "--seed", "8"]
    else:
        arguments = [command, "1", "--config", str(cluster.config), "--run-dir", "r"]
    ended = run(*arguments, preexec_fn=shorten, cwd=cluster.run_dir)
    lines = ended.stderr.splitlines()
    assert ended.returncode == 2, ended.stderr
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("error: ")
    assert said in lines[0]


def test_a_run_on_a_machine_that_has_not_enough(tmp_path: Path, values_file: Path) -> None:
    for _, shorten, said in SHORT_OF:
        ended = run("run", "--values", values_file, preexec_fn=shorten, cwd=tmp_path)
        assert ended.returncode == 2, ended.stderr
        assert "Traceback" not in ended.stderr
        assert said in ended.stderr


def test_results_that_cannot_be_written() -> None:
    """No failure of the output is a verdict on the protocol, whose status is 1."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        for arguments, status in (("simulate --seed 8 --steps 100", 2), ("--help", 1)):
            ended = subprocess.run(
                [*PAXOS, *arguments.split()],
                env=ENVIRONMENT,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            assert ended.returncode == status
            assert ended.stderr == "error: standard output: No space left on device\n"
