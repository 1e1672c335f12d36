"""Which events of a run are drawn to explain its verdict: the rejected one, and what led to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from conformance.draw.spacetime import Lane, Shown, draw
from conformance.replay.citations import places
from conformance.replay.report import where
from conformance.replay.verdict import Verdict
from conformance.trace.causality import Causes
from conformance.trace.process import decode
from conformance.trace.reader import Run
from conformance.trace.schema import (
    AnyEvent,
    Broadcast,
    Deliver,
    InstallSnapshot,
    Learn,
    OfSnapshot,
    Phase1a,
    Phase1b,
    Phase2a,
    Recover,
    Trim,
)
from conformance.trace.show import show_ballot, show_numbers, show_run

LOOKED_BACK = 20_000  # events before the rejected one that are looked at
MOST_DRAWN = 24  # events that are drawn
LEAST_OF_EACH = 3  # of these, at least so many of each process involved


def picture(run: Run, verdict: Verdict, folder: Path) -> list[Path]:
    """Draw what led to the verdict: an SVG and a PNG in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "explained.svg", folder / "explained.png"]
    v = verdict.violation
    if v is None:
        title = f"{run.directory.name}: {verdict.kind}; what led to its last event"
        draw(neighbourhood(run, verdict.events), paths, title=title)
        return paths
    guard = places(v.spec, v.name)
    why = [
        f"{v.kind} {v.name} is false: {v.rule.words}",
        *(f"{c.place}: {_short(c.text)}" for c in guard[:1]),
        f"expected {_short(v.fault.expected)}",
        f"found    {_short(v.fault.actual)}",
    ]
    rejected = verdict.events + 1
    involved = [name for name, _ in v.recent]
    shown = neighbourhood(run, rejected, involved)
    title = f"{run.directory.name}: {v.event.action} at {where(v)} violates {v.spec}"
    draw(shown, paths, title=title, rejected=rejected, why=why)
    return paths


def _short(text: str, most: int = 110) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def neighbourhood(run: Run, last: int, involved: Iterable[str] = ()) -> Sequence[Shown]:
    """The events to draw: the last one, what it follows from, and the latest events of the
    processes involved with what those follow from, nearest first, at most MOST_DRAWN."""
    causes = Causes()
    near: deque[Shown] = deque(maxlen=LOOKED_BACK)
    for number, (_, _, _, event) in enumerate(run.rows(), 1):
        found = tuple((c.event, c.message) for c in causes.of(event))
        near.append(Shown(number, Lane(*decode(event.process)), label(event), found))
        if number == last:
            break
    known = {shown.number: shown for shown in near}
    chosen = {last}
    waiting = deque([last])
    for lane in dict.fromkeys([near[-1].lane, *(Lane(*decode(name)) for name in involved)]):
        own = [s.number for s in near if s.lane == lane and s.number < last]
        waiting.extend(reversed(own[-LEAST_OF_EACH:]))
    while waiting and len(chosen) < MOST_DRAWN:
        number = waiting.popleft()
        if number not in known:
            continue
        chosen.add(number)
        waiting.extend(n for n, _ in known[number].causes if n not in chosen)
    return [known[n] for n in sorted(chosen)]


def label(e: AnyEvent) -> str:
    """The event in a few words."""
    if isinstance(e, Broadcast):
        return f"Broadcast {_ranges(e.values)}"
    if isinstance(e, Deliver):
        return f"Deliver in {e.instance}: {_ranges(e.values)}"
    if isinstance(e, Recover):
        return "Recover"
    if isinstance(e, Trim):
        return f"Trim to {e.last}"
    if isinstance(e, OfSnapshot):
        giver = f" of learner {e.giver}" if isinstance(e, InstallSnapshot) else ""
        return f"{e.action} to {e.instance}{giver}"
    text = f"{e.action} {show_ballot(e.ballot)}"
    if isinstance(e, Phase1a | Phase1b):
        text += f" for {show_run(e.first, e.last)}"
        if isinstance(e, Phase1b) and e.votes:
            text += f", {len(e.votes)} vote" + ("s" if len(e.votes) > 1 else "")
        return text
    text += f" in {e.instance}"
    if isinstance(e, Phase2a | Learn):
        text += f": {_ranges(e.batch)}"
    return text


def _ranges(ranges: Sequence[tuple[str, int, int, str]]) -> str:
    if not ranges:
        return "no-op"
    more = f" +{len(ranges) - 1}" if len(ranges) > 1 else ""
    return show_numbers(ranges[0]) + more
