"""TLC's distributed mode with every worker on a host of its own: a network namespace, in place of
ssh to it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.modelcheck.manifest import choose, load
from conformance.tlc import toolchain
from tests.cluster.hosts import SUBNET, Hosts, command, missing
from tests.cluster.processes import ENVIRONMENT

pytestmark = [pytest.mark.tlc, pytest.mark.timeout(600)]  # TLC on a loaded machine

WORKERS = ("worker-1", "worker-2", "worker-3")


class Machines(Hosts):
    """A host for the server and three for workers; `ssh ADDRESS` on the first one runs its command
    on the host of that address, as ssh would."""

    def __enter__(self) -> Machines:
        super().__enter__()
        for name in ("server", *WORKERS):
            self._host(name)
            self.on_host(name, "ip", "link", "set", "lo", "up")
        self.programs = self.config.parent / "programs"
        self.programs.mkdir()
        ssh = self.programs / "ssh"
        lines = [
            f'{self.address(name)}) exec ip netns exec {self._host(name)} sh -c "$4" ;;'
            for name in WORKERS
        ]
        ssh.write_text(
            '#!/bin/sh\nexport SSH_CONNECTION="here 1 $3 22"\ncase $3 in\n'
            + "\n".join(lines)
            + "\nesac\n",
            encoding="utf-8",
        )
        ssh.chmod(0o755)
        return self

    def address(self, name: str) -> str:
        """What a host is reached at."""
        return f"{SUBNET}.{list(self._hosts).index(name) + 1}"

    def check(self, model: str) -> subprocess.Popen[str]:
        """The command, started on the host of the server with three workers."""
        workers = [word for name in WORKERS for word in ("--worker", self.address(name))]
        java = ["--remote-java", str(toolchain.find_java())]
        limits = ["--threads", "1", "--heap", "1024", "--timeout", "500"]
        words = ["spec-distributed", "--model", model, *workers, *java, *limits]
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        within = ["ip", "netns", "exec", self._host("server")]
        return subprocess.Popen(
            [*within, sys.executable, "-m", "conformance", *words],
            env={**ENVIRONMENT, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def java_of(self, name: str) -> list[int]:
        """The processes of Java on a host."""
        pids = command("ip", "netns", "pids", self._host(name)).stdout.split()
        return [pid for pid in map(int, pids) if "java" in Path(f"/proc/{pid}/exe").readlink().name]


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    if why := missing("ip"):
        pytest.skip(why)
    with Machines(tmp_path) as made:
        yield made


def test_a_worker_killed_in_the_middle_costs_only_time(machines: Machines) -> None:
    [model] = choose(load(), "all", ["paxos-direct-ahead"])
    with machines.check(model.name) as running:
        try:
            assert running.stderr is not None
            told = iter(running.stderr.readline, "")
            seen = next(found for line in told if (found := re.search(r"([\d,]+) states", line)))
            assert 0 < int(seen[1].replace(",", "")) < (model.states or 0)
            [victim] = machines.java_of("worker-2")
            os.kill(victim, signal.SIGKILL)
            out, err = running.communicate(timeout=500)
        finally:
            running.terminate()
    assert running.returncode == 0, out + err
    assert out.splitlines()[1].split()[:4] == [model.name, "ok", "ok", f"{model.states:,}"]
    assert all(not machines.java_of(name) for name in ("server", *WORKERS))


def test_what_failed_is_named(machines: Machines) -> None:
    with machines.check("synod-own-value") as running:
        out, err = running.communicate(timeout=500)
    assert running.returncode == 0, out + err
    row = out.splitlines()[1].split()
    assert row[:5] == ["synod-own-value", "violates", "Agreement", "violates", "Agreement"]
