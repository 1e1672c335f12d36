"""The stages of a step, and a crash in one of them."""

from __future__ import annotations

from dataclasses import dataclass

STAGES = {"save": "writes", "trace": "events", "deliver": "deliveries", "send": "urgent"}
"""The stages of a step, in their order, and what of it each does. What need not be sent at once is
held back, and lost in a crash."""


@dataclass(frozen=True)
class Doom:
    """A crash to come: in the next step that has something to do in this stage."""

    stage: str
    part: float
    """How much of the stage is done before: from 0, nothing, to 1, all. A save is whole or not."""
