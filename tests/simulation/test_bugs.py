"""Planted bugs: the checker must reject each, by the rule that it breaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.replay.report import explain
from tests.simulation.bugs import BUGS, Bug
from tests.simulation.scenario import Scenario, run

SEEDS = range(40)
"""Runs within which a bug must show; they are the same every time."""

STORM = Scenario(
    loss=0.2,
    duplicate=0.2,
    slowest_s=0.05,
    crashes=[("acceptor", 1), ("proposer", 1), ("acceptor", 2), ("proposer", 2), ("acceptor", 3)],
    cuts=[("proposer", 1), ("proposer", 2), ("proposer", 3), ("proposer", 1)],
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.make.__name__)
def test_the_checker_rejects(bug: Bug) -> None:
    for seed in SEEDS:
        scenario = replace(STORM, seed=seed, **bug.settings)
        verdict = run(scenario, {bug.role: bug.make}).checker.finish()
        if verdict.kind != "conforms":
            assert verdict.violation is not None
            said = explain("planted", verdict)
            assert verdict.violation.name in bug.rejected_by, f"seed {seed}\n{said}"
            return
    pytest.fail(f"{len(SEEDS)} runs with the bug conform")


@pytest.mark.parametrize("settings", [{}, {"direct_learning": True}, {"prepare_ahead": True}])
def test_the_same_runs_without_a_bug_conform(settings: dict[str, Any]) -> None:
    for seed in SEEDS[:10]:
        scenario = replace(STORM, seed=seed, **settings)
        run(scenario).assert_conforms()
