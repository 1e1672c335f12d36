"""A file that is there whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write the text as UTF-8. What was there before stays until all of it is on the disk.

    A device or a pipe is written to as it is, for it cannot be replaced. Raises OSError with the
    path as its `filename`.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            with path.open("wb", buffering=0) as f:
                _all(f.fileno(), data)
            return
        target = path.resolve()  # through a link: the file that it names is replaced, not the link
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
        try:
            with os.fdopen(handle, "wb", buffering=0) as f:
                os.fchmod(f.fileno(), 0o666 & ~_umask())
                _all(f.fileno(), data)
                os.fsync(f.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _umask() -> int:
    """The process's mask for new files, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
