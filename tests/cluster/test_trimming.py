"""Acceptors that trim, each process on its own: storage stays small, everything goes on, and a
learner that starts again too late is told so."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from tests.cluster.processes import Cluster, conformance, wait_for

pytestmark = pytest.mark.multicast

RETAIN = 10


def numbered(first: int, last: int) -> list[bytes]:
    return [b"value %d" % n for n in range(first, last + 1)]


def trimmed_to(cluster: Cluster, acceptor: int) -> int:
    """How far an acceptor has trimmed, as its traces say."""
    found = 0
    for path in cluster.run_dir.glob(f"acceptor-{acceptor}.*.ndjson"):
        for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
            event = json.loads(line)
            if event["event"] == "Trim":
                found = max(found, event["to"])
    return found


def votes_kept(cluster: Cluster, acceptor: int) -> int:
    (path,) = cluster.run_dir.glob(f"**/acceptor-{acceptor}.db")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        (count,) = database.execute("SELECT count(*) FROM votes").fetchone()
    database.close()
    return int(count)


@pytest.mark.parametrize("switches", [False, True], ids=["off", "on"])
def test_what_all_learners_have_is_trimmed_and_the_log_goes_on(
    tmp_path: Path, switches: bool
) -> None:
    settings = {"direct_learning": switches, "prepare_ahead": switches, "batching": False}
    with Cluster(tmp_path, learners=2, retain_instances=RETAIN, **settings) as cluster:
        cluster.start_all()
        cluster.start("client-1")
        cluster.say("client-1", *numbered(1, 100))
        cluster.wait_delivered(100, "learner-1", "learner-2")
        wait_for(lambda: all(trimmed_to(cluster, a) >= 80 for a in (1, 2, 3)), "trimming by all")
        cluster.kill("acceptor-1", "proposer-1", "proposer-2")
        cluster.start("acceptor-1", "proposer-1", "proposer-2")
        cluster.say("client-1", *numbered(101, 120))
        cluster.wait_delivered(120, "learner-1", "learner-2")
        cluster.kill("learner-2")
        cluster.start("learner-2")
        assert cluster.processes["learner-2"].wait(60) == 1
        (told,) = [
            line
            for line in cluster.log("learner-2").read_text(encoding="utf-8").splitlines()
            if "are gone" in line
        ]
        assert re.search(r"learner-2\.\d+: instances 1 to ", told)
        assert "retain_instances" in told
        cluster.say("client-1", *numbered(121, 130))
        cluster.wait_delivered(130, "learner-1")
        cluster.stop()
        assert cluster.lines("learner-1") == numbered(1, 130)
        assert cluster.lines("learner-2") == []
        for acceptor in (1, 2, 3):
            assert votes_kept(cluster, acceptor) < 60
        conformance(cluster.run_dir)
