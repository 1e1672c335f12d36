"""The order of one client's values on real clusters: what learners write, and what it was given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from paxos.config import Config, FaultRates
from tests.cluster.processes import Cluster, conformance, run

pytestmark = pytest.mark.multicast

FAULTS = FaultRates(loss=0.05, duplicate=0.05, reorder=0.2, seed=5)


DATAGRAM_BYTES = 1_500


def numbered(client: int, first: int, count: int) -> list[bytes]:
    """Values of which each takes a datagram, so that one may be lost or late and the next not."""
    filling = b"x" * (DATAGRAM_BYTES // 2)
    return [b"client %d value %d " % (client, n) + filling for n in range(first, first + count)]


def in_order(lines: Sequence[bytes], client: int, count: int) -> bool:
    """Whether the values of the client are all there, in its order."""
    mine = [line for line in lines if line.startswith(b"client %d " % client)]
    return mine == numbered(client, 0, count)


@pytest.mark.parametrize("switches", [True, False])
def test_each_client_keeps_its_order_with_loss_and_a_leader_that_is_killed(
    tmp_path: Path, switches: bool
) -> None:
    """Both have many values under way all the time."""
    count = 300
    with Cluster(
        tmp_path,
        fifo=True,
        faults=FAULTS,
        datagram_bytes=DATAGRAM_BYTES,
        direct_learning=switches,
        prepare_ahead=switches,
        batching=switches,
    ) as cluster:
        cluster.start_all()
        cluster.start("client-1", "client-2")
        for client in (1, 2):
            cluster.say(f"client-{client}", *numbered(client, 0, count // 2))
        cluster.wait_delivered(count // 4, "learner-1")
        cluster.kill(cluster.leader())
        for client in (1, 2):
            cluster.say(f"client-{client}", *numbered(client, count // 2, count - count // 2))
        cluster.wait_delivered(2 * count, "learner-1", "learner-2")
        cluster.stop()
        for learner in ("learner-1", "learner-2"):
            for client in (1, 2):
                assert in_order(cluster.lines(learner), client, count)
        assert cluster.lines("learner-1") == cluster.lines("learner-2")
        conformance(cluster.run_dir)


def test_a_run_with_the_option_keeps_the_order(tmp_path: Path) -> None:
    files = []
    for client in (1, 2):
        files.append(tmp_path / f"{client}.txt")
        files[-1].write_bytes(b"".join(v + b"\n" for v in numbered(client, 0, 1_000)))
    done = run(
        "run", "--fifo", "--loss", "0.02", "--reorder", "0.1", "--run-dir", tmp_path / "run",
        "--datagram-bytes", DATAGRAM_BYTES, "--values", *files,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "run" / "learner-1.out").read_bytes().splitlines()
    assert in_order(lines, 1, 1_000) and in_order(lines, 2, 1_000)
    conformance(tmp_path / "run")


def test_without_it_one_value_at_a_time_keeps_the_order(tmp_path: Path) -> None:
    """What was delivered before the next one is broadcast comes before it, whoever leads."""
    with Cluster(tmp_path, faults=FAULTS) as cluster:
        cluster.start_all()
        cluster.start("client-1")
        for n, value in enumerate(numbered(1, 0, 8)):
            cluster.say("client-1", value)
            cluster.wait_delivered(n + 1, "learner-1")
            if n == 3:
                cluster.kill(cluster.leader())
        cluster.wait_delivered(8, "learner-2")
        cluster.stop()
        assert in_order(cluster.lines("learner-1"), 1, 8)
        assert in_order(cluster.lines("learner-2"), 1, 8)


def test_processes_that_differ_in_it_do_not_hear_each_other() -> None:
    assert Config(fifo=True).cluster_tag() != Config().cluster_tag()
    assert Config(fifo=True).identity()["fifo"] is True
