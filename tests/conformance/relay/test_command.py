"""`conformance relay`: its output, its exit status, and the schedules that find classic bugs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.main import main
from conformance.replay.run_folder import check_run
from tests.conformance.relay.test_processes import wait_for
from tests.leftovers import processes_of
from tests.paths import ROOT

HERE = Path(__file__).parent
SCHEDULES = ROOT / "traces" / "schedules"
COMMAND = [sys.executable, "-m", "conformance", "relay"]
NODES = ["--nodes", str(HERE / "nodes.yaml")]
PATIENCE_S = 100.0
FOUND = {  # the toy's bug: the schedule that finds it, and the rule that the checker names
    "counts-any-promise": ("other-proposers-promise", "Phase2a.promises"),
    "round-forgotten": ("ballot-used-twice", "Recover.round"),
    "believes-one": ("learner-believes-one", "Learn.quorum"),
    "vote-keeps-promise": ("vote-raises-promise", "Phase2b.promise"),
    "promise-forgotten": ("promise-durable", "Recover.promise"),
}


def relay(*arguments: object, bug: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "TOY_BUG": bug},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in SCHEDULES.glob("*.yaml")))
def test_a_correct_paxos_conforms_under_every_schedule(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ended = relay(SCHEDULES / f"{name}.yaml", *NODES, "--folder", folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    verdict = check_run(folder)
    assert verdict.kind == "conforms", verdict.violation
    assert processes_of(folder) == []


@pytest.mark.parametrize("bug", FOUND)
def test_a_schedule_finds_each_classic_bug(bug: str, tmp_path: Path) -> None:
    schedule, rule = FOUND[bug]
    path, folder = SCHEDULES / f"{schedule}.yaml", tmp_path / "run"
    relay(path, *NODES, "--folder", folder, bug=bug)
    violation = check_run(folder).violation
    assert violation is not None and violation.name == rule
    assert rule in path.read_text(encoding="utf-8"), "the schedule says what it finds"


def test_the_page_says_which_schedule_finds_which_bug() -> None:
    page = (ROOT / "docs" / "relay.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| a ")]
    toy = (HERE / "toy_paxos.py").read_text(encoding="utf-8")
    assert set(FOUND) == set(re.findall(r'bug [!=]= "(.+)"', toy))
    for bug, (schedule, rule) in FOUND.items():
        shown = [row for row in rows if all(f"`{word}`" in row for word in (bug, schedule, rule))]
        assert len(shown) == 1, bug
    named = set(re.findall(r"`([a-z-]+)`", page)) | {*(schedule for schedule, _ in FOUND.values())}
    assert {path.stem for path in SCHEDULES.glob("*.yaml")} <= named


# -- the command --------------------------------------------------------------------------------
ECHO = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
host, port = sys.argv[1].split(":")
sock.bind((host, int(port)))
print("up", open(sys.argv[3]).read(), flush=True)
host, port = sys.argv[2].split(":")
for line in sys.stdin:
    sock.sendto(line.encode(), (host, int(port)))
    print(sock.recv(100).decode(), end="", flush=True)
"""
PAIR = """
nodes:
  one: {run: ['{python}', '{folder}.py', '{bind}', '{two}', '{file}'], file: 'port {two.port}'}
  two: {run: ['{python}', '{folder}.py', '{bind.host}:{bind.port}', '{one}', '{file}'], file: hi}
"""


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    (tmp_path / "run.py").write_text(ECHO, encoding="utf-8")
    return tmp_path / "schedule.yaml"


def played(schedule: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    schedule.write_text(text, encoding="utf-8")
    return relay(schedule, "--folder", schedule.parent / "run", *options)


STEPS = """
steps:
  - start: [one, two]
  - wait: {file: "*.log", has: up, count: 2}
  - tell: {to: one, line: from one}
  - tell: {to: two, line: from two}
  - wait: {file: "*.log", has: ["^from", "o"], count: 2}
  - pause: one
  - resume: one
  - kill: two
  - wait: {ended: two}
  - stop: one
"""


def test_a_schedule_is_done_step_by_step(schedule: Path) -> None:
    ended = played(schedule, PAIR + STEPS)
    assert (ended.returncode, ended.stderr) == (0, "")
    folder = schedule.parent / "run"
    assert (folder / "two.log").read_text() == "up hi\nfrom one\n"
    said = (folder / "one.log").read_text()
    assert re.fullmatch(r"up port \d+\nfrom two\n", said)
    steps = re.findall(r"^ *\d+\.\d{3} s  (.*)$", ended.stdout, re.MULTILINE)
    assert steps[0] == "start: [one, two]" and steps[-1] == "end" and len(steps) == 11
    assert "one -> two: 1 received, 1 passed on" in ended.stdout


def test_quiet_says_nothing(schedule: Path) -> None:
    ended = played(schedule, PAIR + STEPS, "-q")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


BAD = {
    "a wait": (
        "wait: {file: 'x.*', has: y, within_s: 0}",
        1,
        "number 1, wait: not within 0 s: found",
    ),
    "datagrams": ("wait: {datagrams: 2, within_s: 0}", 1, "0 of 2 passed on"),
    "one of two patterns": (
        "start: one, wait: {file: '*.log', has: up}, "
        "wait: {file: '*.log', has: [up, down], within_s: 0}",
        1,
        "number 3, wait: not within 0 s: found in 0 of 1 lines",
    ),
    "not running": ("kill: one", 1, "one is not running"),
    "no step": ("restart: one", 2, "'restart' is no step"),
}


@pytest.mark.parametrize(("step", "status", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_done_is_said_in_one_line(
    schedule: Path, step: str, status: int, words: str
) -> None:
    ended = played(schedule, f"{PAIR}\nsteps: [{step}]")
    assert ended.returncode == status and words in ended.stderr
    assert ended.stderr.startswith("error: ") and ended.stderr.count("\n") == 1


def test_a_placeholder_that_is_no_node(schedule: Path) -> None:
    ended = played(schedule, "nodes: {one: {run: 'prog {two}'}}\nsteps: [start: one]")
    assert ended.returncode == 2 and "nodes, one: {two} is no other node" in ended.stderr


def test_a_command_that_is_not_there(schedule: Path) -> None:
    ended = played(schedule, "nodes: {one: {run: /none/such}}\nsteps: [start: one]")
    assert ended.returncode == 1 and "/none/such cannot be started" in ended.stderr


def test_a_run_folder_is_used_once(schedule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = schedule.parent / "run"
    folder.mkdir()
    (folder / "acceptor-1.1.ndjson").touch()
    schedule.write_text(PAIR, encoding="utf-8")
    assert main(["relay", str(schedule), "--folder", str(folder)]) == 2
    assert "has files of an earlier run" in capsys.readouterr().err


@pytest.mark.parametrize("steps", ["", "steps: [wait: {seconds: 1000}]"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_relay_ends_in_order(
    schedule: Path, steps: str, number: signal.Signals
) -> None:
    """Without steps it works until then, for processes that somebody else starts."""
    schedule.write_text("nodes: {one: {bind: '127.0.0.1:7001'}, two: {}}\n" + steps)
    process: Any = subprocess.Popen(
        [*COMMAND, str(schedule), "--folder", str(schedule.parent / "run")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "start these yourself: one, two\n"
        assert re.fullmatch(r"  one reaches two at 127\.0\.0\.1:\d+\n", process.stdout.readline())
        assert "  two reaches one at" in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == (130 if steps or number == signal.SIGINT else 0)
    finally:
        process.kill()
        process.communicate()
    wait_for(lambda: not processes_of(schedule.parent))
