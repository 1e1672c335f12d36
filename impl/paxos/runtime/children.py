"""The processes of a cluster, as children of the one that runs it.

A child holds one end of a pair of sockets whose other end only the parent has. When the parent is
gone, however it went, the child sees its end close, and stops. When the child is gone, the parent
sees the same at once. And there the child says why it ends, whatever becomes of its log: the disk
that has it may be full, and that the reason.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from paxos.core.names import Member, Replica
from paxos.runtime.patience import LOOK_S, Patience

PATIENCE_S = 5.0
"""A child that has not ended so long after SIGTERM is killed."""

LAST_WORDS_BYTES = 4_096
"""What is kept of what a child has said of its end."""


class Child:
    """A process of the cluster."""

    def __init__(
        self,
        member: Member | Replica,
        process: subprocess.Popen[bytes],
        log: Path,
        link: socket.socket,
    ) -> None:
        self.member = member
        self.log = log
        self._process = process
        self._link = link
        self._link.setblocking(False)
        self._is_linked = True
        self._last_words = b""
        self._noticed = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def status(self) -> int:
        """The exit status; minus the signal's number if one killed it; 0 while it runs."""
        return self._process.poll() or 0

    @property
    def news(self) -> list[int]:
        """Where something can be read when it has said something, or is gone; [] once it is."""
        return [self._link.fileno()] if self._is_linked else []

    def listen(self) -> None:
        """Take what it has said of its end, if anything."""
        if not self._is_linked:
            return
        try:
            while self._is_linked:
                said = self._link.recv(LAST_WORDS_BYTES)
                self._is_linked = bool(said)
                self._last_words = (self._last_words + said)[-LAST_WORDS_BYTES:]
        except BlockingIOError:
            return
        except OSError:  # it went without reading
            self._is_linked = False
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(LOOK_S)  # the system has closed its end, and is about to be done

    @property
    def how(self) -> str:
        """How it ended, and why if it has said so."""
        if self.status >= 0:
            *_, why = ["", *self._last_words.decode(errors="replace").splitlines()]
            return f"ended with exit status {self.status}{why and f': {why}'}"
        with suppress(ValueError):
            return f"was killed ({signal.Signals(-self.status).name})"
        return f"was killed (signal {-self.status})"

    def just_died(self) -> bool:
        """Whether it ended since this was last asked."""
        self.listen()
        if self._noticed or self.alive:
            return False
        self._noticed = True
        return True

    def terminate(self) -> None:
        """Ask it to stop."""
        self._process.terminate()

    def reap(self, patience: Patience) -> bool:
        """Wait for its end, and bring it about if it does not come. Whether it came by itself."""
        by_itself = True
        while True:
            try:
                self._process.wait(LOOK_S)
                break
            except subprocess.TimeoutExpired:
                if by_itself and patience.is_over():
                    by_itself = False
                    self._process.kill()
        self.listen()
        self._link.close()
        self._is_linked = False
        return by_itself


def environment() -> dict[str, str]:
    """In which another Python finds this code, in whatever folder it is started."""
    path = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def output_path(run_dir: Path, learner: Member) -> Path:
    """Where a learner's deliveries go."""
    return run_dir / f"{learner}.out"


def start(
    member: Member | Replica,
    options: Sequence[str],
    run_dir: Path,
    *,
    stdin: Path | None = None,
) -> Child:
    """Start a process of the cluster, whose log goes to the run folder, and so does what a learner
    delivers. It is in a session of its own, so that Ctrl-C reaches only the parent, which stops its
    children in order."""
    log = run_dir / "logs" / f"{member}.log"
    learners = [output_path(run_dir, each) for each in member.members if each.role == "learner"]
    stdout = learners[0] if learners else Path(os.devnull)
    own, its = socket.socketpair()
    try:
        with (
            (stdin or Path(os.devnull)).open("rb") as source,
            stdout.open("wb") as sink,
            log.open("wb") as errors,
        ):
            command = [sys.executable, "-m", "paxos", member.role, str(member.id), *options]
            process = subprocess.Popen(
                [*command, "--parent-fd", str(its.fileno())],
                stdin=source,
                stdout=sink,
                stderr=errors,
                pass_fds=(its.fileno(),),
                start_new_session=True,
                env=environment(),
            )
    except BaseException:
        own.close()
        raise
    finally:
        its.close()
    return Child(member, process, log, own)


def stop_all(children: Sequence[Child]) -> list[Member | Replica]:
    """Ask all to stop, and wait until they have. Which of them had to be killed."""
    for child in children:
        child.terminate()
    patience = Patience(PATIENCE_S)
    return [child.member for child in children if not child.reap(patience)]
