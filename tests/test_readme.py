"""What the README and the other pages show and say is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from conformance.cli import main
from conformance.modelcheck.manifest import load
from conformance.modelcheck.run import HEAP_MB
from conformance.paths import MANIFEST

RUN = "traces/bad/propose_own_value_over_a_vote"


def test_the_rejected_trace_is_explained_as_the_readme_shows(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    command = f"conformance check {RUN}"
    _, _, after = readme.partition(f"$ .venv/bin/{command}\n")
    shown, _, _ = after.partition("```")
    ended = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert shown == ended.stdout


def test_the_drawing_says_the_same(root: Path, tmp_path: Path) -> None:
    """All its words; how the letters look may differ by the fonts at hand."""
    assert main.main(["explain", str(root / RUN), "-o", str(tmp_path)]) == 1
    drawn, kept = (
        re.findall(r"<!-- (.*) -->", path.read_text(encoding="utf-8"))
        for path in (tmp_path / "explained.svg", root / "docs" / "rejected.svg")
    )
    assert len(drawn) > 10
    assert kept == drawn


def test_the_models_are_what_the_page_says(root: Path) -> None:
    page = (root / "spec" / "README.md").read_text(encoding="utf-8")
    _, _, after = page.partition("| models | what they show |")
    *rows, others = after.partition("\n\n")[0].splitlines()[2:]
    assert others.startswith("| all others | must fail")
    named = [name for row in rows for name in re.findall(r"`([a-z0-9*-]+)`", row.split("|")[1])]
    holding = {model.name for model in load() if model.expect == "ok"}
    assert {name for name in holding if not any(fnmatch(name, n) for n in named)} == set()
    assert {name for name in named if "*" not in name} <= holding | {"-log", "-synod"}


def test_the_models_in_order_of_instances_are_those_that_the_page_names(root: Path) -> None:
    page = (root / "spec" / "README.md").read_text(encoding="utf-8")
    _, _, after = page.partition("Restricted so are")
    named = set(re.findall(r"`([a-z0-9-]+)`", after.partition("The others")[0]))
    assert named == {
        path.stem for path in MANIFEST.parent.glob("*.cfg") if "<- InOrder" in path.read_text()
    }


def test_the_classes_are_those_that_the_pages_name(root: Path) -> None:
    page = (root / "docs" / "model-checking.md").read_text(encoding="utf-8")
    heaps = [f"{c} {mb // 1024} GB" if mb >= 1024 else f"{c} {mb} MB" for c, mb in HEAP_MB.items()]
    assert f"({', '.join(heaps)})" in " ".join(page.split())
    assert f"CLASS={'|'.join(HEAP_MB)}\n" in (root / "Makefile").read_text(encoding="utf-8")
