"""Verdicts as JSON: written, read again, and merged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from conformance.formats.judgement import (
    SCHEMA_VERSION,
    Document,
    Judgement,
    Shard,
    Tool,
    document,
)

MAX_DOCUMENT_BYTES = 1 << 30
_decoder = msgspec.json.Decoder(Document)


class DocumentError(ValueError):
    """Files that are no verdicts, or that do not belong together. The message is one line."""


def write(verdicts: Document) -> str:
    text = msgspec.json.format(msgspec.json.encode(verdicts), indent=2).decode()
    return text + "\n"


def read(path: Path) -> Document:
    """The verdicts in a file of `conformance check --format json`. Raises DocumentError."""
    try:
        if path.stat().st_size > MAX_DOCUMENT_BYTES:
            raise DocumentError(
                f"{path}: is larger than {MAX_DOCUMENT_BYTES} bytes; merge fewer runs"
            )
        found = _decoder.decode(path.read_bytes())
    except OSError as error:
        raise DocumentError(
            f"{path}: cannot be read: {error.strerror}; name a file of verdicts"
        ) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        what = " ".join(str(error).split())
        raise DocumentError(
            f"{path}: is not what `conformance check --format json` writes ({what}); check again"
        ) from None
    if found.version != SCHEMA_VERSION:
        raise DocumentError(
            f"{path}: schema version {found.version}, but this is {SCHEMA_VERSION}; "
            "check and merge with one version"
        )
    return found


def merge(paths: Sequence[Path], tool: Tool, incomplete: bool = False) -> Document:
    """The runs of all documents, in order of their names.

    Raises DocumentError if a run stands in two documents; and unless it may be `incomplete`, if a
    shard is missing or there twice, or there is no run at all: that would be no evidence.
    """
    documents = {path: read(path) for path in paths}
    if not incomplete:
        _all_shards(documents)
    runs: dict[str, tuple[Path, Judgement]] = {}
    for path, found in documents.items():
        for run in found.runs:
            if run.run in runs:
                first = runs[run.run][0]
                raise DocumentError(f"{path}: {run.run} is in {first} too; merge each run once")
            runs[run.run] = path, run
    if not runs and not incomplete:
        raise DocumentError(f"{paths[0]}: there is no run in any of the files; nothing was judged")
    shard = documents[paths[0]].shard if len(documents) == 1 else None
    return document((runs[name][1] for name in sorted(runs)), tool, shard if incomplete else None)


def _all_shards(documents: dict[Path, Document]) -> None:
    """Each shard is there, once: a job of a matrix that did not run must not go unseen."""
    shards: dict[int, tuple[Path, Shard]] = {}
    for path, found in documents.items():
        if found.shard is None:
            continue
        first_path, first = shards.setdefault(found.shard.index, (path, found.shard))
        if first_path != path:
            raise DocumentError(f"{path}: is shard {first} like {first_path}; merge each once")
    sizes = {shard.of for _, shard in shards.values()}
    if len(sizes) > 1:
        parts = ", ".join(map(str, sorted(sizes)))
        raise DocumentError(
            f"{next(iter(documents))}: shards of different splits ({parts} parts); "
            "merge those of one"
        )
    for size in sizes:
        missing = [f"{k}/{size}" for k in range(1, size + 1) if k not in shards]
        if missing:
            raise DocumentError(
                f"{next(iter(documents))}: no file has shard {', '.join(missing[:10])}; "
                "see whether that job ended"
            )
