"""What the machine can do: raw multicast between two Python processes, and raw fsync.

The other process is this module, run with `python -m`. Both use blocking sockets, one system call
a datagram and nothing else, which is as little as Python can do.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from msgspec import Struct

from harness.bench.helper import Helper, end_with_parent
from paxos.config import Config, Endpoint, Groups
from paxos.errors import RunError, reason
from paxos.runtime.groups import ChosenGroups
from paxos.runtime.multicast import Multicast
from paxos.runtime.streams import readable

SMALL_BYTES = 64
LARGE_BYTES = Config().largest_datagram_bytes
"""The largest datagram that the cluster sends by default."""

PAGE_BYTES = 4096
PATIENCE_S = 20.0
END = b"end"


class Limits(Struct):
    """Measured once."""

    one_way_us: float
    """Half a round trip of a small datagram, the median."""
    one_way_p99_us: float
    small_per_s: float
    """Small datagrams received per second, one way."""
    large_mb_per_s: float
    """Megabytes received per second, one way, in large datagrams."""
    fsync_per_s: float
    """A page appended and made durable, one after another."""


def measure(seconds: float, folder: Path) -> Limits:
    """Measure each limit for `seconds`; `folder` is on the disk that counts. Raises `RunError`."""
    with ChosenGroups(Config()) as chosen:
        assert chosen.groups
        p50_us, p99_us = _ping_pong(chosen.groups, seconds)
        small, _ = _stream(chosen.groups, SMALL_BYTES, seconds)
        _, large_bytes = _stream(chosen.groups, LARGE_BYTES, seconds)
    return Limits(p50_us, p99_us, small, large_bytes / 1e6, _fsync(folder, seconds))


class _Ear(Multicast):
    """Multicast sockets as the cluster has them, but blocking, one datagram a call."""

    def __init__(self, own: Endpoint) -> None:
        super().__init__(own, Config().interface, Config().ttl)
        self._receiver.settimeout(PATIENCE_S)

    def one(self) -> bytes:
        return self._receiver.recv(1 << 16)

    def say(self, to: Endpoint, datagram: bytes) -> None:
        self._sender.sendto(datagram, (to.address, to.port))


def _ping_pong(groups: Groups, seconds: float) -> tuple[float, float]:
    """One-way delay in microseconds, median and 99th percentile."""
    ear = _Ear(groups.clients)
    delays: list[float] = []
    try:
        with Helper("limits", ["echo", *_text(groups.proposers), *_text(groups.clients)]) as helper:
            _await_line(helper)
            datagram = b"x" * SMALL_BYTES
            end_s = time.perf_counter() + seconds
            while (sent_s := time.perf_counter()) < end_s:
                ear.say(groups.proposers, datagram)
                ear.one()
                delays.append((time.perf_counter() - sent_s) / 2)
    except TimeoutError as error:
        raise RunError("raw multicast: a datagram was lost on the loopback") from error
    finally:
        ear.close()
    delays.sort()
    return delays[len(delays) // 2] * 1e6, delays[int(0.99 * (len(delays) - 1))] * 1e6


def _stream(groups: Groups, size: int, seconds: float) -> tuple[float, float]:
    """Datagrams and bytes received per second, with a sender that never waits."""
    mouth = _Ear(groups.clients)
    try:
        with Helper("limits", ["sink", *_text(groups.proposers), *_text(groups.clients)]) as helper:
            _await_line(helper)
            datagram = b"x" * size
            end_s = time.monotonic() + seconds
            while time.monotonic() < end_s:
                for _ in range(64):
                    mouth.say(groups.proposers, datagram)
            while not readable([helper.output], 0.01):
                mouth.say(groups.proposers, END)  # until one is not lost
                if time.monotonic() > end_s + PATIENCE_S:
                    raise RunError("raw multicast: the receiver does not answer")
            count, took_s = _await_line(helper).split()
    finally:
        mouth.close()
    return int(count) / float(took_s), int(count) * size / float(took_s)


def _fsync(folder: Path, seconds: float) -> float:
    """Pages per second, each appended and made durable by itself."""
    path = folder / "fsync"
    count, began_s = 0, time.monotonic()
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            while time.monotonic() < began_s + seconds:
                os.write(fd, b"x" * PAGE_BYTES)
                os.fsync(fd)
                count += 1
        finally:
            os.close(fd)
            path.unlink()
    except OSError as error:
        raise RunError(f"{path}: {reason(error)}") from error
    return count / (time.monotonic() - began_s)


def _text(endpoint: Endpoint) -> list[str]:
    return [endpoint.address, str(endpoint.port)]


def _await_line(helper: Helper) -> str:
    if not readable([helper.output], PATIENCE_S):
        raise RunError("raw multicast: the other process does not start")
    return helper.line().decode()


# The other process.


def main() -> int:
    """Echo each datagram, or count them: `echo|sink` and two groups, own and other."""
    end_with_parent()
    mode, own_address, own_port, address, port = sys.argv[1:]
    ear, to = _Ear(Endpoint(own_address, int(own_port))), Endpoint(address, int(port))
    print("ready", flush=True)
    if mode == "echo":
        while True:
            ear.say(to, ear.one())
    ear.one()
    count, began_s, last_s = 0, time.monotonic(), 0.0
    while True:
        datagram = ear.one()
        if datagram == END:
            break
        count += 1
        last_s = time.monotonic()
    print(count, max(last_s - began_s, 1e-9), flush=True)
    time.sleep(PATIENCE_S)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TimeoutError:
        sys.exit("no datagram came")
