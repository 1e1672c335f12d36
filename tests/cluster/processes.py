"""Processes for tests: a cluster that a test starts, kills and checks one process at a time.

Nothing here waits for a time: it waits for a condition, and fails when that does not come.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Self

from paxos import config as configuration
from paxos.config import Config
from paxos.runtime.groups import ChosenGroups
from tests.paths import ROOT

PAXOS = [sys.executable, "-m", "paxos"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "impl"), str(ROOT)])}
PATIENCE_S = 60.0


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the `paxos` command to its end."""
    command = [*PAXOS, *map(str, arguments)]
    options = {"stdin": subprocess.DEVNULL, "timeout": PATIENCE_S, "env": ENVIRONMENT, **options}
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def conformance(run_dir: Path, *options: str) -> str:
    """Check a run; the verdict, which must be that it conforms."""
    checked = subprocess.run(
        [sys.executable, "-m", "conformance", "check", str(run_dir), *options],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
        timeout=PATIENCE_S,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "conforms" in checked.stdout
    return checked.stdout


def wait_for(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until `condition()`; fail if it does not come."""
    until_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < until_s, f"no {what} within {patience_s} s"
        time.sleep(0.01)


def can_be_told_to_stop(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has come as far as to handle SIGTERM, or has ended."""
    if process.poll() is not None:
        return True
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    (caught,) = re.findall(r"SigCgt:\s*([0-9a-f]+)", status)
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))


class Cluster:
    """A cluster of processes that the test starts as it likes."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.run_dir = folder / "run"
        self.run_dir.mkdir()
        self.config = self.run_dir / "config.yaml"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.appends = False
        """Whether the output of a process that starts again goes on after what there was."""
        self._chosen = ChosenGroups(Config())
        config = Config(
            **{"proposers": 2, "learners": 3, "clients": 2, **settings},
            groups=self._chosen.groups,
            cluster=self._chosen.cluster,
        )
        self.config.write_text(configuration.dump(config), encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        self._chosen.__exit__()

    def program(self, name: str) -> list[str]:
        """What is run as the process `name`; a test may have its own."""
        return PAXOS

    def environment(self, name: str) -> dict[str, str]:
        """What the process `name` has in its environment."""
        return ENVIRONMENT

    def start(self, *names: str, values: Path | None = None, options: Iterable[str] = ()) -> None:
        """Start processes by name, such as `learner-1`. A client reads `values`, or a pipe."""
        for name in names:
            role, number = name.split("-")
            arguments = ["--config", str(self.config), "--run-dir", str(self.run_dir), *options]
            mode = "ab" if self.appends else "wb"
            with self.output(name).open(mode) as sink, self.log(name).open("ab") as log:
                source = values.open("rb") if values else None
                self.processes[name] = subprocess.Popen(
                    [*self.program(name), role, number, *arguments],
                    stdin=source or subprocess.PIPE,
                    stdout=sink,
                    stderr=log,
                    env=self.environment(name),
                )
                if source:
                    source.close()

    def start_all(self, acceptors: int = 3, proposers: int = 2, learners: int = 2) -> None:
        """Start all but the clients."""
        for role, count in (
            ("learner", learners),
            ("acceptor", acceptors),
            ("proposer", proposers),
        ):
            self.start(*(f"{role}-{n}" for n in range(1, count + 1)))

    def output(self, name: str) -> Path:
        """Where the standard output of a process goes."""
        return self.run_dir / f"{name}.out"

    def log(self, name: str) -> Path:
        """Where the standard error of a process goes."""
        return self.run_dir / f"{name}.log"

    def lines(self, name: str) -> list[bytes]:
        """The complete lines of output so far."""
        return self.output(name).read_bytes().split(b"\n")[:-1]

    def say(self, client: str, *values: bytes) -> None:
        """Have a client that reads a pipe broadcast `values`."""
        pipe = self.processes[client].stdin
        assert pipe
        pipe.write(b"".join(value + b"\n" for value in values))
        pipe.flush()

    def kill(self, *names: str) -> None:
        """Kill processes, as a crash would."""
        for name in names:
            self.processes[name].kill()
        for name in names:
            self.processes[name].wait()
            if pipe := self.processes[name].stdin:
                pipe.close()

    def wait_delivered(self, count: int, *learners: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until each of `learners` has delivered `count` values."""

        def has_all(learner: str) -> bool:
            return len(self.lines(learner)) >= count

        for learner in learners:
            wait_for(
                partial(has_all, learner),
                f"{count} values at {learner}, which has {len(self.lines(learner))}",
                patience_s,
            )

    def leader(self) -> str:
        """The proposer whose ballot is the highest in the traces."""
        highest = max(
            (json.loads(line)["ballot"] for line in self._events("acceptor", "Phase1b")),
            default=None,
        )
        assert highest, "nobody has led yet"
        return f"proposer-{highest[1]}"

    def _events(self, role: str, event: str) -> Iterable[str]:
        for path in self.run_dir.glob(f"{role}-*.ndjson"):
            with path.open(encoding="utf-8") as file:
                for line in file:
                    if line.startswith(f'{{"event":"{event}"') and line.endswith("\n"):
                        yield line

    def stop(self) -> None:
        """End what still runs, with SIGTERM; all of it must end well. A client may not have heard
        yet of the deliveries that the test has seen."""
        running = {n: p for n, p in self.processes.items() if p.poll() is None}
        for name, process in running.items():
            wait_for(partial(can_be_told_to_stop, process), f"start of {name}")
            process.send_signal(signal.SIGTERM)
        for name, process in running.items():
            status = process.wait(PATIENCE_S)
            log = self.log(name)  # a test may have sent it elsewhere
            said = log.read_text(encoding="utf-8") if log.exists() else ""
            is_early = name.startswith("client") and "not known to be delivered" in said
            assert status == int(is_early), f"{name}: {said}"


def begin_run(run_dir: Path, values_file: Path, *options: str) -> subprocess.Popen[str]:
    """A run of several seconds that has delivered something."""
    arguments = ["run", "--values", str(values_file), "--run-dir", str(run_dir), "--rate", "25"]
    process = subprocess.Popen(
        [*PAXOS, *arguments, *options],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    output = run_dir / "learner-1.out"
    wait_for(lambda: output.exists() and output.stat().st_size, "first value")
    return process
