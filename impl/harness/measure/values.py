"""The values that clients broadcast in a run: their files, and which of them count."""

from __future__ import annotations

from pathlib import Path

from paxos.errors import InputError, reason

WARM_UP = 0.2
"""At full speed, the share of a run's values that is delivered before its rate is taken."""

CHUNK = 10_000
"""Values written at a time, ..."""
CHUNK_BYTES = 16 << 20
"""... and bytes of them, about."""


def value_file(path: Path, client: int, count: int, size: int) -> Path:
    """Write `count` values of `size` bytes each, all different from one another and from those of
    other clients. Returns `path`. Raises `InputError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            some = max(1, min(CHUNK, CHUNK_BYTES // size))
            for first in range(1, count + 1, some):
                numbers = range(first, min(first + some, count + 1))
                lines = [(b"%d.%d " % (client, n)).ljust(size, b".") for n in numbers]
                file.write(b"\n".join(lines) + b"\n")
    except OSError as error:
        raise InputError(f"values {path}: {reason(error)}") from error
    return path
