"""Real processes that wait for what does not come say what it is, and when it has come."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cluster.processes import Cluster, wait_for

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


def test_an_acceptor_and_a_client_that_hear_nobody_say_so(cluster: Cluster) -> None:
    cluster.start("acceptor-1", "client-1")
    cluster.say("client-1", b"v")
    wait_said(cluster, "acceptor-1", "has heard no proposer and no learner for 10 s: none runs")
    wait_said(cluster, "client-1", "in the last 10 s it has heard nobody")


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
