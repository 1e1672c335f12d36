"""Replicas: a proposer, an acceptor and a learner in one process, on real multicast. Whatever
happens to such a process happens to all three, and the traces of all their lives conform."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.processes import Cluster, conformance, run, wait_for
from tests.cluster.test_crashes import FailingDisk, finish, has_trimmed, numbered

pytestmark = pytest.mark.multicast

ROLES = ("proposer", "acceptor", "learner")
REPLICAS = ("replica-1", "replica-2", "replica-3")


class Replicas(Cluster):
    """Three replicas, and whoever else the test starts."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **{"proposers": 3, "learners": 3, **settings})

    def start_all(self, *_: int, **__: int) -> None:
        self.start(*REPLICAS)


def events(cluster_dir: Path, name: str) -> Iterator[dict[str, Any]]:
    """The events of all lives of a process."""
    for path in sorted(cluster_dir.glob(f"{name}.*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            yield json.loads(line)


def lives(cluster: Cluster, name: str) -> list[int]:
    """The incarnations of a process that have a trace. One may be killed while it starts, when not
    all of its roles have begun."""
    return [int(path.name.split(".")[1]) for path in cluster.run_dir.glob(f"{name}.*.ndjson")]


@pytest.mark.parametrize("faults", [[], ["--loss", "0.05", "--reorder", "0.05", "--seed", "3"]])
@pytest.mark.parametrize(
    ("direct_learning", "prepare_ahead", "batching"), list(product((False, True), repeat=3))
)
def test_every_combination_of_optimisations(
    tmp_path: Path,
    faults: list[str],
    direct_learning: bool,
    prepare_ahead: bool,
    batching: bool,
) -> None:
    (tmp_path / "values").write_bytes(b"".join(b"%d\n" % n for n in range(200)))
    switches = [
        "--direct-learning" if direct_learning else "--no-direct-learning",
        "--prepare-ahead" if prepare_ahead else "--no-prepare-ahead",
        "--batching" if batching else "--no-batching",
    ]
    files = ["--values", tmp_path / "values", tmp_path / "values", "--run-dir", tmp_path / "r"]
    ended = run("run", "--replicas", 3, *files, *switches, *faults)
    assert ended.returncode == 0, ended.stderr
    outputs = {(tmp_path / "r" / f"learner-{n}.out").read_bytes() for n in (1, 2, 3)}
    assert len(outputs) == 1 and len(outputs.pop().splitlines()) == 400
    conformance(tmp_path / "r")


@pytest.mark.tlc
def test_both_judges_agree(tmp_path: Path) -> None:
    (tmp_path / "values").write_bytes(b"".join(b"%d\n" % n for n in range(30)))
    files = ["--values", tmp_path / "values", "--run-dir", tmp_path / "r"]
    ended = run("run", "--replicas", 3, *files, "--outstanding", 2)
    assert ended.returncode == 0, ended.stderr
    said = conformance(tmp_path / "r", "--tlc")
    assert "TLC" in said


def test_other_roles_run_beside_replicas(tmp_path: Path) -> None:
    (tmp_path / "values").write_bytes(b"one\ntwo\n")
    files = ["--values", tmp_path / "values", "--run-dir", tmp_path / "r"]
    ended = run("run", "--replicas", 2, "--acceptors", 3, "--learners", 3, *files)
    assert ended.returncode == 0, ended.stderr
    logs = {path.stem for path in (tmp_path / "r" / "logs").iterdir()}
    assert logs == {"replica-1", "replica-2", "acceptor-3", "learner-3", "client-1"}
    assert (tmp_path / "r" / "learner-1.out").read_bytes() == b"one\ntwo\n"
    conformance(tmp_path / "r")


@pytest.mark.parametrize("role", ["proposer", "acceptor", "learner"])
def test_there_are_no_more_replicas_than_members(tmp_path: Path, role: str) -> None:
    ended = run("run", "--replicas", 3, f"--{role}s", 2, "--run-dir", tmp_path / "r")
    assert ended.returncode == 2
    assert f"3 replicas have as many {role}s, and there are to be 2: leave out" in ended.stderr
    with Replicas(tmp_path, **{f"{role}s": 2}) as cluster:
        cluster.start("replica-3")
        assert cluster.processes["replica-3"].wait(60) == 2
        assert f"{role} 3 is not in the configuration" in cluster.log("replica-3").read_text()


def test_a_replica_that_is_the_client_too(tmp_path: Path) -> None:
    """Its proposer leads: what it broadcasts reaches that one without the network. It goes on when
    all is delivered."""
    with Replicas(tmp_path, clients=2) as cluster:
        cluster.start("replica-1", options=["--client", "--outstanding", "1"])
        cluster.start("acceptor-2", "acceptor-3", "learner-2")  # so no other can lead
        wait_for(lambda: sends_heartbeats(cluster), "leader")
        values = numbered("v", 1, 100)
        cluster.say("replica-1", *values)
        cluster.wait_delivered(100, "replica-1", "learner-2")
        assert cluster.lines("learner-2") == values, "in turn, as one is under way at a time"
        pipe = cluster.processes["replica-1"].stdin
        assert pipe
        pipe.close()
        cluster.start("client-2")
        cluster.say("client-2", b"another")
        cluster.wait_delivered(101, "replica-1", "learner-2")
        cluster.stop()
    (stats,) = (cluster.run_dir / "stats").glob("client-1.*")
    submits = json.loads(stats.read_text())["sent"].get("Submit", {"messages": 0})
    assert submits["messages"] < 10, "it sends only until its proposer leads"
    assert sum(len(event["values"]) for event in events(cluster.run_dir, "client-1")) == 100
    conformance(cluster.run_dir)


def test_a_client_in_a_replica_whose_proposer_does_not_lead(tmp_path: Path) -> None:
    """It speaks to the others; and so it does when its own was the leader and is not any more."""
    with Replicas(tmp_path, clients=3) as cluster:
        cluster.start("replica-2", "replica-3")
        wait_for(lambda: sends_heartbeats(cluster), "leader")
        cluster.start("replica-1", options=["--client"])
        cluster.say("replica-1", b"one")
        cluster.wait_delivered(1, *REPLICAS)
        cluster.stop()
    conformance(cluster.run_dir)


def sends_heartbeats(cluster: Cluster) -> bool:
    """Whether somebody leads: a quorum has promised it."""
    promised = [path for n in (1, 2, 3) for path in [f"acceptor-{n}"]]
    return sum(any(True for _ in events(cluster.run_dir, name)) for name in promised) >= 2


def test_who_is_alone_sends_only_to_clients(tmp_path: Path) -> None:
    """All who are to hear the rest are in the same process."""
    (tmp_path / "values").write_bytes(b"".join(b"%d\n" % n for n in range(100)))
    files = ["--values", tmp_path / "values", "--run-dir", tmp_path / "r"]
    ended = run("run", "--replicas", 1, *files, "--no-batching")
    assert ended.returncode == 0, ended.stderr
    stats = {
        path.name.partition(".")[0]: json.loads(path.read_text())
        for path in (tmp_path / "r" / "stats").glob("*.json")
    }
    assert stats["proposer-1"]["datagrams_sent"] == stats["acceptor-1"]["datagrams_sent"] == 0
    assert stats["acceptor-1"]["datagrams_received"] == 0
    assert set(stats["learner-1"]["sent"]) == {"Delivered"}
    conformance(tmp_path / "r")


def test_a_replica_is_killed_again_and_again_under_load(tmp_path: Path) -> None:
    """Its roles come back together, with what they had promised, and the learner from the start."""
    draw = random.Random(7)
    lines = numbered("v", 1, 4_000)
    (tmp_path / "values").write_bytes(b"".join(line + b"\n" for line in lines))
    with Replicas(tmp_path, clients=1) as cluster:
        cluster.start_all()
        cluster.start("client-1", values=tmp_path / "values", options=["--rate", "400"])

        def delivered(beyond: int) -> bool:
            return any(len(cluster.lines(name)) > beyond for name in REPLICAS)

        for victim in draw.sample(REPLICAS, 3) * 2:
            before = max(len(cluster.lines(name)) for name in REPLICAS)
            wait_for(partial(delivered, before + 50 + draw.randrange(100)), "progress")
            cluster.kill(victim)
            cluster.start(victim)
        finish(cluster, lines, *REPLICAS)
        for n in (1, 2, 3):
            last = {max(lives(cluster, f"{role}-{n}")) for role in ROLES}
            assert len(last) == 1 and last.pop() >= 3, "the same number in every role"
            recovers = [
                e["process"]
                for role in ("proposer", "acceptor")
                for e in events(cluster.run_dir, f"{role}-{n}")
                if e["event"] == "Recover"
            ]
            assert len({name for name in recovers if name.startswith("acceptor")}) >= 2
            assert len({name for name in recovers if name.startswith("proposer")}) >= 2


def test_all_replicas_are_killed_at_once(tmp_path: Path) -> None:
    with Replicas(tmp_path) as cluster:
        cluster.start_all()
        cluster.start("client-1")
        cluster.say("client-1", *numbered("before", 1, 300))
        cluster.wait_delivered(300, *REPLICAS)
        cluster.kill(*REPLICAS)
        cluster.start_all()
        cluster.say("client-1", *numbered("after", 1, 100))
        finish(cluster, numbered("before", 1, 300) + numbered("after", 1, 100), *REPLICAS)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("how", ["ENOSPC before", "EIO after"])
def test_a_disk_that_fails_stops_all_roles_of_the_replica(
    tmp_path: Path, how: str, members: int
) -> None:
    """Nothing that came of what may not be durable has left the process, into the output neither,
    and nothing of it is in a trace."""

    class Failing(FailingDisk):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder, **{f"{role}s": members for role in ROLES}, clients=1)

    with Failing(tmp_path) as cluster:
        names = REPLICAS[:members]
        cluster.start(*names, "client-1")
        cluster.say("client-1", *numbered("v", 1, 50))
        cluster.wait_delivered(50, *names)
        victim = cluster.leader().replace("proposer", "replica")
        cluster.fail(victim, how)
        before = cluster.lines(victim)
        cluster.say("client-1", *numbered("v", 51, 100))
        assert cluster.processes[victim].wait(60) == 1
        said = cluster.log(victim).read_text(encoding="utf-8").splitlines()[-1]
        assert said.startswith(f"error: {victim}: storage: ")
        assert cluster.lines(victim) == before
        cluster.repair(victim)
        cluster.start(victim)
        finish(cluster, numbered("v", 1, 100), *names)


def test_a_learner_that_is_too_late_takes_no_acceptor_with_it(tmp_path: Path) -> None:
    """All learners have delivered what it would need, and acceptors have trimmed it."""
    with Replicas(tmp_path, clients=1, retain_instances=20, batching=False) as cluster:
        cluster.start_all()
        cluster.start("client-1")
        cluster.say("client-1", *numbered("v", 1, 200))
        cluster.wait_delivered(200, *REPLICAS)
        cluster.say("client-1", *numbered("v", 201, 300))
        for n in (1, 2, 3):
            wait_for(partial(has_trimmed, cluster, f"acceptor-{n}", 100), "trimming")
        cluster.kill("replica-1")
        cluster.start("replica-1")
        wait_for(lambda: "without it, this process goes on" in said(cluster, "replica-1"), "notice")
        assert "error: learner-1.2: instances 1 to" in said(cluster, "replica-1")
        cluster.kill("replica-2")  # so that the acceptor of replica 1 is needed
        cluster.say("client-1", *numbered("v", 301, 320))
        cluster.wait_delivered(320, "replica-3")
        replica = cluster.processes.pop("replica-1")
        replica.terminate()
        assert replica.wait(60) == 1
        del cluster.processes["replica-2"]
        cluster.stop()
        conformance(cluster.run_dir)


def said(cluster: Cluster, name: str) -> str:
    return cluster.log(name).read_text(encoding="utf-8")


def test_roles_may_move_into_a_replica_and_out_of_it(tmp_path: Path) -> None:
    """It has the same files as processes of its roles have."""

    def live(first: int, names: Sequence[str], learner: str) -> None:
        cluster.start(*names)
        cluster.say("client-1", *numbered("v", first, first + 49))
        cluster.wait_delivered(first + 49, learner)

    with Cluster(tmp_path, acceptors=1, proposers=1, learners=1, clients=1) as cluster:
        cluster.start("client-1")
        apart = [f"{role}-1" for role in ROLES]
        live(1, apart, "learner-1")
        cluster.kill(*apart)
        live(51, ["replica-1"], "replica-1")
        cluster.kill("replica-1")
        for name in (*apart, "replica-1"):
            del cluster.processes[name]
        live(101, apart, "learner-1")
        finish(cluster, numbered("v", 1, 150), "learner-1")


def test_two_replicas_of_one_number_do_not_run(tmp_path: Path) -> None:
    with Replicas(tmp_path, clients=1) as cluster:
        cluster.start_all()
        cluster.start("client-1")
        cluster.say("client-1", b"one")
        cluster.wait_delivered(1, *REPLICAS)
        first = cluster.processes["replica-1"]
        cluster.start("replica-1", options=["--data-dir", str(tmp_path / "elsewhere")])
        second, cluster.processes["replica-1"] = cluster.processes["replica-1"], first
        assert second.wait(60) == 2
        assert first.poll() is None
        assert second.stdin
        second.stdin.close()
