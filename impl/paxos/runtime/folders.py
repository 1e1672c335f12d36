"""Making durable which files a folder has: forcing a file to disk does not do that."""

import os
from contextlib import suppress
from itertools import pairwise
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make durable which files are in it. Raises `OSError`."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_names(folder: Path) -> None:
    """Make durable that the folder is there, and those that it is in: they may have been made just
    now, and not all of them here. One that may not be read was not made by this user."""
    for inner, outer in pairwise([folder, *folder.parents]):
        if inner.is_mount():
            break
        with suppress(PermissionError):
            sync_folder(outer)
