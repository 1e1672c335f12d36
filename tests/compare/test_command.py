"""`paxos compare`, a very small one, from the command line to the files it leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cluster.processes import run


@pytest.mark.tlc
@pytest.mark.multicast
@pytest.mark.timeout(300)
def test_a_small_comparison(tmp_path: Path) -> None:
    """Two combinations, a few values: everything that `make compare` does, in short."""
    out = tmp_path / "out"
    names = ["off", "direct-ahead-batch"]
    only = [word for name in names for word in ("--only", name)]
    ended = run("compare", "--count", "20", *only, "--out", out, timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = [line.split("|") for line in ended.stdout.splitlines() if line.startswith("| ")][2:]
    assert [row[1].strip() for row in rows] == names
    assert [row[4].strip() for row in rows] == ["6 / 6", "3 / 3"]
    assert {path.name for path in out.iterdir()} > {"table.md", "table.json", "delays.svg"}
    assert list((out / "runs").iterdir()) == [], "checked runs are removed"
    page = (out / "index.html").read_text(encoding="utf-8")
    linked = re.findall(r'href="(pages/[^"]*)"', page)
    made = [r for row in json.loads((out / "table.json").read_text())["rows"] for r in row["runs"]]
    assert linked == [r["page"] for r in made] and len(set(linked)) == len(made)
    assert all("<title>" in (out / link).read_text(encoding="utf-8") for link in linked)
    kinds = [r["kind"] for r in made]
    assert kinds[:4] == ["idle", "full", "load", "load"]
    # What TLC found is remembered.
    again = json.loads((out / "tlc.json").read_text())
    assert len(again) >= 6 and all(model["as_expected"] for model in again.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--count", "0"], "invalid whole number above 0 value: '0'"),
        (["--only", "everything"], "invalid choice: 'everything'"),
        (["--against", "/nowhere/table.json"], "/nowhere/table.json: No such file or directory"),
        (["--out", "/dev/null/out"], "folder /dev/null/out: "),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str) -> None:
    ended = run("compare", *arguments)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
