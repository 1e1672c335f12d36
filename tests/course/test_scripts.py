"""The course's way: four scripts, a configuration of four lines, SIGTERM at the end, and learners'
outputs that are compared. Here their traces are checked too."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cluster.processes import (
    PATIENCE_S,
    can_be_told_to_stop,
    conformance,
    wait_for,
)
from tests.paths import ROOT

pytestmark = pytest.mark.multicast

IMPL = ROOT / "impl"


class Course:
    """Starts scripts from inside `impl/`, as the harnesses do."""

    def __init__(self, conf: Path) -> None:
        self.conf = conf
        self.run_dir = conf.parent / "run"
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, role: str, number: int, source: Path | None = None) -> Path:
        output = self.conf.parent / f"{role}-{number}.out"
        with output.open("wb") as sink, (source or Path(os.devnull)).open("rb") as stdin:
            self.running.append(
                subprocess.Popen(
                    [f"./{role}.sh", str(number), str(self.conf)],
                    cwd=IMPL,
                    stdin=stdin,
                    stdout=sink,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "PAXOS_RUN_DIR": str(self.run_dir)},
                )
            )
        return output

    def wait_traced(self) -> None:
        """Wait until each process has begun its trace: some are not needed for a delivery."""

        def begun() -> int:
            return sum(path.stat().st_size > 0 for path in self.run_dir.glob("*.ndjson"))

        wait_for(lambda: begun() == len(self.running), "trace of each process")

    def terminate(self) -> None:
        self.wait_traced()
        for process in self.running:
            wait_for(partial(can_be_told_to_stop, process), "start")
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            assert process.wait(PATIENCE_S) == 0


@pytest.fixture
def course(conf: Path) -> Iterator[Course]:
    made = Course(conf)
    yield made
    for process in made.running:
        process.kill()
        process.wait()


@pytest.mark.parametrize("pause_s", [0.0, 1.0], ids=["at once", "one after another"])
def test_the_harness(course: Course, tmp_path: Path, pause_s: float) -> None:
    inputs = []
    for client in (1, 2):
        inputs.append(tmp_path / f"prop{client}")
        inputs[-1].write_bytes(b"".join(b"%d\n" % (n * client) for n in range(1000)))
    for number in (1, 2, 3):
        course.start("acceptor", number)
    time.sleep(pause_s)
    outputs = [course.start("learner", number) for number in (1, 2)]
    time.sleep(pause_s)
    for number in (1, 2):
        course.start("proposer", number)
    time.sleep(pause_s)
    for number, source in enumerate(inputs, 1):
        course.start("client", number, source)
    wait_for(lambda: all(o.read_bytes().count(b"\n") >= 2000 for o in outputs), "delivery")
    command = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(course.running[0].pid)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(course.conf) in command, "harnesses find processes by the configuration's path"
    course.terminate()
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    delivered = sorted(outputs[0].read_bytes().splitlines())
    assert delivered == sorted(b"".join(path.read_bytes() for path in inputs).splitlines())
    assert "of 9 processes" in conformance(course.run_dir)


def test_what_is_delivered_is_in_the_file_at_once(course: Course, tmp_path: Path) -> None:
    source = tmp_path / "values"
    source.write_bytes(b"only one")
    for number in (1, 2, 3):
        course.start("acceptor", number)
    course.start("proposer", 1)
    output = course.start("learner", 1)
    course.start("client", 1, source)
    wait_for(lambda: output.read_bytes() == b"only one\n", "the value, before any signal")
    course.wait_traced()
    for process in course.running:
        process.kill()
        process.wait()
    assert "of 6 processes" in conformance(course.run_dir)


@pytest.mark.parametrize("role", ["acceptor", "proposer", "learner", "client"])
def test_scripts_say_what_they_expect(role: str, tmp_path: Path) -> None:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [IMPL / f"{role}.sh", *arguments],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    ended = call("1")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"error: expected two arguments, as in: ./{role}.sh 1 paxos.conf\n"
    ended = call("1", "missing.conf")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "error: configuration missing.conf: No such file or directory\n"
