"""One long run judged by several processes, window by window, side by side.

Where there is room for one more, this process makes a copy of itself (fork), which judges the
events of the next window from the state as it is then: guards, effects and invariants. It itself
reads the same events, but applies their effects and asks nothing (Checker.follow), so it is at the
end of the window before the copy is. While there is no room it judges too.

Why that is sound. What an effect does depends on the state and the event, and it asks no guard
(rules/rule.py). The first window begins with the initial state. If a window begins with a state to
which enabled steps lead, and whoever judges it takes all of its events, then the states on the way
are those that the effects alone give, here too; so the next window begins with such a state as
well. By induction over the windows: where every event was taken, by whichever process, each was
enabled in the state that those before it lead to, and the invariants held after it. So the run
conforms, and what was counted here is what one process would have counted. Lines are checked by
this process alone, which reads all of them.

Where an event is refused, all states after it mean nothing. Then nothing is said here, and one
process judges the run from its beginning: so the verdict, and every word of it, are those of one
job. The same goes for whatever else is unusual.
"""

from __future__ import annotations

import gc
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from typing import NoReturn

from conformance.replay.checker import Checker
from conformance.replay.verdict import Verdict
from conformance.rules.state import State
from conformance.trace.intervals import IntervalSet
from conformance.trace.last_use import all_from, instances_of
from conformance.trace.reader import Row, Run
from conformance.trace.schema import AnyEvent

LEAST = 8 << 20
"""Bytes of the shortest run for which it is worth it."""
WINDOWS = (4_000, 200_000)  # events of a copy, at least and at most: up to 50 MB of its own
SHARE = 0.65
"""Of what is left, this goes to copies: following costs about half as much as judging."""
TURN = 1_000  # events that this process judges before it looks whether there is room
MOST = 1 << 16
"""Instances that are kept: 100 to 200 MB. Nobody has looked ahead here (retention.py does), so the
oldest go first, and a run that comes back to one of them is for one process."""
ENDED = "a process that judges was ended; is there memory for so many --jobs?"

Rows = Iterator[Row]
TOOK, REFUSED, FAILED = 0, 1, 2
"""How a copy ends, its exit status."""


class _ForOneProcess(Exception):
    """What only a process that judges the run alone can judge."""


def judge(run: Run, checker: Checker, jobs: int) -> Verdict | None:
    """The verdict on a run that conforms; None if one process has to judge it.

    `jobs` processes are at work, this one among them. Raises ChildProcessError if one of them was
    ended.
    """
    rows, lines = run.rows(), sum(file.lines_about() for file in run.files)
    kept = _Kept(checker.state)
    try:
        with _no_collection(), _Copies(run, jobs - 1) as copies:
            before = -1
            while checker.accepted > before:
                before = checker.accepted
                window: int = TURN
                take: Callable[[str, AnyEvent], object] = checker.feed
                if copies.have_room():
                    window, take = _window(lines - before, jobs), checker.follow
                    copies.judge(checker, islice(rows, window))
                for _, process, _, event in islice(rows, window):
                    if kept.last:
                        kept.still_has(event)
                    take(process, event)
                if checker.verdict is not None:
                    return None
                kept.forget()
            copies.wait()
    except (MemoryError, ChildProcessError):
        raise
    except Exception:  # whatever it is: one process says it
        return None
    torn = (file.process for file in run.files if file.torn)  # each was read to its end
    return replace(checker.finish(), torn=tuple(sorted(torn)))


def _window(left: int, jobs: int) -> int:
    """How many events the next copy judges, of about so many that are left."""
    least, most = WINDOWS
    return min(most, max(least, round(left * SHARE / (jobs - 1))))


class _Kept:
    """What the state has of instances: of the oldest ones nothing more, if there are many."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._gone = IntervalSet()
        self.last = 0  # the highest of them

    def forget(self) -> None:
        """Drop instances, the lowest first, until half as many are left as may be kept."""
        if len(self._state.instances) > MOST:
            for i in sorted(self._state.instances)[: -(MOST // 2)]:
                self._state.retire(i)
                self._gone.add(i, i)
            self.last = self._gone.lasts[-1]

    def still_has(self, event: AnyEvent) -> None:
        """Raises _ForOneProcess if the event asks about an instance that is gone."""
        if 0 < all_from(event) <= self.last or any(
            i <= self.last and i in self._gone for i in instances_of(event)
        ):
            raise _ForOneProcess


class _Copies:
    """Copies of this process, each with a window of its own. However it ends, none is left."""

    def __init__(self, run: Run, most: int) -> None:
        self._files = run.files
        self._most = most
        self._working: deque[int] = deque()

    def __enter__(self) -> _Copies:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._working:
            with suppress(ProcessLookupError, ChildProcessError):  # an interrupt came in between
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def have_room(self) -> bool:
        """Whether one more may be made. Raises as `wait` does."""
        for pid in tuple(self._working):
            self._look(pid, os.WNOHANG)
        return len(self._working) < self._most

    def judge(self, checker: Checker, rows: Rows) -> None:
        """Let a copy judge these events."""
        try:
            pid = os.fork()
        except OSError as error:
            raise ChildProcessError(0, f"{error.strerror}: {ENDED}") from None
        if pid == 0:
            for file in self._files:
                file.checked = True  # by the process that this is a copy of
            _judge_and_exit(checker, rows)
        self._working.append(pid)

    def wait(self) -> None:
        """Wait until all have ended. Raises _ForOneProcess if one has refused an event,
        ChildProcessError if one was ended."""
        for pid in tuple(self._working):
            self._look(pid, 0)

    def _look(self, pid: int, manner: int) -> None:
        ended, status = os.waitpid(pid, manner)
        if ended:
            self._working.remove(pid)
            how = os.waitstatus_to_exitcode(status)
            if how == REFUSED:
                raise _ForOneProcess
            if how != TOOK:
                raise ChildProcessError(0, ENDED)


def _judge_and_exit(checker: Checker, rows: Rows) -> NoReturn:
    """Be the copy. It writes nothing, and no other thread of the process is in it."""
    status = FAILED
    try:
        for _, process, _, event in rows:
            checker.feed(process, event)
        status = TOOK if checker.verdict is None else REFUSED
    except MemoryError:
        pass
    except Exception:
        status = REFUSED
    finally:
        os._exit(status)


@contextmanager
def _no_collection() -> Iterator[None]:
    """A collection of garbage writes to every object, so that each copy would get pages of its own;
    and of what goes round in circles there is none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
