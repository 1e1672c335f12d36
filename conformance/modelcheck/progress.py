"""What `conformance spec` shows of models that run: how far each has come, and the table at the
end. Nothing here runs a model.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.tlc.output import Progress


@dataclass(frozen=True)
class Running:
    """A model that TLC is at: when it started, and its last report and when that came.

    TLC reports after three seconds and then once a minute; its own rates are of the last minute
    even if that has not passed, so the rate shown is the mean since the first report, or since the
    start. That is also right for a search that goes on from a checkpoint.
    """

    started: float
    first: tuple[float, int] | None = None
    seen: Progress | None = None
    at: float = 0

    def after(self, seen: Progress) -> Running:
        now = time.monotonic()
        return Running(self.started, self.first or (now, seen.generated), seen, now)

    def describe(self) -> str:
        text = f"{time.monotonic() - self.started:.0f} s"
        if self.seen and self.first:
            then, generated = self.first
            if self.at == then:
                then, generated = self.started, 0
            rate = (self.seen.generated - generated) / max(self.at - then, 0.001)
            text += f", {self.seen.distinct:,} states, {rate:,.0f}/s, queue {self.seen.queue:,}"
        return text


QUIET_S = 5.0
"""Where each report is a line of its own, a model gets none before this time."""


class Display:
    """Progress on standard error: one line kept up to date on a terminal, a line for each report
    and each model if not."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._terminal = sys.stderr.isatty()
        self._told: dict[str, Progress] = {}

    def finished(self, name: str, verdict: str, seconds: float | None, done: int) -> None:
        if not self._terminal:
            took = "" if seconds is None else f", {seconds:.1f} s"
            print(f"{done}/{self._total} {name}: {verdict}{took}", file=sys.stderr, flush=True)

    def live(self, done: int, running: Sequence[tuple[str, Running]]) -> None:
        if self._terminal:
            parts = [f"{name}: {state.describe()}" for name, state in running]
            line = f"{done}/{self._total} models" + "".join(f" | {part}" for part in parts)
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{line[:width]}", end="", file=sys.stderr, flush=True)
            return
        for name, state in running:
            if time.monotonic() < state.started + QUIET_S:
                continue
            if state.seen and state.seen.queue and self._told.get(name) != state.seen:
                self._told[name] = state.seen
                print(f"  {name}: {state.describe()}", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def aligned(lines: Iterable[Sequence[str]], words: int) -> str:
    """Columns of text: the first `words` of them to the left, the others, figures, to the right."""
    rows = list(lines)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column < words else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
