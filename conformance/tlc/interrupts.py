"""Ctrl-C and SIGTERM while TLC runs: no Java is left behind, whenever they come."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class _Interrupts:
    """Whether one may be raised now, and whether one has waited for that."""

    held = False
    waits = False


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Within it SIGTERM does what Ctrl-C does, so that no Java is left behind. The first of them
    counts: another one would break off the cleaning up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # A process that was started in the background ignores Ctrl-C, and goes on doing so.
    signals = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN]

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        if _Interrupts.held:
            _Interrupts.waits = True
        else:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Within it no interrupt is raised; one that comes is raised at its end. A process is started
    so: an interrupt before `Popen` returns would leave it running, and nobody would know it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _Interrupts.held = True
    try:
        yield
    finally:
        _Interrupts.held = False
    if _Interrupts.waits:
        _Interrupts.waits = False
        raise KeyboardInterrupt
