"""The machine that figures come from, described without naming it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def describe() -> dict[str, str]:
    """Processor, memory, kernel, Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {
        "processor": f"{cores} cores, {_processor()}",
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": python,
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


BUSY = 0.5
"""Processes that want a core, to a core, beyond which figures are to be doubted."""


def other_load(say: Callable[[str], None]) -> str:
    """How many processes wanted a core in the last minute, to a core; in words, for the result. If
    that is too much to measure beside, `say` is told."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    if load > BUSY:
        say(f"this machine is busy (load {load:.1f} a core): timings will be off")
    return f"{load:.1f} processes a core at the start"
