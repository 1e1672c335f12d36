"""What a process counts, for Prometheus: served over HTTP in its text format, when that is asked
for.

Nothing else loads this module, nor the package that it needs. Figures are read at each request,
under the node's lock, which takes less than a step. Names and labels are in `docs/running.md`.
"""

from collections.abc import Callable, Iterator

from paxos.arguments import version
from paxos.errors import InputError, reason
from paxos.runtime.node import Node
from paxos.runtime.seat import Seat
from paxos.runtime.stats import LATENCY_BOUNDS_S

try:
    from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
        InfoMetricFamily,
        Metric,
    )
    from prometheus_client.registry import Collector
except ModuleNotFoundError as error:
    if error.name != "prometheus_client":
        raise
    raise InputError(
        "metrics need prometheus-client: run `make setup` in a checkout, or "
        "`pip install 'paxos[metrics]'`, or leave `metrics_port` and --metrics out"
    ) from error

Read = Callable[[Seat], float]

GAUGES: dict[str, tuple[str, Read]] = {
    "leads": ("1 if this proposer believes that it leads", lambda seat: seat.role.standing().leads),
    "ballot_round": (
        "round of the ballot that it leads with, has heard of or has promised",
        lambda seat: seat.role.standing().ballot.round,
    ),
    "ballot_proposer": (
        "whose ballot that is",
        lambda seat: seat.role.standing().ballot.proposer,
    ),
    "prefix_instances": (
        "instances delivered (learner), known to be chosen (proposer), trimmed (acceptor)",
        lambda seat: seat.role.standing().prefix,
    ),
    "top_instance": (
        "highest instance heard of, or voted in (acceptor)",
        lambda seat: seat.role.standing().top,
    ),
    "pending": (
        "values not known to be delivered (client) or to be proposed (proposer), instances learned "
        "out of turn (learner), votes kept (acceptor)",
        lambda seat: seat.role.standing().pending,
    ),
    "checkpoint_instances": (
        "instances that are in a learner's newest checkpoint",
        lambda seat: seat.role.standing().kept,
    ),
    "checkpoint_age_seconds": (
        "how long that has been there; 0: there is none",
        lambda seat: seat.role.standing().kept_us / 1e6,
    ),
}
COUNTERS: dict[str, tuple[str, Read]] = {
    "values_delivered": (
        "values delivered, of a client its own",
        lambda seat: seat.role.standing().values,
    ),
    "datagrams_received": ("datagrams used", lambda seat: seat.stats.received),
    "datagrams_sent": ("datagrams sent", lambda seat: seat.stats.sent),
    "repeated": ("messages and packets said again", lambda seat: seat.role.repeated),
}


class _Figures(Collector):
    """Reads the figures of a node at each request."""

    def __init__(self, node: Node, cluster: str) -> None:
        self._node = node
        self._cluster = cluster

    def collect(self) -> Iterator[Metric]:
        yield from self._node.look(lambda seats: [*self._metrics(seats)])

    def _metrics(self, seats: list[Seat]) -> Iterator[Metric]:
        info = InfoMetricFamily("paxos", "which process this is", labels=["process"])
        for seat in seats:
            info.add_metric(
                [str(seat.member)],
                {
                    "cluster": self._cluster,
                    "incarnation": str(seat.process.incarnation),
                    "version": version(),
                },
            )
        yield info
        for name, (about, read) in GAUGES.items():
            gauge = GaugeMetricFamily(f"paxos_{name}", about, labels=["process"])
            for seat in seats:
                gauge.add_metric([str(seat.member)], read(seat))
            yield gauge
        for name, (about, read) in COUNTERS.items():
            counter = CounterMetricFamily(f"paxos_{name}", about, labels=["process"])
            for seat in seats:
                counter.add_metric([str(seat.member)], read(seat))
            yield counter
        yield from _by_kind(seats)
        if clients := [seat for seat in seats if seat.member.role == "client"]:
            yield _latency(clients)


def _by_kind(seats: list[Seat]) -> Iterator[Metric]:
    """What is told apart by more than the process. There are few reasons and few types, whatever
    others say (`paxos.runtime.report.MAX_REASONS`)."""
    dropped = CounterMetricFamily(
        "paxos_dropped", "what was received and not used", labels=["process", "reason"]
    )
    messages = CounterMetricFamily(
        "paxos_messages_sent", "messages sent, by type", labels=["process", "type"]
    )
    sizes = CounterMetricFamily(
        "paxos_sent_bytes", "bytes sent, by type of message", labels=["process", "type"]
    )
    for seat in seats:
        name = str(seat.member)
        for why, count in seat.stats.dropped.items():
            dropped.add_metric([name, why], count)
        for kind, sent in seat.stats.sent_by_type():
            messages.add_metric([name, kind], sent.messages)
            sizes.add_metric([name, kind], sent.bytes)
    yield from (dropped, messages, sizes)


def _latency(clients: list[Seat]) -> Metric:
    histogram = HistogramMetricFamily(
        "paxos_latency_seconds",
        "from the broadcast of values to hearing that they are delivered; the sum is within 2 %",
        labels=["process"],
    )
    for seat in clients:
        counts, total, sum_s = seat.stats.latency.cumulative()
        bounds = [
            (str(bound), float(count))
            for bound, count in zip(LATENCY_BOUNDS_S, counts, strict=True)
        ]
        histogram.add_metric([str(seat.member)], [*bounds, ("+Inf", float(total))], sum_s)
    return histogram


def serve(node: Node, cluster: str, address: str, port: int) -> None:
    """Serve the figures from now on, in threads of their own. Raises `InputError` if the port
    cannot be had."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(node, cluster))
    ProcessCollector(registry=registry)
    try:
        start_http_server(port, address, registry)
    except (OSError, OverflowError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise InputError(
            f"metrics at {address}:{port}: {why}; give each process of this machine a port of its "
            "own (--metrics PORT), at an address that the machine has"
        ) from error
