"""A run seen from above, before it is written for TLC: its numbers, and what is asked about when.

One pass over the run makes a Survey; the second one writes rows by it (encode.py, windows.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.tlcjudge.numbering import Numbering, Numbers, limit
from conformance.tlcjudge.values import ValueUse, Waiting
from conformance.trace.last_use import LastUse
from conformance.trace.lives import LearnerLives
from conformance.trace.process import decode
from conformance.trace.reader import Run
from conformance.trace.schema import Deliver, Header, Learn, OfSnapshot, Phase1a, Recover

MOST_EVENTS_OF_A_SYNOD = 20_000  # TLC goes through all messages at each of them


@dataclass
class Survey:
    """What the first pass found. A time is the number of an event in the run, from 1."""

    run: Run
    header: Header
    numbers: Numbers
    events: int = 0
    instances: LastUse = field(default_factory=LastUse)
    values: ValueUse = field(default_factory=ValueUse)
    witnesses: list[int] = field(default_factory=list)
    """Of each Phase1a without PrepareAhead: a value that waits, or 0."""


def survey(run: Run, header: Header | None = None) -> Survey:
    """Read the run once, to be judged by its own constants or by those of another header.

    Raises TraceError, also if its numbers are too large for TLC.
    """
    header = header or run.header
    assert header is not None
    lives = LearnerLives(run.keeping())
    numbering, waiting = Numbering(header.cluster), Waiting(header.constants.fifo)
    found = Survey(run, header, numbering.numbers, values=ValueUse(header.constants.fifo))
    waits = not header.constants.prepare_ahead
    for time, (_, _, _, event) in enumerate(run.rows(), 1):
        found.events = time
        if isinstance(event, Learn | Deliver | OfSnapshot | Recover):
            process = decode(event.process)
            if process.role == "learner":
                lives.enter(process, event)
        values = numbering.note(event)
        found.instances.note(event, time)
        found.values.note(event, values, time)
        if waits:
            waiting.note(event, values)
            if isinstance(event, Phase1a):
                witness = waiting.witness(event.ballot)
                found.witnesses.append(witness)
                found.values.touch([witness] if witness else [], time)
    if header.spec == "Synod":
        limit(run.directory, found.events, MOST_EVENTS_OF_A_SYNOD, "events of a Synod")
    numbering.finish((decode(file.process) for file in run.files), lives, run.directory)
    for i, time in found.values.proposed():
        found.instances.extend(i, time)
    return found
