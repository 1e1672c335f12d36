"""Which multicast groups a cluster on this machine uses, if its configuration does not say."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from paxos.config import Config, Endpoint, Groups
from paxos.errors import InputError, reason, shortage

FIRST_PORT, LAST_PORT = 20_000, 32_000
"""Where groups are put if the configuration does not say: below the ports that systems hand out."""


class ChosenGroups:
    """The groups and the name of a cluster; chosen here if the configuration leaves it open, so
    that clusters that run at the same time do not disturb one another.

    The lowest of five ports in a row is kept bound for as long as the run lasts: whoever else looks
    for ports finds it taken and moves on.
    """

    def __init__(self, config: Config) -> None:
        self.groups = config.groups
        self.cluster = config.cluster or f"run-{random.getrandbits(48):012x}"
        self._lock: socket.socket | None = None
        if self.groups is None:
            first = self._find()
            ends = [Endpoint("239.0.0.1", first + n) for n in range(1, 5)]
            self.groups = Groups(*ends)

    def _find(self) -> int:
        starts = list(range(FIRST_PORT, LAST_PORT, 5))
        random.shuffle(starts)
        for first in starts:
            with _if_free():
                self._lock = _bound("127.0.0.1", first)
                with _if_free():
                    for port in range(first + 1, first + 5):
                        _bound("239.0.0.1", port).close()
                    return first
                self._lock.close()
        raise InputError(f"no free ports between {FIRST_PORT} and {LAST_PORT}; set `groups`")

    def __enter__(self) -> "ChosenGroups":
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self._lock.close()


@contextmanager
def _if_free() -> Iterator[None]:
    """Another port may be free; but not where no socket can be had at all."""
    try:
        yield
    except OSError as error:
        if shortage(error):
            raise InputError(f"cannot look for free ports: {reason(error)}") from error


def _bound(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock
