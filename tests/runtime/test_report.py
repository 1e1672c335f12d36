"""What is dropped is counted by reason, in bounded memory."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from paxos.runtime.report import MAX_REASONS, Complaints


def test_reasons_without_end_become_one(capfd: pytest.CaptureFixture[str]) -> None:
    """A stranger chooses what some reasons name."""
    totals: Counter[str] = Counter()
    complaints = Complaints("learner-1.1", totals)
    complaints.add("malformed")
    for sender in range(1_000):
        complaints.add(f"of learner {sender}, which is not configured")
    complaints.add("malformed", 5)
    complaints.flush()
    assert len(totals) == MAX_REASONS + 1
    assert totals["malformed"] == 6
    assert totals.total() == 1_006
    said = capfd.readouterr().err
    assert said.startswith("learner-1.1: dropped: 1 malformed\n"), "the first is said at once"
    assert said.count("\n") <= 3
    others = sum(map(int, re.findall(r"(\d+) for other reasons", said)))
    assert others == totals["for other reasons"] == 1_000 - MAX_REASONS + 1
