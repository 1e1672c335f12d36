"""The client's reader: the values on standard input, to the client, as fast as it takes them."""

import time
from collections.abc import Callable

from paxos.core.client import Client
from paxos.errors import InputError
from paxos.runtime.framing import CHUNK_BYTES, Split, split_lines
from paxos.runtime.node import Node
from paxos.runtime.pace import UNLIMITED, Limits, Pace
from paxos.runtime.report import fail
from paxos.runtime.shutdown import Stop
from paxos.runtime.streams import widen


class Reader:
    """Feeds a client from a file descriptor; when all is delivered, a process that is nothing but
    a client may end."""

    def __init__(
        self,
        node: Node,
        client: Client,
        stop: Stop,
        limits: Limits = UNLIMITED,
        split: Split = split_lines,
        fd: int = 0,
        end: Callable[[], None] | None = None,
    ) -> None:
        """`split` tells the values apart in what is read from `fd`. `end` is called when all are
        delivered; None: the process is stopped."""
        self._node = node
        self._client = client
        self._stop = stop
        self._limits = limits
        self._split = split
        self._fd = fd
        self._end = end or stop.request
        self._unsent = 0  # values that were read and not broadcast yet

    def unfinished(self) -> str:
        """What a client that stops now leaves undone, in words; empty: nothing. What is still in
        its input is not known here."""
        unknown = self._client.outstanding_values
        left = [f"{_values(unknown)} not known to be delivered"] if unknown else []
        left += [f"{_values(self._unsent)} read and not broadcast"] if self._unsent else []
        return ", and ".join(left)

    def run(self) -> None:
        """Read to the end, and wait until every value is delivered."""
        widen(self._fd, CHUNK_BYTES)
        try:
            limit = self._client.settings.largest_value_bytes
            pace = None  # begins with the first values, however long they are in coming
            for values in self._split(self._fd, limit, "standard input"):
                pace = pace or Pace(self._limits, self._client, time.monotonic())
                self._submit(values, pace)
        except InputError as error:
            # What was read before is not given up: the process ends when it is delivered.
            self._stop.note(error)
            fail(str(error))
        self._node.run_in_steps(lambda now_s: self._client.finished)
        self._end()

    def _submit(self, values: list[bytes], pace: Pace) -> None:
        """Have the client broadcast `values`: those that are due, as soon as there is room."""
        done = 0
        self._unsent = len(values)

        def submit_some(now_s: float) -> bool:
            """Whether this thread has to go on: all are broadcast, or the next are not due yet."""
            nonlocal done
            if pace.room() < min(pace.enough(len(values[done])), len(values) - done):
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
