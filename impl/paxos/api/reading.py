"""Reads of an application at its learner or replica: which of them wait for which query, and when
they are done, in the learner's own thread.

The core says which reads may see what is delivered (`paxos.core.reads`). By then that is in the
inbox, and not yet with the application: a read is done when all that was delivered before it has
been taken, or is in a snapshot that the application has gone on from.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, NamedTuple, TypeVar

from paxos.api.hosting import Host
from paxos.api.inbox import Inbox
from paxos.core.learner import Learner
from paxos.errors import ClosedError, Full, ReadTimeoutError

READS = 10_000
"""Reads of one learner that wait at a time, at most."""

FRESHEN_S = 0.1
"""A learner that is read stale finds out again how stale it is after so long, at most."""

Result = TypeVar("Result")


class StaleRead(NamedTuple, Generic[Result]):
    """What a stale read has seen."""

    result: Result
    position: int
    """That of the last value that it has seen; 0: none."""
    age_s: float
    """It has seen all that was delivered anywhere so many seconds ago, and may miss what came
    later; infinity: that is not known yet."""


class _Read(NamedTuple):
    do: Callable[[], Any]
    future: "Future[Any]"


class Readings:
    """Those of one learner."""

    def __init__(self, host: Host, inbox: Inbox, *, in_turn: bool) -> None:
        """`in_turn`: a thread of the learner's own takes what is delivered, and does `run` when it
        meets a mark in the inbox; otherwise a read is done as soon as all is in the inbox."""
        self._host, self._inbox, self._in_turn = host, inbox, in_turn
        (self._seat,) = (seat for seat in host.node.seats if isinstance(seat.role, Learner))
        self._lock = threading.Lock()
        self._new: list[_Read] = []  # that no query was asked for
        self._asked: dict[int, list[_Read]] = {}  # by the number of the query
        self._ready: deque[tuple[int, list[_Read]]] = deque()  # after the value at that position
        self._count = 0
        self._is_over = False

    @property
    def _role(self) -> Learner:
        assert isinstance(self._seat.role, Learner)
        return self._seat.role

    # Threads of the application.

    def begin(self, do: Callable[[], Result]) -> "Future[Result]":
        """Have `do` done when it sees all that was delivered anywhere by now. Raises `Full`,
        `ClosedError` or `ForkedError`."""
        read = _Read(do, Future())
        self._host.check()
        with self._lock:
            self._admit()
            self._new.append(read)
            is_under_way = bool(self._asked)  # then `reach` sees to it
        if not is_under_way:
            self._host.node.act(self._seat, self._ask)
        return read.future

    def begin_stale(self, do: Callable[[], Result]) -> "Future[Result]":
        """Have `do` done as soon as it sees what is delivered here by now."""
        read = _Read(do, Future())
        self._host.check()
        with self._lock:
            self._admit()
            self._ready.append((0, [read]))
            is_idle = not self._asked and not self._new
        self._inbox.mark()
        if is_idle and time.monotonic() - self.current_s > FRESHEN_S:
            self.begin(lambda: None)
        return read.future

    @property
    def current_s(self) -> float:
        """By the monotonic clock: what was delivered anywhere until then is delivered here."""
        return self._role.reads.current_s

    def result(self, future: "Future[Result]", timeout_s: float | None) -> Result:
        """The result of a read, waited for. Raises `ReadTimeoutError`, and what the read raises."""
        if self._host.node.is_hearing():
            timeout_s = 0.0
        try:
            return future.result(timeout_s)
        except TimeoutError:
            if not future.cancel():
                return future.result()  # it is being done, or it has raised this itself
        wait = self._host.node.look(lambda seats: self._role.waits_for())
        why = f"waits for {wait.text}" if wait else "the application is busy with what came before"
        raise ReadTimeoutError(f"{self._host.name}: no read within {timeout_s} s: {why}")

    def _admit(self) -> None:
        """There is one more."""
        if self._is_over:
            raise self._closed()
        if self._count >= READS:
            raise Full(f"{self._host.name} has {READS} reads that wait, the most that may")
        self._count += 1

    # The node, under its lock.

    def _ask(self, now_s: float) -> None:
        """Have a query asked for those that are new."""
        with self._lock:
            if self._new:
                number = self._role.reads.begin()
                self._asked.setdefault(number, []).extend(self._new)
                self._new = []
                self._seat.is_touched = True

    def reach(self, number: int) -> None:
        """The reads of queries up to this one see all that they must in what is in the inbox."""
        with self._lock:
            reads = [r for n in sorted(self._asked) if n <= number for r in self._asked.pop(n)]
            if reads:
                self._ready.append((self._inbox.last, reads))
        if reads and self._in_turn:
            self._inbox.mark()
        elif reads:
            self.run(self._inbox.last)
        self._ask(0.0)

    # The learner's own thread.

    def run(self, position: int) -> None:
        """The application has the state after the value at `position`: do the reads that want
        none later."""
        while True:
            with self._lock:
                if not self._ready or self._ready[0][0] > position:
                    return
                _, reads = self._ready.popleft()
                self._count -= len(reads)
            for read in reads:
                _do(read)

    def end(self) -> None:
        """No more will be done."""
        with self._lock:
            self._is_over = True
            left = self._new + [r for reads in self._asked.values() for r in reads]
            left += [r for _, reads in self._ready for r in reads]
            self._new, self._asked = [], {}
            self._ready.clear()
            self._count = 0
        for read in left:
            if read.future.set_running_or_notify_cancel():
                read.future.set_exception(self._closed())

    def _closed(self) -> ClosedError:
        error = ClosedError(f"{self._host.name} has ended: {self._host.failure or 'it was closed'}")
        error.__cause__ = self._host.failure
        return error


def _do(read: _Read) -> None:
    if not read.future.set_running_or_notify_cancel():
        return  # nobody waits for it any more
    try:
        result = read.do()
    except BaseException as error:  # for who reads, whatever it is
        read.future.set_exception(error)
    else:
        read.future.set_result(result)
