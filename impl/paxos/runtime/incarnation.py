"""How an incarnation of a process begins: with which storage, number and trace."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from paxos.config import Config
from paxos.core.names import Member, ProcessName
from paxos.errors import InputError, RunError, reason
from paxos.runtime import tracer as trace
from paxos.runtime.clock import Clock, wall_us
from paxos.runtime.evidence import Mark, later_than
from paxos.runtime.freshness import REMEMBERS
from paxos.runtime.report import say
from paxos.runtime.storage import MemoryStorage, Storage
from paxos.runtime.tracer import Tracer

DATA_DIR = Path("paxos-data")
"""Where acceptors and proposers keep their state if neither configuration nor run folder say."""

Ask = Callable[[int, int], int]
"""Given the incarnation that is about to begin and the number of commits that its storage begins
with, the incarnation to begin. Raises `InputError` if none may."""


class Incarnation(Struct, frozen=True, kw_only=True):
    """One life of a process."""

    number: int
    is_first: bool
    """None of the process has begun before, with this storage or in this run folder. If a replica
    was killed as it began for the first time, some of its roles are not the first, and never were
    before."""
    storage: Storage
    tracer: Tracer | None
    trace_failed: bool
    """There should be a trace, and it cannot be written."""
    data_dir: Path | None
    """Where the state is, if it is on disk."""
    forgets: bool
    """It must never come back, because it keeps nothing of what it promises."""


class Beginning(NamedTuple):
    """What else there is to how a process begins."""

    with_cluster: bool = False
    """A whole cluster is started with this process, so nobody can have heard of any incarnation of
    it but those in its run folder."""
    least: int = 0
    """The incarnation of another role of the replica: two that are namesakes should compare alike
    in every role."""
    keeps: bool = False
    """It is a learner that keeps checkpoints."""


USUAL = Beginning()


def begin(
    member: Member,
    config: Config,
    run_dir: Path | None,
    clock: Clock,
    *,
    ask: Ask | None = None,
    how: Beginning = USUAL,
) -> Incarnation:
    """Open the storage, choose the number, start the trace, and make the number durable, in this
    order: a number in the storage and no trace would be an incarnation that nobody knows of. Before
    the trace, `ask` the others.

    Raises `InputError` if the process must not or cannot start, `RunError` if a disk fails."""
    remembers = member.role in REMEMBERS
    data_dir = state_folder(config, run_dir) if remembers and config.storage == "sqlite" else None
    has_run, traced = _look_back(member, run_dir, clock) if run_dir else (False, 0)
    if has_run and remembers and not _is_kept(member, data_dir):
        why = f"nothing of it is in {data_dir}" if data_dir else "`storage: memory`"
        raise InputError(
            f"{member.words} has run before in {run_dir}, and has forgotten what it "
            f"promised ({why}); it must not come back: use a new folder"
        )
    with ExitStack() as undo:
        storage = _open_storage(member, config, data_dir, clock)
        undo.callback(storage.close)
        if has_run and data_dir and run_dir:
            _check_age(member, storage, data_dir, run_dir)
        before = storage.incarnation
        # Where no number is kept, the wall clock's is higher each time. Those in a run folder do
        # not tell of incarnations that had another one.
        traces = run_dir if config.tracing else None
        counts = data_dir is not None or (how.with_cluster and traces is not None)
        number, tracer = max(before + 1, how.least) if counts else how.least or wall_us(), None
        if traces:
            number = max(number, traced + 1)
        if ask:
            number = ask(number, storage.commits + 1 if data_dir else 0)
        mark = Mark(run_dir, member) if run_dir and remembers and not traces else None
        if traces:
            number, tracer = _start_trace(member, config, traces, clock, number, keeps=how.keeps)
        elif mark:
            mark.leave()
        _make_durable(member, storage, number)
        if mark:
            mark.note(number)
        undo.pop_all()
    return Incarnation(
        number=number,
        is_first=number == 1 if data_dir else storage.is_new,
        storage=storage,
        tracer=tracer,
        trace_failed=traces is not None and tracer is None,
        data_dir=data_dir,
        forgets=remembers and data_dir is None,
    )


def _make_durable(member: Member, storage: Storage, number: int) -> None:
    try:
        storage.begin(number)
    except OSError as error:
        raise RunError(f"{ProcessName(member, number)}: storage: {reason(error)}") from error


# Storage.


def state_folder(config: Config, run_dir: Path | None) -> Path:
    """Where processes keep what they must find again."""
    if config.data_dir is not None:
        return Path(config.data_dir)
    return run_dir / "data" if run_dir else DATA_DIR


def _is_kept(member: Member, data_dir: Path | None) -> bool:
    """Whether there is any state of the process, good or bad; nothing is made yet."""
    return data_dir is not None and any(data_dir.glob(f"{member}.*"))


def _open_storage(member: Member, config: Config, data_dir: Path | None, clock: Clock) -> Storage:
    if data_dir is None:
        return MemoryStorage()
    # Learners and clients need it not.
    from paxos.runtime.sqlite_storage import LOG_PAGES, SqliteStorage

    identity = {"role": member.role, "id": member.id, **config.identity()}
    # A proposer commits once in a round, which is seldom.
    log_pages = LOG_PAGES if member.role == "acceptor" else 0
    return SqliteStorage(data_dir, identity, clock, log_pages=log_pages)


def _check_age(member: Member, storage: Storage, data_dir: Path, run_dir: Path) -> None:
    """Raise `InputError` if the run folder tells of what the storage knows nothing of."""
    from paxos.runtime.sqlite_storage import lost

    try:
        tells = later_than(storage, run_dir, member)
    except OSError as error:
        raise InputError(f"run folder {run_dir}: {reason(error)}") from error
    if tells:
        where = data_dir / f"{member}.db"
        raise InputError(
            f"storage {where} is older than what {member.words} has done: {tells}; "
            f"{lost(member.words)} when it stopped last"
        )


# The run folder.


def _look_back(member: Member, run_dir: Path, clock: Clock) -> tuple[bool, int]:
    """Whether the process has run before in this folder, and the highest incarnation of it that has
    a trace there; 0: none has. Its clock goes on from there."""
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        clock.resume(trace.last_clock(run_dir, member))
        traced = trace.next_incarnation(run_dir, member) - 1
        return traced > 0 or Mark(run_dir, member).is_there, traced
    except OSError as error:
        raise InputError(f"run folder {run_dir}: {reason(error)}") from error


def _start_trace(
    member: Member, config: Config, run_dir: Path, clock: Clock, least: int, *, keeps: bool
) -> tuple[int, Tracer | None]:
    """The number of this incarnation, at least `least` and above all that have a trace; and its
    trace, if that can be written."""
    try:
        while True:
            number = max(least, trace.next_incarnation(run_dir, member))
            process = ProcessName(member, number)
            head = trace.header(config, run_dir.resolve().name, process, keeps=keeps)
            path = trace.trace_path(run_dir, process)
            with suppress(FileExistsError):  # somebody else took it meanwhile
                return number, Tracer.create(path, head, clock)
    except OSError as error:
        raise InputError(f"run folder {run_dir}: {reason(error)}") from error
    except trace.TraceError as error:
        if config.trace == "strict":
            raise RunError(str(error)) from error
        say(f"{ProcessName(member, number)}: {error}")
        return number, None
