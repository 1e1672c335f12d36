"""What holds for every test: one that hangs fails, whatever it is made of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

HANGING = """
import time
from hypothesis import given, strategies as st

def hang():
    while True:
        time.sleep(0.01)

def test_plain():
    hang()

@given(st.integers())
def test_of_examples(number):
    if number > 100:
        hang()

def test_after():
    pass
"""


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n", "1"]], ids=["alone", "worker"])
def test_a_test_that_hangs_fails_and_those_after_it_are_run(
    tmp_path: Path, workers: list[str]
) -> None:
    """Also in an example of hypothesis, which goes on to look for a smaller one after failures."""
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n", encoding="utf-8")
    (tmp_path / "test_hanging.py").write_text(HANGING, encoding="utf-8")
    options = ["-q", "-p", "no:cacheprovider", "--timeout", "0.5", "--rootdir", str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *workers, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "2 failed, 1 passed" in ended.stdout
    assert ended.stdout.count("took more than 0.5 s") >= 2
