"""The plots of a benchmark, PNG and SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from msgspec.structs import replace

from harness.bench import schedule
from harness.bench.benchmark import Benchmark, PeerRow, Row
from harness.bench.schedule import Plan
from harness.bench.setting import Setting, size_text
from harness.measure.plotting import (
    BOX,
    DARK,
    LIGHT,
    MIDDLE,
    ORANGE,
    draw_all,
    plain_ticks,
    thousands,
    tip,
    tips,
)
from harness.measure.spread import Spread
from harness.measure.text import figure as figure_text
from paxos.core.names import ROLES

_LINES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D")

POINTED_AT = 60
"""Points of a line that say their figures."""

T = TypeVar("T", int, float)


def draw(result: Benchmark, chosen: Plan, folder: Path) -> list[Path]:
    """Draw all plots that the result has figures for. Raises `OSError`."""
    return draw_all(_figures(result, chosen), folder)


def _figures(result: Benchmark, chosen: Plan) -> Iterator[tuple[str, Figure]]:
    for part, draw_part in _PARTS.items():
        rows = _rows(result, chosen, part) if part in chosen.parts else []
        if rows:
            yield part, draw_part(result, rows, schedule.changed(chosen, schedule.USUAL))
    if result.flat:
        yield "flat", _flat(result)
    if result.late:
        yield "late", _late(result)


def _rows(result: Benchmark, chosen: Plan, part: str) -> list[Row]:
    found = (result.row(setting) for setting in schedule.settings(chosen, part))
    return [row for row in found if row and row.runs]


def _bar(axes: Axes, place: float, found: Spread | None, unit: float = 1.0, **style: Any) -> None:
    """A bar for the median, a line from the least to the most. It says its figures."""
    if found is None:
        return
    middle, least, most = (x / unit for x in (found.median, found.least, found.most))
    error = [[middle - least], [most - middle]]
    bars = axes.bar(
        place, middle, yerr=error, capsize=2.5, error_kw={"linewidth": 0.9}, **BOX, **style
    )
    tip(bars[0], f"{figure_text(middle)} ({figure_text(least)}–{figure_text(most)})")


# By size of value.


def _throughput(result: Benchmark, rows: list[Row], _: Setting) -> Figure:
    figure = Figure(figsize=(9.2, 3.9), layout="constrained")
    values, megabytes = figure.subplots(1, 2)
    peers = [result.peer("pipelined", row.setting.value_bytes) for row in rows]
    raw = result.limit(lambda limits: limits.large_mb_per_s)
    for axes, per_byte in ((values, False), (megabytes, True)):
        for place, (row, peer) in enumerate(zip(rows, peers, strict=True)):
            unit = 1e6 / row.setting.value_bytes if per_byte else 1.0
            _bar(axes, place - 0.2, row.rate(), unit, width=0.38, color=MIDDLE, hatch="///")
            if peer:
                _bar(axes, place + 0.2, peer.rate(), unit, width=0.38, color=LIGHT)
        axes.set_xticks(range(len(rows)), [size_text(row.setting.value_bytes) for row in rows])
        axes.set_yscale("log")
        plain_ticks(axes, "y", subs=(1,))
        axes.grid(visible=False, axis="x")
        axes.set_xlabel("size of value")
    values.set(title="Saturated: values per second (log scale)")
    megabytes.set(title="Megabytes of values per second (log scale)")
    if raw:
        megabytes.axhline(raw.median, color="black", linestyle="--", linewidth=1)
        megabytes.annotate("raw multicast stream", (0, raw.median), (0, 3), **_POINTS)
    _legend(figure, [("this cluster", MIDDLE, "///"), ("PySyncObj, pipelined", LIGHT, "")])
    return figure


_POINTS: dict[str, Any] = {"textcoords": "offset points", "fontsize": 8}


def _latency(result: Benchmark, rows: list[Row], _: Setting) -> Figure:
    figure = Figure(figsize=(6.4, 3.9), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        peer = result.peer("one", row.setting.value_bytes)
        _quantiles(axes, place - 0.14, row, "o", DARK)
        if peer and row.setting.storage == "memory":
            _quantiles(axes, place + 0.14, peer, "s", ORANGE)
    one_way = result.limit(lambda limits: limits.one_way_us)
    if one_way:
        axes.axhline(3 * one_way.median, color="black", linestyle="--", linewidth=1)
        axes.annotate("three raw one-way delays", (0, 3 * one_way.median), (0, 3), **_POINTS)
    axes.set_xticks(range(len(rows)), [_short(row.setting) for row in rows])
    axes.set_yscale("log")
    plain_ticks(axes, "y")
    axes.grid(visible=False, axis="x")
    axes.set(title="One value at a time: p50 and, above it, p99", ylabel="microseconds (log scale)")
    handles = [
        axes.plot([], [], linestyle="", marker=marker, color=colour)[0]
        for marker, colour in (("o", DARK), ("s", ORANGE))
    ]
    figure.legend(handles, ["this cluster", "PySyncObj"], loc="outside lower center", ncols=2)
    return figure


def _short(setting: Setting) -> str:
    storage = "" if setting.storage == "memory" else f"\n{setting.storage}"
    return f"{size_text(setting.value_bytes)}{storage}"


def _quantiles(axes: Axes, place: float, row: Row | PeerRow, marker: str, colour: str) -> None:
    p50, p99 = row.latency_us("p50"), row.latency_us("p99")
    if p50 and p99:
        axes.plot([place, place], [p50.median, p99.median], color=colour, linewidth=1.2)
        axes.plot(place, p50.median, marker=marker, color=colour, markersize=6)
        axes.plot(place, p99.median, marker="_", color=colour, markersize=10, markeredgewidth=1.6)
        for name, found in (("p50", p50), ("p99", p99)):
            tips(axes, [(place, found.median, f"{name}: {figure_text(found.median)} µs")])


# By load, by switch, by number.


def _load(result: Benchmark, rows: list[Row], usual: Setting) -> Figure:
    figure = Figure(figsize=(6.4, 3.9), layout="constrained")
    axes = figure.subplots()
    rows = [row for row in rows if row.setting.rate]
    for quantile, line, marker in zip(("p50", "p99", "p99.9"), _LINES, _MARKERS, strict=False):
        points = [
            (row.setting.rate or 0.0, us.median / 1e3)
            for row in rows
            if (us := row.latency_us(quantile))
        ]
        if points:
            xs, ys = zip(*points, strict=True)
            axes.plot(xs, ys, linestyle=line, marker=marker, color=DARK, label=quantile)
            said = (f"{quantile} at {x:,.0f}/s: {figure_text(y)} ms" for x, y in points)
            tips(axes, ((*point, text) for point, text in zip(points, said, strict=True)))
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_ticks(axes, "x")
    plain_ticks(axes, "y")
    axes.tick_params(axis="x", rotation=30)
    full = (row := result.row(usual)) and row.rate()
    if full:
        axes.axvline(full.median, color="black", linestyle="--", linewidth=1)
        axes.annotate(
            "saturated", (full.median, axes.get_ylim()[0]), (-4, 4), ha="right", **_POINTS
        )
    axes.set(
        title="Latency against offered load",
        xlabel="values/s offered (log scale)",
        ylabel="milliseconds (log scale)",
    )
    if rows:
        axes.legend()
    return figure


def _switches(_: Benchmark, rows: list[Row], __: Setting) -> Figure:
    figure = Figure(figsize=(6.4, 3.9), layout="constrained")
    axes = figure.subplots()
    names = []
    for place, row in enumerate(rows):
        setting = row.setting
        _bar(
            axes,
            place,
            row.rate(),
            width=0.6,
            color=MIDDLE if setting.storage == "memory" else LIGHT,
            hatch="///" if setting.tracing else "",
        )
        names.append(f"{setting.storage}\n{'traced' if setting.tracing else 'not traced'}")
    axes.set_xticks(range(len(names)), names)
    axes.yaxis.set_major_formatter(thousands)
    axes.grid(visible=False, axis="x")
    axes.set(title="Storage and tracing", ylabel="values/s, 64 B, saturated")
    return figure


def _scale(_: Benchmark, rows: list[Row], usual: Setting) -> Figure:
    figure = Figure(figsize=(9.2, 3.6), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, what in zip(panels, ("clients", "acceptors", "learners"), strict=True):
        shown = sorted(
            (
                row
                for row in rows
                if row.setting == replace(usual, **{what: getattr(row.setting, what)})
            ),
            key=lambda row: int(getattr(row.setting, what)),
        )
        for row in shown:
            found, count = row.rate(), getattr(row.setting, what)
            if found:
                axes.plot([count, count], [found.least, found.most], color=DARK, linewidth=1)
        points = [(getattr(r.setting, what), r.rate().median) for r in shown]  # type: ignore[union-attr]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", color=DARK, linestyle="-")
            if what != "acceptors":  # these double from point to point
                axes.set_xscale("log", base=2)
            counts = [count for count, _ in points]
            tips(axes, ((n, y, f"{n} {what}: {figure_text(y)} values/s") for n, y in points))
            axes.set_xticks(counts, [str(count) for count in counts])
        axes.set(title=f"{what} (otherwise {getattr(usual, what)})", xlabel=f"number of {what}")
        axes.yaxis.set_major_formatter(thousands)
    panels[0].set(ylabel="values/s, 64 B, saturated", ylim=(0, None))
    return figure


_PARTS: dict[str, Callable[[Benchmark, list[Row], Setting], Figure]] = {
    "throughput": _throughput,
    "latency": _latency,
    "load": _load,
    "switches": _switches,
    "scale": _scale,
}


# In time.


def _flat(result: Benchmark) -> Figure:
    figure = Figure(figsize=(9.2, 3.6), layout="constrained")
    rates, memory = figure.subplots(1, 2)
    for number, flat in enumerate(result.flat):
        style = {"linestyle": _LINES[number % 4], "marker": _MARKERS[number % 4]}
        rates.plot(range(1, 11), flat.tenths, color=DARK, label=f"run {number + 1}", **style)
        run = f"run {number + 1}"
        tenths = enumerate(flat.tenths, 1)
        tips(rates, ((n, y, f"{run}, tenth {n}: {y:,.0f} values/s") for n, y in tenths))
    rates.set(
        title="Speed in the course of a long run", xlabel="tenth of the values", ylim=(0, None)
    )
    rates.set_ylabel("values/s")
    rates.yaxis.set_major_formatter(thousands)
    rates.legend()
    for role, line in zip(ROLES, _LINES, strict=True):
        points = result.flat[0].memory.get(role, [])
        if points:
            memory.plot(*zip(*points, strict=True), linestyle=line, color=DARK, label=role)
            tips(memory, ((s, y, f"{role} at {s:.0f} s: {y:.0f} MiB") for s, y in _some(points)))
    memory.set(title="Memory of the largest process, run 1", xlabel="seconds", ylim=(0, None))
    memory.set_ylabel("MiB resident")
    memory.legend()
    return figure


def _some(points: Sequence[tuple[float, T]]) -> Sequence[tuple[float, T]]:
    """Of the points of a line, as many as one can point at."""
    return points[:: -(-len(points) // POINTED_AT) or 1]


def _late(result: Benchmark) -> Figure:
    figure = Figure(figsize=(6.4, 3.9), layout="constrained")
    axes = figure.subplots()
    course: Sequence[tuple[float, int, int]] = result.late[0].course
    times = [at_s for at_s, _, _ in course]
    axes.plot(times, [others for _, others, _ in course], color=DARK, label="slowest other learner")
    late = [(at_s, own) for at_s, _, own in course if own]
    if late:
        axes.plot(*zip(*late, strict=True), color=ORANGE, linestyle="--", label="late learner")
    for who, line in (("slowest other", [p[:2] for p in course]), ("late learner", late)):
        tips(axes, ((s, n, f"{who} at {s:.1f} s: {n:,} values") for s, n in _some(line)))
    axes.set(title="A learner that comes late", xlabel="seconds", ylabel="values delivered")
    axes.yaxis.set_major_formatter(thousands)
    axes.legend()
    return figure


def _legend(figure: Figure, entries: Sequence[tuple[str, str, str]]) -> None:
    patches = [
        matplotlib.patches.Patch(facecolor=colour, hatch=hatch, **BOX)
        for _, colour, hatch in entries
    ]
    names = [name for name, _, _ in entries]
    figure.legend(patches, names, loc="outside lower center", ncols=len(entries))
