"""docs/three-machines.md: its files are those that it shows, systemd takes the unit, and what it
says happens on three hosts that are started as the unit says."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.hosts import Hosts, command, missing
from tests.cluster.processes import ENVIRONMENT, PATIENCE_S, PAXOS, wait_for
from tests.paths import ROOT

pytestmark = pytest.mark.multicast

FOLDER = ROOT / "docs" / "three-machines"
UNIT = FOLDER / "paxos-replica@.service"
PROGRAM, ETC, STATE = "/opt/paxos/bin/paxos", "/etc/paxos", "/var/lib/paxos"
MACHINES = (1, 2, 3)


def service() -> configparser.SectionProxy:
    """What the unit says of the process."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT, encoding="utf-8")
    return parser["Service"]


class Machines(Hosts):
    """Three hosts with the files of the guide."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.etc = folder / "etc"
        self.etc.mkdir()
        shutil.copy(FOLDER / "cluster.yaml", self.etc)
        (self.etc / "cluster.key").write_bytes(os.urandom(32))
        (self.etc / "cluster.key").chmod(0o600)
        for number in MACHINES:
            self.state(number).mkdir()

    def state(self, number: int) -> Path:
        """The state directory of a machine."""
        return self.etc.parent / f"machine-{number}"

    def delivered(self, number: int) -> list[bytes]:
        """What is in the output of a machine."""
        to, _, path = service()["StandardOutput"].partition(":")
        assert (to, Path(path).parent) == ("truncate", Path(STATE))
        return (self.state(number) / Path(path).name).read_bytes().split(b"\n")[:-1]

    def here(self, number: int, *words: str) -> list[str]:
        """A command of the guide, as it is on a machine here."""
        own = str(self.state(number))
        mapped = [word.replace(ETC, str(self.etc)).replace(STATE, own) for word in words]
        program = PAXOS if mapped[0] == PROGRAM else mapped[:1]
        return ["ip", "netns", "exec", self._host(f"machine-{number}"), *program, *mapped[1:]]

    def start_service(self, number: int) -> None:
        """Start a machine's replica, as systemd does."""
        self.on_host(f"machine-{number}", "ip", "link", "set", "lo", "up")
        words = shlex.split(service()["ExecStart"].replace("%i", str(number)))
        assert words[:2] == [PROGRAM, "replica"]
        output = self.state(number) / "delivered"
        with output.open("wb") as sink, self.log(f"machine-{number}").open("ab") as log:
            self.processes[f"machine-{number}"] = subprocess.Popen(
                self.here(number, *words),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=log,
                cwd=self.state(number),
                env=ENVIRONMENT,
            )

    def run(
        self, number: int, *words: str, values: bytes = b""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the guide on a machine, to its end."""
        return subprocess.run(
            self.here(number, PROGRAM, *words, "--config", f"{ETC}/cluster.yaml"),
            input=values.decode(),
            capture_output=True,
            text=True,
            check=False,
            env=ENVIRONMENT,
            timeout=PATIENCE_S,
        )

    def has_status(self, status: int, says: str) -> bool:
        """Whether `paxos status` on the second machine ends so, and says that."""
        ended = self.run(2, "status")
        return ended.returncode == status and says in ended.stdout


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    if reason := missing("ip"):
        pytest.skip(reason)
    made = Machines(tmp_path)
    with made:
        yield made


def numbered(first: int, last: int) -> bytes:
    return b"".join(b"value %d\n" % n for n in range(first, last + 1))


def test_three_machines_of_which_one_crashes_and_comes_back(machines: Machines) -> None:
    for number in MACHINES:
        machines.start_service(number)
    wait_for(lambda: machines.has_status(0, " leads with ballot "), "leader, and all machines")
    ended = machines.run(1, "client", "1", values=numbered(1, 100))
    assert ended.returncode == 0, ended.stderr
    fetch = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9464/metrics').read())"
    scraped = machines.on_host("machine-3", sys.executable, "-c", fetch)
    assert 'paxos_leads{process="proposer-3"}' in scraped

    found = re.search(r"proposer-(\d) leads", machines.run(2, "status").stdout)
    assert found
    leader = int(found[1])
    others = [n for n in MACHINES if n != leader]
    machines.kill(f"machine-{leader}")
    ended = machines.run(others[0], "client", "1", values=numbered(101, 200))
    assert ended.returncode == 0, ended.stderr
    wait_for(lambda: all(len(machines.delivered(n)) == 200 for n in others), "values at two")
    gone = f"missing: proposer-{leader}, acceptor-{leader}, learner-{leader}"
    wait_for(lambda: machines.has_status(1, gone), "status without the machine")

    machines.start_service(leader)
    wait_for(lambda: len(machines.delivered(leader)) == 200, "values at the machine that is back")
    wait_for(lambda: machines.has_status(0, " leads with ballot "), "all machines")
    assert machines.delivered(1) == machines.delivered(2) == machines.delivered(3)
    assert sorted(machines.delivered(1)) == sorted(numbered(1, 200).split(b"\n")[:-1])

    again = machines.run(leader, "replica", str(leader), "--data-dir", f"{STATE}/other")
    assert again.returncode == 2, "of two with one number, the later one ends"
    for process in machines.processes.values():
        process.send_signal(signal.SIGTERM)
    assert [process.wait(PATIENCE_S) for process in machines.processes.values()] == [0, 0, 0]


def test_two_machines_down_and_nothing_is_lost(machines: Machines) -> None:
    for number in MACHINES:
        machines.start_service(number)
    wait_for(lambda: machines.has_status(0, " leads with ballot "), "leader, and all machines")
    machines.kill("machine-1", "machine-3")
    client = subprocess.Popen(
        machines.here(2, PROGRAM, "client", "1", "--config", f"{ETC}/cluster.yaml"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=machines.log("client").open("ab"),
        env=ENVIRONMENT,
    )
    machines.processes["client"] = client
    assert client.stdin is not None
    client.stdin.write(numbered(1, 10))
    client.stdin.close()
    waits = "that a learner has delivered them, and goes on sending them; in the last 3 s"
    wait_for(lambda: waits in machines.log("client").read_text("utf-8"), "line of the client")
    assert machines.delivered(2) == []
    machines.start_service(3)
    assert client.wait(PATIENCE_S) == 0
    wait_for(lambda: len(machines.delivered(3)) == 10, "values at the machine that is back")


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    text = UNIT.read_text(encoding="utf-8")
    for number in MACHINES:
        made = tmp_path / f"paxos-replica@{number}.service"
        made.write_text(text.replace(PROGRAM, sys.executable), encoding="utf-8")
        done = command("systemd-analyze", "verify", "--man=no", made)
        assert (done.returncode, done.stderr) == (0, "")
    assert service()["RestartPreventExitStatus"] == "2"


def test_the_guide_shows_the_files_that_there_are() -> None:
    text = (ROOT / "docs" / "three-machines.md").read_text(encoding="utf-8")
    assert (FOLDER / "cluster.yaml").read_text(encoding="utf-8") in text
    for name in ("cluster.yaml", "paxos-replica@.service"):
        assert f"(three-machines/{name})" in text
