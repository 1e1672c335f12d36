"""The forms of a client's standard input and of a learner's standard output."""

from __future__ import annotations

import json
from pathlib import Path

from paxos.config import FaultRates
from paxos.runtime.framing import LENGTH
from tests.cluster.processes import Cluster, conformance, run, wait_for

VALUES = [b"one", b"a\nb", b"", b"\xff\x00", b"last"]


def test_values_with_newlines_from_end_to_end(cluster: Cluster, tmp_path: Path) -> None:
    framed = b"".join(LENGTH.pack(len(value)) + value for value in VALUES)
    (tmp_path / "framed").write_bytes(framed)
    cluster.start_all(learners=0)
    cluster.start("learner-1", options=["--format", "raw"])
    cluster.start("learner-2", options=["--format", "json", "--from", "3"])
    cluster.start("client-1", values=tmp_path / "framed", options=["--format", "raw"])
    assert cluster.processes["client-1"].wait(30) == 0
    cluster.wait_delivered(3, "learner-2")
    wait_for(lambda: len(cluster.output("learner-1").read_bytes()) == len(framed), "all values")
    cluster.stop()
    got = cluster.output("learner-1").read_bytes()
    shown = [json.loads(line) for line in cluster.lines("learner-2")]
    assert [o["position"] for o in shown] == [3, 4, 5]
    assert {o["client"].split(".")[0] for o in shown} == {"1"}
    order: dict[int, bytes] = {}
    position = at = 0
    while at < len(got):
        position, (size,) = position + 1, LENGTH.unpack_from(got, at)
        order[position] = got[at + LENGTH.size : at + LENGTH.size + size]
        at += LENGTH.size + size
    assert sorted(order.values()) == sorted(VALUES)
    for o in shown:
        assert o.get("value", "").encode() == (b"" if "base64" in o else order[o["position"]])
        assert VALUES[o["seq"] - 1] == order[o["position"]]
    conformance(cluster.run_dir)


def test_an_input_that_ends_within_a_value(cluster: Cluster, tmp_path: Path) -> None:
    """What was read before is broadcast."""
    (tmp_path / "cut").write_bytes(LENGTH.pack(3) + b"one" + LENGTH.pack(9) + b"tw")
    cluster.start_all(learners=1)
    cluster.start("client-1", values=tmp_path / "cut", options=["--format", "raw"])
    assert cluster.processes["client-1"].wait(30) == 2
    (line,) = cluster.log("client-1").read_text(encoding="utf-8").splitlines()
    assert line.startswith("error: standard input, value 2: it ends within the value; in the form")
    cluster.wait_delivered(1, "learner-1")
    assert cluster.lines("learner-1") == [b"one"]


def test_positions_begin_at_one() -> None:
    ended = run("learner", 1, "--config", "any.yaml", "--from", 0)
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        "error: argument --from: invalid whole number above 0 value: '0'"
    )


def test_acks_say_where_values_are(tmp_path: Path) -> None:
    """Under loss: a place that is lost is asked for."""
    with Cluster(tmp_path, faults=FaultRates(loss=0.2), batch_values=2) as cluster:
        cluster.start_all(learners=1)
        many = [b"%d" % n for n in range(40)]
        (tmp_path / "many").write_bytes(b"\n".join(many))
        cluster.start("client-1", values=tmp_path / "many", options=["--acks"])
        assert cluster.processes["client-1"].wait(60) == 0
        cluster.wait_delivered(len(many), "learner-1")
        cluster.stop()
        order = cluster.lines("learner-1")
        acks = [tuple(map(int, line.split())) for line in cluster.lines("client-1")]
        assert sorted(seq for seq, _, _ in acks) == list(range(1, len(many) + 1))
        assert [order[position - 1] for seq, _, position in sorted(acks)] == many
        conformance(cluster.run_dir)
