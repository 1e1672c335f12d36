"""From what was sampled and counted to the figures of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.bench.benchmark import Run
from harness.bench.running import Cluster, Sample
from harness.bench.watched import by_role, cpu_between, wakeups_between
from harness.measure.folder import Checked, latency_of, stats_of
from harness.measure.values import WARM_UP

QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


class Window(NamedTuple):
    """The part of a run that is measured: two times, and what the slowest learner had delivered
    at each."""

    from_s: float
    to_s: float
    first: int
    last: int

    @property
    def seconds(self) -> float:
        return max(self.to_s - self.from_s, 1e-9)

    @property
    def values(self) -> int:
        return self.last - self.first

    @property
    def rate(self) -> float:
        """Values per second."""
        return self.values / self.seconds


def window(samples: Sequence[Sample], first: int, last: int) -> Window:
    """From when the slowest learner had `first` values until it had `last`, as near as samples
    tell: it begins with the last sample before the one with more than `first`."""
    counts = [(sample.at_s, min(sample.delivered)) for sample in samples if sample.delivered]
    begin = next((n for n, (_, count) in enumerate(counts) if count > first), len(counts) - 1)
    begin = max(0, begin - 1)
    end = next((n for n, (_, count) in enumerate(counts) if count >= last), len(counts) - 1)
    return Window(counts[begin][0], counts[end][0], counts[begin][1], counts[end][1])


def figures(
    cluster: Cluster, began_s: float, values: int, run_dir: Path, checked: Checked | None
) -> Run:
    """The figures of a run that has ended: `values` were broadcast from `began_s` on."""
    samples = [sample for sample in cluster.samples if sample.at_s >= began_s]
    already = min(samples[0].delivered)
    part = window(samples, already + int(WARM_UP * values), already + values)
    roles = by_role(cluster.watched)
    latency = latency_of(run_dir)
    quantiles = {name: latency.quantile_us(share) for name, share in QUANTILES.items()}
    counted = _counted(run_dir)
    return Run(
        values=values,
        rate=part.rate,
        window_s=part.seconds,
        length_s=part.to_s - began_s,
        latency_us={name: us for name, us in quantiles.items() if us is not None},
        cpu_s={
            role: sum(cpu_between(w.readings, part.from_s, part.to_s) for w in watched)
            * (1e6 / max(1, part.values))
            for role, watched in roles.items()
        },
        rss_mib={role: max(w.peak_bytes for w in some) / 2**20 for role, some in roles.items()},
        datagrams=counted["datagrams"] * 1e3 / values,
        repeated=counted["repeated"] * 1e3 / values,
        asked=counted["asked"] * 1e3 / values,
        drops={
            role: sum(w.drops for w in some) for role, some in roles.items() if role != "client"
        },
        checked=checked,
        wakeups=sum(wakeups_between(w.readings, part.from_s, part.to_s) for w in cluster.watched)
        / max(1, part.values),
        heard=counted["heard"] * 1e3 / values,
    )


def _counted(run_dir: Path) -> Counter[str]:
    """What all processes counted, together."""
    total: Counter[str] = Counter()
    for stats in stats_of(run_dir):
        total["datagrams"] += stats["datagrams_sent"]
        if stats["process"].startswith("client-"):
            total["heard"] += stats["datagrams_received"]
        total["repeated"] += stats["repeated"]
        total["asked"] += stats["sent"].get("Ask", {}).get("messages", 0)
    return total
