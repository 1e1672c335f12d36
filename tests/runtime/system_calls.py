"""The system calls of a process, as strace shows them."""

from __future__ import annotations

import shutil
import subprocess


def cannot_be_watched() -> str:
    """Why the system calls of a process cannot be seen here; empty if they can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    tried = subprocess.run(["strace", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not: {tried.stderr.splitlines()[-1:]}"
