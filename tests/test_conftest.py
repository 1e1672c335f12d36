"""What holds for all tests: one that hangs fails, whatever it is made of; long ones come first."""

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
        timeout=250,  # on a machine that has a lot else to do
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "2 failed, 1 passed" in ended.stdout
    assert ended.stdout.count("took more than 0.5 s") >= 2


def test_files_with_long_tests_come_first(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n", encoding="utf-8")
    for name, seconds in (("a", 9), ("b", 400), ("c", 10)):
        mark = f"import pytest\n\n@pytest.mark.timeout({seconds})\n"
        text = f"def test_one(): pass\n\n{mark}def test_two(): pass\n"
        (tmp_path / f"test_{name}.py").write_text(text, encoding="utf-8")
    options = ["-q", "-p", "no:cacheprovider", "-o", "timeout=300", "--collect-only"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = [line.split("test_")[1:] for line in ended.stdout.splitlines() if "::" in line]
    files = ("b", "b", "a", "a", "c", "c")
    assert found == [
        [f"{name}.py::", test] for name, test in zip(files, ["one", "two"] * 3, strict=True)
    ]
