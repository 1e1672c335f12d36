"""Reading and writing file descriptors that the process was given: standard streams, pipes, files.

Whoever started the process may have left one non-blocking, as programs with an event loop do. The
setting belongs to everybody who has the same stream, so it is not changed: what would block is
waited for.
"""

import fcntl
import os
import select
from collections.abc import Iterable
from contextlib import suppress


def reserve_standard() -> None:
    """Where a standard stream is closed, take its number, before a socket or file gets it and with
    it the output, or is read as the input. Reading and writing there fails, and says so."""
    for fd, wrong_way in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(fd)
        except OSError:
            os.set_inheritable(os.open(os.devnull, wrong_way), True)  # gets the lowest number: `fd`


def read(fd: int, size: int) -> bytes:
    """Up to `size` bytes, waited for; b"" at the end. Raises `OSError`."""
    while True:
        try:
            return os.read(fd, size)
        except BlockingIOError:
            _wait(fd, select.POLLIN)


def widen(fd: int, size: int) -> None:
    """Have `fd`, if it is a pipe, hold `size` bytes, so that as much can be read at a time. Where
    that cannot be, nothing but time is lost."""
    with suppress(OSError, AttributeError):  # Linux
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, size)


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`, however many system calls it takes; usually one. Raises `OSError`."""
    left = memoryview(data)
    while True:
        try:
            written = os.write(fd, left)
        except BlockingIOError:
            _wait(fd, select.POLLOUT)
            continue
        if written == len(left):
            return
        left = left[written:]


def _wait(fd: int, event: int) -> None:
    poll = select.poll()
    poll.register(fd, event)
    poll.poll()


def readable(fds: Iterable[int], timeout_s: float | None = None) -> list[int]:
    """Those of `fds` that can be read, or are closed at the other end, waited for up to
    `timeout_s`. Not `select.select`, which knows no descriptor above 1,023."""
    return Readable(fds).wait(timeout_s)


class Readable:
    """The same, for who waits again and again."""

    def __init__(self, fds: Iterable[int]) -> None:
        self.fds = tuple(fds)
        self._poll = select.poll()
        for fd in self.fds:
            self._poll.register(fd, select.POLLIN)

    def wait(self, timeout_s: float | None) -> list[int]:
        """Those that can be read."""
        found = self._poll.poll(None if timeout_s is None else timeout_s * 1000)
        return [fd for fd, _ in found]
