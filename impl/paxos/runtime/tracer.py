"""The trace of one incarnation: a file of NDJSON, a header and then one line per event.

`traces/schema.json` says what is in it. The events of one step are written with one system call,
before anything of the step is sent.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import UNSET, Struct, UnsetType

from paxos.config import Config
from paxos.core.events import Event
from paxos.core.names import ROLES, Member, ProcessName, pattern_of
from paxos.errors import InputError, reason
from paxos.runtime.clock import Clock
from paxos.runtime.report import printable
from paxos.runtime.streams import write_all

SCHEMA = 1
"""The version of the schema that is written."""

SUFFIX = ".ndjson"
"""What the names of traces end with."""

_encode_lines = msgspec.json.Encoder().encode_lines


class Header(Struct, tag_field="event", tag=True, kw_only=True):
    """The first line: who writes, and under which configuration."""

    schema: int = SCHEMA
    run: str
    process: str
    role: str
    id: int
    incarnation: int
    spec: str
    constants: dict[str, bool | int]
    cluster: dict[str, list[int]]
    config: dict[str, str | int | bool]
    keeps: bool | UnsetType = UNSET
    """Of a learner that keeps checkpoints: true."""


def header(config: Config, run: str, process: ProcessName, *, keeps: bool = False) -> Header:
    """The header of the trace of a process; `keeps`: it is a learner that keeps checkpoints. In
    what comes from names of files, bytes that are not UTF-8 are written as `\\xff`: JSON has only
    Unicode."""
    settings = config.settings()
    return Header(
        run=printable(run),
        process=str(process),
        role=process.member.role,
        id=process.member.id,
        incarnation=process.incarnation,
        spec="Synod" if config.synod else "MultiPaxos",
        constants={
            "direct_learning": settings.direct_learning,
            "prepare_ahead": settings.prepare_ahead,
            "max_batch": settings.max_batch,
            **{name: True for name in ("fifo", "checkpoints") if getattr(settings, name)},
            **config.quorum_sizes(),
        },
        cluster={f"{name}s": list(config.ids(name)) for name in ROLES},
        config=_plain(config),
        keeps=keeps or UNSET,
    )


def _plain(config: Config) -> dict[str, str | int | bool]:
    """The configuration as a flat object; what is neither text, whole number nor truth value
    becomes text, because traces have no fractions."""
    flat: dict[str, str | int | bool] = {}
    for key in config.__struct_fields__:
        value = getattr(config, key)
        if isinstance(value, Struct):
            for inner in value.__struct_fields__:
                flat[f"{key}.{inner}"] = _text(getattr(value, inner))
        elif value is not None:
            flat[key] = _text(value)
    return flat


def _text(value: object) -> str | int | bool:
    return value if isinstance(value, int | bool) else printable(str(value))


class TraceError(Exception):
    """The trace cannot be written any more."""


class Tracer:
    """Writes one trace. Used under the node's lock."""

    def __init__(self, fd: int, path: Path, process: str, clock: Clock) -> None:
        self._fd = fd
        self._path = path
        self._process = process
        self._clock = clock
        self._seq = 0

    @classmethod
    def create(cls, path: Path, head: Header, clock: Clock) -> "Tracer":
        """Start a new trace. Raises `FileExistsError`, or `InputError` if it cannot be made."""
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        except FileExistsError:
            raise
        except OSError as error:
            raise InputError(f"trace {path}: {reason(error)}") from error
        tracer = cls(fd, path, head.process, clock)
        tracer._write(msgspec.json.encode(head) + b"\n")
        return tracer

    def write(self, events: Sequence[Event]) -> None:
        """Append `events`, giving them their numbers and times. Raises `TraceError`."""
        if self._fd < 0:
            return
        first = self._clock.ticks(len(events))
        for number, event in enumerate(events):
            event.process = self._process
            event.seq = self._seq + number + 1
            event.hlc = first + number
        self._seq += len(events)
        self._write(_encode_lines(events))

    def _write(self, data: bytes) -> None:
        try:
            write_all(self._fd, data)
        except OSError as error:
            # What was written may end in the middle of a line. That is a legal end of a trace, but
            # nothing may follow it.
            self.close()
            raise TraceError(
                f"trace {self._path}: {reason(error)}; it ends here, incomplete"
            ) from error

    def close(self) -> None:
        """Nothing is buffered: this only lets go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def next_incarnation(run_dir: Path, member: Member) -> int:
    """One more than the highest incarnation of the process that has a trace in `run_dir`."""
    return max((number for number, _ in traces(run_dir, member)), default=0) + 1


def traces(run_dir: Path, member: Member) -> Iterator[tuple[int, Path]]:
    """The traces of the process that are there, with its incarnations."""
    for path in run_dir.iterdir():
        if path.name.startswith(f"{member}.") and path.name.endswith(SUFFIX):
            with suppress(ValueError):  # somebody else's file
                yield ProcessName.parse(path.name.removesuffix(SUFFIX)).incarnation, path


def traces_of_role(run_dir: Path, role: str) -> Iterator[Path]:
    """The traces of all processes of a role that are there."""
    return run_dir.glob(pattern_of(role) + SUFFIX)


def last_clock(run_dir: Path, member: Member) -> int:
    """The clock of the last event in the traces of the process's earlier incarnations; 0: none."""
    return max((_last_clock(path) for _, path in traces(run_dir, member)), default=0)


def _last_clock(path: Path) -> int:
    """Found from the end, where it is near. The last line may be torn."""
    size = path.stat().st_size
    span = 4_096
    with path.open("rb") as file:
        while True:
            file.seek(max(0, size - span))
            clocks = re.findall(rb'"hlc":(\d+)[,}]', file.read())
            if clocks or span >= size:
                return int(clocks[-1]) if clocks else 0
            span *= 16


def trace_path(run_dir: Path, process: ProcessName) -> Path:
    """Where the trace of an incarnation is."""
    return run_dir / f"{process}{SUFFIX}"
