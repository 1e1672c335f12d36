"""Fixtures for tests of the library: a cluster without learners and clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos.runtime import report
from tests.cluster.processes import Cluster


@pytest.fixture(autouse=True)
def _listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library does to a process, tests of other things are to be spared."""
    monkeypatch.setattr(report._Said, "listener", None)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Acceptors and a proposer, which are there; the rest is the test's, in its own process."""
    with Cluster(tmp_path, proposers=1, learners=None, clients=None) as made:
        made.start_all(proposers=1, learners=0)
        yield made
