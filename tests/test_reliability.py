"""docs/reliability.md: the tests that it names are there, under these names, and the run that it
shows is what the command prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paxos.cli import main
from tests.paths import ROOT

TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def rows() -> list[str]:
    """The column with the tests, of each promise."""
    table = [line.split(" | ") for line in TEXT.splitlines() if line.startswith("| ")]
    return [cells[2].removesuffix(" |") for cells in table[1:] if len(cells) == 3]


def files_named(name: str) -> list[Path]:
    """The test files that `name` stands for: a path, a name that was given in full before, or a
    folder."""
    if not name.endswith(".py"):
        return sorted((ROOT / name).glob("test_*.py"))
    return [ROOT / name] if "/" in name else sorted((ROOT / "tests").rglob(name))


@pytest.mark.parametrize("cell", rows())
def test_the_tests_that_a_promise_names_are_there(cell: str) -> None:
    named = 0
    for part in re.split("[;,] (?=`test)", cell):
        path, *tests = re.findall(r"`([^`]+)`", part)
        if not path.startswith("test"):
            continue
        files = files_named(path)
        assert files, path
        text = "".join(file.read_text(encoding="utf-8") for file in files)
        for test in tests:
            if re.fullmatch(r"\w+", test):
                assert re.search(rf"def test_\w*{test}\w*\(", text), f"{path}: {test}"
        named += 1
    assert named, "no promise without a test"


def test_there_are_promises() -> None:
    assert len(rows()) > 15


def test_the_run_that_is_shown_is_what_the_command_prints(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """All but its speed. After a change of the core or of the simulation it is another run: run the
    command again, and put into the document what it prints."""
    found = re.search(r"\$ \.venv/bin/paxos (simulate .*)\n((?:.+\n)+?)```\n", TEXT)
    assert found
    assert main(found[1].split()) == 0
    assert without_speed(found[2]) == without_speed(capfd.readouterr().out)


def without_speed(text: str) -> str:
    return re.sub(r"; [\d,]+ a second", "", text)
