"""Figures as text, and tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


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
