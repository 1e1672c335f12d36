"""What the README shows is what the commands print."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_rejected_trace_is_explained_as_the_readme_shows(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    command = "conformance check traces/bad/propose_own_value_over_a_vote"
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
