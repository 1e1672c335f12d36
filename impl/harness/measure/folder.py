"""What a run folder says: the checker's verdict, and what the processes counted."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from conformance.replay.report import explain, summary
from conformance.replay.run_folder import judge
from conformance.trace.reader import TraceError, open_run
from harness.measure import run_pages
from harness.measure.latency import Latency, merge
from paxos.core.names import pattern_of
from paxos.errors import RunError, reason


class RunFolders:
    """The run folders below a folder, numbered. Those of runs that went well are removed."""

    def __init__(self, out: Path, *, keep: bool) -> None:
        self._folder = out / "runs"
        self._keep = keep
        self._made = 0

    def new(self, name: str, digits: int) -> Path:
        """The next one, `0001` or `001-name`. It is not made, and what was there is gone."""
        self._made += 1
        folder = self._folder / f"{self._made:0{digits}}{name}"
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    def done(self, folder: Path, *, conforms: bool) -> None:
        """A run has ended: remove its folder, unless it is to be kept or to be looked at."""
        if conforms and not self._keep:
            shutil.rmtree(folder)


class Checked(Struct):
    """The checker's verdict on the traces of a run."""

    conforms: bool
    verdict: str
    """In words: one line if it conforms."""
    events: int
    seconds: float
    """What the check took."""
    page: str = ""
    """The page that shows the run, from the folder of the measurement; empty: there is none."""

    @property
    def events_per_s(self) -> float:
        """How fast it was."""
        return self.events / max(self.seconds, 1e-9)


def check(run_dir: Path, out: Path) -> Checked:
    """Have the traces of a run checked, and its page written below `out`, the folder of the
    measurement. Raises `RunError` if that cannot be written."""
    began_s = time.monotonic()
    try:
        run = open_run(run_dir)
        verdict = judge(run)
    except (TraceError, ValueError) as error:
        return Checked(False, str(error), 0, time.monotonic() - began_s)
    conforms = verdict.kind == "conforms"
    text = summary(str(run_dir), verdict) if conforms else explain(str(run_dir), verdict)
    seconds = time.monotonic() - began_s
    try:
        page = run_pages.show(run, verdict, run_dir.name, out)
    except OSError as error:
        raise RunError(f"folder {out}: {reason(error)}") from error
    return Checked(conforms, text.partition(": ")[2], verdict.events, seconds, page)


def stats_of(run_dir: Path, role: str = "*") -> Iterator[dict[str, Any]]:
    """What each process of a role counted, as it left it (see `paxos.runtime.stats`)."""
    for path in sorted((run_dir / "stats").glob(f"{pattern_of(role)}.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def latency_of(run_dir: Path) -> Latency:
    """From broadcast to what the clients heard of the delivery, all clients together."""
    return merge(
        Latency([(up_to_us, count) for up_to_us, count in stats["latency"]["buckets"]])
        for stats in stats_of(run_dir, "client")
    )
