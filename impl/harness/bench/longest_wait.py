"""Where clients waited longest in a run with snapshots, from its traces: while one was taken, sent,
or caught up after, or at another time.

A value's wait is from its client's Broadcast to the first Deliver at any learner. The clocks in
traces are those of one machine here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, json

TAKEN, SENT, AFTER, OTHERWISE = "taken", "sent and verified", "just installed", "otherwise"
"""A learner takes a snapshot until it is a checkpoint; from when one is sent until it is installed;
the second after that, in which a machine is restored and its learner catches up; none of these."""

PHASES = (TAKEN, SENT, AFTER, OTHERWISE)

AFTER_US = 1_000_000

Value = tuple[str, int]
"""The first of some values that were broadcast together: client and number."""


class _Event(Struct):
    event: str
    process: str
    hlc: int = 0
    instance: int = 0
    values: list[tuple[str, int, int, str]] = []


class Phase(NamedTuple):
    """A time in which something is done about a snapshot, in microseconds of the traces' clock."""

    name: str
    from_us: int
    to_us: int


def longest_waits_ms(run_dir: Path) -> dict[str, float]:
    """The longest wait that overlaps each phase, in milliseconds. Values that a client broadcast
    before any of them was delivered do not count, as they waited for the cluster to start. Raises
    `ValueError` for traces that are cut."""
    delivered: dict[Value, int] = {}
    about = list[_Event]()
    for path in sorted(run_dir.glob("learner-*.ndjson")):
        for event in _events(path, ("Deliver", *_OF_SNAPSHOTS)):
            if event.event != "Deliver":
                about.append(event)
            for client, first, _, _ in event.values:
                at_us = delivered.setdefault((client, first), event.hlc)
                delivered[client, first] = min(at_us, event.hlc)
    phases = list(_phases(sorted(about, key=lambda event: event.hlc)))
    longest: dict[str, float] = defaultdict(float)
    for path in sorted(run_dir.glob("client-*.ndjson")):
        begun = {
            (client, first): event.hlc
            for event in _events(path, ("Broadcast",))
            for client, first, _, _ in event.values
            if (client, first) in delivered
        }
        from_us = min((delivered[value] for value in begun), default=0)
        for value, begun_us in begun.items():
            if begun_us >= from_us:
                wait = Phase("", begun_us, delivered[value])
                for name in {p.name for p in phases if _overlap(p, wait)} or {OTHERWISE}:
                    longest[name] = max(longest[name], (wait.to_us - begun_us) / 1e3)
    return dict(longest)


_OF_SNAPSHOTS = ("TakeSnapshot", "Checkpoint", "SendSnapshot", "InstallSnapshot")


def _events(path: Path, kinds: tuple[str, ...]) -> Iterator[_Event]:
    starts = tuple(f'{{"event":"{kind}"'.encode() for kind in kinds)
    decoder = json.Decoder(_Event)
    with path.open("rb") as lines:
        for line in lines:
            if line.startswith(starts):
                yield decoder.decode(line)


def _phases(events: list[_Event]) -> Iterator[Phase]:
    """Of all learners, from their events in the order of time. What has begun and does not end goes
    on for ever."""
    for number, event in enumerate(events):
        later = events[number + 1 :]
        match event.event:
            case "TakeSnapshot":
                ends = (e for e in later if e.event == "Checkpoint" and e.process == event.process)
                yield Phase(TAKEN, event.hlc, _first_us(ends))
            case "SendSnapshot":
                ends = (e for e in later if e.event == "InstallSnapshot")
                yield Phase(SENT, event.hlc, _first_us(ends))
            case "InstallSnapshot":
                yield Phase(AFTER, event.hlc, event.hlc + AFTER_US)


def _first_us(events: Iterator[_Event]) -> int:
    return next((event.hlc for event in events), 1 << 62)


def _overlap(one: Phase, other: Phase) -> bool:
    return one.from_us < other.to_us and other.from_us < one.to_us
