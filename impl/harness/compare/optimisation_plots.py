"""The plots of a comparison, PNG and SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.compare.comparison import Comparison, Row
from harness.measure.combos import named
from harness.measure.latency import Latency, merge
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

# Line style says direct learning and prepare ahead; a filled marker and a dark line say batching.
_LINES = {"off": ":", "direct": "--", "ahead": "-.", "direct-ahead": "-"}
_MARKERS = {"off": "o", "direct": "s", "ahead": "^", "direct-ahead": "D"}


def draw(result: Comparison, folder: Path) -> list[Path]:
    """Draw all plots that the result has figures for. Raises `OSError`."""
    return draw_all(_figures(result), folder)


def _figures(result: Comparison) -> Iterator[tuple[str, Figure]]:
    yield "speed", _speed(result)
    yield "latency-cdf", _cdf(result)
    yield "delays", _delays(result)
    yield "load", _load(result)


def _parts(row: Row) -> tuple[str, bool]:
    """The name without batching, and whether there is batching."""
    combination = named(row.name)
    return replace(combination, batching=False).name, combination.batching


def _label(row: Row) -> str:
    return row.name.replace("-", " + ")


def _style(row: Row) -> dict[str, Any]:
    base, batching = _parts(row)
    colour = DARK if batching else ORANGE
    return {
        "color": colour,
        "linestyle": _LINES[base],
        "marker": _MARKERS[base],
        "markersize": 5.5,
        "markerfacecolor": colour if batching else "white",
        "linewidth": 1.5,
        "label": _label(row),
    }


# Throughput and latency by combination.


def _speed(result: Comparison) -> Figure:
    figure = Figure(figsize=(9.2, 3.9), layout="constrained")
    rates, latencies = figure.subplots(1, 2, sharey=True, width_ratios=[1, 1.25])
    places = range(len(result.rows))
    for place, row in zip(places, result.rows, strict=True):
        batching = _parts(row)[1]
        rate = row.throughput() or 0.0
        (bar,) = rates.barh(
            place,
            rate,
            height=0.68,
            color=MIDDLE if batching else LIGHT,
            hatch="///" if batching else "",
            **BOX,
        )
        tip(bar, f"{_label(row)}: {rate:,.0f} values/s")
        rates.annotate(
            f"{rate:,.0f}", (rate, place), (4, 0), textcoords="offset points", va="center"
        )
        _latency_marks(latencies, result, row, place)
    rates.set_yticks(list(places), [_label(row) for row in result.rows])
    rates.invert_yaxis()
    rates.set(title="Values per second at full speed", xlabel="values/s")
    rates.set_xlim(0, 1.22 * max((row.throughput() or 0 for row in result.rows), default=1) or 1)
    rates.xaxis.set_major_formatter(thousands)
    rates.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5))
    rates.grid(visible=False, axis="y")
    latencies.set(title="Latency from broadcast to delivery", xlabel="milliseconds (log scale)")
    latencies.set_xscale("log")
    plain_ticks(latencies, "x")
    handles = [latencies.plot([], [], **style, linestyle="")[0] for style in _MARKS.values()]
    loaded = f"at {result.load:,.0f} values/s"
    names = ["idle p50", "idle p99", f"{loaded}, p50", f"{loaded}, p99"]
    figure.legend(handles, names, loc="outside lower center", ncols=4)
    return figure


_MARKS: dict[tuple[str, float], dict[str, Any]] = {
    ("idle", 0.5): {"marker": "o", "color": "black", "markerfacecolor": "white", "markersize": 6},
    ("idle", 0.99): {"marker": "|", "color": "black", "markersize": 11, "markeredgewidth": 1.6},
    ("load", 0.5): {"marker": "s", "color": "#555555", "markersize": 5.5},
    ("load", 0.99): {"marker": "x", "color": "#555555", "markersize": 7, "markeredgewidth": 1.6},
}


def _latency_marks(axes: Axes, result: Comparison, row: Row, place: int) -> None:
    for kind, shift in (("idle", -0.16), ("load", 0.16)):
        runs = row.of(kind, None if kind == "idle" else result.load)
        low, high = row.latency_us(runs, 0.5), row.latency_us(runs, 0.99)
        if low is None or high is None:
            continue
        colour = _MARKS[kind, 0.5]["color"]
        axes.plot([low / 1e3, high / 1e3], [place + shift] * 2, color=colour, linewidth=0.9)
        for us, share in ((low, 0.5), (high, 0.99)):
            axes.plot(us / 1e3, place + shift, linestyle="", **_MARKS[kind, share])
            said = f"{_label(row)}, {kind}: {us / 1e3:.3g} ms, p{share:.0%}".rstrip("%")
            tips(axes, [(us / 1e3, place + shift, said)])


# The distribution of latency.


def _cdf(result: Comparison) -> Figure:
    figure = Figure(figsize=(9.2, 3.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    kinds = (
        ("idle", None, "One value at a time"),
        ("load", result.load, f"At {result.load:,.0f} values/s"),
    )
    for axes, (kind, offered, title) in zip(panels, kinds, strict=True):
        for row in result.rows:
            latency = merge(run.latency for run in row.of(kind, offered))
            if latency.values:
                _cdf_line(axes, latency, row)
        axes.set(title=title, xlabel="milliseconds (log scale)", ylim=(0, 1.02))
        axes.set_xscale("log")
        plain_ticks(axes, "x")
    panels[0].set_ylabel("share of the values delivered within")
    handles, names = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="outside lower center", ncols=4, handlelength=4)
    return figure


def _cdf_line(axes: Axes, latency: Latency, row: Row) -> None:
    """The curve, without the last part in a thousand, which would squeeze the rest."""
    shares = [seen / latency.values for seen in accumulate(c for _, c in latency.buckets)]
    points = [
        (up_to_us / 1e3, share)
        for (up_to_us, _), share in zip(latency.buckets, shares, strict=True)
        if share <= 0.999 or len(shares) < 10
    ]
    places = [_nearest(points, share) for share in (0.25, 0.5, 0.75, 0.95)] if points else []
    axes.plot(*zip(*points, strict=True), markevery=places, **_style(row))


def _nearest(points: Sequence[tuple[float, float]], share: float) -> int:
    return min(range(len(points)), key=lambda n: abs(points[n][1] - share))


# Message delays.


def _delays(result: Comparison) -> Figure:
    figure = Figure(figsize=(6.4, 3.9), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(result.rows):
        spec, measured = row.spec_delays or 0, row.measured_delays or 0
        (bar,) = axes.barh(place - 0.19, spec, height=0.36, color="white", hatch="////", **BOX)
        tip(bar, f"{_label(row)}: {spec} in the specification")
        (bar,) = axes.barh(place + 0.19, measured, height=0.36, color="#8a8a8a", **BOX)
        tip(bar, f"{_label(row)}: {measured} in the traces")
        for shift, delays in ((-0.19, row.spec_delays), (0.19, row.measured_delays)):
            text = "-" if delays is None else str(delays)
            axes.annotate(
                text,
                (delays or 0, place + shift),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
    axes.set_yticks(range(len(result.rows)), [_label(row) for row in result.rows])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    axes.set(title="Message delays from broadcast to delivery, at least", xlabel="message delays")
    names = ["found by TLC in the specification", "measured in the traces"]
    figure.legend(axes.patches[:2], names, loc="outside lower center", ncols=2)
    return figure


# Latency against offered load.


def _load(result: Comparison) -> Figure:
    figure = Figure(figsize=(9.2, 4.1), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, share, title in zip(panels, (0.5, 0.99), ("Median", "99th percentile"), strict=True):
        for row in result.rows:
            points = [
                (offered, us / 1e3)
                for offered in sorted({run.offered for run in row.runs if run.offered})
                if (us := row.latency_us(row.of("load", offered), share)) is not None
            ]
            if points:
                axes.plot(*zip(*points, strict=True), **_style(row))
                tips(axes, ((x, y, f"{_label(row)} at {x:,.0f}/s: {y:.3g} ms") for x, y in points))
        axes.set(title=title, xlabel="values/s offered (log scale)")
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_ticks(axes, "x", subs=(1,))
        plain_ticks(axes, "y")
    panels[0].set_ylabel("latency, milliseconds (log scale)")
    handles, names = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="outside lower center", ncols=4, handlelength=4)
    return figure
