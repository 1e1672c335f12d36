"""The processes of a schedule are ended with all that they have started, however the relay goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.relay import processes as module
from conformance.relay.processes import ProcessError, Processes
from tests.leftovers import processes_of
from tests.paths import ROOT

PATIENCE_S = 30.0
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", sys.argv[1]])
print(child.pid, flush=True)
while sys.argv[2] == "stay": time.sleep(1)
"""
POLITE = """
import signal, sys, time
signal.signal(15, lambda *_: sys.exit(3))
print("x", flush=True)
time.sleep(1000)
"""
DEAF = """
import signal, time
signal.signal(15, signal.SIG_IGN)
print("x", flush=True)
time.sleep(1000)
"""


def wait_for(condition: Callable[[], Any]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def parent(folder: Path, how: str = "stay") -> list[str]:
    return [sys.executable, "-c", PARENT, str(folder), how]


def test_a_group_is_killed_with_what_its_leader_started(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("a", parent(tmp_path), {})
        wait_for(lambda: len(processes_of(tmp_path)) == 2)
        processes.kill("a")
        wait_for(lambda: not processes_of(tmp_path))
        assert not processes.alive("a") and processes.statuses["a"] == -signal.SIGKILL
        assert f"ended by signal 9 (see {tmp_path / 'a.log'})" in processes.how("a")


def test_what_a_process_leaves_behind_is_killed_when_it_ends(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("a", parent(tmp_path, "go"), {})
        wait_for(lambda: processes.look() == ["a"])
        wait_for(lambda: not processes_of(tmp_path))
        assert processes.statuses["a"] == 0


def test_all_is_ended_with_the_context_also_what_is_paused_or_deaf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_S", 1.0)
    with pytest.raises(RuntimeError), Processes(tmp_path) as processes:
        processes.start("paused", [sys.executable, "-c", POLITE], {})
        processes.start("deaf", [sys.executable, "-c", DEAF], {})
        processes.start("parent", parent(tmp_path), {})
        logs = [tmp_path / "deaf.log", tmp_path / "paused.log"]
        wait_for(lambda: [log.read_bytes() for log in logs] == [b"x\n"] * 2)
        wait_for(lambda: len(processes_of(tmp_path)) == 2)
        processes.send_signal("paused", signal.SIGSTOP)
        raise RuntimeError
    assert processes.statuses == {
        "paused": 3,
        "deaf": -signal.SIGKILL,
        "parent": -signal.SIGTERM,
    }
    wait_for(lambda: not processes_of(tmp_path))


def test_a_process_may_be_started_again_and_told_something(tmp_path: Path) -> None:
    echo = [sys.executable, "-c", "import os; print(input(), os.environ['WHO'], flush=True)"]
    with Processes(tmp_path) as processes:
        for word in ("one", "two"):
            processes.start("a", echo, {"WHO": "me"})
            with pytest.raises(ProcessError, match="a is running already"):
                processes.start("a", echo, {})
            processes.tell("a", word)
            wait_for(lambda: not processes.alive("a"))
        assert (tmp_path / "a.log").read_text() == "one me\ntwo me\n"
        with pytest.raises(ProcessError, match="a is not running"):
            processes.kill("a")
        with pytest.raises(ProcessError, match="a is not running"):
            processes.tell("a", "three")
        with pytest.raises(ProcessError, match="b is not running"):
            processes.ask_to_end("b")
        with pytest.raises(ProcessError, match=r"b: .*none cannot be started: No such file"):
            processes.start("b", [str(tmp_path / "none")], {})


RELAY = """
import sys, time
from pathlib import Path
from conformance.relay.processes import Processes
with Processes(Path(sys.argv[1])) as processes:
    for name in "ab":
        processes.start(name, sys.argv[2:], {})
    processes.kill("b")
    print("ready", flush=True)
    time.sleep(1000)
"""


def test_processes_do_not_outlive_a_relay_that_is_killed(tmp_path: Path) -> None:
    relay = subprocess.Popen(
        [sys.executable, "-c", RELAY, str(tmp_path), *parent(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert relay.stdout is not None and relay.stdout.readline() == b"ready\n"
        wait_for(lambda: len(processes_of(tmp_path)) == 3)  # itself, a, and what a has started
    finally:
        relay.kill()
        relay.communicate()
    wait_for(lambda: not processes_of(tmp_path))
