"""What a benchmark found, as it is kept in `results.json`. Tables and plots are made from this
alone."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, field

from harness.bench.limits import Limits
from harness.bench.rivals import Peer
from harness.bench.setting import Setting
from harness.bench.stores import Use
from harness.measure.folder import Checked
from harness.measure.spread import Spread, spread


class Run(Struct):
    """One run of the cluster."""

    values: int
    rate: float
    """Values per second at the slowest learner, in the window that is measured."""
    window_s: float
    length_s: float
    """From the clients' start to the last delivery."""
    latency_us: dict[str, float]
    """From broadcast to the client's hearing of the delivery: `p50`, `p99`, `p99.9`."""
    cpu_s: dict[str, float]
    """By role: processor seconds per million values, in the window."""
    rss_mib: dict[str, float]
    """By role: the most memory that one process had resident."""
    datagrams: float
    """Sent by all processes, per thousand values."""
    repeated: float
    """Packets and messages said again for want of an answer, per thousand values."""
    asked: float
    """Questions of learners for what they missed, per thousand values."""
    drops: dict[str, int]
    """By role: datagrams lost because a receive buffer was full. Of clients it is not known: the
    kernel counts what it spares them, too."""
    checked: Checked | None
    """The checker's verdict; None without traces."""
    wakeups: float | None = None
    """Of threads of all processes, per value, in the window; None: not counted."""
    heard: float | None = None
    """Datagrams that a client heard, per thousand values of its own; None: not counted."""

    @property
    def check_s_per_s(self) -> float | None:
        """Seconds that the check took for a second of the run."""
        return self.checked.seconds / self.length_s if self.checked and self.length_s else None


class Row(Struct):
    """All runs of one setting."""

    setting: Setting
    runs: list[Run] = field(default_factory=list)
    system_calls: float | None = None
    """Of all processes, per value, in a run beside these; None: not counted."""

    def spread(self, what: Callable[[Run], float | None]) -> Spread | None:
        """Median, least and most of a figure of the runs."""
        return spread(what(run) for run in self.runs)

    def rate(self) -> Spread | None:
        return self.spread(lambda run: run.rate)

    def latency_us(self, quantile: str) -> Spread | None:
        return self.spread(lambda run: run.latency_us.get(quantile))


class PeerRow(Struct):
    """All runs of the peer in one mode, with one size of value."""

    mode: str
    value_bytes: int
    runs: list[Peer] = field(default_factory=list)

    def rate(self) -> Spread | None:
        return spread(run.rate for run in self.runs)

    def latency_us(self, quantile: str) -> Spread | None:
        return spread(run.latency_us.get(quantile) for run in self.runs)


class StoreRow(Struct):
    """All runs of a key-value store in one use."""

    use: Use
    runs: list[Peer] = field(default_factory=list)

    def rate(self) -> Spread | None:
        return spread(run.rate for run in self.runs)

    def latency_us(self, quantile: str) -> Spread | None:
        return spread(run.latency_us.get(quantile) for run in self.runs)


class Flat(Struct):
    """A long run: whether it is as fast at its end, and what memory it takes."""

    run: Run
    tenths: list[float]
    """Values per second in each tenth of the values."""
    memory: dict[str, list[tuple[float, float]]]
    """By role: (seconds since the clients' start, MiB resident in its largest process)."""


class Late(Struct):
    """A learner that starts when much has been delivered."""

    behind: int
    """Values delivered before it started."""
    live_before: float
    """Values per second at the other learners before it started."""
    live_during: float | None
    """The same while it was catching up; None if it began only when the others had everything."""
    catch_up: float | None
    """Its own values per second in that time."""
    caught_up: bool
    """Whether it delivered everything in the end."""
    course: list[tuple[float, int, int]]
    """(seconds since the clients' start, delivered by the slowest other, delivered by it)."""
    checked: Checked | None


class Stateful(Struct):
    """State machines under load: three replicas with a state of so many bytes, in a run without
    snapshots and in one with them."""

    values: int
    state_bytes: int
    rate_without: float
    """Values per second that replica 1 applied, where nobody kept checkpoints."""
    rate: float
    """Where snapshots were taken, sent and installed."""
    longest_without_ms: float
    """The longest that a client waited for a value to be delivered."""
    longest_ms: float
    waits_ms: dict[str, float]
    """The longest wait in each phase of a snapshot (`harness.bench.longest_wait`), where they were
    taken, sent and installed."""
    installed_s: float
    """From the start of the late replica to its having what the others had when it started."""
    checkpoints: int
    """That replica 1 made."""
    start_up_s: float
    """From the start of replica 1's process, when all was delivered, to its having its state."""
    start_up_values: int
    """Values that its checkpoint was of."""
    reads_per_s: float
    """Linearizable reads of three replicas together, in memory, many under way."""
    one_read_us: float
    """The median of one at a time."""
    unbatched_rate: float
    """Values per second of three replicas, in memory, without batching."""
    checked: list[Checked]


class Benchmark(Struct):
    """A whole benchmark."""

    machine: dict[str, str]
    method: dict[str, str]
    is_smoke: bool
    parts: list[str]
    rows: list[Row]
    peers: list[PeerRow]
    limits: list[Limits]
    flat: list[Flat] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    stateful: list[Stateful] = field(default_factory=list)
    stores: list[StoreRow] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """Runs that did not end well, and traces that do not conform, in words."""

    def row(self, setting: Setting) -> Row | None:
        """The runs of a setting."""
        return next((row for row in self.rows if row.setting == setting), None)

    def peer(self, mode: str, value_bytes: int) -> PeerRow | None:
        return next((p for p in self.peers if (p.mode, p.value_bytes) == (mode, value_bytes)), None)

    def store(self, use: Use) -> StoreRow | None:
        """The runs of a store in one use."""
        return next((row for row in self.stores if row.use == use and row.runs), None)

    def limit(self, what: Callable[[Limits], float]) -> Spread | None:
        """Of one of the machine's limits, all its measurements."""
        return spread(what(limits) for limits in self.limits)
