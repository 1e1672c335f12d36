"""The guide to checking one's own Paxos: its commands print what it shows, in its order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.paths import ROOT

GUIDE = (ROOT / "docs" / "check-your-own.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
BEFORE, AFTER = (ROOT / "tests" / "guide" / name / "ledger.py" for name in ("before", "after"))


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a block, each with what the guide shows of its output."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
    assert parts[0] == ""
    return list(zip(parts[1::2], parts[2::2], strict=True))


def matches(shown: str, printed: str) -> bool:
    """The sign for an ellipsis stands for the rest of a line or, alone in a line, for any lines.
    Clocks are of the day on which the guide was written."""
    pattern = re.escape(shown)
    pattern = re.sub(r"clock\\ \d+", r"clock\\ \\d+", pattern)
    pattern = re.sub(r"^…\\\n", r"(?:.*\\n)+", pattern, flags=re.MULTILINE)
    return re.fullmatch(pattern.replace("…", ".*"), printed) is not None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that has what the guide uses of the repository, and the command."""
    for name in ("tests/guide", "traces/tracers"):
        shutil.copytree(ROOT / name, tmp_path / name)
    command = tmp_path / "bin" / "conformance"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m conformance "$@"\n')
    command.chmod(0o755)
    (command.parent / "python3").symlink_to(sys.executable)
    return tmp_path


def test_the_commands_print_what_the_guide_shows(folder: Path) -> None:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    steps = [step for block in BLOCKS for step in commands(block)]
    assert len(steps) > 20
    for command, shown in steps:
        ended = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.stderr == "", command
        assert matches(shown, ended.stdout), f"$ {command}\n{ended.stdout}"


def test_the_traced_program_is_the_untraced_one_and_some_lines_more() -> None:
    rest = iter(AFTER.read_text(encoding="utf-8").splitlines())
    before = BEFORE.read_text(encoding="utf-8").splitlines()
    assert [line for line in before if line not in rest] == []


def test_the_tracer_changes_nothing_of_what_the_program_does(folder: Path) -> None:
    after = folder / "tests" / "guide" / "after" / "ledger.py"
    environment = os.environ | {"PYTHONPATH": str(folder / "traces" / "tracers" / "python")}
    for seed in ("7", "14"):
        printed = [
            subprocess.run(
                [sys.executable, path, seed, folder / "run" / seed],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for path in (BEFORE, after)
        ]
        assert printed[0] == printed[1] != ""


def test_the_code_that_the_guide_shows_is_that_of_the_program() -> None:
    shown = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert len(shown) == 3
    assert [part for part in shown if part not in AFTER.read_text(encoding="utf-8")] == []


def test_each_classic_bug_is_named_by_its_rule_in_the_example() -> None:
    rows = re.findall(r"^\| .* \| `(\w+\.[\w ]+)` \| `(\w+)` \|$", GUIDE, re.MULTILINE)
    text = (ROOT / "traces" / "bad" / "expected.yaml").read_text(encoding="utf-8")
    expected = yaml.safe_load(text)
    assert len(rows) > 15
    assert [row for row in rows if expected[row[1]].get("rule") != row[0]] == []
