"""Three machines with a replica of the store each, and one with its clients, in network namespaces.

Replicas hear one another over one network and clients over another, so that a replica that is cut
off from the others still answers its clients, if it dares. Each has a disk of its own (a small file
system in memory, which can be full) and a wall clock of its own.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from paxos import config as configuration
from tests.cluster.hosts import Hosts, command
from tests.cluster.processes import ENVIRONMENT
from tests.cluster.test_clocks import FAKETIME

REPLICAS = (1, 2, 3)
CLIENTS = "clients"
CLIENTS_NETWORK = "10.78.0"
CLIENTS_NUMBER = 100
PORT = 8000

DISK = "64m"
"""Of each machine."""

ANSWER_S = 0.7
"""How long a replica waits for a majority: in these tests it is often in vain."""

SMALL = {"checkpoints": True, "checkpoint_instances": 15, "retain_instances": 10}
"""Snapshots come often, and what they have is forgotten soon."""


class Machines(Hosts):
    """The replicas are the processes `replica-1` to `replica-3`."""

    def __init__(self, folder: Path, *, bug: str = "", **settings: Any) -> None:
        """With `bug`, replicas have that fault (`tests.jepsen.planted`)."""
        super().__init__(
            folder,
            **{"acceptors": 3, "proposers": 3, "learners": 3, "clients": None, **SMALL, **settings},
        )
        self._bug = bug
        self._mounted: list[Path] = []
        self.folder = folder

    def __enter__(self) -> Machines:
        super().__enter__()
        self._on_switch("ip", "link", "add", "br1", "type", "bridge")
        self._on_switch("ip", "link", "set", "br1", "up")
        for number in REPLICAS:
            self._make_disk(number)
            self._join_clients(f"replica-{number}", number)
        self._join_clients(CLIENTS, CLIENTS_NUMBER)
        return self

    def __exit__(self, *details: object) -> None:
        super().__exit__(*details)
        for disk in self._mounted:
            command("umount", "-l", disk)

    def disk(self, number: int) -> Path:
        """Where a machine keeps what it must find again."""
        return self.folder / f"disk-{number}"

    def _make_disk(self, number: int) -> None:
        self.disk(number).mkdir()
        self._do("mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", self.disk(number))
        self._mounted.append(self.disk(number))
        loaded = configuration.load(self.config)
        own = replace(loaded, data_dir=str(self.disk(number)))
        self._config(number).write_text(configuration.dump(own), encoding="utf-8")
        self._clock(number).write_text("+0\n", encoding="ascii")

    def _join_clients(self, name: str, number: int) -> None:
        """Give a machine an interface to the network of the clients."""
        ends = ["type", "veth", "peer", "name", "eth1", "netns", self._host(name)]
        self._on_switch("ip", "link", "add", f"c{number}", *ends)
        self._on_switch("ip", "link", "set", f"c{number}", "master", "br1", "up")
        self.on_host(name, "ip", "address", "add", f"{CLIENTS_NETWORK}.{number}/24", "dev", "eth1")
        self.on_host(name, "ip", "link", "set", "eth1", "up")
        self.on_host(name, "ip", "link", "set", "lo", "up")

    def _config(self, number: int) -> Path:
        return self.folder / f"replica-{number}.yaml"

    def _clock(self, number: int) -> Path:
        return self.folder / f"clock-{number}"

    def set_clock(self, number: int, off_s: int) -> None:
        """The wall clock of a machine is off by so much from now on."""
        new = self.folder / "clock-new"
        new.write_text(f"{off_s:+d}\n", encoding="ascii")
        new.rename(self._clock(number))

    def address(self, number: int) -> str:
        """Where a replica listens for clients."""
        return f"{CLIENTS_NETWORK}.{number}:{PORT}"

    @property
    def addresses(self) -> list[str]:
        """Of all replicas."""
        return [self.address(number) for number in REPLICAS]

    def begin(self, number: int) -> None:
        """Start a replica."""
        environment = dict(ENVIRONMENT)
        if FAKETIME:
            environment |= {
                "LD_PRELOAD": str(FAKETIME[0]),
                "FAKETIME_TIMESTAMP_FILE": str(self._clock(number)),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        words = ["serve", self._config(number), number, "--listen", self.address(number)]
        words += ["--run-dir", self.run_dir, "--answer-s", ANSWER_S]
        with self.log(f"replica-{number}").open("ab") as log:
            self.processes[f"replica-{number}"] = subprocess.Popen(
                self._on(f"replica-{number}", "tests.jepsen.planted", self._bug, *words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )

    def _on(self, name: str, module: str, *words: object) -> list[str]:
        enter = ["ip", "netns", "exec", self._host(name), sys.executable, "-m", module]
        return [*enter, *map(str, words)]

    def ask(self, *words: object, stdout: int | None = None) -> subprocess.Popen[bytes]:
        """Start `tests.jepsen.workload` on the machine of the clients."""
        command = self._on(CLIENTS, "tests.jepsen.workload", *words)
        return subprocess.Popen(command, env=ENVIRONMENT, stdout=stdout)

    def signal(self, number: int, which: signal.Signals) -> None:
        """Send a signal to a replica that runs."""
        self.processes[f"replica-{number}"].send_signal(which)

    def runs(self, number: int) -> bool:
        """Whether a replica does."""
        process = self.processes.get(f"replica-{number}")
        return process is not None and process.poll() is None
