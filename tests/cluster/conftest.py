"""Fixtures for tests with real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.processes import Cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster with the default configuration."""
    with Cluster(tmp_path) as made:
        yield made


@pytest.fixture
def values(tmp_path: Path) -> list[Path]:
    """Two files of values, with everything that a line may hold."""
    odd = [b"", b"\xff\xfe\x00", b"x" * 5000, "ä".encode(), b"", b"same", b"same"]
    paths = []
    for client in (1, 2):
        lines = [b"client %d value %d" % (client, n) for n in range(300)] + odd
        paths.append(tmp_path / f"values-{client}")
        paths[-1].write_bytes(b"\n".join(lines) + (b"\n" if client == 1 else b"\nlast"))
    return paths
