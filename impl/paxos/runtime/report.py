"""What a process says, one line at a time: on standard error but for results."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from paxos.errors import InputError, RunError, reason, shortage
from paxos.runtime.streams import write_all

INTERVAL_S = 1.0
"""Things that may happen very often are reported together, once in so long."""

AGAIN_S = 60.0
"""What was reported and goes on is reported again after so long."""

REASONS_A_LINE = 5
"""Reasons in one line, those with the highest counts."""

MAX_REASONS = 100
"""Reasons for dropping something that are told apart."""


class _Said:
    log: Path | None = None
    listener: Callable[[str], object] | None = None


def say_in(log: Path) -> None:
    """From now on what this process says is appended to the file `log`, which is made when there
    is something to say; why it ends still goes to standard error."""
    _Said.log = log.absolute()


def listen(listener: Callable[[str], object]) -> None:
    """From now on what this process says goes to `listener` alone, a line at a time, and why it
    ends too; no standard stream is written to. For an application that has nodes in it."""
    _Said.listener = listener


def say(text: str, end: str = "\n") -> None:
    """Write a line to standard error, or where `say_in` or `listen` has said. If nobody can read
    it, there is nobody to tell."""
    if _Said.listener:
        _Said.listener(text)
        return
    with suppress(OSError):
        if _Said.log is None:
            write_all(2, _bytes(text + end))
        else:
            with _Said.log.open("ab") as file:
                file.write(_bytes(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}{end}"))


def tell(text: str) -> None:
    """Write a line of results to standard output. Raises `RunError` if it cannot be."""
    try:
        write_all(1, _bytes(f"{text}\n"))
    except OSError as error:
        raise RunError(f"standard output: {reason(error)}") from error


def _bytes(text: str) -> bytes:
    """UTF-8. The bytes of a file's name that are not UTF-8 go out as they came in."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # what is half a character and comes from nowhere but an escape
        return text.encode(errors="backslashreplace")


def printable(text: str) -> str:
    """`text` as Unicode that can be written anywhere: a byte of a file's name that is not UTF-8 is
    shown as `\\xff`."""
    return _bytes(text).decode(errors="backslashreplace")


def describe(error: BaseException) -> str:
    """An error as one line. For one that nobody expected, where it came from."""
    if short := shortage(error):
        return short
    text = " ".join(str(error).split()) or "no text"
    if (traceback := error.__traceback__) is None:
        return f"{type(error).__name__}: {text}"
    while traceback.tb_next:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code
    return (
        f"{type(error).__name__}: {text} "
        f"({os.path.basename(code.co_filename)}:{traceback.tb_lineno})"  # noqa: PTH119
    )


_parents: list[int] = []


def tell_parent(fd: int) -> None:
    """From now on `fail` says why the program ends there too: to whoever has started it, and may
    not be able to read what it writes to standard error."""
    _parents.append(fd)


def fail(error: str) -> None:
    """Say why the program ends, on standard error or where `listen` has said."""
    if _Said.listener:
        _Said.listener(f"error: {error}")
        return
    with suppress(OSError):
        write_all(2, _bytes(f"error: {error}\n"))
    for fd in _parents:
        with suppress(OSError):
            write_all(fd, _bytes(f"{error}\n"))


def explained(error: Exception, failed: int) -> int:
    """Say what has ended the command; the exit status, `failed` where it ran and failed."""
    match error:
        case InputError() | RunError():
            fail(str(error))
            return 2 if isinstance(error, InputError) else failed
        case OSError():
            fail(f"{error.filename}: {reason(error)}" if error.filename else describe(error))
            return 2 if shortage(error) else failed
        case _:
            fail(describe(error))
            return 2


class Complaints:
    """Counts what is dropped, by reason, and says so: what is new at most once in `INTERVAL_S`,
    and what goes on once in `AGAIN_S`. Used under the node's lock."""

    def __init__(self, process: str, totals: Counter[str]) -> None:
        """`totals` is where all of it is counted."""
        self._process = process
        self._next_s = 0.0
        self._new: Counter[str] = Counter()
        self._again_s: dict[str, float] = {}  # what was said, until when it is not said again
        self._totals = totals

    def add(self, reason: str, count: int = 1, detail: str = "") -> None:
        """`count` datagrams or messages were dropped, for `reason`; `detail` says of whom, and
        what to do. Of reasons that name what a stranger wrote there can be very many: from the
        `MAX_REASONS`th on they are one."""
        if reason not in self._totals and len(self._totals) >= MAX_REASONS:
            reason, detail = "for other reasons", ""
        self._totals[reason] += count
        text = reason + detail
        if text not in self._again_s and len(self._again_s) >= MAX_REASONS:
            text = reason
        self._new[text] += count
        now_s = time.monotonic()
        if now_s >= self._next_s and now_s >= self._again_s.get(text, 0.0):
            self._say([t for t in self._new if now_s >= self._again_s.get(t, 0.0)], now_s)

    def flush(self) -> None:
        """Say what was not said yet."""
        self._say(self._new, time.monotonic())

    def _say(self, texts: Iterable[str], now_s: float) -> None:
        most = Counter({text: self._new[text] for text in texts}).most_common(REASONS_A_LINE)
        if not most:
            return
        listed = ", ".join(f"{count} {text}" for text, count in most)
        say(f"{self._process}: dropped: {listed}")
        self._next_s = now_s + INTERVAL_S
        for text, _ in most:
            del self._new[text]
            self._again_s[text] = now_s + AGAIN_S
