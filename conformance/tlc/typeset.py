"""Modules as typeset pages, by the tla2tex of TLC's jar and the LaTeX of this machine."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from conformance.tlc.errors import MissingTool, TlcError, TlcTimeout
from conformance.tlc.toolchain import find_jar, find_java

LATEX = "pdflatex"
SECONDS = 120.0
"""For one module: LaTeX runs twice."""


def find_latex() -> bool:
    """Whether there is a LaTeX that makes PDF."""
    return shutil.which(LATEX) is not None


def typeset(module: Path, out: Path) -> Path:
    """Typeset a module.

    Args:
        module: its file.
        out: the folder for the PDF.

    Returns:
        The PDF, named as the module.

    Raises:
        TlcError: there is no Java, no jar or no LaTeX, or they made no PDF of it; says why.
    """
    if not find_latex():
        raise MissingTool(f"there is no {LATEX} here; install LaTeX (texlive-latex-base)")
    with tempfile.TemporaryDirectory(prefix="typeset-") as scratch:
        shutil.copy(module, scratch)
        command = [
            *(str(find_java()), f"-Djava.io.tmpdir={scratch}", "-cp", str(find_jar())),
            *("tla2tex.TLA", "-latexCommand", LATEX, "-latexOutputExt", "pdf", module.name),
        ]
        try:
            ended = subprocess.run(
                command,
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TlcTimeout(f"{module.name}: {LATEX} took more than {SECONDS:g} s") from error
        made = Path(scratch) / f"{module.stem}.pdf"
        if ended.returncode != 0 or not made.is_file():
            raise TlcError(f"{module.name}: {_reason(ended.stdout + ended.stderr)}")
        return Path(shutil.copy(made, out))


def _reason(said: str) -> str:
    """The last thing that was said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "no PDF, and no reason was given"
