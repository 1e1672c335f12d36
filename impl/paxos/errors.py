"""How the program ends badly: two errors, and what the machine may not give. Each becomes one line
on standard error. To an application in the same process some of them have types of their own."""

import errno

__all__ = [
    "ApplicationError",
    "ClosedError",
    "DiscardedError",
    "ForkedError",
    "Full",
    "InputError",
    "NotKnownError",
    "PlaceForgottenError",
    "ResultForgottenError",
    "RunError",
]

INTERRUPTED = 130
"""The exit status of every command that Ctrl-C has ended, whatever else it has said: 128 and the
number of SIGINT, as shells have it."""


class InputError(Exception):
    """What the user gave cannot be used: a configuration, an option, a file, an address. The text
    says what and where, and what to do. Exit status 2."""


class RunError(Exception):
    """Something failed while running: a full disk, a closed pipe, a run that did not finish. Exit
    status 1."""


class NotKnownError(RunError, TimeoutError):
    """A value is not known to be delivered: its client stopped waiting. It may be delivered, now or
    later; broadcast again, it would be another value, and may be delivered too."""


class PlaceForgottenError(RunError):
    """A value is delivered, and its place in the order is not known any more: the learner that told
    it was not heard, and when it was asked again it had forgotten."""


class ResultForgottenError(RunError):
    """A value is delivered, and what came of it is not known at the replica that has broadcast it:
    that has gone on from a snapshot that has the value."""


class DiscardedError(RunError):
    """A value in parts will not be delivered: learners have discarded it. The text says why."""


class Full(RunError):
    """A client has as many values outstanding as it may have, and none was delivered in time; or
    as many reads wait at a learner as may."""


class ReadTimeoutError(RunError, TimeoutError):
    """A read was not done in time; the text says what it waits for. It may be tried again."""


class ClosedError(RunError):
    """A client or learner was used after it was closed, or had failed; the text says which."""


class ForkedError(RunError):
    """A client or learner was used in a process that was forked from the one that made it. Its
    threads are not there. Make it after the fork."""


class ApplicationError(RunError):
    """What the application does with a delivered value has failed. `__cause__` is why."""


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
