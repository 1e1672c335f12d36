"""Crashes and coming back: real processes on real multicast, killed at any time, with what they had
promised on disk. Nothing is lost, duplicated or reordered, and the traces of all lives conform."""

from __future__ import annotations

import json
import random
import re
import resource
import signal
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.cluster.processes import Cluster, conformance, run, wait_for

pytestmark = pytest.mark.multicast


def numbered(name: str, first: int, last: int) -> list[bytes]:
    return [b"%s %d" % (name.encode(), n) for n in range(first, last + 1)]


def finish(
    cluster: Cluster, expected: list[bytes], *learners: str, perhaps: Sequence[bytes] = ()
) -> None:
    """Wait until all is delivered; then each value must be there once, in one order, and the traces
    must conform. Of `perhaps`, what a client had only begun to broadcast when it was killed, each
    may be there once."""

    def delivered(learner: str) -> Counter[bytes]:
        return Counter(line for line in cluster.lines(learner) if line not in uncertain)

    def all_is_delivered(learner: str) -> bool:
        return delivered(learner) == Counter(expected)

    uncertain = frozenset(perhaps)
    for learner in learners:
        wait_for(partial(all_is_delivered, learner), "delivery of all")
    wait_for(lambda: len({tuple(cluster.lines(name)) for name in learners}) == 1, "the same at all")
    cluster.stop()
    for learner in learners:
        assert cluster.lines(learner) == cluster.lines(learners[0])
    counts = Counter(cluster.lines(learners[0]))
    assert delivered(learners[0]) == Counter(expected)
    assert all(counts[value] <= 1 for value in uncertain)
    conformance(cluster.run_dir)


def traces(cluster: Cluster, name: str) -> int:
    """How many lives of a process have a trace."""
    return len(list(cluster.run_dir.glob(f"{name}.*.ndjson")))


ROLES = (("acceptor", 3), ("proposer", 2), ("learner", 2), ("client", 3))


def test_every_role_is_killed_again_and_again_under_load(tmp_path: Path) -> None:
    """Each process of it; how far the log is, the learner that is ahead tells."""
    draw = random.Random(5)
    victims = [f"{role}-{n}" for role, count in ROLES for n in range(1, count + 1)]
    rounds = draw.sample(victims, len(victims)) + draw.sample(victims, len(victims))
    lives: dict[str, list[list[bytes]]] = defaultdict(list)  # what each life of a client says

    def start(name: str) -> None:
        if not name.startswith("client"):
            cluster.start(name)
            return
        lines = numbered(f"life {len(lives[name]) + 1} of {name}", 1, 2_000)
        lives[name].append(lines)
        (tmp_path / name).write_bytes(b"".join(line + b"\n" for line in lines))
        cluster.start(name, values=tmp_path / name, options=["--rate", "300"])

    def delivered(beyond: int = 0) -> int:
        return max(0, *(len(cluster.lines(f"learner-{n}")) - beyond for n in (1, 2)))

    def goes_on(beyond: int) -> bool:
        """Whether more than `beyond` are delivered. On a slow machine clients may all be done
        before the next is killed; then one has another life."""
        clients = [cluster.processes[name] for name in lives]
        if all(client.poll() is not None for client in clients):
            start(draw.choice(sorted(lives)))
        return delivered(beyond) > 0

    with Cluster(tmp_path, clients=3) as cluster:
        for name in victims:
            start(name)
        for victim in rounds:
            before = delivered()
            wait_for(partial(goes_on, before + 150 + draw.randrange(50)), "progress")
            cluster.kill(victim)
            start(victim)
        expected = [line for said in lives.values() for line in said[-1]]
        perhaps = [line for said in lives.values() for lines in said[:-1] for line in lines]
        finish(cluster, expected, "learner-1", "learner-2", perhaps=perhaps)
        assert all(traces(cluster, victim) >= 2 for victim in victims), "or killed while starting"
        assert not set(perhaps) <= set(cluster.lines("learner-1")), "clients are killed at work"


def test_all_are_killed_at_once(cluster: Cluster) -> None:
    """As when the power fails, but for what a disk may do then."""
    cluster.start_all()
    cluster.start("client-1")
    cluster.say("client-1", *numbered("before", 1, 300))
    cluster.wait_delivered(200, "learner-1")
    cluster.kill(*cluster.processes)
    before = cluster.lines("learner-1")
    cluster.start_all()
    cluster.start("client-1")
    cluster.say("client-1", *numbered("after", 1, 100))
    cluster.wait_delivered(len(before) + 100, "learner-1")
    assert cluster.lines("learner-1")[: len(before)] == before, "the same again from the start"
    wait_for(lambda: numbered("after", 100, 100)[0] in cluster.lines("learner-2"), "the last value")
    cluster.stop()
    delivered = cluster.lines("learner-1")
    assert cluster.lines("learner-2") == delivered
    assert set(numbered("after", 1, 100)) <= set(delivered)
    assert set(delivered) <= set(numbered("before", 1, 300) + numbered("after", 1, 100))
    assert len(set(delivered)) == len(delivered)
    conformance(cluster.run_dir)


def test_a_client_with_another_run_folder_is_another_client(cluster: Cluster) -> None:
    """Its values are not taken for those that the client of that number broadcast before."""
    cluster.start_all()
    for life in (1, 2):
        folder = cluster.run_dir / f"of life {life}"
        (cluster.run_dir / "values").write_bytes(b"life %d\n" % life)
        values, options = cluster.run_dir / "values", ["--run-dir", str(folder)]
        cluster.start("client-1", values=values, options=options)
        assert cluster.processes["client-1"].wait(30) == 0
    cluster.wait_delivered(2, "learner-1", "learner-2")
    cluster.stop()
    assert cluster.lines("learner-1") == cluster.lines("learner-2") == [b"life 1", b"life 2"]


def test_the_lives_of_a_cluster_that_is_started_whole_are_counted(tmp_path: Path) -> None:
    (tmp_path / "values").write_bytes(b"one\n")
    ended = run("run", "--values", tmp_path / "values", "--run-dir", tmp_path / "r")
    assert ended.returncode == 0, ended.stderr
    assert {path.name.split(".")[1] for path in (tmp_path / "r").glob("*.ndjson")} == {"1"}


def test_acceptors_that_trim_come_back_and_keep_no_more_than_they_should(tmp_path: Path) -> None:
    with Cluster(tmp_path, learners=2, retain_instances=20, batching=False) as cluster:
        cluster.start_all()
        cluster.start("client-1")
        for first in range(1, 401, 100):
            cluster.say("client-1", *numbered("v", first, first + 99))
            cluster.wait_delivered(first + 99, "learner-1", "learner-2")
            victim = f"acceptor-{first // 100 % 3 + 1}"
            # It hears of what was delivered only from time to time.
            wait_for(partial(has_trimmed, cluster, victim, first + 70), "trimming")
            cluster.kill(victim)
            cluster.start(victim)
        cluster.say("client-1", *numbered("v", 401, 500))
        for number in (1, 2, 3):
            wait_for(partial(has_trimmed, cluster, f"acceptor-{number}", 470), "trimming")
        finish(cluster, numbered("v", 1, 500), "learner-1", "learner-2")
        assert re.search(rb'"Recover".*"trimmed":\d\d', all_traces(cluster, "acceptor"))
        for path in (cluster.run_dir / "data").glob("acceptor-*.db"):
            with closing(sqlite3.connect(path)) as database:
                ((votes,),) = database.execute("SELECT count(*) FROM votes").fetchall()
            assert votes < 60, "of 500 instances"


@pytest.mark.parametrize("switches", [True, False], ids=["optimised", "plain"])
def test_a_majority_is_lost_and_regained(tmp_path: Path, switches: bool) -> None:
    with Cluster(
        tmp_path, direct_learning=switches, prepare_ahead=switches, batching=switches
    ) as cluster:
        cluster.start_all()
        cluster.start("client-1")
        cluster.say("client-1", *numbered("v", 1, 100))
        cluster.wait_delivered(100, "learner-1", "learner-2")
        cluster.kill("acceptor-1", "acceptor-3")
        trace = cluster.run_dir / "acceptor-2.1.ndjson"
        size = trace.stat().st_size
        cluster.say("client-1", *numbered("v", 101, 200))
        wait_for(lambda: trace.stat().st_size > size, "vote of the acceptor that is left")
        cluster.kill("acceptor-2")
        assert len(cluster.lines("learner-1")) == 100
        cluster.start("acceptor-1", "acceptor-2", "acceptor-3")
        finish(cluster, numbered("v", 1, 200), "learner-1", "learner-2")


def test_milestone_1_with_acceptors_that_come_back(tmp_path: Path) -> None:
    with Cluster(tmp_path, milestone="synod") as cluster:
        cluster.start("acceptor-1", "acceptor-2", "proposer-1", "client-1")
        cluster.say("client-1", b"the one")
        wait_for(lambda: b"Phase2b" in all_traces(cluster, "acceptor"), "vote")
        cluster.kill("acceptor-1", "acceptor-2", "proposer-1")
        cluster.start("acceptor-1", "acceptor-2", "proposer-1", "learner-1", "learner-2")
        finish(cluster, [b"the one"], "learner-1", "learner-2")
        assert b"Recover" in all_traces(cluster, "acceptor")


def has_trimmed(cluster: Cluster, name: str, instance: int) -> bool:
    """Whether an acceptor has forgotten its vote there."""
    text = b"".join(path.read_bytes() for path in cluster.run_dir.glob(f"{name}.*.ndjson"))
    return any(int(last) >= instance for last in re.findall(rb'"Trim","to":(\d+)', text))


def all_traces(cluster: Cluster, role: str) -> bytes:
    return b"".join(path.read_bytes() for path in cluster.run_dir.glob(f"{role}-*.ndjson"))


def test_a_paused_acceptor_keeps_its_place(cluster: Cluster) -> None:
    """A new one of the same id must not vote beside it."""
    cluster.start_all()
    cluster.start("client-1")
    cluster.say("client-1", b"one")
    cluster.wait_delivered(1, "learner-1", "learner-2")
    paused = cluster.processes["acceptor-1"]
    paused.send_signal(signal.SIGSTOP)
    cluster.start("acceptor-1")
    assert cluster.processes["acceptor-1"].wait(60) == 2
    said = cluster.log("acceptor-1").read_text(encoding="utf-8")
    assert "acceptor-1.db is in use: acceptor 1 is running, or was paused; end that" in said
    paused.send_signal(signal.SIGCONT)
    cluster.processes["acceptor-1"] = paused
    cluster.say("client-1", b"two")
    finish(cluster, [b"one", b"two"], "learner-1", "learner-2")


class FailingDisk(Cluster):
    """Acceptor 2 and both proposers have disks that fail on command."""

    def program(self, name: str) -> list[str]:
        command = str(self.run_dir / f"{name}.fails")
        return [sys.executable, "-m", "tests.cluster.failing", command]

    def fail(self, name: str, how: str) -> None:
        whole = self.run_dir / "how"
        whole.write_text(how, encoding="utf-8")
        whole.rename(self.run_dir / f"{name}.fails")

    def repair(self, name: str) -> None:
        (self.run_dir / f"{name}.fails").unlink()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("ENOSPC before", "No space left on device"),
        ("EIO before", "Input/output error"),
        ("EIO after", "Input/output error"),
    ],
    ids=["full disk", "failing write", "failing fsync"],
)
def test_a_disk_that_fails_stops_its_process_and_no_other(
    tmp_path: Path, how: str, said: str
) -> None:
    with FailingDisk(tmp_path) as cluster:
        cluster.start_all()
        cluster.start("client-1")
        cluster.say("client-1", *numbered("v", 1, 50))
        cluster.wait_delivered(50, "learner-1", "learner-2")
        leader = cluster.leader()
        other = "proposer-1" if leader == "proposer-2" else "proposer-2"
        cluster.fail("acceptor-2", how)
        cluster.fail(other, how)
        cluster.say("client-1", *numbered("v", 51, 100))
        cluster.wait_delivered(100, "learner-1", "learner-2")
        check_stopped(cluster, "acceptor-2", said)
        cluster.kill(leader)  # if not before, the other now takes the lead, and has to keep that
        check_stopped(cluster, other, said)
        cluster.repair("acceptor-2")
        cluster.repair(other)
        cluster.start("acceptor-2", other)
        cluster.say("client-1", *numbered("v", 101, 150))
        finish(cluster, numbered("v", 1, 150), "learner-1", "learner-2")
        voted, rounds = untold(cluster, "acceptor-2"), untold(cluster, other)
        assert (bool(voted), bool(rounds)) == (how == "EIO after",) * 2, "what only the disk knew"


def untold(cluster: Cluster, name: str) -> set[tuple[int, ...]]:
    """The votes, or the round, that a process comes back with in its second life and that are not
    in the trace of its first."""
    first, second = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in (cluster.run_dir / f"{name}.{life}.ndjson" for life in (1, 2))
    )
    recover = second[1]
    assert recover["event"] == "Recover"
    if name.startswith("proposer"):
        told = {e["ballot"][0] for e in first if e["event"] == "Phase1a"}
        return {(round,) for round in [recover.get("round", 0)] if round and round not in told}
    voted = {(e["instance"], *e["ballot"]) for e in first if e["event"] == "Phase2b"}
    return {(instance, *ballot) for instance, ballot, _ in recover["votes"]} - voted


def check_stopped(cluster: Cluster, name: str, said: str) -> None:
    assert cluster.processes[name].wait(60) == 1
    lines = cluster.log(name).read_text(encoding="utf-8").splitlines()
    assert lines[-1] == f"error: {name}.1: storage: {said}"
    assert "Traceback" not in lines


def test_a_strict_trace_that_cannot_be_written_stops_its_process_before_it_sends(
    tmp_path: Path,
) -> None:
    """So what the traces have by then conforms, although all of them end early."""

    def no_file_beyond_30_kilobytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30 << 10, 30 << 10))

    config, values = tmp_path / "c.yaml", tmp_path / "values"
    config.write_text("trace: strict\nstorage: memory\nbatching: false\n", encoding="utf-8")
    values.write_bytes(b"".join(b"%d\n" % n for n in range(400)))
    arguments = ["--config", config, "--values", values, "--run-dir", tmp_path / "r"]
    ended = run("run", *arguments, preexec_fn=no_file_beyond_30_kilobytes)
    assert ended.returncode == 1
    assert "File too large; it ends here, incomplete" in ended.stderr
    assert "ended with exit status 1" in ended.stderr
    conformance(tmp_path / "r")
