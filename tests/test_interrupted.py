"""Ctrl-C ends every command with status 130 and without a traceback, whenever it comes. Processes
of each role, and whole runs, are in `tests/cluster` (`test_failures.py`, `test_run.py`)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from conformance.cli.main import COMMANDS, Command
from paxos.options import HARNESS
from tests.cluster.processes import ENVIRONMENT, PATIENCE_S
from tests.paths import ROOT

WAIT = """
import signal, sys, time
from importlib import import_module

signal.signal(signal.SIGINT, signal.default_int_handler)

def wait(*_):
    print("ready", flush=True)
    time.sleep(600)

module = import_module(sys.argv[1])
module.main = wait
from {0}.__main__ import main
sys.argv = ["{0}", *sys.argv[2:]]
sys.exit(main())
"""
"""The command as it is, but for what the subcommand does: that waits."""

LOAD = """
import sys

class Interrupted:
    def find_spec(self, name, *_):
        if name == sys.argv[1]:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted())
from {0}.__main__ import main
sys.exit(main())
"""
"""Ctrl-C comes while the program is being loaded."""

WORDS = {
    "check": ["a run"],
    "merge": ["a.json"],
    "explain": ["a run"],
    "report": ["a run"],
    "lint": ["a run"],
    "relay": ["a.yaml"],
    "spec-distributed": ["--model", "a"],
}
"""What a subcommand cannot do without."""


RUN = """
import runpy, signal, sys
from importlib import import_module

signal.signal(signal.SIGINT, signal.default_int_handler)

def wait(*_, **__):
    print("ready", flush=True)
    signal.pause()

setattr(import_module(sys.argv[1]), sys.argv[2], wait)
sys.argv = ["{0}", "--seconds", "600"]
runpy.run_module("{0}", run_name="__main__")
"""
"""A program of the tests as `python -m` runs it, but for a function of what it uses: that waits."""


def ends(script: str, package: str, *words: str, interrupt: bool) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", script.replace("{0}", package), *words],
        env=ENVIRONMENT,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if interrupt:
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, errors
    assert errors in ("", "stopped\n")


@pytest.mark.parametrize("name", HARNESS)
def test_what_measures_and_simulates(name: str) -> None:
    ends(WAIT, "paxos", f"{HARNESS[name][0]}.command", name, interrupt=True)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_checker(command: Command) -> None:
    words = [command.name, *WORDS.get(command.name, [])]
    ends(WAIT, "conformance", f"conformance.cli.{command.module}", *words, interrupt=True)


@pytest.mark.parametrize(
    ("package", "module"), [("paxos", "paxos.cli"), ("conformance", "conformance.cli.main")]
)
def test_while_it_is_loaded(package: str, module: str) -> None:
    ends(LOAD, package, module, interrupt=False)


@pytest.mark.parametrize(
    ("program", "module", "function"),
    [
        ("tests.fuzz", "tests.fuzz.fuzzing", "fuzz"),
        ("tests.simulation.congestion", "harness.simulation.cluster", "Simulation"),
    ],
)
def test_what_a_soak_runs_besides(program: str, module: str, function: str) -> None:
    ends(RUN, program, module, function, interrupt=True)
