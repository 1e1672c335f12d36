"""Counting the system calls of processes, where the machine lets us."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.bench import system_calls
from harness.bench.system_calls import Counting
from paxos.errors import RunError

CALLS = """
import os, sys
for line in sys.stdin:
    [os.getppid() for _ in range(1000)]
    print(flush=True)
"""
"""Makes a thousand calls, and a few more, for each line that it reads."""


@pytest.fixture
def caller() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", CALLS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        make_calls(process)
        yield process
        process.kill()


def make_calls(process: subprocess.Popen[str]) -> None:
    assert process.stdin and process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    process.stdout.readline()


def test_what_perf_says() -> None:
    said = "Events disabled\nEvents enabled\n180,,raw_syscalls:sys_enter,3893407,100.00,,\n"
    assert system_calls.parse(said) == 180
    assert system_calls.parse("<not supported>,,raw_syscalls:sys_enter,0,100.00,,\n") == 0
    assert system_calls.parse("event syntax error: 'raw_syscalls:sys_enter'") == 0


def test_without_perf_it_is_said_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert system_calls.missing() == "perf is not installed"


@pytest.mark.skipif(bool(system_calls.missing()), reason="perf counts nothing here")
def test_calls_of_a_process_while_they_are_counted(caller: subprocess.Popen[str]) -> None:
    make_calls(caller)
    with Counting([caller.pid]) as counting:
        make_calls(caller)
        make_calls(caller)
        assert 2000 <= counting.end() < 2100


@pytest.mark.skipif(bool(system_calls.missing()), reason="perf counts nothing here")
def test_a_process_that_is_gone(caller: subprocess.Popen[str]) -> None:
    caller.kill()
    caller.wait()
    with (
        pytest.raises(RunError, match="perf counts no system calls: Problems"),
        Counting([caller.pid]),
    ):
        pass
