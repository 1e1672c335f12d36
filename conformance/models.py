"""The `spec` command: runs the models of spec/models/manifest.yaml with TLC.

The manifest says of each model which verdict TLC must give, in how many distinct states and at
which depth. A model that is expected to fail counts as much as one that holds: it shows that the
property can tell the difference. manifest.py reads the manifest, tlc.py runs TLC.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from conformance import tlc
from conformance.manifest import MANIFEST, ManifestError, Model, Size, Violates, choose, load
from conformance.tlcout import Progress, set_elements

# What one model of a class may take before it counts as an error: megabytes and seconds.
_HEAP_MB: dict[Size, int] = {"tiny": 512, "small": 2048, "large": 6144}
_SECONDS: dict[Size, float] = {"tiny": 240, "small": 1200, "large": 4 * 3600}


@dataclass(frozen=True)
class Row:
    """One model's outcome: TLC's result, or the error that stood in the way."""

    model: Model
    result: tlc.Result | None
    error: str = ""
    compare_figures: bool = True

    @property
    def verdict(self) -> str:
        if self.result is None:
            return "no verdict"
        violation = self.result.violation
        return f"violates {violation.name}" if violation else "ok"

    @property
    def expected(self) -> str:
        expect = self.model.expect
        return f"violates {expect.violates}" if isinstance(expect, Violates) else "ok"

    @property
    def differences(self) -> list[str]:
        """How the result differs from the manifest, in words."""
        if self.result is None:
            return []
        found, expect = self.result, self.model.expect
        differences = []
        if self.verdict != self.expected:
            differences.append(f"{self.verdict}, but the manifest expects {self.expected}")
        elif isinstance(expect, Violates) and found.violation and expect.kind:
            kind = found.violation.kind
            if kind != expect.kind:
                differences.append(f"{expect.violates} is of kind {kind}, not {expect.kind}")
        if not differences and self.compare_figures:
            if found.distinct != self.model.states:
                differences.append(f"{found.distinct:,} states, not {self.model.states:,}")
            if found.depth != self.model.depth:
                differences.append(f"depth {found.depth}, not {self.model.depth}")
        return differences


@dataclass(frozen=True)
class Overrides:
    """Limits given by the user in place of those of a model's class."""

    timeout: float | None = None
    heap_mb: int | None = None
    workers: int | None = None

    def limits(self, model: Model) -> tlc.Limits:
        return tlc.Limits(
            seconds=self.timeout or _SECONDS[model.size],
            heap_mb=self.heap_mb or _HEAP_MB[model.size],
            workers=self.workers or model.workers,
        )


@dataclass(frozen=True)
class Running:
    """A model that TLC is at: when it started, and its last report and when that came.

    TLC reports after three seconds and then once a minute; its own rates are of the last minute
    even if that has not passed, so the rate shown is the mean since the start.
    """

    started: float
    seen: Progress | None = None
    at: float = 0

    def describe(self) -> str:
        text = f"{time.monotonic() - self.started:.0f} s"
        if self.seen:
            rate = self.seen.generated / max(self.at - self.started, 0.001)
            text += f", {self.seen.distinct:,} states, {rate:,.0f}/s, queue {self.seen.queue:,}"
        return text


def run_model(
    model: Model,
    folder: Path,
    overrides: Overrides = Overrides(),
    *,
    running: dict[str, Running] | None = None,
    stop: threading.Event | None = None,
) -> Row:
    """Runs one model whose files are in folder; never raises for what TLC does."""

    if running is not None:
        running[model.name] = Running(time.monotonic())

    def note(seen: Progress) -> None:
        if running is not None:
            started = running[model.name].started
            running[model.name] = Running(started, seen, time.monotonic())

    limits = overrides.limits(model)
    try:
        result = tlc.run(
            folder / model.module,
            folder / model.config,
            library=[folder.parent],
            limits=limits,
            deadlock=model.deadlock,
            short=model.size == "tiny",
            on_progress=note,
            stop=stop,
        )
    except tlc.TlcError as error:
        return Row(model, None, str(error))
    # Several workers meet states in another order: only the verdict is then the same every time.
    return Row(model, result, compare_figures=limits.workers == 1)


def run_models(
    models: Sequence[Model], folder: Path, overrides: Overrides = Overrides(), *, jobs: int = 1
) -> list[Row]:
    """Runs models side by side, showing progress on standard error; rows in the models' order."""
    running: dict[str, Running] = {}
    stop = threading.Event()
    display = Display(len(models))
    rows: dict[str, Row] = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            waiting: set[Future[Row]] = {
                pool.submit(run_model, model, folder, overrides, running=running, stop=stop)
                for model in models
            }
            while waiting:
                done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    row = future.result()
                    rows[row.model.name] = row
                    display.finished(row, len(rows))
                display.live(len(rows), [(n, r) for n, r in running.items() if n not in rows])
        finally:
            stop.set()  # ends what still runs if we are leaving early
            pool.shutdown(cancel_futures=True)
            display.clear()
    return [rows[model.name] for model in models]


class Display:
    """Progress on standard error: one line kept up to date on a terminal, a line a model if not."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._terminal = sys.stderr.isatty()

    def finished(self, row: Row, done: int) -> None:
        if not self._terminal:
            seconds = f", {row.result.seconds:.1f} s" if row.result else ""
            print(f"{done}/{self._total} {row.model.name}: {row.verdict}{seconds}", file=sys.stderr)

    def live(self, done: int, running: Sequence[tuple[str, Running]]) -> None:
        if self._terminal:
            parts = [f"{name}: {state.describe()}" for name, state in running]
            line = f"{done}/{self._total} models" + "".join(f" | {part}" for part in parts)
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{line[:width]}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def table(rows: Iterable[Row]) -> str:
    """Rows as aligned text."""
    lines = [("model", "verdict", "expected", "states", "depth", "seconds")]
    for row in rows:
        result = row.result
        figures = (
            (f"{result.distinct:,}", str(result.depth), f"{result.seconds:.1f}")
            if result
            else ("-", "-", "-")
        )
        lines.append((row.model.name, row.verdict, row.expected, *figures))
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column < 3 else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def describe_trace(result: tlc.Result) -> str:
    """A counterexample step by step: the action, and the variables that it changed."""
    lines = []
    before: dict[str, str] = {}
    for number, state in enumerate(result.trace, 1):
        lines.append(f"  {number}. {state.action}")
        for name, value in state.values.items():
            if before.get(name) != value:
                lines += [f"       {change}" for change in _changes(name, before.get(name), value)]
        before = state.values
    if result.loops_to is not None:
        lines.append(f"  and from there back to step {result.loops_to}, for ever")
    if result.stutters:
        lines.append("  and then nothing more, for ever")
    return "\n".join(lines)


def _changes(name: str, before: str | None, after: str) -> list[str]:
    """A variable's new value; of a set that was there before, only what came and went."""
    old, new = set_elements(before or ""), set_elements(after)
    if old is None or new is None:
        return [f"{name} = {' '.join(after.split())}"]
    came = [f"{name} gains {element}" for element in new if element not in old]
    went = [f"{name} loses {element}" for element in old if element not in new]
    return came + went


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `conformance spec`."""
    sizes = ("tiny", "small", "large", "all")
    parser.add_argument(
        "--class", dest="size", choices=sizes, default="all", help="which models (default: all)"
    )
    parser.add_argument(
        "--model", action="append", default=[], metavar="NAME", help="this model; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="list the models and run nothing")
    parser.add_argument("--trace", action="store_true", help="print every counterexample")
    parser.add_argument("--jobs", type=_positive, metavar="N", help="models run side by side")
    parser.add_argument(
        "--workers",
        type=_positive,
        metavar="N",
        help="TLC threads a model (then only verdicts count)",
    )
    parser.add_argument(
        "--timeout", type=_positive, metavar="SECONDS", help="time limit of each model"
    )
    parser.add_argument("--heap", type=_positive, metavar="MB", help="Java heap of each model")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help=argparse.SUPPRESS)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)


def main(args: argparse.Namespace) -> int:
    """Runs `conformance spec`: 0 as the manifest says, 1 if not, 2 bad input or no verdict."""
    try:
        models = choose(load(args.manifest), args.size, args.model)
        if args.list:
            print("\n".join(f"{m.name:24} {m.size:6} {m.about or m.mutant}" for m in models))
            return 0
        tlc.find_java()
        tlc.find_jar()
    except (ManifestError, tlc.TlcError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    heap_mb = args.heap or max((_HEAP_MB[model.size] for model in models), default=1)
    try:
        with termination_as_interrupt():
            overrides = Overrides(args.timeout, args.heap, args.workers)
            jobs = args.jobs or default_jobs(heap_mb)
            rows = run_models(models, args.manifest.parent, overrides, jobs=jobs)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return report(rows, every_trace=args.trace)


def report(rows: Sequence[Row], *, every_trace: bool = False) -> int:
    """Prints the table, counterexamples, and what differs from the manifest; the exit status."""
    print(table(rows))
    for row in rows:
        if row.result and row.result.trace and (every_trace or row.verdict != row.expected):
            print(f"\n{row.model.name} {row.verdict}:")
            print(describe_trace(row.result))
    different = [(row.model.name, text) for row in rows for text in row.differences]
    failed = [(row.model.name, row.error) for row in rows if row.result is None]
    sys.stdout.flush()
    for name, text in [*different, *failed]:
        print(f"error: {name}: {text}", file=sys.stderr)
    if different:
        return 1
    return 2 if failed else 0


def default_jobs(heap_mb: int) -> int:
    """As many models at once as there are cores, and as fit in two thirds of the memory."""
    memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return max(1, min(os.cpu_count() or 1, memory_mb * 2 // 3 // heap_mb))


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Within it SIGTERM does what Ctrl-C does, so that no Java is left behind."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
