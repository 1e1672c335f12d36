"""Where a harness runs that kills by name: it sees no processes but its own, and has a network to
lose datagrams on."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

UNSHARE = ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]
LIMIT_S = 100.0


@cache
def missing(*programs: str) -> str:
    """Why this machine cannot run a harness; empty if it can."""
    for program in ("unshare", "ip", "pkill", *programs):
        if not shutil.which(program):
            return f"{program} is not installed"
    rule = ["-m", "statistic", "--mode", "random", "--probability", "0.1", "-j", "DROP"]
    tried = "ip link set lo up"
    if "iptables" in programs:
        tried += f" && iptables -A INPUT {' '.join(rule)}"
    done = subprocess.run(
        [*UNSHARE, "sh", "-c", tried], capture_output=True, text=True, check=False
    )
    return f"no namespaces here: {done.stderr.strip()}" if done.returncode else ""


def run(folder: Path, *command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a harness in `folder`, without the environment that the tests have."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
    return subprocess.run(
        [*UNSHARE, *map(str, command)],
        cwd=folder,
        env={name: os.environ[name] for name in kept if name in os.environ} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
