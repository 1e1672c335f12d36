"""The example of the README runs as it is printed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cluster.processes import ENVIRONMENT, Cluster
from tests.paths import ROOT


def example() -> str:
    """The program that the README shows."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, section = readme.partition("## Use it as a library\n")
    (code,) = re.findall(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    return str(code)


def test_it_is_short() -> None:
    assert example().count("\n") <= 34


def test_copies_have_the_same_accounts(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "accounts.py").write_text(example(), encoding="utf-8")
    shutil.copy(cluster.config, tmp_path / "cluster.yaml")

    def copy(number: int, lines: str) -> list[str]:
        ended = subprocess.run(
            [sys.executable, "accounts.py", str(number)],
            cwd=tmp_path,
            env=ENVIRONMENT,
            input=lines,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout.splitlines()

    assert copy(1, "ann bob 70\nann bob 70\n") == [
        "1 {'ann': 30, 'bob': 170}",
        "2 {'ann': 30, 'bob': 170}",
    ]
    assert copy(2, "bob ann 10\n") == ["3 {'ann': 40, 'bob': 160}"]
