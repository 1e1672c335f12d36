"""Processes of one machine are laid out alike, where the system allows it."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Whoever ran before in this process may have asked for it already.
USUAL = "import ctypes; ctypes.CDLL(None).personality(0); "
SHARE = "from paxos.runtime.aslr import share_layout; share_layout()"
ASK = "ctypes.CDLL(None).personality(0x40000)"  # the same, by hand
CHILDREN = """
import subprocess, sys
flag = "ctypes.c_int.in_dll(ctypes.pythonapi, 'Py_OptimizeFlag')"
where = f"import ctypes; print(ctypes.addressof({flag}))"
for _ in range(4):
    print(subprocess.run([sys.executable, "-c", where], capture_output=True, text=True).stdout)
"""


def layouts(before: str) -> int:
    """In how many places four children of a process that did this before have the interpreter."""
    program = [sys.executable, "-c", USUAL + before + CHILDREN]
    return len(
        set(subprocess.run(program, capture_output=True, text=True, check=True).stdout.split())
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked for it")
def test_children_are_laid_out_alike() -> None:
    if layouts("") == 1:
        pytest.skip("this system lays out all processes alike")
    if layouts(ASK) > 1:
        pytest.skip("this system does not allow it")
    assert layouts(SHARE) == 1
