"""Metrics of real processes, as Prometheus reads them; and nothing of it where nobody asks."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cluster.processes import ENVIRONMENT, PAXOS, Cluster, run, wait_for

pytestmark = pytest.mark.multicast

Labels = frozenset[tuple[str, str]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scrape(port: int) -> dict[str, dict[Labels, float]]:
    """By name, then by labels."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        text = answer.read().decode()
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def of(name: str, **labels: str) -> Labels:
    return frozenset({"process": name, **labels}.items())


def test_what_each_role_counts_is_served_on_loopback(tmp_path: Path) -> None:
    names = ("acceptor-1", "proposer-1", "learner-1", "client-1")
    ports = {name: free_port() for name in names}
    with Cluster(tmp_path, acceptors=1, proposers=1, learners=1, clients=1) as cluster:
        for name in names:
            cluster.start(name, options=["--metrics", str(ports[name])])
        cluster.say("client-1", b"one", b"two", b"three")
        cluster.wait_delivered(3, "learner-1")

        def heard() -> bool:
            return scrape(ports["client-1"])["paxos_pending"][of("client-1")] == 0

        wait_for(heard, "word of the deliveries")
        found = {name: scrape(port) for name, port in ports.items()}
        with pytest.raises(OSError), urlopen(f"http://127.0.0.2:{ports['client-1']}/"):
            pass
        cluster.stop()
    for name, metrics in found.items():
        ((labels, one),) = metrics["paxos_info"].items()
        assert one == 1 and ("process", name) in labels
        assert {key for key, _ in labels} == {"process", "cluster", "incarnation", "version"}
        assert metrics["process_resident_memory_bytes"][frozenset()] > 1 << 20
        assert metrics["paxos_datagrams_sent_total"][of(name)] > 0
    assert found["proposer-1"]["paxos_leads"][of("proposer-1")] == 1
    assert found["acceptor-1"]["paxos_leads"][of("acceptor-1")] == 0
    assert found["acceptor-1"]["paxos_ballot_round"][of("acceptor-1")] >= 1
    assert found["learner-1"]["paxos_values_delivered_total"][of("learner-1")] == 3
    assert found["learner-1"]["paxos_prefix_instances"][of("learner-1")] >= 1
    assert found["client-1"]["paxos_values_delivered_total"][of("client-1")] == 3
    submits = found["client-1"]["paxos_messages_sent_total"]
    assert submits[of("client-1", type="Submit")] >= 1
    buckets = found["client-1"]["paxos_latency_seconds_bucket"]
    assert buckets[of("client-1", le="+Inf")] <= 3, "without the values that it began with"


def test_a_replica_serves_its_three_roles_at_one_port(tmp_path: Path) -> None:
    port = free_port()
    config = {"acceptors": 1, "proposers": 1, "learners": 1}
    with Cluster(tmp_path, **config) as cluster:
        options = ["--config", str(cluster.config), "--run-dir", str(cluster.run_dir)]
        cluster.processes["replica-1"] = subprocess.Popen(
            [*PAXOS, "replica", "1", *options, "--metrics", f"127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
        )

        def leads() -> bool:
            try:
                return scrape(port)["paxos_leads"][of("proposer-1")] == 1
            except OSError:
                return False

        wait_for(leads, "leader")
        assert set(scrape(port)["paxos_pending"]) == {
            of("acceptor-1"),
            of("proposer-1"),
            of("learner-1"),
        }
        cluster.stop()


def test_what_cannot_be_served_is_said(cluster: Cluster, tmp_path: Path) -> None:
    arguments = ["learner", "1", "--config", cluster.config, "--metrics"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run(*arguments, port)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert f"metrics at 127.0.0.1:{port}: Address already in use; give each process" in ended.stderr
    for wrong in ("0", "65536", ":80", "x:y"):
        ended = run(*arguments, wrong)
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
        assert "[ADDRESS:]PORT" in ended.stderr
    config = tmp_path / "c.yaml"
    config.write_text("metrics_port: 9100\n", encoding="utf-8")
    ended = run("run", "--config", config, "--run-dir", tmp_path / "r")
    assert ended.returncode == 2
    assert "metrics_port 9100 is one port" in ended.stderr


WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, *_):
        if name.startswith("prometheus_client"):
            raise ModuleNotFoundError(f"No module named {name!r}", name="prometheus_client")

sys.meta_path.insert(0, Missing())
from paxos.cli import main
sys.exit(main())
"""


def test_the_package_is_loaded_only_when_it_is_asked_for(cluster: Cluster) -> None:
    """Where it is not installed, everything else works."""
    arguments = ["client", "1", "--config", str(cluster.config)]
    for more, status in (([], 0), (["--metrics", str(free_port())], 2)):
        ended = subprocess.run(
            [sys.executable, "-c", WITHOUT, *arguments, *more],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            check=False,
            timeout=60,
        )
        assert ended.returncode == status, ended.stderr
        assert ("metrics need prometheus-client" in ended.stderr) == bool(more)
