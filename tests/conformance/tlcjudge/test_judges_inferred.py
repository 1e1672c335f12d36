"""TLC takes what was put into a run whose writers do not know everything, and refuses the same."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from random import Random
from typing import get_args

import pytest

from conformance.cli.agreement import agree
from conformance.replay.run_folder import check_run
from conformance.tlcjudge.validator import judge
from conformance.trace.reader import open_run
from conformance.trace.schema import Omission
from tests.conformance.stripped import strip
from tests.paths import TRACES

pytestmark = pytest.mark.tlc

OMISSIONS: tuple[str, ...] = get_args(Omission)
ACCEPTORS_ONLY = ("Broadcast", "Phase1a", "Phase2a")
BAD = (
    *("vote_below_promise", "promise_below_promise", "propose_no_op_over_a_vote"),
    *("deliver_a_duplicate", "deliver_in_another_order", "propose_altered_value"),
    *("propose_on_promises_of_an_older_ballot", "decide_before_the_votes"),
)


def stripped(folder: Path) -> list[Path]:
    runs: list[Path] = []

    def add(run: Path, omits: Collection[str], without: Collection[str] = ()) -> None:
        runs.append(strip(run, folder / str(len(runs)), omits, without))

    for run in sorted((TRACES / "good").iterdir()):
        draw = Random(run.name)
        # The order that fifo is about is in the broadcasts.
        may_omit = [what for what in OMISSIONS if (run.name, what) != ("fifo", "Broadcast")]
        for n in (1, 2, 3, len(may_omit)):
            add(run, draw.sample(may_omit, n))
        # What is trimmed, learners say.
        if run.name not in ("trim", "promises_per_instance", "fifo", "checkpoints"):
            add(run, ACCEPTORS_ONLY, ("proposer", "client", "learner"))
    for name in BAD:
        add(TRACES / "bad" / name, ["Phase1a.to", "Phase2a.quorum", "Learn.quorum"])
    return runs


def test_the_judges_agree(tmp_path: Path) -> None:
    runs = stripped(tmp_path)
    verdicts = [check_run(run) for run in runs]
    by_tlc = judge([open_run(run) for run in runs])
    good = len(runs) - len(BAD)
    assert {verdict.kind for verdict in verdicts[:good]} == {"conforms"}
    assert {verdict.kind for verdict in verdicts[good:]} == {"violation"}
    assert all(map(agree, verdicts, by_tlc))
