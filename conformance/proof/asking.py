"""One question to the solver: within limits, and so that it can be interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import z3

from conformance.proof.logic import Formula


@dataclass(frozen=True)
class Limits:
    """How long the solver may think about one obligation, and what memory it may take, in MB."""

    seconds: float = 60.0
    memory_mb: int = 4096


POLL_S = 0.2
"""How soon an interrupt is noticed, while the solver thinks."""


class OutOfMemory(Exception):
    """The solver has had all the memory that it may have. Of the question it has said nothing."""


def solver_for(formulas: Iterable[Formula], seconds: float, memory_mb: int) -> Any:
    """A solver that is to find what satisfies them all."""
    solver = z3.Solver()
    solver.set("timeout", max(1, int(seconds * 1000)))
    solver.set("max_memory", memory_mb)
    solver.set("ctrl_c", False)  # an interrupt is ours, and no answer "unknown"
    solver.add(*formulas)
    return solver


_stopped = threading.Event()


@contextmanager
def interruptible() -> Iterator[None]:
    """Within it, an interrupt ends the question that is being asked, and `answer` raises
    KeyboardInterrupt. Raised just where it comes, it would be lost if z3 were about to free
    something. SIGTERM does what Ctrl-C does."""
    # A process that was started in the background ignores Ctrl-C, and goes on doing so.
    signals = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, _stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _stopped.clear()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    _stopped.set()


def answer(solver: Any) -> Any:
    """What the solver says: z3.sat, z3.unsat or z3.unknown. Raises OutOfMemory.

    It is asked in a thread of its own, as Python handles a signal only once a call is over, which
    may be long."""
    said: list[Any] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            said.append(solver.check())
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(POLL_S)
        if _stopped.is_set():
            solver.interrupt()
    if _stopped.is_set():
        raise KeyboardInterrupt
    reason = str(failed[0]) if failed else _reason(solver, said[0])
    if "memory" in reason:
        raise OutOfMemory(reason)
    if failed:
        raise failed[0]
    return said[0]


def _reason(solver: Any, said: Any) -> str:
    return str(solver.reason_unknown()) if said == z3.unknown else ""
