"""The tracers in traces/tracers/, each in a toy of its language whose traces the checker judges.

The test is the toys' network: it hands over one line at a time, so that every run is the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from conformance.replay.run_folder import check_run
from conformance.replay.verdict import Verdict
from conformance.trace.reader import open_run
from tests.paths import ROOT

HERE = Path(__file__).parent
TRACERS = ROOT / "traces" / "tracers"
MAX_LINES = 150
HOUR_US = 3600 * 10**6
BUILD_S = 100.0


def build_python(folder: Path) -> list[str]:
    return [sys.executable, str(HERE / "toy.py")]


def build_c(folder: Path) -> list[str]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler (cc)")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1"]
    made = str(folder / "toy")
    source = [str(HERE / "toy.c"), "-I", str(TRACERS / "c"), "-o", made]
    subprocess.run([compiler, *flags, *source], check=True, timeout=BUILD_S)
    return [made]


def build_go(folder: Path) -> list[str]:
    if shutil.which("go") is None:
        pytest.skip("no Go (go)")
    (folder / "tracer").mkdir()
    shutil.copy(TRACERS / "go" / "tracer.go", folder / "tracer")
    shutil.copy(HERE / "toy.go", folder)
    (folder / "go.mod").write_text("module toy\n\ngo 1.18\n")
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    environment.setdefault("GOCACHE", str(Path(os.environ.get("HOME", folder)) / ".cache/go-build"))
    for command in (["go", "vet", "./..."], ["go", "build", "-o", "toy", "."]):
        subprocess.run(command, cwd=folder, check=True, env=environment, timeout=BUILD_S)
    return [str(folder / "toy")]


def build_javascript(folder: Path) -> list[str]:
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        pytest.skip("no Node.js (node)")
    return [node, str(HERE / "toy.js")]


LANGUAGES: dict[str, Callable[[Path], list[str]]] = {
    "python": build_python,
    "c": build_c,
    "go": build_go,
    "javascript": build_javascript,
}


@pytest.fixture(scope="module", params=LANGUAGES)
def toy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs the toy of a language."""
    return LANGUAGES[request.param](tmp_path_factory.mktemp(request.param))


class Cluster:
    """A process for each role, and the lines that are on their way."""

    ROLES = {"acceptor": 3, "proposer": 2, "learner": 2, "client": 1}

    def __init__(self, toy: list[str], folder: Path, bug: str = "", one_host: bool = False) -> None:
        self.toy, self.folder, self.bug = toy, folder, bug
        self.environment = {**os.environ, **({"TOY_ON_ONE_HOST": "1"} if one_host else {})}
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.messages: deque[str] = deque()

    def __enter__(self) -> Self:
        self.folder.mkdir()
        for role, count in self.ROLES.items():
            for n in range(1, count + 1):
                self.start(f"{role}-{n}")
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.processes):
            self.kill(name)

    def start(self, name: str) -> None:
        role, number = name.split("-")
        command = [*self.toy, role, number, str(self.folder), *filter(None, [self.bug])]
        self.processes[name] = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=self.environment,
        )

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.communicate()

    def tell(self, name: str, kind: str, word: object, clock: int = 0) -> None:
        """Have a process do something, and hand over all messages that come of it."""
        self.messages.append(f"{name} {kind} 0 {clock} {word}")
        while self.messages:
            to, _, line = self.messages.popleft().partition(" ")
            self.messages.extend(self._hand_over(to, line))

    def _hand_over(self, to: str, line: str) -> Iterator[str]:
        process = self.processes[to]
        assert process.stdin and process.stdout
        process.stdin.write(line + "\n")
        process.stdin.flush()
        while (said := process.stdout.readline()) != ".\n":
            assert said, f"{to} ended at: {line}"
            yield said.rstrip("\n")

    def trace(self, process: str) -> Path:
        return self.folder / f"{process}.ndjson"

    def events(self, process: str) -> list[dict[str, Any]]:
        """The whole lines of a trace, but for the header."""
        lines = self.trace(process).read_text(encoding="utf-8").split("\n")[1:-1]
        return [json.loads(line) for line in lines]


def tear(trace: Path) -> None:
    """As a crash in the middle of a write leaves it."""
    with trace.open("ab") as file:
        file.write(b'{"event":"Phase2b","process":"acceptor-2.1","se')


def play(cluster: Cluster, ahead_us: int = 0) -> None:
    """Two values, an acceptor that is killed and comes back, and another leader."""
    cluster.tell("proposer-1", "lead", 1)
    cluster.tell("proposer-1", "lead", 1)  # it asks again
    cluster.tell("client-1", "say", "apple")
    cluster.tell("client-1", "say", "apple")  # it sends the value again
    cluster.tell("client-1", "say", "pear")
    cluster.kill("acceptor-2")
    tear(cluster.trace("acceptor-2.1"))
    cluster.start("acceptor-2")
    cluster.tell("client-1", "say", "plum")
    clock = cluster.events("client-1.1")[-1]["hlc"] + ahead_us
    cluster.tell("proposer-2", "lead", 2, clock=clock if ahead_us else 0)
    cluster.tell("client-1", "say", "fig")  # proposer 1 believes that it leads, and proposes it too


def judged(cluster: Cluster) -> Verdict:
    return check_run(cluster.folder)


def kinds(folder: Path) -> Counter[str]:
    return Counter(row[3].action for row in open_run(folder).rows())


def test_a_toy_conforms_and_its_bug_is_named(toy: list[str], tmp_path: Path) -> None:
    with Cluster(toy, tmp_path / "right") as cluster:
        play(cluster)
        assert judged(cluster).kind == "conforms", judged(cluster).violation
        counted = kinds(cluster.folder)
    with Cluster(toy, tmp_path / "wrong", bug="vote-any") as cluster:
        play(cluster)
        violation = judged(cluster).violation
        assert violation is not None and violation.name == "Phase2b.promise"
    # Said again is not done again: four values, two Phase1a, and Recover in one incarnation of two.
    assert (counted["Broadcast"], counted["Phase1a"], counted["Recover"]) == (4, 2, 1)
    assert counted["Phase1b"] == 6
    assert counted["Deliver"] == counted["Learn"] == 2 * 4


def test_the_clock_of_messages_orders_a_run(toy: list[str], tmp_path: Path) -> None:
    """Also where a host is an hour ahead of the others."""
    with Cluster(toy, tmp_path / "run") as cluster:
        play(cluster, ahead_us=HOUR_US)
        assert judged(cluster).kind == "conforms", judged(cluster).violation
        ahead = cluster.events("proposer-2.1")[0]["hlc"]
        assert ahead > cluster.events("proposer-1.1")[0]["hlc"] + HOUR_US // 2
        assert cluster.events("learner-1.1")[-1]["hlc"] > ahead


def test_on_one_host_no_message_needs_a_clock(toy: list[str], tmp_path: Path) -> None:
    with Cluster(toy, tmp_path / "run", one_host=True) as cluster:
        play(cluster)
        header = cluster.trace("acceptor-1.1").read_text().splitlines()[0]
        assert json.loads(header)["clock"] == "host"
        assert judged(cluster).kind == "conforms", judged(cluster).violation


def test_a_later_incarnation_goes_on_after_a_torn_line(toy: list[str], tmp_path: Path) -> None:
    with Cluster(toy, tmp_path / "run") as cluster:
        play(cluster, ahead_us=HOUR_US)
        before = cluster.trace("acceptor-3.1").read_bytes()
        cluster.kill("acceptor-3")
        cluster.start("acceptor-3")
        cluster.tell("client-1", "say", "quince")
        # Its own clock is an hour ahead, and no message has told it that before it recovered.
        old, new = cluster.events("acceptor-3.1"), cluster.events("acceptor-3.2")
        assert new[0]["event"] == "Recover" and new[0]["hlc"] > old[-1]["hlc"]
        assert cluster.trace("acceptor-3.1").read_bytes() == before
        assert not cluster.trace("acceptor-2.1").read_bytes().endswith(b"\n")
        assert judged(cluster).kind == "conforms", judged(cluster).violation


def test_one_value_is_one_range_in_all_languages(toy: list[str], tmp_path: Path) -> None:
    with Cluster(toy, tmp_path / "run") as cluster:
        cluster.tell("client-1", "say", "apple")
        (event,) = cluster.events("client-1.1")
        # FNV-1a of the five bytes, and its lower 52 bits plus 1, which a double holds.
        assert event["values"] == [["1.1", 0xA62A458BEFDBF + 1, 1, "f74a62a458befdbf"]]


def test_files_are_as_short_as_is_said() -> None:
    found = [p for p in TRACERS.rglob("*.*") if p.suffix not in (".md", ".pyc")]
    assert len(found) == len(LANGUAGES)
    for path in found:
        assert path.read_text(encoding="utf-8").count("\n") < MAX_LINES, path
