"""The verdict for all keys of a history, in words, with a drawing of what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.linearizability import drawing, history
from tests.linearizability.wgl import check


class Verdict(NamedTuple):
    """Of a whole history."""

    ok: bool | None
    """None: of some key it was not decided."""
    text: str


def judge(paths: Iterable[Path], drawn: Path | None = None) -> Verdict:
    """Check the history in the files; draw the first key that is wrong into `drawn`. Raises
    `ValueError` for what is no history."""
    operations = history.read(paths)
    undecided = []
    for key, own in history.by_key(operations):
        found = check(own)
        if found.ok is False:
            if drawn:
                drawing.draw(key, found, drawn)
            return Verdict(False, f"not linearizable: {drawing.why(key, found)}")
        if found.ok is None:
            undecided.append(f"key {key}: not decided within {found.steps} steps")
    if undecided:
        return Verdict(None, "; ".join(undecided))
    told = sum(one.answer is not None for one in operations)
    return Verdict(True, f"linearizable ({len(operations)} operations, {told} with an answer)")
