"""Replicas as processes that take the checkpoint of another one: their giver is killed in the
middle of it, or they are, while clients go on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.processes import ENVIRONMENT, Cluster, conformance, wait_for

pytestmark = pytest.mark.multicast

MACHINE = """
import json, sys, time
import paxos

class Heavy(paxos.StateMachine):
    "Its snapshots take long to send."
    name = "heavy"
    def __init__(self): self.values = []
    def apply(self, position, value):
        assert position == len(self.values) + 1, "none twice, none left out"
        self.values.append(value.decode())
    def snapshot(self):
        yield json.dumps(self.values).encode()
        yield b" " * 400_000
    def restore(self, pieces):
        self.values = json.loads(b"".join(pieces))

machine, number = Heavy(), int(sys.argv[3])
one = paxos.Replica(sys.argv[1], number, machine=machine, has_client=True, run_dir=sys.argv[2])
for line in sys.stdin:
    if line.strip() == "values":
        print(json.dumps(machine.values), flush=True)
    else:
        one.broadcast(line.strip().encode()).result(60.0)
        print("done", flush=True)
one.close()
"""


class Three:
    """Three such replicas."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.count = 0

    def start(self, number: int) -> None:
        cluster = self.cluster
        with cluster.log(f"replica-{number}").open("ab") as log:
            cluster.processes[f"replica-{number}"] = subprocess.Popen(
                [sys.executable, "-c", MACHINE, cluster.config, cluster.run_dir, str(number)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=ENVIRONMENT,
            )

    def kill(self, *numbers: int) -> None:
        self.cluster.kill(*(f"replica-{number}" for number in numbers))

    def ask(self, number: int, line: str) -> str:
        process = self.cluster.processes[f"replica-{number}"]
        assert process.stdin and process.stdout
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()
        answer = process.stdout.readline().decode()
        assert answer, self.cluster.log(f"replica-{number}").read_text(encoding="utf-8")
        return answer

    def values(self, number: int) -> list[str]:
        found: list[str] = json.loads(self.ask(number, "values"))
        return found

    def has_all(self, number: int) -> bool:
        return len(self.values(number)) >= self.count

    def broadcast(self, number: int) -> None:
        self.count += 1
        self.ask(number, f"value {self.count}")

    def busy_until_trimmed(self, number: int) -> None:
        before = len(self.events("acceptor", "Trim"))
        while len(self.events("acceptor", "Trim")) <= before:
            self.broadcast(number)

    def events(self, who: str, kind: str) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for path in self.cluster.run_dir.glob(f"{who}[-.]*.ndjson")
            for line in path.read_bytes().split(b"\n")[:-1]
            if line.startswith(b'{"event":"%s"' % kind.encode())
        ]

    def giver(self) -> int:
        """Who gives, once it does, and some of it is here."""
        data = self.cluster.run_dir / "data"

        def has_some() -> bool:
            found = list(data.glob("learner-3.incoming-*"))
            return any(path.exists() and path.stat().st_blocks > 100 for path in found)

        wait_for(has_some, "some of a checkpoint")
        givers = [n for n in (1, 2) if self.events(f"learner-{n}", "SendSnapshot")]
        assert not self.events("learner-3", "InstallSnapshot")
        return givers[-1]

    def end(self, *lives: int) -> None:
        """All of them have all that was broadcast, each once."""
        wanted = {f"value {n}" for n in range(1, self.count + 1)}
        for number in lives:
            wait_for(partial(self.has_all, number), f"all values at {number}")
        first, *others = (self.values(number) for number in lives)
        assert set(first) == wanted and len(first) == self.count
        assert all(other == first for other in others), "the same, in the same order"
        for number in lives:
            process = self.cluster.processes[f"replica-{number}"]
            assert process.stdin
            process.stdin.close()
            assert process.wait(60) == 0
        conformance(self.cluster.run_dir)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Three]:
    """They make checkpoints often, keep nothing else for long, and give slowly."""
    roles = {"acceptors": 3, "proposers": 3, "learners": 3, "clients": 3}
    often = {"checkpoints": True, "checkpoint_instances": 5, "retain_instances": 0}
    with Cluster(tmp_path, **roles, **often, transfer_bytes_s=200_000) as cluster:
        yield Three(cluster)


def test_its_giver_is_killed_in_the_middle(three: Three) -> None:
    """Another one gives meanwhile, and clients go on; then it comes back."""
    for number in (1, 2):
        three.start(number)
    three.busy_until_trimmed(1)
    three.start(3)
    giver = three.giver()
    other = 3 - giver
    three.kill(giver)
    three.broadcast(other)
    wait_for(lambda: three.events("learner-3", "InstallSnapshot"), "the other one's checkpoint")
    three.broadcast(3)
    three.start(giver)
    three.broadcast(giver)
    three.end(1, 2, 3)
    assert len(three.events("learner-3", "InstallSnapshot")) == 1


def test_it_is_killed_in_the_middle_and_then_all_are(three: Three) -> None:
    """It goes on where it was; and when all start at once, it needs none."""
    for number in (1, 2, 3):
        three.start(number)
    three.busy_until_trimmed(1)
    three.kill(3)
    for path in (three.cluster.run_dir / "data").glob("learner-3.checkpoint-*"):
        path.unlink()
    three.busy_until_trimmed(1)
    three.start(3)
    three.giver()
    three.cluster.processes["replica-3"].send_signal(signal.SIGKILL)
    three.kill(3)
    three.broadcast(2)
    data = three.cluster.run_dir / "data"
    assert (data / "learner-3.incoming-1.parts").stat().st_size
    three.start(3)

    def is_installed() -> bool:
        assert not (data / "learner-3.incoming-2").exists(), "it has begun anew"
        return bool(three.events("learner-3", "InstallSnapshot"))

    wait_for(is_installed, "its checkpoint")
    three.broadcast(3)

    def newest(number: int) -> int:
        files = data.glob(f"learner-{number}.checkpoint-*")
        return max((int(path.name.rpartition("-")[2]) for path in files), default=0)

    def is_as_new() -> bool:
        three.broadcast(3)  # it counts from what it was given, and they may from something else
        return newest(3) >= max(newest(1), newest(2))

    wait_for(is_as_new, "as new a checkpoint as the others")
    installed = three.events("learner-3", "InstallSnapshot")
    three.kill(1, 2, 3)
    for number in (1, 2, 3):
        three.start(number)
    three.broadcast(3)
    three.end(1, 2, 3)
    again = three.events("learner-3", "InstallSnapshot")[len(installed) :]
    assert [(e["from"], e["instance"]) for e in again] in (
        [],
        [(installed[-1]["from"], installed[-1]["instance"])],
    ), "if it begins with what it was given, it says so again"
