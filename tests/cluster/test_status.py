"""`paxos status` of real processes: who answers, who leads, and the exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.processes import ENVIRONMENT, PATIENCE_S, PAXOS, Cluster, run, wait_for

pytestmark = pytest.mark.multicast

STEADY_S = "30"
"""Nobody is called silent only because the machine has much to do."""


def status(cluster: Cluster, *options: str) -> subprocess.CompletedProcess[str]:
    return run("status", "--config", cluster.config, *options)


def asked(cluster: Cluster, timeout_s: str = "1") -> dict[str, Any]:
    ended = status(cluster, "--format", "json", "--timeout", timeout_s)
    assert ended.returncode in (0, 1), ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


@pytest.mark.parametrize("key", [False, True])
def test_all_are_there_and_one_leads(tmp_path: Path, key: bool) -> None:
    settings: dict[str, Any] = {"learners": 1, "clients": 1}
    if key:
        key_file = tmp_path / "key"
        key_file.write_bytes(os.urandom(32))
        key_file.chmod(0o600)
        settings["key_file"] = str(key_file)
    with Cluster(tmp_path, **settings) as cluster:
        cluster.start_all(learners=1)
        cluster.start("client-1")
        cluster.say("client-1", b"one", b"two", b"three")
        cluster.wait_delivered(3, "learner-1")
        ended = status(cluster, "--format", "json", "--timeout", STEADY_S)
        assert ended.returncode == 0, ended.stdout
        found = json.loads(ended.stdout)
        rows = {row["process"]: row for row in found["processes"]}
        assert len(rows) == 7 and not any(row["silent"] for row in rows.values())
        assert found["leader"] == cluster.leader() and rows[found["leader"]]["leads"]
        assert found["missing"] == [] and found["delivered"] >= 1
        assert rows["learner-1"]["values"] == 3
        assert rows["learner-1"]["pid"] == cluster.processes["learner-1"].pid
        assert rows["acceptor-1"]["ballot"] == found["ballot"]
        assert all(row["memory_bytes"] > 1 << 20 for row in rows.values())
        if key:  # who has another one hears nothing, and is not heard
            other = tmp_path / "other"
            other.write_bytes(os.urandom(32))
            other.chmod(0o600)
            ended = status(cluster, "--key-file", str(other), "--timeout", "1")
            assert ended.returncode == 1
            assert "learner-1   silent" in ended.stdout
        cluster.stop()


def test_who_is_silent_is_shown_and_nobody_leads_without_proposers(cluster: Cluster) -> None:
    cluster.start("acceptor-1", "acceptor-2", "learner-1")

    def answer() -> bool:
        rows = asked(cluster)["processes"]
        return [row["process"] for row in rows if not row["silent"]] == [
            "acceptor-1",
            "acceptor-2",
            "learner-1",
        ]

    wait_for(answer, "answers of three")
    ended = status(cluster, "--timeout", "1")
    assert ended.returncode == 1
    assert "nobody leads" in ended.stdout
    assert "acceptor-3  silent" in ended.stdout
    assert ended.stdout.endswith(
        "missing: proposer-1, proposer-2, acceptor-3, learner-2, learner-3\n"
    )


def test_watching_goes_on_until_ctrl_c(cluster: Cluster) -> None:
    words = ["status", "--config", str(cluster.config), "--watch", "0.1", "--timeout", "0.1"]
    with subprocess.Popen(
        [*PAXOS, *words, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert json.loads(process.stdout.readline())["leader"] == ""
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, said) == (130, "stopped\n")


def test_bad_input(tmp_path: Path) -> None:
    ended = run("status", "--config", tmp_path / "none.yaml")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "none.yaml: No such file" in ended.stderr
    config = tmp_path / "c.yaml"
    config.write_text("interface: 203.0.113.9\n", encoding="utf-8")
    ended = run("status", "--config", config)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "no network interface 203.0.113.9" in ended.stderr
