"""What becomes of a datagram: decided by the seed, the link and its number on that link alone.

So a run with the same seed loses the same datagrams of each link, however the processes are
scheduled, and a change of one rate does not change what the others do.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from conformance.relay.schedule import Rule

DRAWS = 4
BYTES_A_DRAW = 8


class Fate(NamedTuple):
    """What becomes of one datagram; `delay_s` in seconds."""

    lost: bool
    twice: bool
    overtaken: bool
    """Sent after the one that comes next."""
    delay_s: float


def draws(seed: int, source: str, to: str, number: int) -> tuple[float, ...]:
    """Four numbers from 0 up to 1, independent of one another, for the `number`-th of a link."""
    key = f"{seed}/{source}/{to}/{number}".encode()
    digest = blake2b(key, digest_size=DRAWS * BYTES_A_DRAW).digest()
    parts = (digest[k : k + BYTES_A_DRAW] for k in range(0, len(digest), BYTES_A_DRAW))
    return tuple(int.from_bytes(part) / 256**BYTES_A_DRAW for part in parts)


def fate(rule: Rule, drawn: tuple[float, ...]) -> Fate:
    """What the rule does to whom these numbers were drawn for."""
    low, high = rule.delay_range_ms
    return Fate(
        lost=drawn[0] < rule.loss,
        twice=drawn[1] < rule.duplicate,
        overtaken=drawn[2] < rule.reorder,
        delay_s=(low + (high - low) * drawn[3]) / 1000,
    )
