"""What both judges say of runs recorded from small implementations that are not from here.

Two are correct, once the headers say what they do otherwise; two have a bug.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.agreement import agree
from conformance.replay.report import explain
from conformance.replay.run_folder import check_run
from conformance.tlcjudge.validator import judge
from conformance.trace.reader import open_run
from tests.paths import ROOT

RUNS = ROOT / "tests" / "data" / "implementations"
KEPT = "  service   Agreement, Integrity, TotalOrder held in all events"

# run: the rule that its first violation is of, and what the report says besides
VIOLATIONS: dict[str, tuple[str, list[str]]] = {
    "per-instance-promises": ("Phase1b.promise", ['"promise_scope": "instance"', KEPT]),
    "synod-learners-count": ("Learn.decided", ["a Decide of ballot (1, 2)", KEPT]),
    "learns-from-one": ("Learn.quorum", ["at learner-2.1.ndjson:13", KEPT]),
    "counts-others-promises": (
        "Phase2a.promises",
        [
            "none of [1, 3]; acceptor 1 had promised others (1, 1) there; "
            "acceptor 3 had promised others (1, 1) there",
            "  again     Phase2a.promises: 5 events more",
            "  further   Phase2b.promise: ",
            KEPT,
        ],
    ),
}
CORRECT: dict[str, dict[str, Any]] = {  # what the constants of the headers have to say
    "per-instance-promises": {"promise_scope": "instance"},
    "synod-learners-count": {"direct_learning": True},
}


@pytest.fixture
def corrected(tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        for path in (RUNS / name).glob("*.ndjson"):
            header, rest = path.read_text().split("\n", 1)
            whole = json.loads(header)
            whole["constants"] |= CORRECT[name]
            (tmp_path / path.name).write_text(f"{json.dumps(whole)}\n{rest}")
        return tmp_path

    return copy


@pytest.mark.parametrize("name", VIOLATIONS)
def test_its_first_violation_is_named_and_what_held_all_the_same(name: str) -> None:
    rule, words = VIOLATIONS[name]
    verdict = check_run(RUNS / name)
    assert verdict.violation is not None and verdict.violation.name == rule
    report = explain(name, verdict)
    assert [part for part in words if part not in report] == []


@pytest.mark.parametrize("name", CORRECT)
def test_it_conforms_where_the_headers_say_what_it_does(
    name: str, corrected: Callable[[str], Path]
) -> None:
    verdict = check_run(corrected(name))
    assert (verdict.kind, verdict.notes) == ("conforms", ())


@pytest.mark.tlc
def test_both_judges_say_the_same(corrected: Callable[[str], Path], tmp_path: Path) -> None:
    folders = [RUNS / name for name in VIOLATIONS] + [corrected("per-instance-promises")]
    found = judge([open_run(folder) for folder in folders])
    verdicts = [check_run(folder) for folder in folders]
    assert [v.kind for v in verdicts] == ["violation"] * 4 + ["conforms"]
    assert all(agree(*pair) for pair in zip(verdicts, found, strict=True))


@pytest.mark.tlc
def test_both_judges_take_learners_of_one_value_that_count(
    corrected: Callable[[str], Path],
) -> None:
    folder = corrected("synod-learners-count")
    [found] = judge([open_run(folder)])
    assert found.rejection is None and agree(check_run(folder), found)
