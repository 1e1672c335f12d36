"""The Makefile: it explains itself, and set-up says in one line why it cannot go on."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Without the variables by which an outer make would pass on its own options.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split())  # type: ignore[index]


def test_make_alone_lists_every_target() -> None:
    listed = make()
    assert listed.returncode == 0
    assert {line.split()[1] for line in listed.stdout.splitlines()} == targets()
    assert all(len(line.split()) > 3 for line in listed.stdout.splitlines())


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "not found"),
        ("echo Python 3.10.1; exit 1", "Python 3.10.1 is too old"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "cannot make virtual environments"),
    ],
)
def test_set_up_says_what_is_missing(tmp_path: Path, script: str | None, words: str) -> None:
    python = tmp_path / "python"
    if script is not None:
        python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        python.chmod(0o755)
    done = make("setup", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}")
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert words in errors[0]
    assert "PYTHON=" in errors[0]
    assert not (tmp_path / "venv").exists()
