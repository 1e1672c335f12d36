"""Runs the TLC model checker and says what it found.

The Java runtime and TLC's jar come as Python packages; JAVA and TLA2TOOLS_JAR name others. Each run
has its own folder for TLC's files and Java's temporary ones, because parallel runs race in a shared
one; it is removed at the end. No process outlives the call that started it. How TLC's output is
read is in output.py; where Java and TLC are, in toolchain.py.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from conformance.tlc import plain_paths
from conformance.tlc.errors import (
    MissingTool,
    SpecError,
    TlcCrash,
    TlcError,
    TlcStopped,
    TlcTimeout,
)
from conformance.tlc.interrupts import uninterrupted
from conformance.tlc.messages import explain_error, read_violation
from conformance.tlc.output import Covered, Progress, Reader, Report, State, Violation
from conformance.tlc.toolchain import find_jar, find_java

__all__ = ["Limits", "Result", "run"]


@dataclass(frozen=True)
class Result:
    """TLC's verdict on one model, and the figures it gave.

    violation is None if everything holds; otherwise trace is the counterexample. One that goes on
    for ever either goes back to the state numbered loops_to (from 1), or stutters at its end.
    printed is what the specification printed; covered is told with the option -coverage. completed
    says that TLC has searched all and found no error. cut_off counts workers of the distributed
    mode that the server gave up since they did not answer.

    A simulation (option -simulate) does not know which states are distinct: distinct is then
    generated, and depth that of the counterexample or 0.
    """

    violation: Violation | None
    distinct: int
    generated: int
    depth: int
    seconds: float
    trace: tuple[State, ...] = ()
    loops_to: int | None = None
    stutters: bool = False
    printed: tuple[str, ...] = ()
    covered: tuple[Covered, ...] = ()
    completed: bool = False
    cut_off: int = 0


@dataclass(frozen=True)
class Task:
    """What TLC is to check: a module, with its configuration. library lists folders with further
    modules, besides the module's own."""

    module: Path
    config: Path
    library: Sequence[Path] = ()

    @property
    def name(self) -> str:
        return self.module.stem

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where modules are looked for, in this order."""
        return tuple(folder.resolve() for folder in (self.module.parent, *self.library))


@dataclass(frozen=True)
class Manner:
    """How it is checked. deadlock says whether a state without a successor is an error. short is
    for runs of a few seconds: what makes Java start quicker. options go to TLC as they are,
    java_options to Java. keep names a folder for TLC's files, which then stay there."""

    deadlock: bool = False
    short: bool = False
    options: Sequence[str] = ()
    java_options: Sequence[str] = ()
    keep: Path | None = None


SHORT = Manner(short=True)


@dataclass(frozen=True)
class Limits:
    """What one run may use. heap_mb None leaves the size to Java (a quarter of the memory)."""

    seconds: float = 600
    heap_mb: int | None = None
    workers: int = 1


def run(
    task: Task,
    limits: Limits = Limits(),
    manner: Manner = Manner(),
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Result:
    """Checks one model with TLC.

    on_progress is called from this thread whenever TLC reports (at three seconds, then once a
    minute). Setting stop ends the run.

    Raises a TlcError if there is no verdict.
    """
    for path in (task.module, task.config):
        if not path.is_file():
            raise SpecError(f"{path} does not exist")
    with ExitStack() as stack:
        stack.enter_context(_no_room())
        if manner.keep is None:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tlc-")))
        else:
            manner.keep.mkdir(parents=True, exist_ok=True)
            scratch = manner.keep.resolve()
        given = plain_paths.Paths(scratch, task.config.resolve(), task.folders, find_jar())
        paths = stack.enter_context(plain_paths.plain(given))
        command = [
            *java(
                paths.scratch,
                paths.folders,
                limits,
                short=manner.short,
                options=manner.java_options,
                jar=paths.jar,
            ),
            "tlc2.TLC",
            *("-tool", "-nowarning", "-metadir", str(paths.scratch / "meta")),
            *("-workers", str(limits.workers), "-config", str(paths.config)),
            *(() if manner.deadlock else ("-deadlock",)),
            *manner.options,
            task.name,
        ]
        return conclude(command, paths.scratch, task, limits, on_progress, stop)


@contextmanager
def _no_room() -> Iterator[None]:
    """Says what to do when the temporary files cannot be written."""
    try:
        yield
    except OSError as error:
        where = error.filename or tempfile.gettempdir()
        raise TlcCrash(f"{where}: {error.strerror}; make room, or set TMPDIR") from error


def java(
    scratch: Path,
    folders: Sequence[Path],
    limits: Limits,
    *,
    short: bool,
    options: Sequence[str] = (),
    jar: Path | None = None,
) -> list[str]:
    """The command up to the class to run."""
    quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"] if short else ["-XX:+UseParallelGC"]
    heap = [f"-Xmx{limits.heap_mb}m"] if limits.heap_mb else []
    return [
        str(find_java()),
        *quick,
        *heap,
        *options,
        f"-XX:ErrorFile={scratch}/java-error.log",
        f"-Djava.io.tmpdir={scratch}",
        f"-DTLA-Library={os.pathsep.join(map(str, folders))}",
        *("-cp", str(jar or find_jar())),
    ]


def conclude(
    command: Sequence[str],
    scratch: Path,
    task: Task,
    limits: Limits,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Result:
    """Runs a command that prints as TLC does, in a folder of its own; its verdict on the model.
    Raises TlcError."""
    return _verdict(_search(command, scratch, limits.seconds, on_progress, stop), task, limits)


@dataclass(frozen=True)
class _Ended:
    """What TLC printed, on its standard error too, how it ended and how long it took."""

    report: Report
    status: int
    errors: str
    seconds: float


def _search(
    command: Sequence[str],
    scratch: Path,
    seconds: float,
    on_progress: Callable[[Progress], None] | None,
    stop: threading.Event | None,
) -> _Ended:
    """Runs TLC to its end, or to the time limit, or until stop; reads all it prints."""
    started = time.monotonic()
    reader = Reader(on_progress)
    ended = threading.Event()
    why: list[TlcError] = []
    with (
        (scratch / "stderr").open("w+", encoding="utf-8", errors="replace") as stderr,
        _started(command, scratch, stderr) as process,
    ):

        def watch() -> None:
            deadline = started + seconds
            while not ended.wait(0.1):
                if stop is not None and stop.is_set():
                    why.append(TlcStopped("stopped"))
                elif time.monotonic() > deadline:
                    why.append(TlcTimeout(f"no verdict after {seconds:g} s; allow more time"))
                else:
                    continue
                process.kill()
                return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                reader.line(line)
            status = process.wait()
        finally:
            ended.set()
            watcher.join()
        if why:
            raise _as_far(why[0], reader.report)
        stderr.seek(0)
        return _Ended(reader.report, status, stderr.read(), time.monotonic() - started)


@contextmanager
def _started(
    command: Sequence[str], scratch: Path, stderr: TextIO
) -> Iterator[subprocess.Popen[str]]:
    """A process that runs in the folder, and is not left behind. Raises MissingTool."""
    process = None
    try:
        with uninterrupted():
            process = subprocess.Popen(
                command,
                cwd=scratch,
                env=plain_paths.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                encoding="utf-8",
                errors="replace",
            )
        yield process
    except OSError as error:
        if process is not None:
            raise
        raise MissingTool(f"cannot start {command[0]}: {error.strerror}; set JAVA") from error
    finally:
        if process is not None:
            process.kill()  # does nothing to a process that has ended
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _verdict(ended: _Ended, task: Task, limits: Limits) -> Result:
    """Turns what TLC printed into a verdict, or into the reason why there is none."""
    report, errors = ended.report, ended.errors
    if report.out_of_memory or "OutOfMemoryError" in errors:
        size = f"{limits.heap_mb} MB" if limits.heap_mb else "default size"
        raise TlcCrash(f"{task.name}: Java ran out of memory (heap of {size}); allow more")
    if "No space left on device" in errors + (report.error.text if report.error else ""):
        raise TlcCrash(f"{task.name}: no space left in {tempfile.gettempdir()}; set TMPDIR")
    if report.violation is None and report.error is not None:

        def find(name: str) -> Path | None:
            files = (folder / f"{name}.tla" for folder in task.folders)
            return next((short_path(file) for file in files if file.is_file()), None)

        where = (
            short_path(task.config)
            if report.error.code == 2229 or ended.status == 255
            else short_path(task.module)
        )
        text = explain_error(report.error, report.loose, find)
        raise _as_far(SpecError(text if ".tla:" in text else f"{where}: {text}"), report)
    violation = None
    if report.violation is not None:
        texts = _texts(task.folders)
        cfg = task.config.read_text(encoding="utf-8", errors="replace")
        violation = read_violation(report.violation, cfg, task.name, texts)
    elif ended.status != 0 or report.generated is None:
        reason = plain_paths.reason(errors.splitlines())
        status = ended.status
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        raise TlcCrash(f"{task.name}: Java {how} and gave no verdict: {reason}")
    last = report.progress
    return Result(
        violation=violation,
        distinct=report.distinct or report.generated or len(report.trace),
        generated=report.generated or len(report.trace),
        depth=report.depth or (last.depth if last else 0) or len(report.trace),
        seconds=ended.seconds,
        trace=tuple(report.trace),
        loops_to=report.loops_to,
        stutters=report.stutters,
        printed=_printed(report),
        covered=tuple(report.covered),
        completed=report.completed,
        cut_off=report.cut_off,
    )


def _as_far(error: TlcError, report: Report) -> TlcError:
    """The error, with what TLC had said by then."""
    error.printed, error.trace = _printed(report), tuple(report.trace)
    return error


def _printed(report: Report) -> tuple[str, ...]:
    return tuple(line for line in report.loose if not _is_parser_chatter(line))


def _is_parser_chatter(line: str) -> bool:
    return line.startswith(("Parsing file ", "Semantic processing of module "))


def _texts(folders: Sequence[Path]) -> dict[str, str]:
    files = [file for folder in reversed(folders) for file in folder.glob("*.tla")]
    return {file.stem: file.read_text(encoding="utf-8", errors="replace") for file in files}


def short_path(path: Path) -> Path:
    """The path as a reader in the current folder would type it."""
    path = path.resolve()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
