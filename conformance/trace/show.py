"""How an event, and the ballots, ranges of values, batches and votes in it, are shown in a line."""

from __future__ import annotations

import json
from collections.abc import Collection

from conformance.trace.schema import (
    LARGEST_NUMBER,
    NO_BALLOT,
    AnyEvent,
    Ballot,
    Batch,
    Range,
    fields,
)

WIDE = 240  # characters of an event that are shown


def show_ballot(b: Ballot) -> str:
    return "none" if b == NO_BALLOT else f"({b[0]}, {b[1]})"


def show_run(first: int, last: int) -> str:
    """Numbers next to one another, such as instances: "3", "3..5", or "3.." without an end."""
    if last == LARGEST_NUMBER:
        return f"{first}.."
    return f"{first}" if first == last else f"{first}..{last}"


def show_numbers(r: Range) -> str:
    """Whose values a range has, and which, without their digest."""
    client, first, count, _ = r
    return f"{client}:{show_run(first, first + count - 1)}"


def show_range(r: Range) -> str:
    return f"{show_numbers(r)}#{r[3][:6]}"


def show_batch(batch: Batch) -> str:
    """A batch in short; the first few of its ranges."""
    if not batch:
        return "the no-op"
    more = "" if len(batch) <= 4 else f", and {len(batch) - 4} ranges more"
    return "[" + ", ".join(show_range(r) for r in batch[:4]) + more + "]"


def show_vote(vote: tuple[Ballot, Batch]) -> str:
    return (
        "no vote"
        if vote[0] == NO_BALLOT
        else f"ballot {show_ballot(vote[0])} {show_batch(vote[1])}"
    )


def place(event: AnyEvent) -> str:
    """Where the event is: file and line; of one that the trace omits, whose it would be."""
    if event.seq:
        return f"{event.process}.ndjson:{event.seq + 1}"
    return f"{event.process}, inferred"


def omitted(omits: Collection[str]) -> str:
    """What the header omits, in words."""
    words = {
        "Phase1a.to": "ranges of Phase1a",
        "Phase1b.votes": "votes of Phase1b",
        **dict.fromkeys(("Phase2a.quorum", "Decide.quorum", "Learn.quorum"), "quorums"),
    }
    return ", ".join(dict.fromkeys(words.get(name, name) for name in sorted(omits)))


def shown(event: AnyEvent) -> str:
    """The event's parameters on one line, shortened."""
    named = fields(event)
    text = " ".join(
        [
            named.pop("event"),
            *(f"{k}={json.dumps(v, separators=(',', ':'))}" for k, v in named.items()),
        ]
    )
    return text if len(text) <= WIDE else text[: WIDE - 3] + "..."
