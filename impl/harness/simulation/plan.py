"""What a run is made of, drawn from its seed: the cluster, its limits, its load.

Limits are small and timeouts short, so that windows run out, promises come in parts, and leaders
are suspected wrongly. What is asked for is taken as it is. The rest is drawn, and the draw is the
same whatever is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from harness.simulation.cluster import Shape
from harness.simulation.options import STEPS
from paxos import config
from paxos.config import Config
from paxos.core.names import REPLICA_ROLES
from paxos.core.settings import Settings
from paxos.errors import InputError

LARGE_RUNS = 0.4
"""In so many runs there are values in parts."""

FIFO_RUNS = 0.3
"""In so many runs the values of one client keep their order."""

READ_RUNS = 0.3
"""In so many runs learners read."""

CHECKPOINT_RUNS = 0.4
"""In so many runs learners keep checkpoints."""

CONFIG: dict[str, dict[str, Any]] = {
    "parts": {"prepare_ahead": True, "window": 8},
    "trimming": {"prepare_ahead": True, "window": 32},
    "refill": {"prepare_ahead": True, "window": 8},
    "batch-wait": {"prepare_ahead": True, "batching": True, "batch_wait_s": 0.002},
    "checkpoint": {"checkpoints": True},
    "learner-recovery": {"checkpoints": True},
    "install": {"checkpoints": True, "learners": 3},
}
"""What of the configuration a mechanism takes, if a run is to go towards it."""

LIMITS: dict[str, dict[str, Any]] = {
    "parts": {"prepare_instances": 3},
    "trimming": {"retain_instances": 5},
    "checkpoint": {"checkpoint_instances": 3},
    "install": {"checkpoint_instances": 3, "retain_instances": 0},
}
"""The same of the limits."""


USUAL_BYTES = 400
"""Where a limit is in numbers and in bytes, so many bytes are drawn for each: either is met."""

SWITCHES = "direct_learning", "prepare_ahead", "batching", "fifo", "checkpoints"
"""What of a cluster is on or off, and may be asked for."""


@dataclass(frozen=True)
class Request:
    """A run, completely: the same request is the same run. What is None is drawn."""

    seed: int
    steps: int = STEPS
    """How often processes handle messages or ticks until the faults stop."""
    acceptors: int | None = None
    proposers: int | None = None
    learners: int | None = None
    clients: int | None = None
    quorums: tuple[int, int] | None = None
    """How many acceptors are a quorum of phase 1, and of phase 2."""
    replicas: int | None = None
    """So many proposers, acceptors and learners are three to a process; there are as many of each
    then, if nothing else is asked for."""
    direct_learning: bool | None = None
    prepare_ahead: bool | None = None
    batching: bool | None = None
    fifo: bool | None = None
    checkpoints: bool | None = None
    without: frozenset[str] = frozenset()
    """Kinds of faults that are left out."""
    storm_s: float | None = None
    """In simulated seconds, how long there are faults; None: as long as there are steps."""
    towards: tuple[str, str] | None = None
    """Two mechanisms that are to meet."""

    def command(self) -> str:
        """What to type to have this run again."""
        words = [f"paxos simulate --seed {self.seed} --steps {self.steps}"]
        for role in ("acceptors", "proposers", "learners", "clients", "replicas"):
            if (count := getattr(self, role)) is not None:
                words.append(f"--{role} {count}")
        if self.quorums:
            words.append(f"--quorums {self.quorums[0]} {self.quorums[1]}")
        for switch in SWITCHES:
            if (on := getattr(self, switch)) is not None:
                words.append(f"--{'' if on else 'no-'}{switch.replace('_', '-')}")
        if self.without:
            words.append(f"--without {' '.join(sorted(self.without))}")
        if self.storm_s is not None:
            words.append(f"--storm {self.storm_s:g}")
        if self.towards:
            words.append(f"--towards {' '.join(self.towards)}")
        return " ".join(words)


@dataclass(frozen=True)
class Load:
    """What each client broadcasts until the faults stop."""

    burst: int
    """At most so many values at a time."""
    pause_s: float
    """So long between them, in the mean."""
    large: float = 0.0
    """So often one of them is larger than a message; it is broadcast in parts."""
    largest_parts: int = 0
    """Of so many at most."""


@dataclass(frozen=True)
class Plan:
    """A run, before it begins."""

    config: Config
    settings: Settings
    load: Load
    shape: Shape
    reads_pause_s: float = 0.0
    """So long between the reads of each learner, in the mean; 0: none reads."""


def draw(request: Request) -> Plan:
    """Draw what the request leaves open. Raises `InputError` if it asks for what cannot be."""
    random = Random(f"{request.seed}/plan")
    drawn = Config(
        cluster="simulated",
        acceptors=random.choice((3, 3, 3, 4, 5)),
        proposers=random.choice((1, 2, 3, 3)),
        learners=random.choice((1, 2, 3)),
        clients=random.choice((1, 2, 3)),
        direct_learning=random.random() < 0.5,
        prepare_ahead=random.random() < 0.5,
        batching=random.random() < 0.5,
        batch_values=random.choice((2, 5, 20)),
        batch_wait_s=random.choice((0.0, 0.0, 0.002)),
        datagram_bytes=random.choice((600, 1_500, 8_000)),
        window=random.choice((2, 8, 64)),
        in_flight=random.choice((2, 8, 32)),
        fifo=Random(f"{request.seed}/fifo").random() < FIFO_RUNS,
        checkpoints=Random(f"{request.seed}/checkpoints").random() < CHECKPOINT_RUNS,
        timings=config.Timings(
            heartbeat_s=0.03,
            failover_s=random.choice((0.08, 0.2)),
            retry_s=random.choice((0.02, 0.1, 0.5)),
            resend_s=0.05,
            gap_s=0.02,
            repair_s=0.06,
        ),
    )
    towards = request.towards or ()
    for mechanism in towards:
        drawn = config.override(drawn, **CONFIG.get(mechanism, {}))
    wanted = config.override(
        drawn,
        acceptors=request.acceptors or request.replicas or None,
        proposers=request.proposers or request.replicas or None,
        learners=request.learners or request.replicas or None,
        clients=request.clients,
        **{switch: getattr(request, switch) for switch in SWITCHES},
    )
    wanted = config.override(wanted, quorums=_quorums(request, wanted.acceptors))
    settings = _draw_limits(random, wanted)
    if wanted.checkpoints:
        settings = _draw_checkpoints(Random(f"{request.seed}/snapshots"), settings)
    for mechanism in towards:
        settings = replace(settings, **LIMITS.get(mechanism, {}))
    load = Load(random.choice((20, 200)), random.choice((0.002, 0.01)))
    settings, load = _draw_large(Random(f"{request.seed}/large"), settings, load)
    shape = Shape(
        proposers=len(wanted.ids("proposer")),
        learners=len(wanted.ids("learner")),
        clients=len(wanted.ids("client")),
        replicas=_replicas(request, wanted),
        group_s=random.choice((0.00002, 0.0001, 0.0005)),
        packed=Random(f"{request.seed}/packed").random() < 0.3,
    )
    reads = Random(f"{request.seed}/reads")
    pause_s = reads.choice((0.001, 0.01, 0.1)) if reads.random() < READ_RUNS else 0.0
    return Plan(wanted, settings, load, shape, 0.0 if wanted.synod else pause_s)


FLEXIBLE_RUNS = 0.2
"""How probable it is that quorums are no majorities, if nobody says."""


def _quorums(request: Request, acceptors: int) -> dict[str, int] | None:
    """The sizes of quorums that meet, any of them; None: majorities."""
    random = Random(f"{request.seed}/sizes")
    flexible, phase1 = random.random() < FLEXIBLE_RUNS, random.randint(1, acceptors)
    if request.quorums:
        return dict(zip(("phase1", "phase2"), request.quorums, strict=True))
    return {"phase1": phase1, "phase2": acceptors + 1 - phase1} if flexible else None


HAS_REPLICAS = 0.3
"""How probable it is that a run has replicas, if nobody says."""


def _replicas(request: Request, wanted: Config) -> int:
    """How many replicas there are: where there are some, as many as can be. Raises `InputError`."""
    random = Random(f"{request.seed}/shape")
    most = min(len(wanted.ids(role)) for role in REPLICA_ROLES)
    if request.replicas is None:
        return most if random.random() < HAS_REPLICAS else 0
    if request.replicas > most:
        raise InputError(
            f"--replicas {request.replicas}: each has a proposer, an acceptor and a learner, and "
            f"of one of them there are only {most}"
        )
    return request.replicas


def _draw_limits(random: Random, wanted: Config) -> Settings:
    """The settings of a cluster with this configuration, with limits that are small."""
    client_packets = random.choice((4, 16, 64))
    waiting_packets = random.choice((10, 200))
    ask_instances = random.choice((16, 256))
    learner_instances = random.choice((32, 512))
    return replace(
        wanted.settings(),
        client_packets=client_packets,
        waiting_packets=waiting_packets,
        waiting_bytes=USUAL_BYTES * waiting_packets,
        ask_instances=ask_instances,
        learner_instances=learner_instances,
        learner_bytes=USUAL_BYTES * learner_instances,
        prepare_instances=random.choice((3, 4_096)),
        retain_instances=random.choice((5, 50, 10_000)),
        reach_instances=random.choice((256, 65_536)),
        open_ballots=random.choice((2, 4)),
    )


def _draw_checkpoints(random: Random, settings: Settings) -> Settings:
    """How often learners take snapshots, and how fast they give them to others. Acceptors trim
    soon, so that learners come too late for what is trimmed."""
    return replace(
        settings,
        checkpoint_instances=random.choice((3, 10, 40)),
        checkpoint_bytes=random.choice((2_000, 10**9)),
        retain_instances=random.choice((0, 5, 20, settings.retain_instances)),
        transfer_bytes_s=random.choice((20_000, 10**6, 10**9)),
        transfer_parts=random.choice((1, 4, 128)),
    )


def _draw_large(random: Random, settings: Settings, load: Load) -> tuple[Settings, Load]:
    """Whether there are values that fit no message, and how little room learners have for what is
    not whole: mostly enough, and sometimes so little that values are discarded."""
    if random.random() >= LARGE_RUNS:
        return settings, load
    parts = random.choice((3, 12))
    settings = replace(
        settings,
        max_value_bytes=parts * settings.part_bytes,
        unfinished_values=random.choice((1, 2, 8, 8)),
        unfinished_positions=random.choice((30, 2_000, 10**8, 10**8)),
        outcomes=random.choice((3, 4_096)),
    )
    return settings, replace(load, large=random.choice((0.02, 0.2)), largest_parts=parts)
