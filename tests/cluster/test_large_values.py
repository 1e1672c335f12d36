"""Values that no datagram holds: real processes on real multicast, with loss, and killed in the
middle of one. A value is delivered whole, once, at one position at every learner; or never."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from paxos.config import Config, FaultRates
from paxos.runtime.framing import LENGTH
from tests.cluster.processes import Cluster, conformance, run, wait_for

pytestmark = pytest.mark.multicast

MIB = 1 << 20


def large(seed: int, size: int) -> bytes:
    """A value that is like no other, on one line."""
    return Random(seed).randbytes(size).replace(b"\n", b" ")


def write(path: Path, values: list[bytes]) -> Path:
    path.write_bytes(b"".join(value + b"\n" for value in values))
    return path


def outputs(run_dir: Path, learners: int = 2) -> list[list[bytes]]:
    files = [run_dir / f"learner-{n}.out" for n in range(1, learners + 1)]
    return [file.read_bytes().split(b"\n")[:-1] for file in files]


def test_values_of_a_mebibyte_with_loss(tmp_path: Path) -> None:
    """Two clients, with small values between the large ones."""
    inputs = [
        [value for k in range(6) for value in (large(10 * n + k, MIB), b"small %d of %d" % (k, n))]
        for n in (1, 2)
    ]
    files = [write(tmp_path / f"values-{n}", values) for n, values in enumerate(inputs)]
    faults = ["--loss", "0.1", "--duplicate", "0.05", "--reorder", "0.05"]
    ended = run("run", "--values", *files, *faults, "--run-dir", tmp_path / "r")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    one, other = outputs(tmp_path / "r")
    assert one == other
    assert sorted(one) == sorted(inputs[0] + inputs[1])
    conformance(tmp_path / "r")


@pytest.mark.parametrize("switches", [[], ["--no-batching", "--no-direct-learning"]])
def test_datagrams_of_any_size_carry_them(tmp_path: Path, switches: list[str]) -> None:
    values = [large(n, size) for n, size in enumerate((1, 700, 65_000, 65_400, 65_507, 300_000))]
    file = write(tmp_path / "values", values)
    for size in (512, 65_507):
        folder = tmp_path / str(size)
        options = ["--datagram-bytes", size, "--run-dir", folder, *switches]
        ended = run("run", "--values", file, *options)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert [sorted(lines) for lines in outputs(folder)] == [sorted(values)] * 2
        conformance(folder)


def test_the_largest_value(tmp_path: Path) -> None:
    """16 MiB, and not a byte more."""
    value = large(1, 16 * MIB)
    file = write(tmp_path / "values", [b"before", value, b"after"])
    ended = run("run", "--values", file, "--run-dir", tmp_path / "r")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [sorted(lines) for lines in outputs(tmp_path / "r")] == [
        sorted([b"before", value, b"after"])
    ] * 2
    conformance(tmp_path / "r")
    write(file, [b"before", value + b"x"])
    ended = run("run", "--values", file, "--run-dir", tmp_path / "r2")
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert "line 2: a value of 16777217 bytes is too large, 16777216 are the most" in line


def delivered_events(cluster: Cluster, learner: str) -> int:
    """How many instances a learner has delivered, by the traces of all its lives."""
    return sum(
        path.read_bytes().count(b'{"event":"Deliver"')
        for path in cluster.run_dir.glob(f"{learner}.*.ndjson")
    )


def begin(cluster: Cluster, values: Path) -> None:
    """Have a client broadcast, until some parts of its value are delivered."""
    cluster.start("client-1", values=values)
    wait_for(lambda: delivered_events(cluster, "learner-1") > 50, "the first parts")


def test_a_client_that_is_killed_in_the_middle_leaves_no_value(tmp_path: Path) -> None:
    """And nobody waits for the rest: not others meanwhile, nor it when it is started again."""
    values = write(tmp_path / "values", [large(1, 8 * MIB)])
    with Cluster(tmp_path, datagram_bytes=2_000) as cluster:
        cluster.start_all()
        begin(cluster, values)
        cluster.kill("client-1")
        cluster.start("client-2")
        cluster.say("client-2", b"another's", large(2, MIB))
        cluster.wait_delivered(2, "learner-1", "learner-2")
        cluster.start(
            "client-1", values=write(tmp_path / "again", [b"a later life", large(3, MIB)])
        )
        assert cluster.processes["client-1"].wait(60) == 0
        cluster.wait_delivered(4, "learner-1", "learner-2")
        cluster.stop()
        expected = [b"another's", large(2, MIB), b"a later life", large(3, MIB)]
        assert cluster.lines("learner-1") == cluster.lines("learner-2")
        assert sorted(cluster.lines("learner-1")) == sorted(expected)
        conformance(cluster.run_dir)


def test_clients_are_told_what_is_discarded_and_nothing_else_is(tmp_path: Path) -> None:
    """There is hardly room for the values that clients have under way at a time."""
    count, clients = 30, range(1, 7)
    size = 512
    parts = -(-900 // Config(datagram_bytes=size).settings().part_bytes)
    limits = {"datagram_bytes": size, "max_value_bytes": 900, "clients": len(clients)}
    with Cluster(tmp_path, **limits, faults=FaultRates(loss=0.1)) as cluster:
        cluster.start_all()
        inputs = {n: [large(100 * n + k, 900) for k in range(count)] for n in clients}
        for n, values in inputs.items():
            cluster.start(f"client-{n}", values=write(tmp_path / f"values-{n}", values))
        expected: set[bytes] = set()
        lost = 0
        for n, values in inputs.items():
            status = cluster.processes[f"client-{n}"].wait(60)
            said = cluster.log(f"client-{n}").read_text(encoding="utf-8").splitlines()
            told = [line for line in said if line.startswith("error: ")]
            assert all("of 900 bytes, will not be delivered: parts were" in line for line in told)
            assert status == (1 if told else 0)
            firsts = [int(line.split(" value ")[1].split()[0]) for line in told]
            gone = {(first - 1) // parts for first in firsts}
            assert len(gone) == len(told), "each is said once"
            lost += len(gone)
            expected |= {value for k, value in enumerate(values) if k not in gone}
        cluster.wait_delivered(len(expected), "learner-1", "learner-2")
        for process in cluster.processes.values():
            process.terminate()
        for process in cluster.processes.values():
            process.wait()
        assert lost > 0, "nothing was discarded: this tests nothing"
        assert cluster.lines("learner-1") == cluster.lines("learner-2")
        assert len(cluster.lines("learner-1")) == len(expected)
        assert set(cluster.lines("learner-1")) == expected
        conformance(cluster.run_dir)


def test_a_learner_that_is_killed_in_the_middle_delivers_the_same_again(tmp_path: Path) -> None:
    expected = [large(1, 4 * MIB), b"small", large(2, MIB)]
    with Cluster(tmp_path, datagram_bytes=2_000) as cluster:
        cluster.start_all()
        begin(cluster, write(tmp_path / "values", expected))
        cluster.kill("learner-1")
        cluster.start("learner-1")
        assert cluster.processes["client-1"].wait(60) == 0
        for learner in ("learner-1", "learner-2"):
            cluster.wait_delivered(3, learner)
        cluster.stop()
        assert cluster.lines("learner-1") == cluster.lines("learner-2")
        assert sorted(cluster.lines("learner-1")) == sorted(expected)
        conformance(cluster.run_dir)


def test_a_large_value_has_one_place_which_client_and_learners_tell_alike(tmp_path: Path) -> None:
    """Whatever its bytes: on both ends values are told apart by their lengths."""
    values = [b"small", b"\n" * 100_000 + b"\xff", b"", large(1, MIB)]
    (tmp_path / "values").write_bytes(b"".join(LENGTH.pack(len(v)) + v for v in values))
    with Cluster(tmp_path) as cluster:
        cluster.start_all(learners=0)
        cluster.start("learner-1", options=["--format", "json"])
        cluster.start("learner-2", options=["--format", "raw"])
        options = ["--format", "raw", "--acks", "--outstanding", "1"]
        cluster.start("client-1", values=tmp_path / "values", options=options)
        assert cluster.processes["client-1"].wait(30) == 0
        raw = (tmp_path / "values").read_bytes()
        wait_for(lambda: cluster.output("learner-2").read_bytes() == raw, "the same at learner 2")
        cluster.wait_delivered(4, "learner-1")
        cluster.stop()
        placed = [json.loads(line) for line in cluster.lines("learner-1")]
        told = [tuple(map(int, line.split())) for line in cluster.lines("client-1")]
        assert [(d["seq"], d["instance"], d["position"]) for d in placed] == told
        positions = [position for _, _, position in told]
        assert positions == sorted(set(positions))
        conformance(cluster.run_dir)
