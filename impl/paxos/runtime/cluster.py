"""`paxos run`: a whole cluster on this machine, as processes, from start to verdict.

Each process is started as a user would start it, with a configuration that is written into the run
folder. The supervisor takes no part in the protocol: it watches the learners' output files grow.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paxos import config as configuration
from paxos.config import Config, is_loopback
from paxos.core.names import REPLICA_ROLES, Member, Replica
from paxos.errors import InputError, RunError, reason, shortage
from paxos.paths import SAMPLES
from paxos.runtime.aslr import share_layout
from paxos.runtime.children import PATIENCE_S, Child, output_path, start, stop_all
from paxos.runtime.delivered_output import LineCounter, compare, compare_one, count_values
from paxos.runtime.groups import ChosenGroups
from paxos.runtime.keys import exposure, read_key
from paxos.runtime.patience import LOOK_S, Patience
from paxos.runtime.progress import Comparing, Progress
from paxos.runtime.report import fail, say, tell
from paxos.runtime.shutdown import Stop

_STARTED = (("learner", 2), ("acceptor", 3), ("proposer", 2), ("client", 2))
"""The roles, in the order they are started (any order would do), and how many by default."""


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """How a whole cluster is run on this machine."""

    values: Sequence[Path] | None = None
    """A file for each client; None: the samples."""
    run_dir: Path | None = None
    """A new folder; None: one that is named here."""
    replicas: int = 0
    """The first so many proposers, acceptors and learners are three to a process; each other one
    has a process of its own."""
    stall_s: float = 60.0
    """It is given up when nothing was delivered for so long."""
    verbose: bool = False
    client_options: Sequence[str] = ()
    """For the command line of each client."""


def run_cluster(config: Config, stop: Stop, options: ClusterOptions) -> int:
    """Run a cluster until every learner has delivered every value; the exit status. Raises
    `InputError` before anything is started, `RunError` when it did not end well."""
    config, inputs = _complete(config, options.values)
    _check_replicas(config, options.replicas)
    if warning := exposure(read_key(config.key_file), config.interface):
        say(warning)
    if is_loopback(config.interface):
        share_layout()
    limit = config.settings().largest_value_bytes
    total = sum(count_values(path, limit) for path in inputs)
    with ChosenGroups(config) as groups:
        config = configuration.override(config, groups=groups.groups, cluster=groups.cluster)
        run = _Run(config, stop, inputs, total, _make_run_dir(options.run_dir), options)
        return run.run()


def _complete(config: Config, values: Sequence[Path] | None) -> tuple[Config, list[Path]]:
    """The configuration with every number of processes, and the value file of each client."""
    if values and config.clients not in (None, len(values)):
        raise InputError(
            f"{len(values)} value files for {config.clients} clients: give each client one file, "
            "or leave out --clients"
        )
    if config.metrics_port:
        raise InputError(
            f"metrics_port {config.metrics_port} is one port, and `paxos run` starts many "
            "processes on this machine; leave it out"
        )
    counts = {f"{role}s": getattr(config, f"{role}s") or count for role, count in _STARTED}
    if values:
        counts["clients"] = len(values)
        return configuration.override(config, **counts), list(values)
    samples = sorted(SAMPLES.glob("*.txt"))
    inputs = [samples[n % len(samples)] for n in range(counts["clients"])]
    return configuration.override(config, **counts), inputs


def _check_replicas(config: Config, replicas: int) -> None:
    for role in REPLICA_ROLES:
        if len(config.ids(role)) < replicas:
            raise InputError(
                f"{replicas} replicas have as many {role}s, and there are to be "
                f"{len(config.ids(role))}: leave out --{role}s, or name at least {replicas}"
            )


def _make_run_dir(run_dir: Path | None) -> Path:
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    run_dir = run_dir or Path("traces", "runs", name)
    try:
        if any(any(run_dir.glob(name)) for name in ("*.ndjson", "learner-*.out", "data/*.db")):
            raise InputError(f"run folder {run_dir} has a run in it; name a new one")
        (run_dir / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"run folder {run_dir}: {reason(error)}") from error
    return run_dir


class _Run:
    """One run, once everything about it is known."""

    def __init__(
        self,
        config: Config,
        stop: Stop,
        inputs: Sequence[Path],
        total: int,
        run_dir: Path,
        options: ClusterOptions,
    ) -> None:
        self.config = config
        self.stop = stop
        self.inputs = inputs
        self.run_dir = run_dir
        self.options = options
        self.wanted = min(total, 1) if config.synod else total
        learners = range(1, (config.learners or 0) + 1)
        self.outputs = [output_path(run_dir, Member("learner", n)) for n in learners]
        self.counters = [LineCounter(path) for path in self.outputs]
        self.children: list[Child] = []

    def run(self) -> int:
        """Start, watch, stop, verify."""
        config_file = self.run_dir / "config.yaml"
        began_s = time.monotonic()
        try:
            config_file.write_text(configuration.dump(self.config), encoding="utf-8")
            self._start(config_file)
            self._watch()
            seconds = time.monotonic() - began_s
        except OSError as error:
            kind = InputError if shortage(error) else RunError
            raise kind(f"run folder {self.run_dir}: {reason(error)}") from error
        except (InputError, RunError):
            self._show_logs()
            raise
        finally:
            killed = self._stop()
        return self._verdict(seconds, killed)

    def _stop(self) -> list[Member | Replica]:
        """Stop all that runs, and say which had to be killed; who they are."""
        killed = stop_all(self.children)
        for member in killed:
            say(f"{member} did not stop within {PATIENCE_S:g} s and was killed")
        return killed

    def _start(self, config_file: Path) -> None:
        options = ["--config", str(config_file), "--run-dir", str(self.run_dir)]
        options += ["--verbose"] if self.options.verbose else []
        for member in self._processes():
            if self.stop.requested:
                return
            is_client = member.role == "client"
            child = start(
                member,
                [*options, *self.options.client_options] if is_client else options,
                self.run_dir,
                stdin=self.inputs[member.id - 1] if is_client else None,
            )
            self.children.append(child)

    def _processes(self) -> list[Member | Replica]:
        """Whom to start, in this order."""
        replicas = [Replica(number) for number in range(1, self.options.replicas + 1)]
        seated = {member for replica in replicas for member in replica.members}
        each = [Member(role, n) for role, _ in _STARTED for n in self.config.ids(role)]
        return [*replicas, *(member for member in each if member not in seated)]

    def _watch(self) -> None:
        """Until every learner has delivered everything. Raises `RunError` when it will not."""
        progress = Progress([path.stem for path in self.outputs], self.wanted)
        patience, before = Patience(self.options.stall_s), [0] * len(self.counters)
        try:
            while True:
                counts = [counter.update() for counter in self.counters]
                progress.show(counts)
                if all(count >= self.wanted for count in counts):
                    return
                if counts != before:
                    before = counts
                    patience.renew()
                self._check_children()
                if patience.is_over():
                    raise RunError(
                        f"nothing was delivered for {self.options.stall_s:g} s; delivered "
                        f"{progress.summary(counts)}; run folder {self.run_dir}"
                    )
                if self.stop.wait(LOOK_S, news=[fd for c in self.children for fd in c.news]):
                    counts = [counter.update() for counter in self.counters]
                    raise RunError(
                        f"interrupted, all processes are stopped; delivered "
                        f"{progress.summary(counts)}; run folder {self.run_dir}"
                    )
        finally:
            progress.end()

    def _check_children(self) -> None:
        """Notice who ended. A crash is what the protocol is for; an error is the user's to see. A
        client that ends by itself has heard that all its values are delivered."""
        died = [child for child in self.children if child.just_died()]
        for child in died:
            if child.status > 0:
                error = InputError if child.status == 2 else RunError
                raise error(f"{child.member} {child.how}; run folder {self.run_dir}")
            if child.status < 0 or child.member.role != "client":
                say(f"{child.member} {child.how}")
        if not died:
            return
        alive = [m.role for child in self.children if child.alive for m in child.member.members]
        settings = self.config.settings()
        needed = {
            "acceptor": max(settings.quorum1, settings.quorum2),
            "proposer": 1,
            "learner": len(self.outputs),
        }
        for role, number in needed.items():
            if alive.count(role) < number:
                raise RunError(f"too few {role}s are left to go on; run folder {self.run_dir}")
        lost = [
            child.member
            for child in self.children
            if child.member.role == "client" and child.status < 0
        ]
        if lost and not self.config.synod:
            raise RunError(f"{lost[0]} died before all its values were broadcast")

    def _show_logs(self) -> None:
        """What the processes said that may explain a failure."""
        for child in self.children:
            lines = child.log.read_text(encoding="utf-8", errors="replace").splitlines()
            for line in lines[-5:]:
                if "storage: memory:" not in line:
                    say(f"  {child.member}: {line}")

    def _compare(self) -> list[str]:
        """What is wrong with what the learners delivered. Raises `RunError` if it is interrupted:
        of long outputs, this takes as long as some runs."""
        shown = Comparing()

        def note(more_bytes: int) -> None:
            shown.add(more_bytes)
            if self.stop.requested:
                raise RunError(
                    "interrupted while comparing outputs; all was delivered, and nothing is wrong "
                    f"so far; run folder {self.run_dir}"
                )

        check = compare_one if self.config.synod else compare
        try:
            return check(self.inputs, self.outputs, note)
        finally:
            shown.end()

    def _verdict(self, seconds: float, killed: Sequence[Member | Replica]) -> int:
        problems = self._compare()
        problems += [f"{c.member} {c.how}" for c in self.children if c.just_died() and c.status > 0]
        for counter, path in zip(self.counters, self.outputs, strict=True):
            tell(f"{path.stem} delivered {counter.update()} of {self.wanted}")
        for problem in problems:
            fail(problem)
        if problems:
            self._show_logs()
        else:
            rate = f"{self.wanted / seconds:.0f} values/s" if self.wanted > 1 else "one value"
            tell(f"all learners delivered the same sequence ({seconds:.1f} s, {rate})")
        tell(f"run folder: {self.run_dir}")
        return 1 if problems or killed else 0
