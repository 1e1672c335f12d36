"""Project folders for tests of the harnesses' layouts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos.config import Config
from paxos.runtime.groups import ChosenGroups
from tests.paths import ROOT


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make harness` makes, with the Python that the tests run in; not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "project"
    subprocess.run(
        [sys.executable, "-m", "harness.project_folder", folder],
        env={**os.environ, "PYTHONPATH": str(ROOT / "impl")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return folder


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `python3` has no packages at all, as where no environment is active."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin"


@pytest.fixture
def conf(tmp_path: Path) -> Iterator[Path]:
    """A configuration in the course's lines, with groups that nobody else has."""
    with ChosenGroups(Config()) as chosen:
        path = tmp_path / "paxos.conf"
        roles = ("clients", "proposers", "acceptors", "learners")
        ends = [(role, getattr(chosen.groups, role)) for role in roles]
        path.write_text("".join(f"{role} {end.address} {end.port}\n" for role, end in ends))
        yield path
