"""What a chapter tells to type, typed: python -m tests.tutorial.session CHAPTER prints its commands
with what they print now, for whoever writes a chapter.

A chapter is a page of docs/tutorial/. Its blocks of the language `console` are one session in one
shell: a line that begins with `$ ` is a command, and what follows is what it prints. The sign for
an ellipsis stands for the rest of a line or, alone in a line, for any lines. Below the comment
`<!-- figures vary -->`, each number that is not part of a name stands for any number: those of a
simulated run change with the code, and TLC's seconds with the machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.paths import ROOT

FOLDER = ROOT / "docs" / "tutorial"
CHAPTERS = sorted(FOLDER.glob("[0-9]*.md"))

USED = ("conformance", "docs/tutorial", "impl", "spec", "tests", "traces")
"""The folders that the chapters use."""

_LEFT = shutil.ignore_patterns("__pycache__", "runs", "*.old")

_VARIES = "<!-- figures vary -->\n"
_BLOCK = re.compile(rf"^({_VARIES})?```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"(?<![A-Za-z\d])\d+(?:[.,]\d+)*")
_MARK = "--- the next command ---"


@dataclass(frozen=True)
class Step:
    """A command, and what the chapter shows of what it prints."""

    command: str
    shown: str
    varies: bool

    def is_shown_right(self, printed: str) -> bool:
        """Whether it may print this. Clocks and the width of columns are never compared."""
        shown, printed = (
            re.sub(r'clock \d+|"hlc":\d+', "clock", re.sub(r" +", " ", text))
            for text in (self.shown, printed)
        )
        if self.varies:
            shown, printed = _NUMBER.sub("0", shown), _NUMBER.sub("0", printed)
        pattern = re.sub(r"^…\\\n", r"(?:.*\\n)*", re.escape(shown), flags=re.MULTILINE)
        return re.fullmatch(pattern.replace("…", ".*"), printed) is not None


def steps(text: str) -> list[Step]:
    """The commands of a chapter, in their order."""
    found = []
    for varies, block in _BLOCK.findall(text):
        parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
        assert parts[0] == "", f"a block that does not begin with a command: {parts[0]}"
        pairs = zip(parts[1::2], parts[2::2], strict=True)
        found += [Step(command, shown, bool(varies)) for command, shown in pairs]
    return found


def clone(folder: Path) -> dict[str, str]:
    """Put into the folder what the chapters use of the repository, and the two commands; the
    environment in which these are found."""
    for name in USED:
        shutil.copytree(ROOT / name, folder / name, ignore=_LEFT)
    shutil.copy(ROOT / "pyproject.toml", folder)
    programs = folder / "bin"
    programs.mkdir()
    # As an installed command does, they look for a package where PYTHONPATH says, and then where it
    # was installed.
    last = f'PYTHONPATH="$PYTHONPATH:{folder}:{folder}/impl" exec "{sys.executable}"'
    for name, line in {
        "python3": f'exec "{sys.executable}" "$@"',
        "paxos": f'{last} -P -m paxos "$@"',
        "conformance": f'{last} -P -m conformance "$@"',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": "", "COLUMNS": "80"}


def play(chapter: list[Step], folder: Path, timeout_s: float) -> list[str]:
    """What each command prints on standard output, in one shell that begins in the folder. What it
    says on standard error, such as progress, is not compared.

    Raises:
        subprocess.TimeoutExpired: the session takes longer than `timeout_s` seconds.
    """
    script = "".join(f"{step.command}\necho '{_MARK}'\n" for step in chapter)
    ended = subprocess.run(
        ["sh", "-c", script],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=clone(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
    *printed, rest = ended.stdout.split(f"{_MARK}\n")
    assert rest == "" and len(printed) == len(chapter), ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr, ended.stderr
    return printed


def _main() -> None:
    import tempfile

    chapter = steps(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        for step, printed in zip(chapter, play(chapter, Path(folder), 600), strict=True):
            verdict = (
                "" if step.is_shown_right(printed) else "    # the chapter shows another output"
            )
            print(f"$ {step.command}{verdict}\n{printed}", end="")


if __name__ == "__main__":
    _main()
