"""A setting: one way to run the cluster, and so one point of a table or a plot."""

from __future__ import annotations

from msgspec import Struct

from harness.measure.combos import named
from paxos import config as configuration
from paxos.config import Config

ALL_ON = "direct-ahead-batch"

SATURATED = 16_000
"""Values that a client has under way when the cluster is to be saturated, ..."""
SATURATED_BYTES = 1 << 20
"""... and bytes of them, at most: more only wait, and in memory that is not near. ..."""
SATURATED_LEAST = 4
"""But some values at least, so that one is sent while another is waited for."""


class Setting(Struct, frozen=True, kw_only=True):
    """How the cluster is run, and with what load."""

    value_bytes: int = 64
    storage: str = "memory"
    tracing: bool = True
    optimisations: str = ALL_ON
    """A combination's name."""
    acceptors: int = 3
    proposers: int = 2
    learners: int = 2
    clients: int = 2
    replicas: bool = False
    """Whether acceptors, proposers and learners, as many of each, are in processes together."""
    client_inside: bool = False
    """Whether the client is in the process of the first replica."""
    fifo: bool = False
    outstanding: int | None = SATURATED
    """Values that each client has under way at most."""
    rate: float | None = None
    """Values per second offered, all clients together; None: as fast as they are taken."""
    loss: float = 0.0
    """The share of datagrams that each process loses of those it receives."""

    @property
    def one_at_a_time(self) -> bool:
        """Whether there is never more than one value under way."""
        return self.outstanding == 1 and self.clients == 1

    @property
    def saturates(self) -> bool:
        """Whether as much is offered as the cluster takes."""
        return self.rate is None and not self.one_at_a_time

    @property
    def name(self) -> str:
        """What sets it apart from the default one, in words."""
        words = [f"{size_text(self.value_bytes)} values"]
        words += [self.storage] if self.storage != "memory" else []
        words += [] if self.tracing else ["no tracing"]
        words += [self.optimisations] if self.optimisations != ALL_ON else []
        words += ["one at a time"] if self.one_at_a_time else []
        words += [f"{self.rate:,.0f}/s offered"] if self.rate is not None else []
        words += [f"{self.loss:.0%} loss"] if self.loss else []
        words += ["fifo"] if self.fifo else []
        words += [f"{self.acceptors} replicas"] if self.replicas else []
        words += ["client in one"] if self.client_inside else []
        roles = () if self.replicas else (("acceptors", 3), ("proposers", 2), ("learners", 2))
        for what, usual in (*roles, ("clients", 2)):
            count = getattr(self, what)
            if count != usual and not (what == "clients" and self.one_at_a_time):
                words.append(f"{count} {what if count > 1 else what[:-1]}")
        return ", ".join(words)

    def config(self) -> Config:
        """The cluster's configuration. There is a client more: the one that warms it up. Raises
        `InputError`."""
        switches = named(self.optimisations)
        return configuration.override(
            Config(),
            acceptors=self.acceptors,
            proposers=self.proposers,
            learners=self.learners,
            clients=self.clients + 1,
            storage=self.storage,
            tracing=self.tracing,
            direct_learning=switches.direct_learning,
            prepare_ahead=switches.prepare_ahead,
            batching=switches.batching,
            fifo=self.fifo,
            loss=self.loss,
        )

    def client_options(self) -> list[str]:
        """What each client is told of the load."""
        options = []
        if self.outstanding is not None:
            most = max(SATURATED_LEAST, SATURATED_BYTES // self.value_bytes)
            options.append(f"--outstanding={min(self.outstanding, most)}")
        return options if self.rate is None else [*options, f"--rate={self.rate / self.clients}"]


def size_text(size: int) -> str:
    """A number of bytes, in words."""
    if size >= 1 << 20 and size % (1 << 20) == 0:
        return f"{size >> 20} MiB"
    return f"{size >> 10} KiB" if size >= 1024 and size % 1024 == 0 else f"{size} B"
