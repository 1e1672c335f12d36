"""Project folders for tests of the harnesses' layouts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
