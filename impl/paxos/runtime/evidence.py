"""What a run folder knows of a process and its storage does not: if there is anything, the storage
is an old copy. Whatever is traced was durable before, so a storage that lacks it is older than the
trace.

Only the last trace with events can tell anything: the states of a storage follow one another, and
one that has the last of them has all. And only its end is read, `TAIL_BYTES` at most, however long
it is.
"""

import re
from pathlib import Path

import msgspec
from msgspec import Struct

from paxos.core.ballot import Ballot
from paxos.core.names import Member
from paxos.errors import InputError, reason
from paxos.runtime import tracer
from paxos.runtime.storage import Storage

TAIL_BYTES = 4 << 20
"""How much of the end of a trace is read: many events, as long as they may be. If none of them
changed the state, nothing can be told of the time before."""


class Mark:
    """The file `RUN_DIR/acceptor-1.began`: it says that a process which leaves no trace has run
    there, and which was its last incarnation."""

    def __init__(self, run_dir: Path, member: Member) -> None:
        self._run_dir = run_dir
        self._path = run_dir / f"{member}.began"

    @property
    def is_there(self) -> bool:
        """Whether such a process has run."""
        return self._path.exists()

    @property
    def incarnation(self) -> int:
        """Its last incarnation; 0 if it is not known. Raises `OSError`."""
        if not self._path.exists():
            return 0
        text = self._path.read_bytes()[:20]
        return int(text) if re.fullmatch(rb"\d{1,16}\n", text) else 0

    def leave(self) -> None:
        """Say that a process runs. Raises `InputError`."""
        try:
            self._path.touch()
        except OSError as error:
            raise InputError(f"run folder {self._run_dir}: {reason(error)}") from error

    def note(self, incarnation: int) -> None:
        """Say which incarnation has begun, now that it is durable. Raises `InputError`."""
        try:
            self._path.write_text(f"{incarnation}\n", encoding="utf-8")
        except OSError as error:
            raise InputError(f"run folder {self._run_dir}: {reason(error)}") from error


class _Event(Struct):
    """What of an event must be in the storage."""

    event: str
    ballot: Ballot | None = None
    instance: int = 0
    to: int = 0


_decode = msgspec.json.Decoder(_Event).decode


def later_than(storage: Storage, run_dir: Path, member: Member) -> str | None:
    """What tells, in words, that the process has done more than the storage knows; None: nothing.
    Raises `OSError`."""
    marked = Mark(run_dir, member).incarnation
    if marked > storage.incarnation:
        return f"incarnation {marked} has run in {run_dir}, and it knows of {storage.incarnation}"
    # An incarnation whose trace has only a header may have ended before it was durable.
    incarnations = [
        (number, path)
        for number, path in tracer.traces(run_dir, member)
        if number >= storage.incarnation and _has_events(path)
    ]
    if not incarnations:
        return None
    number, path = max(incarnations)
    if number > storage.incarnation:
        return f"{path} is of incarnation {number}, and it knows of {storage.incarnation}"
    lacks = _lacks_of_acceptor if member.role == "acceptor" else _lacks_of_proposer
    found = next((text for event in _tail(path) if (text := lacks(storage, event))), None)
    return found and f"{path} has {found}"


def _has_events(path: Path) -> bool:
    """Whether there is anything after the header, and be it torn."""
    with path.open("rb") as file:
        return bool(file.readline(TAIL_BYTES).endswith(b"\n") and file.read(1))


def _tail(path: Path) -> list[_Event]:
    """The events at the end of a trace, the last one first."""
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read(TAIL_BYTES).split(b"\n")[1:-1]  # the first is the header, or cut off
    events: list[_Event] = []
    for line in reversed(lines):
        try:
            events.append(_decode(line))
        except msgspec.MsgspecError:
            continue  # the checker will say what is wrong with it
    return events


def _lacks_of_acceptor(storage: Storage, event: _Event) -> str | None:
    """What an acceptor's storage lacks of an event."""
    match event:
        case _Event(event="Trim", to=last):
            if last > storage.trimmed:
                return f"the trimming of instance {last}"
        case _Event(event="Phase1b", ballot=Ballot() as ballot):
            if ballot > storage.promised:
                return f"the promise of ballot {_words(ballot)}"
        case _Event(event="Phase2b", ballot=Ballot() as ballot, instance=instance):
            voted = storage.ballot(instance)
            if instance > storage.trimmed and (voted is None or voted < ballot):
                return f"the vote in instance {instance}, ballot {_words(ballot)}"
            if ballot > storage.promised:
                return f"the promise of ballot {_words(ballot)}"
        case _:
            pass
    return None


def _lacks_of_proposer(storage: Storage, event: _Event) -> str | None:
    """The same of a proposer's storage."""
    match event:
        case _Event(event="Phase1a" | "Phase2a", ballot=Ballot() as ballot):
            if ballot.round > storage.round:
                return f"round {ballot.round}"
        case _:
            pass
    return None


def _words(ballot: Ballot) -> str:
    return f"({ballot.round}, {ballot.proposer})"
