"""Two comparisons side by side: what has changed since an earlier one, and whether that is noise
(see `harness.measure.change`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.compare.comparison import Comparison, Row, Run
from harness.measure import change, output
from harness.measure.spread import spread
from harness.measure.text import figure, ms, table


@dataclass(frozen=True)
class Figure:
    """A figure of one run."""

    name: str
    kind: str
    of: Callable[[Run], float | None]
    text: Callable[[float], str] = figure
    more_is_better: bool = False


def _quantile(share: float) -> Callable[[Run], float | None]:
    return lambda run: run.latency.quantile_us(share)


def _messages(run: Run) -> float | None:
    return sum(sent.messages for sent in run.traffic.values()) or None


FIGURES = (
    Figure("values/s at full speed", "full", lambda run: run.achieved, more_is_better=True),
    Figure("one at a time: p50, ms", "idle", _quantile(0.5), ms),
    Figure("one at a time: p99, ms", "idle", _quantile(0.99), ms),
    Figure("one at a time: messages per value", "idle", _messages),
    Figure("at the same load: p50, ms", "load", _quantile(0.5), ms),
    Figure("at the same load: p99, ms", "load", _quantile(0.99), ms),
)


def load(path: Path) -> Comparison:
    """An earlier comparison, from its `table.json`. Raises `InputError`."""
    wanted = "the table.json of a comparison"
    return output.read(path, Comparison, "paxos compare", "table.json", wanted)


def render(before: Comparison, now: Comparison) -> str:
    """Both in Markdown, with a line for each figure that both have."""
    rows = [line for row in now.rows for line in _lines(before, now, row)]
    heads = ("optimisations", "figure", *change.HEADS)
    return "\n".join([*_differences(before, now), *table(heads, rows), "", change.NOTE, ""])


def _differences(before: Comparison, now: Comparison) -> list[str]:
    """What else differs, so that the figures may have nothing to say about the code."""
    lines = [*change.differences(before.machine, now.machine)]
    if before.workload.get("values") != now.workload.get("values"):
        lines.append("- another workload: " + before.workload.get("values", "not known"))
    return [*lines, ""] if lines else []


def _lines(before: Comparison, now: Comparison, row: Row) -> Iterator[list[str]]:
    for f in FIGURES:
        if f.kind == "load" and before.load != now.load:
            continue  # each was taken at a load of its own
        offered = now.load if f.kind == "load" else None
        old = (run for r in before.rows if r.name == row.name for run in r.of(f.kind, offered))
        was, is_now = spread(map(f.of, old)), spread(map(f.of, row.of(f.kind, offered)))
        if was is not None and is_now is not None:
            beside = change.cells(was, is_now, f.text, more_is_better=f.more_is_better)
            yield [row.name, f.name, *beside]
