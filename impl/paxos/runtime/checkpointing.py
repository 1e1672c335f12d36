"""Making a learner's snapshots durable without stopping it.

The state of an application is any Python object, which changes with the next value. So the thread
that applies values forks, when it comes to a snapshot in the order: the child has all of the state
as it is at that moment, has the application write it out, and ends. The parent has paid for the
copy of its page tables, some 25 ms a gigabyte, and for pages that it changes meanwhile. What a
child must keep to is in `paxos.StateMachine`. It rests as long as it has worked, piece by piece
(`paxos.runtime.resting`). Where there is no state but what has been written, a thread does it.

A snapshot that cannot be made durable is said once, until one can be again; the checkpoint before
it stands, and the learner goes on.
"""

import ctypes
import gc
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from paxos.core.checkpoint import Snapshot
from paxos.errors import reason
from paxos.runtime.checkpoint_file import Application
from paxos.runtime.checkpoint_store import CheckpointStore
from paxos.runtime.report import describe, say
from paxos.runtime.resting import WORK_BYTES, Resting

# Python 3.12 warns whoever forks and has threads. The child here keeps to what it may do.
warnings.filterwarnings("ignore", r".*use of fork\(\) may lead to deadlocks", DeprecationWarning)

_SET_DEATH_SIGNAL = 1
_set = getattr(ctypes.CDLL(None), "prctl", None)  # Linux; found here, as a child loads nothing

State = Callable[[], bytes | Iterable[bytes]]
"""What gives the application's part, in pieces."""

NICENESS = 5
"""Of a child: what the cluster does now comes first."""

CLOSE_S = 1.0
"""How long the end of a process waits for a checkpoint that a thread writes."""

DONE, FAILED = b"+", b"-"
"""What a child says first; and then, why."""

MAX_TEXT_BYTES = 1_000


class Checkpointing:
    """The snapshots of one learner, on their way to its store. One is at a time."""

    def __init__(self, store: CheckpointStore, name: str) -> None:
        self.store = store
        self.tell: Callable[[int, bool], None] = lambda prefix, durable: None
        """Whom to tell what came of the snapshot of this prefix. Called by a thread of its own."""
        self._name = name
        self._failed = False
        self._child = 0
        self._thread: threading.Thread | None = None

    @property
    def application(self) -> Application:
        """Whose state is kept."""
        return self.store.application

    def fork(self, snapshot: Snapshot, state: State) -> None:
        """Write the snapshot and what `state()` gives in a child of this process."""
        parent = os.getpid()
        ours, theirs = os.pipe()
        try:
            self._child = os.fork()
        except OSError as error:
            os.close(ours)
            os.close(theirs)
            self._fail(snapshot, reason(error))
            return
        if not self._child:
            self._be_child(snapshot, _given(state, parent), theirs)
        os.close(theirs)
        self._start(self._await, snapshot, self._child, ours)

    def write(self, snapshot: Snapshot, state: State) -> None:
        """Write them in a thread: `state()` is of something that does not change."""
        self._start(self._write, snapshot, state)

    def close(self) -> None:
        """Let go of the store. What is on its way is lost, or nearly there."""
        if self._child:
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_S)
        self.store.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        self._thread = thread  # only now can `close`, in another thread, wait for it

    # The child.

    def _be_child(self, snapshot: Snapshot, state: Iterator[bytes], answer: int) -> NoReturn:
        """Nothing but this is done here, and no handler or buffer of the parent's is run. A child
        that outlived its parent would hold what that has open, ports of the application too."""
        try:
            if _set:
                _set(_SET_DEATH_SIGNAL, signal.SIGKILL)  # when the thread that has forked ends
            gc.disable()  # it would touch, and so copy, every page
            os.nice(NICENESS)
            said = DONE + os.fsencode(self.store.write(snapshot, state))
        except BaseException as error:  # also of the application's, whatever it is
            said = FAILED + _why(error).encode()[:MAX_TEXT_BYTES]
        try:
            os.write(answer, said)
        finally:
            os._exit(0)

    def _await(self, snapshot: Snapshot, child: int, answer: int) -> None:
        """The parent's thread."""
        with suppress(ChildProcessError):  # the application has waited for it
            os.waitpid(child, 0)
        self._child = 0
        os.set_blocking(answer, False)
        said = b""
        with suppress(BlockingIOError):  # another child has the pipe's other end
            said = os.read(answer, MAX_TEXT_BYTES + 5_000)
        os.close(answer)
        if said.startswith(DONE):
            self._end(snapshot, Path(os.fsdecode(said[1:])))
        else:
            text = said[1:].decode(errors="replace")
            self._fail(snapshot, text or "the process that wrote it was killed")

    # What comes of it.

    def _write(self, snapshot: Snapshot, state: State) -> None:
        try:
            path = self.store.write(snapshot, _pieces(state()))
        except Exception as error:
            self._fail(snapshot, _why(error))
        else:
            self._end(snapshot, path)

    def _end(self, snapshot: Snapshot, path: Path) -> None:
        try:
            self.store.adopt(path)
        except Exception as error:
            self._fail(snapshot, _why(error))
            return
        if self._failed:
            self._failed = False
            say(f"{self._name}: checkpoints are made again, now of instance {snapshot.prefix}")
        self.tell(snapshot.prefix, True)

    def _fail(self, snapshot: Snapshot, why: str) -> None:
        if not self._failed:
            self._failed = True
            say(
                f"{self._name}: no checkpoint of instance {snapshot.prefix}: {why}; the one before "
                "stands, and it goes on trying"
            )
        self.tell(snapshot.prefix, False)


class ApplicationFailedError(Exception):
    """The application's code has raised. The text says what."""


def _given(state: State, parent: int) -> Iterator[bytes]:
    """In a child: the application's part, as long as the parent is there, in pieces after each of
    which it has rested."""
    resting = Resting()
    try:
        for piece in _pieces(state()):
            for at in range(0, len(piece), WORK_BYTES):
                yield piece[at : at + WORK_BYTES]
                resting.rest()
            if os.getppid() != parent:
                raise OSError("the process that it is of has ended")
    except OSError:
        raise
    except Exception as error:
        raise ApplicationFailedError(f"snapshot() raised {describe(error)}") from error


def _pieces(state: bytes | Iterable[bytes]) -> Iterable[bytes]:
    return [state] if isinstance(state, bytes) else state


def _why(error: BaseException) -> str:
    if isinstance(error, OSError):
        return reason(error)
    return str(error) if isinstance(error, ApplicationFailedError) else describe(error)
