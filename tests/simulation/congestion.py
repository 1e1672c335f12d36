"""Clusters behind slow links: how fast values get through, and what that costs.

Each process is on a host of its own, with a link out and a link in, and messages share datagrams as
a real node's do. Configuration and timings are the defaults, but for `datagram_bytes`. As a
command: `python -m tests.simulation.congestion --help`.

The bytes sent are counted where processes hand them to the network, whatever becomes of them, with
the headers of all packets. A multicast counts once, and a message to two groups twice: the leader's
link, which carries each proposal, is the narrowest place.
"""

from __future__ import annotations

import argparse
import sys
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import inf
from operator import itemgetter
from random import Random
from typing import Any

from conformance.replay.report import explain
from harness.simulation.cluster import Observers, Shape, Simulation
from harness.simulation.link import queue_bytes
from harness.simulation.monitor import Monitor
from paxos.config import Config, override
from paxos.core.client import Client
from paxos.core.names import Member, ProcessName
from paxos.runtime.tracer import header
from tests.interrupt import unless_interrupted

DATAGRAM_BYTES = 1_400

LOOK_S = 0.01
"""How often, in simulated seconds, it is looked how far the learners are."""

ELECTION_S = 2.0
"""Simulated seconds in which a leader is found, before anything is broadcast."""

MBIT = 1_000_000 / 8
"""Bytes a second."""

DEFAULT = Config(
    cluster="simulated",
    acceptors=3,
    proposers=2,
    learners=2,
    clients=1,
    interface="eth0",
    datagram_bytes=DATAGRAM_BYTES,
)


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    is_complete: bool
    """Whether every learner has delivered every value, and the clients know it."""
    seconds: float
    """Simulated, until the slowest learner had delivered what it has."""
    value_bytes: int
    """Delivered, at the slowest learner."""
    sent_bytes: int
    """By all processes."""
    sent: dict[str, int]
    """The bytes that each process has sent."""
    by_type: Counter[str]
    """The bytes of messages that all processes have sent, by type; `headers` is the rest."""
    injected: Counter[str]
    progress: list[tuple[float, int]] = field(repr=False)
    """At each time when it was looked, in simulated seconds, how many values the slowest learner
    had delivered."""
    output: list[bytes] = field(repr=False)
    """What the slowest learner has delivered."""

    @property
    def goodput_bytes_s(self) -> float:
        """Bytes of values a second."""
        return self.value_bytes / max(self.seconds, 1e-9)

    def delivered_at(self, at_s: float) -> int:
        """How many values the slowest learner had delivered at `at_s`."""
        looked = bisect_right(self.progress, at_s, key=itemgetter(0))
        return self.progress[looked - 1][1] if looked else 0

    def delivered(self, from_s: float, to_s: float) -> list[bytes]:
        """The values that the slowest learner has delivered in that time."""
        return self.output[self.delivered_at(from_s) : self.delivered_at(to_s)]

    def shares(self, from_s: float, to_s: float) -> list[int]:
        """How many values of each client were delivered in that time, for those with any."""
        values = self.delivered(from_s, to_s)
        return list(Counter(value.split(b"/", 1)[0] for value in values).values())


class Cluster:
    """A simulated cluster with links. Every event is replayed against the specification."""

    def __init__(self, config: Config = DEFAULT, seed: int = 0) -> None:
        self.config = config
        head = header(config, "simulated", ProcessName(Member("client", 1), 1))
        self.monitor = Monitor(head.spec, head.constants, head.cluster)
        self.world = Simulation(
            seed,
            config.settings(),
            Shape(
                proposers=len(config.ids("proposer")),
                learners=len(config.ids("learner")),
                clients=len(config.ids("client")),
                packed=True,
            ),
            observers=Observers(self.monitor.observe),
        )
        self.began_s = 0.0
        self.progress: list[tuple[float, int]] = []
        self.broadcast = 0
        """How many values the clients have been given."""

    def limit(self, rate_bytes_s: float, queue_s: float, keys: Sequence[Member] = ()) -> None:
        """From now on, have the links of `keys` (default: of every process) carry so much."""
        network, room = self.world.network, queue_bytes(rate_bytes_s, queue_s)
        for key in keys or self.world.processes:
            for links in (network.egress, network.ingress):
                network.limit(links, key, rate_bytes_s, room)

    def lift(self) -> None:
        """From now on no link has a limit; what waits in a queue arrives at once."""
        for links in (self.world.network.egress, self.world.network.ingress):
            for key in links:
                self.world.network.lift(links, key)

    def submit(self, client: int, values: int, value_bytes: int) -> None:
        """Have a client broadcast so many more values, as fast as it has room for them."""
        texts = [b"%d/%d/" % (client, self.broadcast + k) for k in range(values)]
        self.broadcast += values
        self.world.submit(client, [text.ljust(value_bytes, b".") for text in texts])

    def run(self, until_s: float, done: Callable[[], bool] = lambda: False) -> bool:
        """Run until `done()`, which is asked every `LOOK_S`, or `until_s`; whether it is done.
        Raises `AssertionError` if the specification does not allow what happens."""
        while self.world.now_s < until_s and not done():
            self.world.run(min(self.world.now_s + LOOK_S, until_s))
            self.progress.append((self.world.now_s - self.began_s, len(self.slowest())))
            verdict = self.monitor.checker.verdict
            assert not self.monitor.is_rejected, verdict and explain("simulated", verdict)
        return done()

    def slowest(self) -> list[bytes]:
        """The output of the learner that has delivered least."""
        return min(self.world.outputs(), key=len)

    def all_delivered(self) -> bool:
        """Whether every learner has delivered all that was broadcast so far."""
        return len(self.slowest()) >= self.broadcast

    def is_complete(self) -> bool:
        """Whether that is so, and the clients know it."""
        clients = [process.role for process in self.world.of("client")]
        return self.all_delivered() and all(
            isinstance(client, Client) and client.finished for client in clients
        )

    def begin(self) -> None:
        """From now on time and bytes are counted."""
        self.began_s = self.world.now_s
        self.world.network.sent.clear()
        self.progress.clear()

    def result(self) -> Result:
        sent = self.world.network.sent
        total = sum(x.wire_bytes for x in sent.values())
        by_type: Counter[str] = sum((x.message_bytes for x in sent.values()), Counter())
        by_type["headers"] = total - by_type.total()
        output = self.slowest()
        return Result(
            self.is_complete(),
            next((at_s for at_s, count in self.progress if count >= len(output)), 0.0),
            sum(map(len, output)),
            total,
            {f"{role}-{i}": x.wire_bytes for (role, i), x in sorted(sent.items())},
            by_type,
            self.world.injected,
            self.progress,
            output,
        )


def goodput(
    rate_bytes_s: float,
    queue_s: float,
    *,
    values: int,
    value_bytes: int = 1_000,
    clients: int = 1,
    seed: int = 0,
    config: Config = DEFAULT,
    limit_s: float = 60.0,
) -> Result:
    """Have `clients` broadcast `values` in all as fast as they may, with links of that rate and
    queue (`inf`: no limit) everywhere; until all is delivered and the clients know it, or `limit_s`
    of simulated time have passed. Before that, a leader is elected."""
    cluster = Cluster(override(config, clients=clients), seed)
    if rate_bytes_s < inf:
        cluster.limit(rate_bytes_s, queue_s)
    cluster.run(ELECTION_S)
    cluster.begin()
    for client in range(1, clients + 1):
        cluster.submit(client, values // clients, value_bytes)
    cluster.run(ELECTION_S + limit_s, cluster.is_complete)
    return cluster.result()


def needed_bytes(result: Result, **load: Any) -> int:
    """What `result` may be measured against: what all processes send for the same load (arguments
    of `goodput`) on links without a limit and without loss, and what an idle cluster sends (who
    leads, who is how far) in as much time as `result` took."""
    idle = Cluster(load.get("config", DEFAULT), load.get("seed", 0))
    idle.run(ELECTION_S)
    idle.begin()
    idle.run(ELECTION_S + result.seconds)
    return goodput(inf, 0.0, **load).sent_bytes + idle.result().sent_bytes


def least_goodput(rate_mbit: float) -> float:
    """The part of the rate that values get at least."""
    return 0.5 if rate_mbit >= 1 else 0.25


def problems(rate_mbit: float, queue_s: float, *, values: int, **load: Any) -> list[str]:
    """What is wrong with a run of that load (arguments of `goodput`) on such links."""
    at_most_s = values * load.get("value_bytes", 1_000) / rate_mbit / MBIT
    at_most_s /= least_goodput(rate_mbit)
    result = goodput(rate_mbit * MBIT, queue_s, values=values, limit_s=4 * at_most_s, **load)
    needed = needed_bytes(result, values=values, **load)
    found = []
    if not result.is_complete:
        found.append(f"{len(result.output)} of {values} values are delivered")
    if result.goodput_bytes_s < least_goodput(rate_mbit) * rate_mbit * MBIT:
        found.append(f"goodput is {result.goodput_bytes_s / rate_mbit / MBIT:.1%} of the rate")
    if result.sent_bytes > 2 * needed:
        found.append(f"{result.sent_bytes:,} bytes are sent, where {needed:,} are needed")
    return found


LOAD_BYTES = 4_000_000
"""More takes too long to simulate."""


def draw(seed: int) -> tuple[float, float, dict[str, Any]]:
    """A rate in Mbit/s, a queue in seconds, and a load: what the link carries in four seconds, but
    not more than `LOAD_BYTES`."""
    random = Random(f"{seed}/congestion")
    rate_mbit = 10 ** random.uniform(-1, 2)
    value_bytes = random.choice((100, 1_000, 1_200))
    clients = random.choice((1, 1, 2, 4))
    values = int(min(4 * rate_mbit * MBIT, LOAD_BYTES) / value_bytes) // clients * clients
    load = {"values": values, "value_bytes": value_bytes, "clients": clients, "seed": seed}
    return rate_mbit, random.uniform(0.05, 1.0), load


def sweep(first: int, seconds: float) -> int:
    """Draw one run after another for so long. The exit status: 0 if nothing is wrong with any."""
    until_s, status = time.monotonic() + seconds, 0
    for seed in count(first):
        if time.monotonic() >= until_s:
            break
        rate_mbit, queue_s, load = draw(seed)
        for problem in problems(rate_mbit, queue_s, **load):
            status = 1
            print(f"seed {seed}: {rate_mbit:.3g} Mbit/s, {queue_s:.2f} s, {load}: {problem}")
    print(f"congestion: {seed - first} runs on drawn links")
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table: how fast each combination of rate and queue gets through."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.congestion", description=__doc__
    )
    parser.add_argument("--rate-mbit", type=float, nargs="+", default=[0.1, 1.0, 10.0])
    parser.add_argument("--queue-s", type=float, nargs="+", default=[0.05, 0.5])
    parser.add_argument("--values", type=int, help="default: as many as take four seconds")
    parser.add_argument("--value-bytes", type=int, default=1_000)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit-s", type=float, default=30.0, help="simulated; default 30")
    parser.add_argument("--seconds", type=float, help="draw runs instead, for so long")
    options = parser.parse_args(arguments)
    if options.seconds:
        return sweep(options.seed, options.seconds)
    print("  Mbit/s queue_s  values delivered seconds  goodput  bytes sent  of needed")
    for rate_mbit in options.rate_mbit:
        rate_bytes_s = rate_mbit * MBIT
        values = options.values or max(10, int(4 * rate_bytes_s / options.value_bytes))
        load: dict[str, Any] = {
            "values": values,
            "value_bytes": options.value_bytes,
            "clients": options.clients,
            "seed": options.seed,
        }
        ideal = goodput(inf, 0.0, **load)
        print(f"{'':17}loss-free: {_counts(ideal.by_type)}")
        for queue_s in options.queue_s:
            result = goodput(rate_bytes_s, queue_s, limit_s=options.limit_s, **load)
            print(
                f"{rate_mbit:8g} {queue_s:7g} {values:7,} {len(result.output):9,} "
                f"{result.seconds:7.2f} {result.goodput_bytes_s / rate_bytes_s:8.1%} "
                f"{result.sent_bytes:11,} {result.sent_bytes / needed_bytes(result, **load):10.2f}"
            )
            print(f"{'':17}by type: {_counts(result.by_type)}")
            print(f"{'':17}by process: {_counts(Counter(result.sent))}")
    return 0


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common(5))


if __name__ == "__main__":
    sys.exit(unless_interrupted(main))
