"""Where things are in the memory of the processes of one machine: at the same addresses in all.

A value makes a dozen wake-ups in nine processes that may share two cores, all running the same
interpreter.
Processors predict branches by their addresses. With the addresses chosen at random for each
process, which is usual, every switch from one process to the next begins with an interpreter that
the processor knows nothing of; with the same ones in all, it goes on with what it has learned
(`docs/performance.md` has the figures: two fifths of the latency of a value).

Random addresses are a defence: they make it hard to turn a fault in C code into an intrusion. So
this is for processes that hear only their own machine.
"""

import ctypes
from contextlib import suppress

_ADDR_NO_RANDOMIZE = 0x0040000
_ASK = 0xFFFFFFFF  # changes nothing: says what is set


def share_layout() -> None:
    """Have all processes that this one starts from now on laid out alike. Where the system knows
    no such thing, or does not allow it, nothing but time is lost."""
    with suppress(OSError, AttributeError):
        personality = ctypes.CDLL(None).personality  # Linux
        personality.argtypes = [ctypes.c_ulong]
        now = personality(_ASK)
        if now >= 0:
            personality(now | _ADDR_NO_RANDOMIZE)
