"""Hosts for tests: network namespaces on one bridge, a cluster with each process on a host of its
own, and links that a test cuts, heals and makes lossy. Needs root and iproute2, and iptables for
loss."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.cluster.processes import PAXOS, Cluster

SUBNET = "10.77.0"


def command(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)


def missing(*programs: str) -> str:
    """Why this machine cannot have such hosts; empty if it can."""
    for program in programs:
        if not shutil.which(program):
            return f"{program} is not installed"
    name = f"px{os.getpid()}-probe"
    made = command("ip", "netns", "add", name)
    if made.returncode:
        return f"no network namespaces here: {made.stderr.strip()}"
    within = ["ip", "netns", "exec", name]
    attempts = [command(*within, "ip", "link", "add", "br0", "type", "bridge")]
    if "iptables" in programs:
        attempts.append(command(*within, *_rule("-A", 0.5)))
    command("ip", "netns", "del", name)
    return "; ".join(attempt.stderr.strip() for attempt in attempts if attempt.returncode)


def _rule(action: str, share: float) -> list[str]:
    """Lose a share of the datagrams that arrive."""
    chance = ["-m", "statistic", "--mode", "random", "--probability", str(share)]
    return ["iptables", "-w", action, "INPUT", "-p", "udp", *chance, "-j", "DROP"]


class Hosts(Cluster):
    """A cluster whose processes are each on a host of their own, with the interface `eth0`."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        key_file = folder / "key"
        key_file.write_bytes(os.urandom(32))
        key_file.chmod(0o600)
        super().__init__(folder, interface="eth0", ttl=1, key_file=str(key_file), **settings)
        self._hosts: dict[str, str] = {}
        self._switch = f"px{os.getpid()}-switch"

    def __enter__(self) -> Hosts:
        self._do("ip", "netns", "add", self._switch)
        # Without snooping: nobody here asks for memberships, so it would stop forwarding.
        options = ["type", "bridge", "mcast_snooping", "0"]
        self._on_switch("ip", "link", "add", "br0", *options)
        self._on_switch("ip", "link", "set", "br0", "up")
        return self

    def __exit__(self, *details: object) -> None:
        super().__exit__(*details)
        for name in (*self._hosts.values(), self._switch):
            command("ip", "netns", "del", name)

    def _do(self, *words: object) -> str:
        done = command(*words)
        assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.stderr}"
        return done.stdout

    def _on_switch(self, *words: object) -> None:
        self._do("ip", "netns", "exec", self._switch, *words)

    def on_host(self, name: str, *words: object) -> str:
        """Run a command on the host of a process; what it prints."""
        return self._do("ip", "netns", "exec", self._host(name), *words)

    def _host(self, name: str) -> str:
        """The namespace of a process, made when it is needed first and kept if it restarts."""
        if name not in self._hosts:
            self._hosts[name] = f"px{os.getpid()}-{name}"
            self._do("ip", "netns", "add", self._hosts[name])
            self.make_interface(name)
        return self._hosts[name]

    def make_interface(self, name: str) -> None:
        """Give the host of a process an interface, always with the same name and address."""
        number = list(self._hosts).index(name) + 1
        ends = ["type", "veth", "peer", "name", "eth0", "netns", self._hosts[name]]
        self._on_switch("ip", "link", "add", name, *ends)
        self._on_switch("ip", "link", "set", name, "master", "br0")
        self._on_switch("ip", "link", "set", name, "up")
        self.on_host(name, "ip", "address", "add", f"{SUBNET}.{number}/24", "dev", "eth0")
        self.on_host(name, "ip", "link", "set", "eth0", "up")

    def destroy_interface(self, name: str) -> None:
        """Take it away, as when an adapter is pulled out."""
        self.on_host(name, "ip", "link", "delete", "eth0")

    def drop(self, name: str, *which: object) -> None:
        """From now on the host drops packets that arrive and match an iptables rule."""
        self.on_host(name, "iptables", "-w", "-t", "raw", "-A", "PREROUTING", *which, "-j", "DROP")

    def program(self, name: str) -> list[str]:
        return ["ip", "netns", "exec", self._host(name), *PAXOS]

    def cut(self, *names: str) -> None:
        """Pull the cable of these hosts out of the switch."""
        for name in names:
            self._on_switch("ip", "link", "set", name, "down")

    def heal(self, *names: str) -> None:
        """Put it in again."""
        for name in names:
            self._on_switch("ip", "link", "set", name, "up")

    def lose(self, share: float, *names: str) -> None:
        """From now on these hosts lose a share of what arrives; what they send arrives."""
        for name in names:
            self.on_host(name, *_rule("-A", share))

    def lost(self, name: str) -> int:
        """How many datagrams the host has lost by the rules that it has now."""
        listing = self.on_host(name, "iptables", "-w", "-nvxL", "INPUT").splitlines()[2:]
        return sum(int(line.split()[0]) for line in listing)

    def lose_no_more(self, share: float, *names: str) -> None:
        """Take that back."""
        for name in names:
            self.on_host(name, *_rule("-D", share))
