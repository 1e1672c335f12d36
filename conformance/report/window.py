"""Which events of a run a page shows in full. Of a long run it is a window; the rest of it is
summed up, by instance and by time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from conformance.trace.reader import Run
from conformance.trace.schema import (
    AnyEvent,
    Broadcast,
    Phase1a,
    Phase1b,
    Phase2a,
    Range,
    Recover,
    Trim,
)

MOST_SHOWN = 10_000
"""Events that are shown in full, unless something else is asked for."""

BEFORE = 0.6
"""The part of those that is before the event that a window is around."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_PLACE = re.compile(r"(?:.*/)?([a-z]+-[0-9.]+?)(?:\.ndjson)?:([0-9]{1,18})")
_INSTANCES = re.compile(r"([0-9]{1,18})(?:\.\.([0-9]{1,18}))?")


class NoWindow(ValueError):
    """What was asked for is not in the run, or is no event and no range; says what to give."""


@dataclass(frozen=True)
class Window:
    """Which events are shown: whether an event, with its number, is; the last number that can be;
    whether what was over before, of a long run, is left out of the state; and in words."""

    shows: Callable[[int, AnyEvent], bool]
    last: int
    forgets: bool
    words: str = ""
    instances: tuple[int, int] | None = None  # it has only what is about these


def around(number: int, total: int, most: int) -> Window:
    """A window of so many events that has the event of this number."""
    first = max(1, min(number - int(BEFORE * most), total - most + 1))
    last = min(total, first + most - 1)
    whole = first == 1 and last == total
    words = "" if whole else f"events {first:,} to {last:,} of {total:,}"
    return Window(lambda n, _: first <= n <= last, last, first > 1, words)


def about(run: Run, text: str, total: int, most: int) -> Window:
    """A window of the events about some instances, "10..20", with the broadcasts of what was
    proposed there. Raises NoWindow."""
    found = _INSTANCES.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= int(found[2] or found[1]):
        raise NoWindow(f"{text!r} names no instances; give one, 12, or a range of them, 10..20")
    first, last = int(found[1]), int(found[2] or found[1])
    proposed: set[Range] = set()
    for event in run.events():
        if isinstance(event, Phase2a) and first <= event.instance <= last:
            proposed.update(event.batch)
    left = most

    def shows(number: int, event: AnyEvent) -> bool:
        nonlocal left
        if not left or not _is_about(event, first, last, proposed):
            return False
        left -= 1
        return True

    words = f"events about instances {first} to {last}" if last > first else f"instance {first}"
    words = f"{words}, at most {most:,}, of {total:,} events"
    return Window(shows, total, total > most, words, (first, last))


def _is_about(event: AnyEvent, first: int, last: int, proposed: set[Range]) -> bool:
    if isinstance(event, Recover):
        return True
    if isinstance(event, Trim):
        return event.last >= first
    if isinstance(event, Broadcast):
        return not proposed.isdisjoint(event.values)
    if isinstance(event, Phase1a | Phase1b):
        return event.first <= last and first <= event.last
    return first <= event.instance <= last


def number_of(run: Run, text: str, total: int) -> int:
    """The number of the event that is named, by it or by its place. Raises NoWindow."""
    if _NUMBER.fullmatch(text):
        if 1 <= int(text) <= total:
            return int(text)
        raise NoWindow(f"there is no event {text}; the run has {total:,} events")
    found = _PLACE.fullmatch(text)
    if found is None:
        raise NoWindow(
            f"{text!r} names no event; give its number, such as 120, or its file and line, "
            "such as acceptor-1.1.ndjson:53"
        )
    process, seq = found[1], int(found[2]) - 1
    for number, (_, name, n, _) in enumerate(run.rows(), 1):
        if name == process and n == seq:
            return number
    raise NoWindow(f"there is no event at {text}; the first line of a file is its header")
