"""Where a learner keeps its checkpoints: files in the data folder, `learner-1.checkpoint-20000` for
the one with instances 1 to 20,000.

A checkpoint is written beside the others, forced to disk, and only then given its name, so that
what has a name is whole. The newest two stand. While the store is open nobody else can open it; a
process that was killed may leave a child that is still writing (`paxos.runtime.checkpointing`), and
the next one waits until that has ended.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from paxos.core.checkpoint import Snapshot, encode_snapshot
from paxos.core.messages import SnapshotOffer
from paxos.core.names import Member
from paxos.errors import InputError, reason
from paxos.runtime.checkpoint_file import (
    DIGEST_BYTES,
    Application,
    CheckpointFile,
    DamagedError,
    Head,
    Identity,
    begin_file,
)
from paxos.runtime.folders import sync_folder, sync_names
from paxos.runtime.incoming import Incoming, Owner, remove
from paxos.runtime.report import say
from paxos.runtime.resting import Resting
from paxos.runtime.streams import write_all

KEPT = 2
"""Checkpoints that stand: the newest, and one before it should that be damaged."""

ORPHAN_S = 10.0
"""How long a learner waits for what a killed one has left behind to end."""


def checkpoints_in(folder: Path, member: Member) -> dict[int, Path]:
    """The checkpoints that a learner has there, by prefix, the newest first."""
    start = f"{member}.checkpoint-"
    names = [path for path in folder.iterdir() if path.name.startswith(start)]
    numbers = {path: path.name.removeprefix(start) for path in names}
    found = {int(n): path for path, n in numbers.items() if n.isascii() and n.isdecimal()}
    return dict(sorted(found.items(), reverse=True))


class CheckpointStore:
    """The checkpoints of one learner. One thread writes its own and another one receives those of
    others; `newest` may be another one at any time."""

    def __init__(
        self, folder: Path, learner_id: int, identity: Identity, application: Application
    ) -> None:
        """Open the store in `folder`, or make it, and find the newest checkpoint that is whole.
        Damaged ones before that are said, and get names that end in `.damaged`. Raises
        `InputError`: it cannot be made or read, it is in use, a checkpoint is of another cluster,
        application or format, or there are some and all are damaged."""
        self.member = Member("learner", learner_id)
        self._folder = folder
        self._identity = dict(identity)
        self.application = application
        self._lock_fd = -1
        self._adopting = threading.Lock()
        self._owner = Owner(self._identity, application.name, application.version)
        self._received = 0  # the number of the last file that was begun
        self.newest: CheckpointFile | None = None
        """The newest checkpoint, open; None: there is none."""
        self.giver = 0
        """The learner that gave the newest one as the store was opened; its own id: an earlier life
        of it, whose newest one is damaged. 0: it is its own. Where another learner would begin so,
        an earlier life may have begun so, and have ended before it could say it in its trace."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            sync_names(folder.resolve())
            self._lock_fd = self._lock(folder / f"{self.member}.lock")
            for path in folder.glob(f"{self.member}.*.tmp"):  # of one that was interrupted
                path.unlink()
            self.newest = self._find()
        except OSError as error:
            self.close()
            where = error.filename or folder
            raise InputError(
                f"checkpoints {where}: {reason(error)}; see to it that {self.member.words} may "
                "read and write there, and that there is room"
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the store, for whoever opens it next: a child that this process has forked for
        another learner has the lock open too."""
        if self.newest:
            self.newest.close()
        if self._lock_fd >= 0:
            with suppress(OSError):
                fcntl.flock(self._lock_fd, fcntl.LOCK_UN)
            os.close(self._lock_fd)
            self._lock_fd = -1

    def path_of(self, what: str) -> Path:
        """Where the learner keeps something else beside its checkpoints."""
        return self._folder / f"{self.member}.{what}"

    def say(self, text: str) -> None:
        """Tell the user."""
        say(text)

    # Opening.

    def _lock(self, path: Path) -> int:
        """Who holds it is in it. It is shared with children, and free when all have ended."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        give_up_s = time.monotonic() + ORPHAN_S
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = os.pread(fd, 20, 0)
                if time.monotonic() < give_up_s and not _is_running(holder):
                    time.sleep(0.05)
                    continue
                os.close(fd)
                raise InputError(
                    f"checkpoints {path.parent}: {self.member.words} is running, or was paused; "
                    "end that process first, or give this one another id"
                ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d" % os.getpid(), 0)
        return fd

    def _find(self) -> CheckpointFile | None:
        names = checkpoints_in(self._folder, self.member)
        damaged: dict[Path, DamagedError] = {}
        for path in names.values():
            try:
                found = CheckpointFile(path)
                found.check(self._identity, self.application)
            except DamagedError as error:
                damaged[path] = error
                continue
            if damaged:
                self._note_giver(found.prefix, self.member.id)
            self.giver = self._giver_of(found.prefix)
            for other, problem in damaged.items():
                other.rename(other.with_name(f"{other.name}.damaged"))
                self.say(
                    f"{self.member}: checkpoint {other} is damaged: {problem}; it goes on from "
                    f"the one before, {path.name}"
                )
            return found
        for path, problem in damaged.items():
            raise InputError(
                f"checkpoint {path} is damaged: {problem}; no other one is whole: restore it from "
                f"a copy, or remove {self.member}.checkpoint-* there to begin anew, which needs "
                "what acceptors have not trimmed, or another learner"
            )
        return None

    # Who gave it.

    def _note_giver(self, prefix: int, giver: int) -> None:
        """Force to disk that `giver` gave the checkpoint of this place. Raises `OSError`."""
        with self.path_of("given").open("w") as file:
            file.write(f"{prefix} {giver}")
            file.flush()
            os.fsync(file.fileno())

    def _giver_of(self, prefix: int) -> int:
        """Who gave it; 0: nobody, it is its own."""
        with suppress(FileNotFoundError):
            match self.path_of("given").read_bytes().split():
                case [given, giver] if given == b"%d" % prefix and giver.isdigit():
                    return int(giver)
        return 0

    # Writing.

    def write(self, snapshot: Snapshot, application: Iterable[bytes]) -> Path:
        """Make a checkpoint of `snapshot` and the application's part, and force it to disk; the
        ones before stand, whatever fails. May be called in a child of this process; whoever owns
        the store calls `adopt` then. Raises `OSError`, and what `application` raises."""
        core = encode_snapshot(snapshot)
        head = Head(
            identity=self._identity,
            application=self.application.name,
            version=self.application.version,
            prefix=snapshot.prefix,
            position=snapshot.position,
            core_bytes=len(core),
        )
        path = self._folder / f"{self.member}.checkpoint-{snapshot.prefix}"
        made = path.with_name(f"{self.member}.{os.getpid()}.tmp")
        digest = blake2b(digest_size=DIGEST_BYTES)
        fd = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            for part in _parts(begin_file(head), core, application):
                digest.update(part)
                write_all(fd, part)
            write_all(fd, digest.digest())
            os.fsync(fd)
            made.rename(path)
        except BaseException:
            with suppress(OSError):
                made.unlink()
            raise
        finally:
            os.close(fd)
        sync_folder(self._folder)
        return path

    def adopt(self, path: Path) -> CheckpointFile:
        """A file that `write` has made, or that was received and verified, is durable: it is the
        newest if it is, and the oldest go. Raises `InputError`, `OSError` if it is not what it
        should be."""
        with self._adopting:
            try:
                found = CheckpointFile(path, is_own=True)
            except DamagedError as error:
                raise InputError(f"checkpoint {path} is damaged: {error}") from error
            if self.newest is None or found.prefix > self.newest.prefix:
                self.newest = found  # who is giving the one before to others still has it
            for old in list(checkpoints_in(self._folder, self.member).values())[KEPT:]:
                old.unlink(missing_ok=True)
            return found

    # Receiving.

    def incoming(self, offer: SnapshotOffer) -> Incoming:
        """Begin to receive another learner's checkpoint, in a file that nothing else is received
        in. Raises `OSError`."""
        self._received += 1
        path = self._folder / f"{self.member}.incoming-{self._received}"
        return Incoming.begin(path, self._owner, offer)

    def resume(self) -> Incoming | None:
        """What an earlier life was receiving last, if it can be used: anything else that is left
        of such goes."""
        start = f"{self.member}.incoming-"
        names = [path.name.removeprefix(start) for path in self._folder.glob(f"{start}*")]
        numbers = {int(n) for name in names if (n := name.split(".")[0]).isdecimal()}
        found: Incoming | None = None
        for number in sorted(numbers, reverse=True):
            path = self._folder / f"{start}{number}"
            with suppress(OSError):  # it is taken anew then
                found = found or Incoming.resume(path, self._owner)
            if found is None or found.path != path:
                remove(path)
        self._received = max(numbers, default=0)
        return found

    def verify(self, incoming: Incoming) -> tuple[CheckpointFile, Snapshot]:
        """All of it is there: force it to disk and verify it as a whole, which takes long, as it
        rests in between; and the learner's part of it. It has no name yet, so that it is no
        checkpoint. Raises `DamagedError` or `InputError` if it is not a whole one of this cluster
        and application, `OSError`."""
        os.fsync(incoming.fd)
        received = CheckpointFile(incoming.path, rest=Resting().rest)
        received.check(self._identity, self.application)
        return received, received.snapshot()

    def accept(self, incoming: Incoming, received: CheckpointFile, giver: int) -> CheckpointFile:
        """What was verified gets its name, durably, and is adopted. Raises `InputError`, `OSError`;
        the ones before stand then."""
        self._note_giver(received.prefix, giver)
        path = self._folder / f"{self.member}.checkpoint-{received.prefix}"
        received.close()
        incoming.path.rename(path)
        incoming.close()
        try:
            sync_folder(self._folder)
        except OSError:
            path.unlink(missing_ok=True)  # the learner does not go on from it now, nor later
            raise
        return self.adopt(path)


def _parts(start: bytes, core: bytes, application: Iterable[bytes]) -> Iterable[bytes]:
    yield start
    yield core
    yield from application


def _is_running(holder: bytes) -> bool:
    """Whether the process that has written its number into a lock is there."""
    if not holder.isdigit():
        return False  # it has just taken the lock, and writes its number next
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
