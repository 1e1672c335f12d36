"""One run: begin, let things go wrong, mend them, and judge what is left."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.cluster.processes import conformance, wait_for
from tests.jepsen.machines import REPLICAS, Machines
from tests.jepsen.nemesis import Nemesis, revive
from tests.linearizability import history
from tests.linearizability.judge import judge

DOUBT = 0.2
"""Of so many of the answers to their writes clients act as if they were lost, and ask again."""

MENDED_S = 40.0
"""How long all may take to be one cluster again."""


class Outcome(NamedTuple):
    """Of a run."""

    problems: list[str]
    text: str
    """In a line: how much was done, and what went wrong."""


def run(
    folder: Path,
    seed: int,
    seconds: float,
    bug: str = "",
    only: Sequence[str] = (),
    *,
    doubt: float = DOUBT,
    **settings: int,
) -> Outcome:
    """In an empty folder, where everything stays. `settings`: of the cluster."""
    problems: list[str] = []
    with Machines(folder, bug=bug, **settings) as machines:
        nemesis = Nemesis(machines, seed, lambda: _answered(folder), only)
        revive(machines, (n for n in REPLICAS if n != nemesis.late))
        with machines.ask("call", folder, seed, doubt, *machines.addresses) as clients:
            try:
                nemesis.run(seconds)
            finally:
                clients.terminate()
            if clients.wait(MENDED_S):
                problems.append("a client failed: see what it said on standard error")
        problems += _agree(machines)
        for number in REPLICAS:
            machines.processes[f"replica-{number}"].terminate()
            if status := machines.processes[f"replica-{number}"].wait(MENDED_S):
                problems.append(f"replica-{number} ended with status {status}")
        problems += _said(machines)
        try:
            conformance(machines.run_dir)
        except AssertionError as error:
            problems.append(f"traces: {error}")
    paths = _histories(folder)
    verdict = judge(paths, folder / "not-linearizable.svg")
    if not verdict.ok:
        problems.append(verdict.text)
    calls, answered = len(history.read(paths)), _answered(folder)
    return Outcome(problems, f"{answered} of {calls} calls answered; {'; '.join(nemesis.done)}")


def _histories(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.history"))


def _answered(folder: Path) -> int:
    return sum(path.read_bytes().count(b'"answer"') for path in _histories(folder))


def _agree(machines: Machines) -> list[str]:
    """Once all is mended: whether every replica answers, and all have the same keys. A write of
    which nothing was heard may still come, and is then heard by one before the others. Who has
    seen it sees it again, though: where all say twice what they differ in, they stay different.
    A replica that found its disk full may take a moment to end, and so is started again only here.
    """
    asked: list[tuple[str, dict[str, str]]] = []

    def agree() -> bool:
        return len(asked) == len(REPLICAS) and all(keys == asked[0][1] for _, keys in asked)

    def is_settled() -> bool:
        before = list(asked)
        revive(machines, REPLICAS)
        ended = machines.ask("look", machines.folder, *machines.addresses, stdout=subprocess.PIPE)
        said, _ = ended.communicate(timeout=MENDED_S)
        asked[:] = [json.loads(line) for line in said.splitlines()]
        return agree() or (len(asked) == len(REPLICAS) and asked == before)

    try:
        wait_for(is_settled, "agreement of all replicas", MENDED_S)
    except AssertionError as error:
        return [f"{error}: {asked}"]
    return [] if agree() else [f"replicas differ: {asked}"]


def _said(machines: Machines) -> list[str]:
    """What replicas must never say."""
    found = []
    for number in REPLICAS:
        text = machines.log(f"replica-{number}").read_text(encoding="utf-8")
        if "Traceback" in text:
            found.append(f"replica-{number}: {text[text.index('Traceback') :][:2000]}")
    return found
