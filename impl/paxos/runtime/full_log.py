"""Write a write-ahead log of SQLite to its full size before it is needed.

A commit into a file that grows must make its size durable too, and with it what the file system has
under way for everybody's files (traces, outputs). One that overwrites forces only its own bytes.
"""

import os
from pathlib import Path

HEAD_BYTES, PAGE_HEAD_BYTES = 32, 24
"""Of the log, and of each page in it: https://sqlite.org/fileformat2.html#walformat"""

AT_A_TIME_BYTES = 1 << 20

SPARE = 4
"""It is done where it takes no more than one part in so many of what the disk has free."""


def fill_log(log: Path, pages: int, page_bytes: int) -> None:
    """Write zeros after what is in `log` until there is room for `pages`, and force them to disk.
    SQLite may have it open: it reads nothing beyond the pages that it has written, and to who
    opens it later zeros are no page, as they have not the checksum of one. Where the disk has
    little room nothing is done, and the log grows. Raises `OSError`."""
    full = HEAD_BYTES + pages * (PAGE_HEAD_BYTES + page_bytes)
    fd = os.open(log, os.O_RDWR)
    try:
        size = os.fstat(fd).st_size
        disk = os.fstatvfs(fd)
        if size >= full or (full - size) * SPARE > disk.f_bavail * disk.f_frsize:
            return
        while size < full:
            size += os.pwrite(fd, bytes(min(full - size, AT_A_TIME_BYTES)), size)
        os.fsync(fd)
    finally:
        os.close(fd)
