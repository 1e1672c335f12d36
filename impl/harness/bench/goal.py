"""A goal of the benchmark, and what most are made of: medians of rows, and ratios of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from harness.bench.benchmark import Benchmark
from harness.bench.setting import Setting

Text = Callable[[float], str]


class Goal(NamedTuple):
    """One line: `met` is None if it was not measured."""

    name: str
    wanted: str
    found: str
    met: bool | None


def rate_of(result: Benchmark, setting: Setting) -> float | None:
    """Values per second, the median; None: not measured."""
    row = result.row(setting)
    rate = row.rate() if row else None
    return rate.median if rate else None


def bytes_rate_of(result: Benchmark, setting: Setting) -> float | None:
    rate = rate_of(result, setting)
    return None if rate is None else rate * setting.value_bytes


def over(one: float | None, other: float | None) -> float | None:
    """Of what was measured, if it was."""
    return one / other if one is not None and other else None


def percent(share: float) -> str:
    return f"{share:.0%}"


def at_least(name: str, wanted: float, found: float | None, text: Text = percent) -> Goal:
    met = None if found is None else found >= wanted
    return Goal(name, f"at least {text(wanted)}", "-" if found is None else text(found), met)


def at_most(name: str, wanted: float, found: float | None, text: Text = percent) -> Goal:
    met = None if found is None else found <= wanted
    return Goal(name, f"at most {text(wanted)}", "-" if found is None else text(found), met)


def times(ratio: float) -> str:
    return f"{ratio:.2g} times"
