"""A signal that comes while Java is being started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.tlc import runner
from conformance.tlc.interrupts import termination_as_interrupt, uninterrupted


def test_an_interrupt_waits_until_a_process_is_known() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), termination_as_interrupt():
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("started")
        done.append("not reached")
    assert done == ["started"]


def test_a_process_is_ended_when_a_signal_comes_before_popen_returns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real, started = subprocess.Popen, []

    def popen(*args: Any, **options: Any) -> Any:
        started.append(real(*args, **options))
        os.kill(os.getpid(), signal.SIGTERM)
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", popen)
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    nothing = tmp_path / "nothing.tla"
    with pytest.raises(KeyboardInterrupt), termination_as_interrupt():
        runner.conclude(command, tmp_path, runner.Task(nothing, nothing), runner.Limits(seconds=30))
    assert started[0].poll() is not None
