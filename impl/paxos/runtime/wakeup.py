"""Waking the thread that waits for datagrams, from another one."""

import os
from contextlib import suppress


class Wakeup:
    """A pipe that has something in it from when it is called for until it is taken note of. Used
    under the node's lock, but for `fd`."""

    def __init__(self) -> None:
        self.fd, self._writer = os.pipe()
        """Readable when the thread is called."""
        self._is_open = True
        for fd in (self.fd, self._writer):
            os.set_blocking(fd, False)

    def call(self) -> None:
        """Have it wake, now or when it next waits."""
        if self._is_open:
            with suppress(BlockingIOError):  # it is called as it is
                os.write(self._writer, b"\0")

    def answer(self) -> None:
        """It is awake."""
        os.read(self.fd, 512)

    def close(self) -> None:
        """Nobody waits any more."""
        if self._is_open:
            self._is_open = False
            os.close(self.fd)
            os.close(self._writer)
