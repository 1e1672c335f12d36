"""The key that the processes of a cluster share, from a file that only they can read.

With a key every datagram carries a tag that only its holders can make (`paxos.runtime.envelope`).
The key itself is never written anywhere: configurations, traces and logs have the file's name.
"""

import os
import stat
from hashlib import blake2b

from paxos.config import is_loopback
from paxos.errors import InputError, reason

MIN_BYTES, MAX_BYTES = 16, 4_096
"""A shorter key can be guessed; a longer file is not a key, but something else by mistake."""


def read_key(path: str | None) -> bytes | None:
    """The key of the file at `path`, 32 bytes made of all that it holds; None: no file, no key.

    Raises `InputError` if the file cannot be read, is too short or too long, or if others than its
    owner may read or write it.
    """
    if path is None:
        return None
    try:
        # Not blocking: a pipe by mistake is to be refused, not waited for.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            content = file.read(MAX_BYTES + 1) if stat.S_ISREG(status.st_mode) else None
    except OSError as error:
        raise InputError(
            f"key file {path}: {reason(error)}; make one with "
            f"`head -c 32 /dev/urandom > {path} && chmod 600 {path}`"
        ) from error
    if content is None:
        raise InputError(f"key file {path}: expected a regular file")
    if status.st_mode & 0o077:
        raise InputError(
            f"key file {path}: others than its owner may use it (mode "
            f"{stat.S_IMODE(status.st_mode):04o}); run `chmod 600 {path}`"
        )
    if not MIN_BYTES <= len(content) <= MAX_BYTES:
        found = f"{len(content)} bytes" if len(content) <= MAX_BYTES else "more"
        raise InputError(
            f"key file {path}: expected {MIN_BYTES} to {MAX_BYTES} bytes, not {found}; make one "
            f"with `head -c 32 /dev/urandom > {path} && chmod 600 {path}`"
        )
    return blake2b(content, digest_size=32, person=b"paxos key").digest()


def exposure(key: bytes | None, interface: str) -> str | None:
    """What to say at the start if anybody on a network can speak in the name of any process."""
    if key is not None or is_loopback(interface):
        return None
    return (
        f"no key_file: whoever reaches the network of interface {interface} can speak in the name "
        "of any process and break every promise; set `key_file` in the configuration"
    )
