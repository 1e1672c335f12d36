"""The schedules for nodes with all roles over TCP find the bugs, and nothing in a correct log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.replay.run_folder import check_run
from tests.conformance.relay.test_command import HERE, SCHEDULES, relay
from tests.leftovers import processes_of
from tests.paths import ROOT

NODES = ["--nodes", str(HERE / "all_roles.yaml")]
FOUND = {  # the log's bug: the schedule that finds it, and the rule that the checker names
    "accepts-any-ballot": ("late-accepts", "Phase2b.promise"),
    "promise-not-kept": ("leader-restarts", "Recover.promise"),
}


@pytest.mark.parametrize("name", sorted(path.stem for path in SCHEDULES.glob("nodes/*.yaml")))
def test_a_correct_log_conforms_under_every_schedule(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ended = relay(SCHEDULES / "nodes" / f"{name}.yaml", *NODES, "--folder", folder)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stdout
    verdict = check_run(folder)
    assert (verdict.kind, verdict.notes) == ("conforms", ()), verdict.violation
    assert processes_of(folder) == []


@pytest.mark.parametrize("bug", FOUND)
def test_a_schedule_finds_each_bug(bug: str, tmp_path: Path) -> None:
    schedule, rule = FOUND[bug]
    path, folder = SCHEDULES / "nodes" / f"{schedule}.yaml", tmp_path / "run"
    relay(path, *NODES, "--folder", folder, bug=bug)
    violation = check_run(folder).violation
    assert violation is not None and violation.name == rule
    assert rule in path.read_text(encoding="utf-8"), "the schedule says what it finds"


def test_the_page_says_which_schedule_finds_which_bug() -> None:
    page = (ROOT / "docs" / "relay.md").read_text(encoding="utf-8")
    log = (HERE / "all_roles.py").read_text(encoding="utf-8")
    assert set(FOUND) == set(re.findall(r'bug [!=]= "([a-z-]+)"', log))
    for bug, (schedule, rule) in FOUND.items():
        words = (f"nodes/{schedule}", rule, bug)
        assert any(all(f"`{word}`" in line for word in words) for line in page.splitlines()), bug
    assert {path.stem for path in SCHEDULES.glob("nodes/*.yaml")} == {s for s, _ in FOUND.values()}
