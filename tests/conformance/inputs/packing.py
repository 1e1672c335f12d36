"""Runs packed in the ways in which `conformance check` takes them."""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from random import Random

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    # Without the time: names of tests have some of these bytes, and all workers must find the same.
    ".gz": partial(gzip.compress, mtime=0),
    ".zst": zstd.compress,
}


def tar_of(members: Iterable[tuple[tarfile.TarInfo | str, bytes]]) -> bytes:
    """An archive of the members in this order; a string is the name of a regular file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for member, content in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.isreg():
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def tar_of_folder(folder: Path, prefix: str = "") -> bytes:
    return tar_of((prefix + path.name, path.read_bytes()) for path in sorted(folder.iterdir()))


def one_file_of_folder(folder: Path, seed: int = 1) -> bytes:
    """The lines of all files, those of each in their order, and those of several mixed."""
    files = {p.name: p.read_bytes().splitlines(keepends=True) for p in sorted(folder.iterdir())}
    random, lines = Random(seed), []
    while left := [name for name, rest in files.items() if rest]:
        lines.append(files[random.choice(left)].pop(0))
    return b"".join(lines)
