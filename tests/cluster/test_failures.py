"""Processes that come late, crash, or never come; each a process of its own on real multicast."""

from __future__ import annotations

import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.cluster.processes import Cluster, conformance, wait_for

pytestmark = pytest.mark.multicast


def numbered(client: int, first: int, last: int) -> list[bytes]:
    return [b"client %d value %d" % (client, n) for n in range(first, last + 1)]


def test_started_in_any_order(cluster: Cluster, values: list[Path]) -> None:
    cluster.start("client-1", "client-2", values=values[0])
    cluster.start("proposer-2", "proposer-1", "learner-1")
    time.sleep(0.5)  # the course's harnesses start roles up to a second apart
    cluster.start("acceptor-3", "acceptor-1", "learner-2", "acceptor-2")
    cluster.wait_delivered(614, "learner-1", "learner-2")
    for client in ("client-1", "client-2"):
        assert cluster.processes[client].wait(30) == 0, "it ends when all is delivered"
    cluster.stop()
    assert cluster.lines("learner-1") == cluster.lines("learner-2")
    assert len(cluster.lines("learner-1")) == 614
    conformance(cluster.run_dir)


def test_a_learner_that_comes_late_catches_up(cluster: Cluster, values: list[Path]) -> None:
    cluster.start_all()
    cluster.start("client-1", values=values[0])
    cluster.wait_delivered(307, "learner-1", "learner-2")
    cluster.start("client-2")
    cluster.start("learner-3")
    cluster.wait_delivered(307, "learner-3")
    cluster.say("client-2", b"and one more")
    cluster.wait_delivered(308, "learner-1", "learner-2", "learner-3")
    cluster.stop()
    assert cluster.lines("learner-1") == cluster.lines("learner-2") == cluster.lines("learner-3")
    conformance(cluster.run_dir)


def test_a_minority_of_acceptors_may_crash(cluster: Cluster) -> None:
    cluster.start_all()
    cluster.start("client-1")
    cluster.say("client-1", *numbered(1, 1, 100))
    cluster.wait_delivered(100, "learner-1")
    cluster.kill("acceptor-2")
    cluster.say("client-1", *numbered(1, 101, 200))
    cluster.wait_delivered(200, "learner-1", "learner-2")
    cluster.stop()
    assert sorted(cluster.lines("learner-1")) == sorted(numbered(1, 1, 200))
    assert cluster.lines("learner-1") == cluster.lines("learner-2")
    conformance(cluster.run_dir)


def test_without_a_majority_nothing_is_delivered_and_nothing_is_wrong(cluster: Cluster) -> None:
    cluster.start_all()
    cluster.start("client-1")
    cluster.say("client-1", *numbered(1, 1, 100))
    cluster.wait_delivered(100, "learner-1", "learner-2")
    cluster.kill("acceptor-1", "acceptor-2")
    wait_for(lambda: list(cluster.run_dir.glob("acceptor-3.*.ndjson")), "third acceptor")
    trace = next(cluster.run_dir.glob("acceptor-3.*.ndjson"))
    size = trace.stat().st_size
    cluster.say("client-1", *numbered(1, 101, 200))
    wait_for(lambda: trace.stat().st_size > size, "vote of the acceptor that is left")
    time.sleep(1.0)  # long enough to be delivered, were it going to be
    cluster.stop()
    for learner in ("learner-1", "learner-2"):
        assert sorted(cluster.lines(learner)) == sorted(numbered(1, 1, 100))
    conformance(cluster.run_dir)


@pytest.mark.parametrize("switches", [True, False], ids=["optimised", "plain"])
def test_another_proposer_takes_over_within_two_seconds(tmp_path: Path, switches: bool) -> None:
    with Cluster(
        tmp_path, direct_learning=switches, prepare_ahead=switches, batching=switches
    ) as cluster:
        cluster.start_all()
        cluster.start("client-1")
        cluster.say("client-1", *numbered(1, 1, 50))
        cluster.wait_delivered(50, "learner-1", "learner-2")
        cluster.kill(cluster.leader())
        cluster.say("client-1", *numbered(1, 51, 100))
        began_s = time.monotonic()
        cluster.wait_delivered(51, "learner-1")
        took_s = time.monotonic() - began_s
        cluster.wait_delivered(100, "learner-1", "learner-2")
        cluster.stop()
        assert cluster.lines("learner-1") == cluster.lines("learner-2")
        assert sorted(cluster.lines("learner-1")) == sorted(numbered(1, 1, 100))
        conformance(cluster.run_dir)
        assert took_s < 2.0


def test_a_leader_that_slept_does_no_harm(cluster: Cluster) -> None:
    cluster.start_all()
    cluster.start("client-1")
    cluster.say("client-1", *numbered(1, 1, 50))
    cluster.wait_delivered(50, "learner-1", "learner-2")
    sleeper = cluster.processes[cluster.leader()]
    sleeper.send_signal(signal.SIGSTOP)
    cluster.say("client-1", *numbered(1, 51, 100))
    cluster.wait_delivered(100, "learner-1", "learner-2")
    sleeper.send_signal(signal.SIGCONT)
    cluster.say("client-1", *numbered(1, 101, 150))
    cluster.wait_delivered(150, "learner-1", "learner-2")
    cluster.stop()
    assert cluster.lines("learner-1") == cluster.lines("learner-2")
    assert sorted(cluster.lines("learner-1")) == sorted(numbered(1, 1, 150))
    conformance(cluster.run_dir)


def test_a_client_that_crashed_comes_back_as_another(cluster: Cluster) -> None:
    cluster.start_all()
    cluster.start("client-1")
    cluster.say("client-1", *numbered(1, 1, 20))
    cluster.wait_delivered(20, "learner-1", "learner-2")
    cluster.kill("client-1")
    cluster.start("client-1")
    cluster.say("client-1", *numbered(1, 1, 20))
    cluster.wait_delivered(40, "learner-1", "learner-2")
    cluster.stop()
    assert sorted(cluster.lines("learner-1")) == sorted(2 * numbered(1, 1, 20))
    assert len(list(cluster.run_dir.glob("client-1.*.ndjson"))) == 2
    conformance(cluster.run_dir)


@pytest.mark.parametrize("role", ["acceptor", "proposer"])
@pytest.mark.parametrize("how", ["in memory", "deleted"])
def test_what_forgot_its_promises_does_not_come_back(cluster: Cluster, role: str, how: str) -> None:
    options = ["--storage", "memory"] if how == "in memory" else []
    cluster.start(f"{role}-1", options=options)
    wait_for(lambda: list(cluster.run_dir.glob("*.ndjson")), "trace")
    cluster.kill(f"{role}-1")
    shutil.rmtree(cluster.run_dir / "data", ignore_errors=True)
    cluster.start(f"{role}-1", options=options)
    assert cluster.processes[f"{role}-1"].wait(30) == 2
    said = cluster.log(f"{role}-1").read_text(encoding="utf-8")
    assert said.splitlines()[-1].startswith(f"error: {role} 1 has run before in ")
    assert "must not come back" in said


def test_a_signal_ends_a_process_quickly(cluster: Cluster) -> None:
    cluster.start_all(1, 1, 1)
    cluster.start("client-1")
    wait_for(lambda: len(list(cluster.run_dir.glob("*.ndjson"))) == 4, "trace of each process")
    for number, process in zip(
        (signal.SIGTERM, signal.SIGINT) * 2, cluster.processes.values(), strict=True
    ):
        began_s = time.monotonic()
        process.send_signal(number)
        assert process.wait(10) == (130 if number == signal.SIGINT else 0)
        assert time.monotonic() - began_s < 2.0  # a tenth of that on an idle machine


def test_a_client_reports_a_value_too_large_and_delivers_those_before(tmp_path: Path) -> None:
    with Cluster(tmp_path, max_value_bytes=70_000) as cluster:
        cluster.start_all()
        cluster.start("client-1")
        cluster.say("client-1", b"one", b"two" * 20_000, b"x" * 80_000, b"four")
        assert cluster.processes["client-1"].wait(30) == 2
        (line,) = cluster.log("client-1").read_text(encoding="utf-8").splitlines()
        assert re.match(
            r"error: standard input, line 3: a value of \d+ bytes( or more)? is too large, 70000",
            line,
        )
        cluster.wait_delivered(2, "learner-1", "learner-2")
        cluster.stop()
        assert cluster.lines("learner-1") == [b"one", b"two" * 20_000]
        conformance(cluster.run_dir)


def test_a_learner_that_cannot_write_says_so_and_the_others_go_on(cluster: Cluster) -> None:
    cluster.start_all()
    cluster.output("learner-3").symlink_to("/dev/full")
    cluster.start("learner-3")
    cluster.start("client-1")
    cluster.say("client-1", b"one", b"two")
    assert cluster.processes["learner-3"].wait(30) == 1
    (line,) = cluster.log("learner-3").read_text(encoding="utf-8").splitlines()
    assert re.match(r"error: learner-3\.\d+: standard output: No space left on device", line)
    cluster.wait_delivered(2, "learner-1", "learner-2")
    cluster.stop()
    conformance(cluster.run_dir)


def test_any_number_of_processes_where_none_is_configured(tmp_path: Path) -> None:
    """As with the course's configuration, which names only the groups."""
    with Cluster(tmp_path, proposers=None, learners=None, clients=None) as cluster:
        cluster.start_all()
        cluster.start("client-1", "client-17")
        cluster.say("client-1", *numbered(1, 1, 10))
        cluster.say("client-17", *numbered(17, 1, 10))
        cluster.wait_delivered(20, "learner-1", "learner-2")
        cluster.stop()
        assert cluster.lines("learner-1") == cluster.lines("learner-2")
        conformance(cluster.run_dir)
