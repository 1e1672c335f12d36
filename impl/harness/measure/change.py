"""Two spreads of one figure, before and now: the change, and whether it is beyond noise.

It is if the repetitions of the two have no figure in common: the worst of one is better than the
best of the other. With three repetitions each and no change at all that happens to one figure in
ten, so a single one says little; and figures of two machines say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from harness.measure.spread import Spread
from harness.measure.text import spread_text

HEADS = ("before", "now", "change", "beyond noise")

NOTE = "Median (least–most of the repetitions). Beyond noise: the two ranges do not meet."


def cells(
    was: Spread, now: Spread, text: Callable[[float], str], *, more_is_better: bool
) -> list[str]:
    """The cells below `HEADS`."""
    change = now.median / was.median - 1 if was.median else 0.0
    verdict = _judge(was, now, more_is_better=more_is_better)
    return [spread_text(was, text), spread_text(now, text), f"{change:+.0%}", verdict]


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """What else differs of two measurements, so that figures may say nothing about the code; by
    name, what was the case and what is."""
    for name, old in before.items():
        if old != now.get(name):
            yield f"- {name} was: {old}; is: {now.get(name, 'not known')}"


def _judge(was: Spread, now: Spread, *, more_is_better: bool) -> str:
    if was.least <= now.most and now.least <= was.most:
        return "no"
    return "better" if (now.median > was.median) == more_is_better else "worse"
