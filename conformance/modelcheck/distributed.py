"""TLC's own distributed mode: a server here has the queue and the set of states, workers on this or
other machines compute successors and check them.

Verdict and number of states are those of a single process; a worker that dies loses nothing, for
the server gives what it had to the others. So it does with one that is cut off, once it has not
answered for a minute or two. But then the server counts a worker less, and not the thread that
speaks to it: states that this thread takes from the queue are lost, and if the worker is reached
again the search may end while others are at work. No call to the worker has failed by then: that is
how to tell. What is found to be false is false; that all was searched must show in the number of
states.

In this mode TLC 2.15 ends with status 0 also when it has found an error, does not say which
property is false, and gives only the last two states: which it is, is asked afterwards. The depth
that it reports depends on how the work fell to the workers. It neither checks liveness nor draws at
random.
"""

from __future__ import annotations

import shlex
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from conformance.modelcheck.manifest import Model
from conformance.modelcheck.scheduler import Stop
from conformance.tla.config import checked_names
from conformance.tlc import errors, runner, toolchain
from conformance.tlc.interrupts import uninterrupted
from conformance.tlc.name_steps import broken
from conformance.tlc.output import Progress, Violation

LOOPBACK = "127.0.0.1"
SERVER = "tlc2.tool.distributed.TLCServer"
WORKER = "tlc2.tool.distributed.TLCWorker"
REPORT_MS = 500
"""How often the server says how far it has come."""


@dataclass(frozen=True)
class Setup:
    """Who takes part: the hosts of the workers (none: `local` processes on this machine), address
    and port of the server (0: a free one), threads of each worker (None: on a host as many as it
    has cores, here one), Java on the hosts."""

    hosts: tuple[str, ...] = ()
    local: int = 2
    address: str = LOOPBACK
    port: int = 0
    threads: int | None = None
    remote_java: str = "java"


@dataclass
class Party:
    """The workers' processes (of one on another host: its ssh), in the order of the hosts."""

    port: int
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    outputs: list[Path] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """None of the processes is left."""
        return all(worker.poll() is not None for worker in self.workers)

    def last_words(self) -> str:
        """The last line that a worker printed."""
        lines = [path.read_text("utf-8", "replace").strip() for path in self.outputs]
        return next((text.splitlines()[-1] for text in lines if text), "they printed nothing")


def run(
    model: Model,
    folder: Path,
    setup: Setup,
    limits: runner.Limits,
    *,
    on_start: Callable[[Party], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> runner.Result:
    """Runs one model. on_start is told of the workers when they are started. Raises TlcError."""
    if wanted := _beyond(model):
        raise errors.SpecError(
            f"{model.name}: {wanted}, which TLC's distributed mode does not; use `make spec`"
        )
    config = folder / model.config
    # The server gives the workers every file that they ask for from these folders, by its name.
    task = runner.Task(folder / model.module, config, [folder.parent, config.parent])
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tlc-server-")))
        port = setup.port or _free_port()
        _check_port(port)
        options = (*_rmi(setup.address, port), f"-D{SERVER}.report={REPORT_MS}")
        command = [
            *runner.java(scratch, task.folders, limits, short=False, options=options),
            *(SERVER, "-tool", "-nowarning", "-metadir", str(scratch / "meta")),
            *("-config", str(config.resolve())),
            *(() if model.deadlock else ("-deadlock",)),
            task.name,
        ]
        party = stack.enter_context(_workers(setup, port, limits))
        if on_start:
            on_start(party)
        alone = Stop()

        def note(seen: Progress) -> None:
            # The server would wait for workers for ever.
            if seen.queue and party.workers and (party.ended or 0 < seen.joined == seen.lost):
                alone.set()
            if on_progress:
                on_progress(seen)

        try:
            result = runner.conclude(command, scratch, task, limits, note, alone)
        except errors.TlcStopped as error:
            why = party.last_words() if party.ended else "the server cannot reach them any more"
            raise errors.TlcCrash(f"{task.name}: no worker is left: {why}") from error
    if not result.completed:
        return _name(result, task)
    if result.cut_off and result.distinct != model.states:
        raise errors.TlcCrash(
            f"{task.name}: a worker was cut off, and TLC may have lost states with it: it ended at "
            f"{result.distinct:,}; run it again"
        )
    return result


def _beyond(model: Model) -> str:
    """What the model wants done that the mode cannot do, if anything."""
    if model.simulate:
        return "it draws behaviours at random"
    if model.seeds:
        return "it draws its initial states with given seeds"
    return "it checks liveness" if model.lncheck != "default" else ""


def _name(result: runner.Result, task: runner.Task) -> runner.Result:
    """The result of a search that ended early, with the name of what is false. Raises TlcError."""
    if result.violation is not None:
        return result
    if not result.trace:
        raise errors.TlcCrash(f"{task.name}: the server ended early and gave no verdict")
    states = [state.values for state in result.trace]
    found = broken(task.module, task.config, task.library[0], states)
    if found is None:  # then it is about a step
        names = checked_names(task.config.read_text(encoding="utf-8"))["property"]
        found = Violation("property", names or ("a property",))
    return replace(result, violation=found)


def _rmi(address: str, port: int) -> tuple[str, ...]:
    """The address at which a process says that it can be reached, and the port of the server."""
    return f"-Djava.rmi.server.hostname={address}", f"-D{SERVER}.port={port}"


def worker_command(
    setup: Setup, port: int, java: str, jar: str, temporary: str, own: str = LOOPBACK
) -> list[str]:
    """What starts a worker; own is the address at which the server reaches it."""
    threads = setup.threads or (None if setup.hosts or not setup.local else 1)
    return [
        *(java, "-XX:+UseParallelGC", *_rmi(own, port)),
        *([f"-D{WORKER}.threadCount={threads}"] if threads else []),
        f"-Djava.io.tmpdir={temporary}",
        *("-cp", jar, WORKER, setup.address),
    ]


def remote_script(setup: Setup, port: int) -> str:
    """A shell script for a host that has Java and nothing else: TLC's jar is its standard input.
    The host's address is the one at which ssh reached it."""
    command = worker_command(setup, port, setup.remote_java, "$d/tla2tools.jar", "$d", "$a")
    words = " ".join(f'"{word}"' if "$" in word else shlex.quote(word) for word in command)
    return (
        "set -- $SSH_CONNECTION; a=${3:-127.0.0.1}; d=$(mktemp -d) && "
        f'trap \'rm -rf "$d"\' EXIT && cat >"$d/tla2tools.jar" && {words}'
    )


@contextmanager
def _workers(setup: Setup, port: int, limits: runner.Limits) -> Iterator[Party]:
    """The workers, started; none is left at the end. They wait for the server by themselves."""
    party = Party(port)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tlc-workers-")))

        def start(command: Sequence[str], stdin: Path | None, name: str) -> None:
            given = stack.enter_context((stdin or Path("/dev/null")).open("rb"))
            party.outputs.append(scratch / f"{name}.out")
            said = stack.enter_context(party.outputs[-1].open("wb"))
            with uninterrupted():
                party.workers.append(
                    subprocess.Popen(command, cwd=scratch, stdin=given, stdout=said, stderr=said)
                )

        try:
            for number in range(0 if setup.hosts else setup.local):
                own = scratch / f"worker-{number + 1}"
                own.mkdir()
                java, jar = str(toolchain.find_java()), str(toolchain.find_jar())
                command = worker_command(setup, port, java, jar, str(own))
                heap = [f"-Xmx{limits.heap_mb}m"] if limits.heap_mb else []
                start([command[0], *heap, *command[1:]], None, own.name)
            for host in setup.hosts:
                script = remote_script(setup, port)
                ssh = ["ssh", "-o", "BatchMode=yes", host, script]
                start(ssh, toolchain.find_jar(), f"host-{len(party.workers) + 1}")
            yield party
        finally:
            for worker in party.workers:
                worker.terminate()
            for worker in party.workers:
                try:
                    worker.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    worker.kill()
                    worker.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise errors.TlcError(
                f"port {port} cannot be used: {error.strerror}; name another with PORT="
            ) from error


def address_towards(host: str) -> str:
    """This machine's address, as the host sees it. Nothing is sent. Raises TlcError."""
    name = host.rpartition("@")[2]
    try:
        found = socket.getaddrinfo(name, 22, socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(found[0][4])
            return str(probe.getsockname()[0])
    except OSError as error:
        raise errors.TlcError(f"host {name} cannot be found: {error}; check WORKERS") from error
