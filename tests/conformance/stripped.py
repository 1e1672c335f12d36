"""A run as a writer leaves it that does not know everything: the same files with less in them."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def strip(run: Path, to: Path, omits: Collection[str], without: Collection[str] = ()) -> Path:
    """Write the run once more, without what `omits` names, and without the files of the roles in
    `without`."""
    to.mkdir(parents=True, exist_ok=True)
    files = {path: _read(path) for path in sorted(run.glob("*.ndjson"))}
    batches = {
        (tuple(line["ballot"]), line["instance"]): line["batch"]
        for lines in files.values()
        for line in lines
        if line["event"] == "Phase2a"
    }
    for path, lines in files.items():
        if path.name.partition("-")[0] in without:
            continue
        lines[0]["omits"] = sorted(omits)
        kept = [lines[0]]
        for line in lines[1:]:
            if line["event"] in omits:
                continue
            for name in omits:
                event, _, key = name.partition(".")
                if event == line["event"]:
                    line.pop(key, None)
            if line["event"] == "Phase2b" and "Phase2a" in omits:
                line["batch"] = batches[tuple(line["ballot"]), line["instance"]]
            kept.append({**line, "seq": len(kept)})
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in kept)
        (to / path.name).write_text(text, encoding="utf-8")
    return to


def _read(path: Path) -> list[Line]:
    whole, _, _torn = path.read_text(encoding="utf-8").rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]
