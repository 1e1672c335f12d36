"""The files of a run folder: which of them are traces, and which look like traces and are none.

What has another name than a trace's is read too, if it is text: what is in it is wrong as well, or
it would not be missed.
"""

from __future__ import annotations

import json
from pathlib import Path

from conformance.lint.finding import Findings, Place
from conformance.trace.mistakes import NAME as PROCESS
from conformance.trace.reader import LIKE_A_TRACE, LIKE_A_TRACE_BELOW, MAX_FILES, NAME, TraceError
from conformance.trace.schema import EVENTS

COMPRESSED = {
    **{".gz": "gunzip", ".bz2": "bunzip2", ".xz": "unxz", ".zst": "unzstd", ".zip": "unzip"},
    **{".lz4": "unlz4", ".tgz": "tar xzf", ".tar": "tar xf"},
}
PEEK = 1 << 16  # bytes of a file that are looked at, to see whether it is a trace


def find_traces(directory: Path, findings: Findings) -> list[Path]:
    """The files to look into. Raises TraceError if there is nothing to read."""
    if not directory.is_dir():
        what = "is not a folder" if directory.exists() else "does not exist"
        todo = "give the folder that holds a run's *.ndjson files"
        raise TraceError(f"{directory}: {what}; {todo}")
    try:
        entries = sorted(directory.iterdir())
        found = [path for path in entries if _is_trace(path, findings)]
    except OSError as error:
        what = f"{error.filename}: cannot be read: {error.strerror}"
        raise TraceError(f"{what}; allow it, and ask again") from None
    if not found and not findings.kinds:
        todo = "a trace is a file role-id.incarnation.ndjson, as acceptor-1.1.ndjson"
        raise TraceError(f"{directory}: there are no traces in it; {todo}")
    if len(found) > MAX_FILES:
        what = f"{len(found)} trace files, more than {MAX_FILES}"
        findings.fault("too-many-files", Place(directory), what, "split the run")
    return found


def _is_trace(path: Path, findings: Findings) -> bool:
    at = Place(path)
    like = LIKE_A_TRACE.match(path.name) is not None
    if path.is_dir():
        if like:
            what = "is a folder, and named like a trace"
            findings.fault("not-a-file", at, what, "put the trace in its place, or rename it")
        elif any(LIKE_A_TRACE_BELOW.match(below.name) for below in path.iterdir()):
            what = "is a folder with traces in it, which would not be read"
            todo = "keep all files of a run in one folder; if each folder is a run, name these"
            findings.fault("folder-below", at, what, todo)
        return False
    if like and path.suffix.lower() in COMPRESSED:
        todo = f"decompress it: {COMPRESSED[path.suffix.lower()]} {path.name}"
        findings.fault("compressed", at, "the file is compressed", todo)
        return False
    if like and not path.is_file():
        findings.fault("not-a-file", at, "is no regular file", "put the trace in its place")
        return False
    if NAME.fullmatch(path.name):
        return True
    said = _said_in(path) if path.is_file() else None
    if not like and said is None:
        return False
    what = "the file is not named as a trace is, role-id.incarnation.ndjson, and would not be read"
    findings.fault("file-name", at, what, _better_name(path, said))
    return True


def _said_in(path: Path) -> dict[str, object] | None:
    """The first line of the file, if it is one of a trace."""
    with path.open("rb") as f:
        line = f.readline(PEEK)
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return found if found.get("event") in (*EVENTS, "Header") else None


def _better_name(path: Path, said: dict[str, object] | None) -> str:
    process = (said or {}).get("process")
    if isinstance(process, str) and PROCESS.fullmatch(process):
        return f"name it {process}.ndjson, for the process that its first line says"
    role, _, rest = path.name.partition("-")
    number, _, ending = rest.partition(".")
    if number == "0" or ending.startswith("0."):
        return "count ids and incarnations from 1: add 1 to each of yours"
    if number.isdecimal() and ending == "ndjson":
        return f"name it {role}-{number}.1.ndjson if it is of the first life of the process"
    return "name it as acceptor-1.1.ndjson: role, number from 1, and which life of it, from 1"
