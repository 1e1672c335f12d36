"""Learners that keep checkpoints, as processes: killed at any moment, all at once, in the middle of
a checkpoint, and started again while clients go on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.processes import ENVIRONMENT, Cluster, conformance, run, wait_for

pytestmark = pytest.mark.multicast

OFTEN = {"checkpoint_instances": 20, "retain_instances": 10}
"""Few instances are kept, so that a learner without its checkpoint could not go on."""


def events(run_dir: Path, role: str, *kinds: str) -> list[dict[str, Any]]:
    """In the order of the incarnations."""
    found = []
    paths = run_dir.glob(f"{role}-*.ndjson")
    for path in sorted(paths, key=lambda path: path.stat().st_ctime_ns):
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n") and any(b'"%s"' % kind.encode() in line for kind in kinds):
                found.append(json.loads(line))
    return found


class Broadcaster:
    """A client that is given values as long as the test wants."""

    def __init__(self, cluster: Cluster) -> None:
        cluster.start("client-1", options=["--batch", "2"])
        process = cluster.processes["client-1"]
        assert process.stdin
        self._process, self._stdin, self.count = process, process.stdin, 0

    def send(self, count: int) -> None:
        """Some more values."""
        text = "".join(f"value {n}\n" for n in range(self.count, self.count + count))
        self.count += count
        self._stdin.write(text.encode())
        self._stdin.flush()

    def end(self) -> None:
        """All are delivered."""
        self._stdin.close()
        assert self._process.wait(60) == 0


@pytest.mark.parametrize("switch", [True, False], ids=["cluster", "option"])
def test_all_learners_are_killed_again_and_again_while_a_client_goes_on(
    tmp_path: Path, switch: bool
) -> None:
    """Nothing is lost, nothing is there twice, and trimming goes on; whether all of the cluster is
    made for it, or these learners alone have `--checkpoint`."""
    options = [] if switch else ["--checkpoint"]
    learners = ("learner-1", "learner-2")
    with Cluster(tmp_path, learners=2, checkpoints=switch, **OFTEN) as cluster:
        cluster.appends = True
        cluster.start_all(learners=0)
        cluster.start(*learners, options=options)
        client = Broadcaster(cluster)
        for life in range(3):
            trimmed = len(events(cluster.run_dir, "acceptor", "Trim"))
            made = len(events(cluster.run_dir, "learner", "Checkpoint"))

            def is_far(trimmed: int = trimmed, made: int = made) -> bool:
                client.send(20)
                return (
                    len(events(cluster.run_dir, "acceptor", "Trim")) > trimmed
                    and len(events(cluster.run_dir, "learner", "Checkpoint")) > made + 2
                )

            wait_for(is_far, f"checkpoints and trimming in life {life}")
            for name in learners:
                cluster.processes[name].send_signal(signal.SIGKILL)
            for name in learners:
                cluster.processes[name].wait()
            client.send(50)
            cluster.start(*learners, options=options)
        client.end()
        wanted = {b"value %d" % n for n in range(client.count)}

        def is_all_there() -> bool:
            return all(len(cluster.lines(name)) >= client.count for name in learners)

        wait_for(is_all_there, "every value in every output")
        shown = run("status", "--config", cluster.config, "--format", "json")
        told = {row["process"]: row for row in json.loads(shown.stdout)["processes"]}
        assert all(20 <= told[name]["kept"] <= told[name]["prefix"] for name in learners)
        first, second = map(cluster.lines, learners)
        assert first == second, "the same, in the same order"
        assert len(first) == client.count and set(first) == wanted, "each once"
        restarts = events(cluster.run_dir, "learner", "Restart")
        assert len(restarts) == 6 and all(restart["instance"] >= 20 for restart in restarts)
        cluster.stop()
        conformance(cluster.run_dir)


def has_ended(pid: int) -> bool:
    """Also if nobody has asked yet how."""
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


MACHINE = """
import os, sys, time
from pathlib import Path
import paxos

class Slow(paxos.StateMachine):
    name = "slow"
    def __init__(self): self.values = []
    def apply(self, position, value):
        assert position == len(self.values) + 1
        self.values.append(value)
        return position
    def snapshot(self):
        yield b"\\n".join(self.values[:1])
        if len(self.values) > 30:
            Path(sys.argv[3], "in the middle").write_text(str(os.getpid()))
            while not Path(sys.argv[3], "go on").exists(): time.sleep(0.01)
        for value in self.values[1:]: yield b"\\n" + value
    def restore(self, pieces):
        self.values = b"".join(pieces).split(b"\\n")
        Path(sys.argv[3], "restored").write_text(str(len(self.values)))

machine = Slow()
with paxos.Replica(sys.argv[1], 1, machine=machine, has_client=True, run_dir=sys.argv[2]) as one:
    for line in sys.stdin.buffer:
        print(one.broadcast(line.strip()).result(30.0), flush=True)
"""


def test_killed_in_the_middle_of_a_checkpoint_it_goes_on_from_the_one_before(
    tmp_path: Path,
) -> None:
    """Its child ends with it, wherever it is, and lets go of what they had open."""
    settings = {"acceptors": 1, "proposers": 1, "learners": 1, "clients": 1}
    in_the_middle, data = tmp_path / "in the middle", tmp_path / "run" / "data"
    with Cluster(tmp_path, checkpoints=True, checkpoint_instances=25, **settings) as cluster:

        def start() -> subprocess.Popen[bytes]:
            cluster.processes["machine"] = subprocess.Popen(
                [sys.executable, "-c", MACHINE, cluster.config, cluster.run_dir, tmp_path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=ENVIRONMENT,
            )
            return cluster.processes["machine"]

        def apply(process: subprocess.Popen[bytes], value: bytes) -> int:
            assert process.stdin and process.stdout
            process.stdin.write(value + b"\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        first, count = start(), 0
        while not in_the_middle.exists():
            count += 1
            assert apply(first, b"value %d" % count) == count
        wait_for(in_the_middle.read_text, "the child's number")
        child = int(in_the_middle.read_text())
        first.kill()
        first.wait()
        [kept] = data.glob("learner-1.checkpoint-*")
        wait_for(partial(has_ended, child), "end of the child, which nobody has told")
        (tmp_path / "go on").touch()
        second = start()
        assert apply(second, b"the next") == count + 1, "all that was acknowledged is there"
        assert kept.name == f"learner-1.checkpoint-{(tmp_path / 'restored').read_text()}"
        assert not (data / f"learner-1.{child}.tmp").exists()
        assert second.stdin
        second.stdin.close()
        assert second.wait(60) == 0
        conformance(cluster.run_dir)


def test_two_processes_with_one_id(tmp_path: Path) -> None:
    """In two folders of traces, so that neither knows of the other, and with one data folder."""
    with Cluster(
        tmp_path, learners=1, checkpoints=True, data_dir=str(tmp_path / "data")
    ) as cluster:
        cluster.start_all(learners=1)
        wait_for((tmp_path / "data" / "learner-1.lock").exists, "the first one")
        second = subprocess.run(
            [*cluster.program("learner-1"), "learner", "1", "--config", cluster.config],
            capture_output=True,
            text=True,
            check=False,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        assert second.returncode == 2, second.stderr
        assert second.stderr.count("\n") <= 2 and "learner 1" in second.stderr
        assert cluster.processes["learner-1"].poll() is None


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with little room."""
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("only root may mount")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_once_and_nothing_is_lost(tmp_path: Path, small: Path) -> None:
    """The checkpoint before stands, and what is in no checkpoint the acceptors keep."""
    options = ["--data-dir", str(small)]
    with Cluster(tmp_path, learners=1, checkpoints=True, **OFTEN) as cluster:
        cluster.appends = True
        cluster.start_all(learners=0)
        cluster.start("learner-1", options=options)
        client = Broadcaster(cluster)

        def has(kind: str, count: int) -> bool:
            client.send(20)
            return len(events(cluster.run_dir, "learner", kind)) >= count

        wait_for(lambda: has("Checkpoint", 2), "checkpoints")
        with (small / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4_096))
        tried = len(events(cluster.run_dir, "learner", "TakeSnapshot"))
        wait_for(lambda: has("TakeSnapshot", tried + 4), "attempts")
        made = len(events(cluster.run_dir, "learner", "Checkpoint"))
        [line] = [line for line in said(cluster) if "no checkpoint of instance" in line]
        assert "No space left on device; the one before stands, and it goes on trying" in line
        assert not list(small.glob("*.tmp"))
        cluster.processes["learner-1"].kill()
        cluster.processes["learner-1"].wait()
        (small / "filler").unlink()
        cluster.start("learner-1", options=options)
        wait_for(lambda: has("Checkpoint", made + 1), "a checkpoint again")
        client.end()
        wait_for(lambda: len(cluster.lines("learner-1")) == client.count, "every value")
        assert len(set(cluster.lines("learner-1"))) == client.count
        cluster.stop()
        conformance(cluster.run_dir)


def said(cluster: Cluster) -> list[str]:
    return cluster.log("learner-1").read_text(encoding="utf-8").splitlines()
