"""How the program ends badly: two errors, and what the machine may not give. Each becomes one line
on standard error."""

import errno

__all__ = ["InputError", "RunError"]

INTERRUPTED = 130
"""The exit status of every command that Ctrl-C has ended, whatever else it has said: 128 and the
number of SIGINT, as shells have it."""


class InputError(Exception):
    """What the user gave cannot be used: a configuration, an option, a file, an address. The text
    says what and where, and what to do. Exit status 2."""


class RunError(Exception):
    """Something failed while running: a full disk, a closed pipe, a run that did not finish. Exit
    status 1."""


_HINTS = {
    errno.EMFILE: "`ulimit -n` limits them",
    errno.ENFILE: "the whole machine has no more; fs.file-max limits them",
    errno.ENOMEM: "`ulimit -v`, or the container, limits it",
    errno.EAGAIN: "`ulimit -u`, or the container's pids.max, limits processes and threads",
}
"""What to look at where the system's own words do not say it."""


def reason(error: OSError) -> str:
    """What the system says is wrong, in its words, and where a limit was met, which one."""
    text = error.strerror or str(error)
    hint = _HINTS.get(error.errno or 0)
    return f"{text} ({hint})" if hint else text


def shortage(error: BaseException) -> str | None:
    """What the machine has not enough of, in a line, if that is what `error` means."""
    if isinstance(error, MemoryError):
        return "out of memory; `ulimit -v`, or the container, limits it"
    text = str(error)
    if isinstance(error, RuntimeError) and "can't start new thread" in text:
        return (
            "no more threads; `ulimit -u`, the container's pids.max, or memory (`ulimit -v`) "
            "limits them"
        )
    if isinstance(error, ImportError) and ("failed to map" in text or "annot allocate" in text):
        return "out of memory while loading the program; `ulimit -v`, or the container, limits it"
    if isinstance(error, OSError) and error.errno in _HINTS:
        return reason(error)
    return None
