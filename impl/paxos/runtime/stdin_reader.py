"""The client's reader: standard input, a line a value, to the client, as fast as it takes them.

Any bytes but the newline may be in a value; an empty line is a value, and so is a last line without
a newline.
"""

import time
from collections.abc import Iterator

from paxos.core.client import Client
from paxos.errors import InputError, reason
from paxos.runtime.node import Node
from paxos.runtime.pace import UNLIMITED, Limits, Pace
from paxos.runtime.report import fail
from paxos.runtime.shutdown import Stop
from paxos.runtime.streams import read

CHUNK_BYTES = 1 << 16


class ValueTooLongError(InputError):
    """A line that is larger than a value may be. `line` counts from 1; `size` is a number of
    bytes, in words."""

    def __init__(self, source: str, line: int, size: str, limit: int) -> None:
        super().__init__(
            f"{source}, line {line}: a value of {size} does not fit a datagram, which holds "
            f"{limit}; shorten it, or raise `datagram_bytes` in the configuration"
        )


def split_lines(fd: int, limit: int, source: str) -> Iterator[list[bytes]]:
    """The values in what can be read from `fd`, some at a time.

    Raises `InputError`, after the values before the fault, when a value is larger than `limit`
    bytes or `fd` cannot be read.
    """
    pending, line = b"", 1
    while True:
        try:
            chunk = read(fd, CHUNK_BYTES)
        except OSError as error:
            raise InputError(f"{source}: {reason(error)}") from error
        values = (pending + chunk).split(b"\n")
        pending = values.pop()
        long = next((i for i, value in enumerate(values) if len(value) > limit), None)
        if long is not None:
            yield values[:long]
            raise ValueTooLongError(source, line + long, f"{len(values[long])} bytes", limit)
        if values:
            yield values
        line += len(values)
        if len(pending) > limit:
            size = f"{len(pending)} bytes{' or more' if chunk else ''}"
            raise ValueTooLongError(source, line, size, limit)
        if not chunk:
            break
    if pending:
        yield [pending]


class Reader:
    """Feeds a client from a file descriptor; when all is delivered, the process may end."""

    def __init__(
        self, node: Node, client: Client, stop: Stop, limits: Limits = UNLIMITED, fd: int = 0
    ) -> None:
        self._node = node
        self._client = client
        self._stop = stop
        self._limits = limits
        self._fd = fd
        self._unsent = 0  # values that were read and not broadcast yet

    def unfinished(self) -> str:
        """What a client that stops now leaves undone, in words; empty: nothing. What is still in
        its input is not known here."""
        unknown = self._client.outstanding_values
        left = [f"{_values(unknown)} not known to be delivered"] if unknown else []
        left += [f"{_values(self._unsent)} read and not broadcast"] if self._unsent else []
        return ", and ".join(left)

    def run(self) -> None:
        """Read to the end, wait until every value is delivered, then stop the process."""
        try:
            limit = self._client.settings.max_value_bytes
            pace = None  # begins with the first values, however long they are in coming
            for values in split_lines(self._fd, limit, "standard input"):
                pace = pace or Pace(self._limits, self._client, time.monotonic())
                self._submit(values, pace)
        except InputError as error:
            # What was read before is not given up: the process ends when it is delivered.
            self._stop.note(error)
            fail(str(error))
        self._node.run_in_steps(lambda now_s: self._client.finished)
        self._stop.request()

    def _submit(self, values: list[bytes], pace: Pace) -> None:
        """Have the client broadcast `values`: those that are due, as soon as there is room."""
        done = 0
        self._unsent = len(values)

        def submit_some(now_s: float) -> bool:
            """Whether this thread has to go on: all are broadcast, or the next are not due yet."""
            nonlocal done
            if pace.room() == 0:
                return False
            since_s = pace.since_s()
            some = values[done : done + pace.take(len(values) - done, now_s)]
            done += len(some)
            self._unsent = len(values) - done
            self._client.submit(some, now_s, since_s)
            return done == len(values) or pace.due_s() > now_s

        while done < len(values) and not self._stop.requested:
            self._node.sleep_until(pace.due_s())
            self._node.run_in_steps(submit_some)


def _values(count: int) -> str:
    return f"{count} value{'s' * (count != 1)}"
