"""`.ci/run`: it installs what tests need, and its last line says what was skipped. Here `make` and
`apt-get` only write down how they were called, and nothing else is on the path than the shell's
own tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT

TOOLS = ("bash", "env", "cat", "dirname", "id", "mktemp", "paste", "rm", "sed", "tee", "timeout")
NEEDED = {
    *("iptables", "iproute2", "faketime", "strace", "gcc", "libc6-dev", "nodejs", "golang-go"),
    *("npm", "chromium"),
}
PRINTS = """\
SKIPPED [2] tests/a.py:1: no Go (go)
===== 7 passed, 3 skipped =====
SKIPPED [1] tests/b.py:2: strace is not installed
"""


def run(folder: Path, *, printed: str, status: int) -> tuple[subprocess.CompletedProcess[str], str]:
    """Runs the script; what it installed."""
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    (folder / "printed").write_text(printed, encoding="utf-8")
    scripts = {
        "make": f'[ "$2" = test ] || exit 9\ncat {folder}/printed\nexit {status}\n',
        "apt-get": f'echo "$*" >>{folder}/installed\n[ "$5" != strace ]\n',
    }
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
        (folder / name).chmod(0o755)
    ended = subprocess.run(
        [ROOT / ".ci" / "run"],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    installed = folder / "installed"
    return ended, installed.read_text(encoding="utf-8") if installed.exists() else ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages")
def test_what_tests_need_is_installed(tmp_path: Path) -> None:
    ended, installed = run(tmp_path, printed="1 passed\n", status=0)
    lines = installed.splitlines()
    assert lines[0] == "-qq update"
    assert {line.split()[-1] for line in lines[1:]} == NEEDED
    assert ended.stdout.splitlines() == [
        "note: strace cannot be installed here",
        "1 passed",
        "skipped: nothing",
    ]


@pytest.mark.parametrize("status", [0, 2])
def test_the_last_line_says_what_was_skipped_and_why(tmp_path: Path, status: int) -> None:
    ended, _ = run(tmp_path, printed=PRINTS, status=status)
    assert ended.returncode == status
    assert ended.stdout.splitlines()[-1] == (
        "skipped: [2] tests/a.py:1: no Go (go);[1] tests/b.py:2: strace is not installed"
    )
