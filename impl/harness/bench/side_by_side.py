"""Two benchmarks side by side: what has changed since an earlier one, and whether that is noise
(see `harness.measure.change`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.bench.benchmark import Benchmark, Row
from harness.measure import change, output
from harness.measure.text import figure, ms, table


def load(path: Path) -> Benchmark:
    """An earlier benchmark, from its `results.json`. Raises `InputError`."""
    return output.read(path, Benchmark, "paxos bench", "results.json", "a benchmark's results.json")


def render(before: Benchmark, now: Benchmark) -> str:
    """Both in Markdown, with a line for each figure of each setting that both have."""
    lines = [
        *change.differences(before.machine, now.machine),
        *change.differences(
            {name: before.method.get(name, "") for name in ("cluster", "cores", "runs")}, now.method
        ),
    ]
    rows = [line for row in now.rows for line in _lines(before, row)]
    heads = ("setting", "figure", *change.HEADS)
    return "\n".join([*lines, *([""] if lines else []), *table(heads, rows), "", change.NOTE, ""])


def _lines(before: Benchmark, row: Row) -> Iterator[list[str]]:
    earlier = before.row(row.setting)
    if earlier is None:
        return
    was, now = earlier.rate(), row.rate()
    if was and now and row.setting.rate is None:
        yield [row.setting.name, "values/s", *change.cells(was, now, figure, more_is_better=True)]
    for quantile in ("p50", "p99"):
        was, now = earlier.latency_us(quantile), row.latency_us(quantile)
        if was and now:
            beside = change.cells(was, now, ms, more_is_better=False)
            yield [row.setting.name, f"{quantile}, ms", *beside]
