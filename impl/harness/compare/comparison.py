"""What a comparison found, as it is kept in `table.json`. The table and the plots are made from
this alone."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from msgspec import Struct, field

from harness.measure.latency import Latency
from harness.measure.spread import middle


class Traffic(Struct):
    """What was sent of one type of message, per delivered value."""

    messages: float = 0
    datagrams: float = 0
    bytes: float = 0


class Run(Struct):
    """One run of a cluster."""

    combination: str
    kind: str
    """`idle`: one value at a time; `full`: as fast as they go; `load`: at a given load."""
    offered: float | None
    """Values per second, all clients together."""
    conforms: bool
    verdict: str
    achieved: float
    """Values per second: of `full`, after the first fifth of the values, or from the first proposal
    if the rest took no time; otherwise from the first broadcast to the last delivery."""
    latency: Latency
    traffic: dict[str, Traffic]
    delays: dict[int, int] = field(default_factory=dict)
    """Of `idle`: how many deliveries took how many message delays."""
    page: str = ""
    """The page that shows the run, from the folder of the comparison; empty: there is none."""


class Model(Struct):
    """TLC's verdict on one model."""

    name: str
    as_expected: bool
    verdict: str
    states: int
    least: int | None = None
    """What a model of Delays says of the least number of message delays."""
    checked: str = ""
    """When TLC ran, if that was not now."""


class Row(Struct):
    """A combination: what is said of it in the table."""

    name: str
    models: list[Model]
    runs: list[Run]
    expected: dict[str, float]
    """Messages per value, by type, derived from the protocol, for one value at a time."""

    def of(self, kind: str, offered: float | None = None) -> list[Run]:
        """The runs of a kind, all repetitions."""
        return [run for run in self.runs if run.kind == kind and run.offered == offered]

    @property
    def conforms(self) -> bool:
        """Whether every run did."""
        return bool(self.runs) and all(run.conforms for run in self.runs)

    @property
    def models_hold(self) -> bool:
        """Whether TLC checked models of the combination, and all gave what they should."""
        checked = [model for model in self.models if model.least is None]
        return bool(checked) and all(model.as_expected for model in self.models)

    @property
    def states(self) -> int:
        """The distinct states of the models that have its properties and refinement: of the same
        kinds in every row."""
        return sum(model.states for model in self.models if model.least is None)

    @property
    def spec_delays(self) -> int | None:
        """The least number of message delays, if TLC established it: no behaviour has fewer
        (one model) and some has no more (the other)."""
        proofs = [model for model in self.models if model.least is not None and model.as_expected]
        least = {model.least for model in proofs}
        proved = {model.verdict for model in proofs} == {"ok", "violates AlwaysSlower"}
        return least.pop() if proved and len(least) == 1 else None

    @property
    def measured_delays(self) -> int | None:
        """The least number of message delays in the traces."""
        return min((d for run in self.runs for d in run.delays), default=None)

    def throughput(self) -> float | None:
        """Values per second at full speed, the median of the runs."""
        return middle(run.achieved for run in self.of("full"))

    def latency_us(self, runs: Sequence[Run], share: float) -> float | None:
        """A quantile of the latency, the median of the runs."""
        return middle(run.latency.quantile_us(share) for run in runs)

    def traffic(self, kind: str) -> dict[str, Traffic]:
        """By message type, per value, the median of the runs of a kind."""
        runs = self.of(kind)
        types = {name for run in runs for name in run.traffic}
        return {
            name: Traffic(
                *(
                    median(getattr(run.traffic.get(name, Traffic()), what) for run in runs)
                    for what in ("messages", "datagrams", "bytes")
                )
            )
            for name in sorted(types)
        }


class Comparison(Struct):
    """A whole comparison."""

    machine: dict[str, str]
    workload: dict[str, str]
    is_quick: bool
    large_models: bool
    """Whether TLC checked the large model of each combination too."""
    load: float
    """The load, in values per second, at which the loaded latency was taken."""
    rows: list[Row]
