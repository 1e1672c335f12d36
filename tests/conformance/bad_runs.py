"""Runs with one thing wrong each, and the rule that must say so: traces/bad.

Each makes a correct beginning, and last the event that must be rejected.
"""

from __future__ import annotations

from tests.conformance import (  # they enter their runs
    bad_fifo,
    bad_lives,
    bad_outcomes,
    bad_phases,
    bad_scopes,
    bad_snapshots,
)
from tests.conformance.bad_begin import BAD

__all__ = [
    "BAD",
    "bad_fifo",
    "bad_lives",
    "bad_outcomes",
    "bad_phases",
    "bad_scopes",
    "bad_snapshots",
]
