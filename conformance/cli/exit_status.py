"""How the command ends: exit status 1 means a violation, and nothing else ever becomes 1. Ctrl-C
ends every subcommand with status 130.

Anything else that goes wrong, with the input, the output or the machine, is one line on standard
error and exit status 2. Control characters in a trace or a path are printed as escapes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


def complain(error: str) -> None:
    """One line on standard error, if there is one."""
    if sys.stderr is not None:
        print(f"error: {printable(error)}", file=sys.stderr)


def printable(text: str) -> str:
    """The text with what is no printable character written as an escape; lines stay lines."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text)


def _escaped(c: str) -> str:
    return c.encode("unicode_escape", "surrogatepass").decode("ascii")


def guarded(command: Callable[[], int]) -> int:
    """The exit status of the command, also if it fails or what it printed cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = command()
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        if sys.stderr is not None:
            with suppress(OSError):
                print("stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away: nothing is left to say
        _silence(sys.stdout)
        return 2
    except MemoryError:
        return _failed("there is not enough memory; allow more, or check fewer runs at once")
    except ChildProcessError as error:
        return _failed(error.strerror or str(error))
    except OSError as error:
        _silence(sys.stdout)
        where = os.fsdecode(error.filename) if error.filename else "standard output"
        return _failed(f"{where}: {error.strerror or error}; make room, or write elsewhere")
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        return _failed(f"no verdict, since the checker failed ({what}); please report it")


def _failed(what: str) -> int:
    try:
        complain(what)
    except OSError:
        _silence(sys.stderr)
    return 2


def _silence(stream: TextIO | None) -> None:
    """Let what is still to be flushed go nowhere, or Python would end with a status of its own."""
    if stream is not None and any(stream is x for x in (sys.__stdout__, sys.__stderr__)):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
