"""What Linux says in /proc of a process: processor time, wake-ups, memory, datagrams it was too
slow for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


def available() -> bool:
    """Whether there is a /proc as on Linux."""
    return (PROC / "self" / "stat").exists() and (PROC / "net" / "udp").exists()


def cpu_s(pid: int) -> float | None:
    """Processor time used so far, user and system, in seconds; also of one that has ended and was
    not waited for. None if there is no such process."""
    with suppress(OSError):
        return parse_cpu_s((PROC / str(pid) / "stat").read_text(encoding="utf-8"))
    return None


def parse_cpu_s(stat: str) -> float:
    """From the text of `/proc/<pid>/stat`: fields 14 and 15. The second field, the name, is in
    parentheses and may hold anything."""
    fields = stat[stat.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def wakeups(pid: int) -> int:
    """How often its threads that are there have been woken so far: as often as they have given the
    processor away themselves. 0 if there is no such process."""
    count = 0
    with suppress(OSError):
        for thread in (PROC / str(pid) / "task").iterdir():
            with suppress(OSError):  # it ends now
                count += parse_wakeups((thread / "status").read_text(encoding="utf-8"))
    return count


def parse_wakeups(status: str) -> int:
    """From the text of `/proc/<pid>/task/<thread>/status`."""
    found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)$", status, re.MULTILINE)
    return int(found[1]) if found else 0


def memory_bytes(pid: int) -> tuple[int, int] | None:
    """Resident memory now and at its peak. None if the process has ended."""
    with suppress(OSError):
        return parse_memory_bytes((PROC / str(pid) / "status").read_text(encoding="utf-8"))
    return None


def parse_memory_bytes(status: str) -> tuple[int, int] | None:
    """From the text of `/proc/<pid>/status`, which has no memory once the process has ended."""
    found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
    if len(found) < 2:
        return None
    return int(found["VmRSS"]) << 10, int(found["VmHWM"]) << 10


def udp_drops() -> dict[int, int]:
    """By socket (its inode), the datagrams that found its receive buffer full."""
    return parse_udp_drops((PROC / "net" / "udp").read_text(encoding="utf-8"))


def parse_udp_drops(table: str) -> dict[int, int]:
    """From the text of `/proc/net/udp`: the inode is the tenth column, drops the last."""
    rows = (line.split() for line in table.splitlines()[1:])
    return {int(row[9]): int(row[-1]) for row in rows if len(row) >= 13}


def udp_sockets(pid: int, table: Mapping[int, int]) -> set[int]:
    """The inodes of the sockets of a process that are in `table`."""
    inodes: set[int] = set()
    with suppress(OSError):
        for fd in (PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):
                if found := re.fullmatch(r"socket:\[(\d+)\]", str(fd.readlink())):
                    inodes.add(int(found[1]))
    return inodes & table.keys()
