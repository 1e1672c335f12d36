"""Real processes that wait for what does not come say what it is, and when it has come."""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.cluster.processes import PATIENCE_S, Cluster, wait_for

pytestmark = pytest.mark.multicast

IT_GOES_ON = "waits no more for what it said: it goes on"


def wait_said(cluster: Cluster, name: str, what: str) -> None:
    """Wait until a process has said something on standard error."""
    log = cluster.log(name)
    wait_for(lambda: what in log.read_text(encoding="utf-8"), f"line of {name} with: {what}")


def test_each_role_says_what_it_waits_for_and_that_it_goes_on(tmp_path: Path) -> None:
    with Cluster(tmp_path, learners=1, proposers=1) as cluster:
        cluster.start("learner-1", "acceptor-1")
        wait_said(cluster, "learner-1", "has heard no proposer for 10 s")
        cluster.start("acceptor-2", "proposer-1", "client-1")
        cluster.say("client-1", b"before")
        cluster.wait_delivered(1, "learner-1")
        wait_said(cluster, "learner-1", "is not alone any more")
        cluster.kill("acceptor-1")
        cluster.say("client-1", b"one", b"two")
        wait_said(cluster, "client-1", "waits for word of 2 values, that a learner has delivered")
        wait_said(
            cluster,
            "proposer-1",
            "of 2 acceptors: acceptor 2 answered, acceptors 1, 3 not; in the last 10 s",
        )
        wait_said(cluster, "learner-1", "to tell the same vote: acceptor 2 told one, acceptors")
        cluster.start("acceptor-3")
        cluster.wait_delivered(3, "learner-1")
        for name in ("client-1", "proposer-1", "learner-1"):
            wait_said(cluster, name, IT_GOES_ON)
        cluster.stop()
        for name in cluster.processes:
            said = cluster.log(name).read_text(encoding="utf-8").splitlines()
            assert len(said) == len(set(said)) <= 4, said


def test_an_acceptor_and_a_client_that_hear_nobody_say_so_and_go_on(cluster: Cluster) -> None:
    cluster.start("acceptor-1", "client-1")
    cluster.say("client-1", b"v")
    wait_said(cluster, "client-1", "in the last 3 s it has heard nobody")
    wait_said(cluster, "acceptor-1", "has heard no proposer and no learner for 10 s: none runs")
    cluster.start("acceptor-2", "proposer-1", "learner-1")
    cluster.wait_delivered(1, "learner-1")
    wait_said(cluster, "client-1", IT_GOES_ON)
    cluster.say("client-1", b"w")
    cluster.wait_delivered(2, "learner-1")


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ([], "3 values not known to be delivered"),
        (["--outstanding", "1"], "1 value not known to be delivered, and 2 values read and not"),
    ],
)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 1), (signal.SIGINT, 130)])
def test_a_client_that_is_stopped_says_how_many_values_are_not_known_to_be_delivered(
    cluster: Cluster, options: list[str], left: str, number: signal.Signals, status: int
) -> None:
    cluster.start("client-1", options=options)
    cluster.say("client-1", b"one", b"two", b"three")
    traced = '"event":"Broadcast"'
    traces = cluster.run_dir
    wait_for(
        lambda: any(traced in path.read_text("utf-8") for path in traces.glob("client-1.*")),
        "broadcast",
    )
    client = cluster.processes["client-1"]
    client.send_signal(number)
    assert client.wait(PATIENCE_S) == status
    (line,) = cluster.log("client-1").read_text(encoding="utf-8").splitlines()
    assert re.match(rf"error: client-1\.\d+: stopped with {left}", line)


def test_a_learner_says_that_some_have_trimmed_and_the_others_tell_nothing(
    tmp_path: Path,
) -> None:
    """One acceptor has trimmed, one is new and empty, one is dead."""
    with Cluster(tmp_path, learners=1, proposers=1, retain_instances=3, batching=False) as cluster:
        cluster.start_all(proposers=1, learners=1)
        cluster.start("client-1")
        for n in range(40):
            cluster.say("client-1", b"%d" % n)
            cluster.wait_delivered(n + 1, "learner-1")
        trimmed = cluster.run_dir / "acceptor-1.1.ndjson"
        wait_for(lambda: '"event":"Trim"' in trimmed.read_text(encoding="utf-8"), "trimming")
        cluster.kill("acceptor-2", "acceptor-3", "learner-1")
        cluster.start("acceptor-2", options=["--run-dir", str(tmp_path / "new")])
        cluster.start("learner-1")
        wait_said(
            cluster,
            "learner-1",
            "waits for instance 1, for 2 acceptors to tell the same vote: none told one, "
            "acceptors 2, 3 none; acceptor 1 cannot tell any more",
        )
        shutil.rmtree(tmp_path / "new")
