"""What is run: the workload, the same for all combinations, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass

ACCEPTORS, PROPOSERS, LEARNERS = 3, 2, 2
VALUE_BYTES = 64
CLIENTS = 2
OUTSTANDING = 2_000
"""Values that a client has under way at full speed, at most."""

MORE_WITH_BATCHING = 10
"""At full speed, combinations with batching get so many times as many values, or their runs would
be over in no time."""

QUICK = 1_000
"""With fewer values than this to a client, it is the quick version: one repetition, short runs."""

LOADS = [base * 10**power for power in (2, 3, 4) for base in (1, 2, 5)] + [100_000]
"""Offered loads that the sweep goes through, in values per second of all clients."""


@dataclass(frozen=True)
class Plan:
    """How many values, how often, for how long."""

    values: int
    """To a client, in the runs at full speed."""
    idle_values: int
    """In the runs with one value at a time, which have one client."""
    repetitions: int
    loaded_s: float
    """How long the runs at a given load last."""
    sweep_s: float
    loads: tuple[int, ...]

    @property
    def is_quick(self) -> bool:
        return self.values < QUICK


def plan(values: int) -> Plan:
    """The plan for so many values to a client."""
    if values < QUICK:
        seconds = max(0.2, min(1.0, values / 100))
        return Plan(values, values, 1, seconds, seconds, (2_000,))
    return Plan(values, min(values, 1_000), 3, 4.0, 2.0, tuple(LOADS))


def shared_load(slowest: float, is_quick: bool) -> int:
    """The load at which all are compared, in values per second: half of what the slowest
    combination can take, in two digits."""
    if is_quick:
        return 500
    half = int(max(100.0, slowest / 2))
    digits = len(str(half)) - 2
    return int(round(half, -digits))
