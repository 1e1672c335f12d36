"""Figures as text, and tables in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.measure.spread import Spread


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [list(heads), ["---", *["---:"] * (len(heads) - 1)], *map(list, rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def figure(number: float | None) -> str:
    """Three digits that count."""
    if number is None:
        return "-"
    if number >= 100:
        digit = 10 ** max(0, len(str(int(number))) - 3)
        return f"{round(number / digit) * digit:,.0f}"
    if number < 0.005:
        return "0"
    return f"{number:.3g}" if number >= 1 else f"{number:.2f}"


def whole(number: int | None) -> str:
    return "-" if number is None else str(number)


def ms(us: float | None) -> str:
    return "-" if us is None else f"{us / 1000:.3g}" if us < 1e6 else f"{us / 1000:,.0f}"


def spread_text(found: Spread | None, text: Callable[[float], str] = figure) -> str:
    """Median, least and most."""
    if found is None:
        return "-"
    middle, least, most = (text(x) for x in (found.median, found.least, found.most))
    return middle if found.least == found.most else f"{middle} ({least}–{most})"


def intro(*facts: Mapping[str, str]) -> list[str]:
    """On what machine, and how, it was measured."""
    return [f"- {name}: {text}" for some in facts for name, text in some.items()]
