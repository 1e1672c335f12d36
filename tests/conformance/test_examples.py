"""The example traces: each good one conforms, each bad one is rejected by the rule it is for."""

from __future__ import annotations

import filecmp
import re
from pathlib import Path

import pytest
import yaml

from conformance.cli.main import main
from conformance.replay.checker import SPECS
from conformance.replay.run_folder import check_run
from conformance.trace.reader import CHECKS, TraceError
from tests.conformance import generate
from tests.conformance.bad_files import BROKEN, UNTRIED
from tests.conformance.bad_runs import BAD
from tests.conformance.good_runs import GOOD
from tests.paths import TRACES

EXPECTED = yaml.safe_load((TRACES / "bad" / "expected.yaml").read_text())


@pytest.mark.parametrize("name", sorted(GOOD))
def test_good_traces_conform(name: str) -> None:
    verdict = check_run(TRACES / "good" / name)
    assert verdict.kind == "conforms", verdict
    assert verdict.events > 10


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_bad_traces_are_rejected_by_their_rule(name: str) -> None:
    expected = EXPECTED[name]
    if expected["verdict"] == "error":
        with pytest.raises(TraceError, match=re.escape(f"[{expected['check']}]")):
            check_run(TRACES / "bad" / name)
        return
    verdict = check_run(TRACES / "bad" / name)
    assert verdict.kind == expected["verdict"], verdict
    if verdict.violation is None:
        assert expected["missing"] in verdict.reason
        return
    v = verdict.violation
    assert v.name == expected["rule"]
    assert f"{v.process}.ndjson:{v.event.seq + 1}" == expected["event"]


def test_every_bad_run_is_kept() -> None:
    assert set(BAD) < set(EXPECTED)
    assert {p.name for p in (TRACES / "bad").iterdir() if p.is_dir()} == set(EXPECTED)


@pytest.mark.parametrize("spec", SPECS)
def test_every_guard_is_violated_by_an_example(spec: str) -> None:
    """A guard that no example violates may as well not be there."""
    guards = {f"{a.name}.{g.name}" for a in SPECS[spec].actions.values() for g in a.guards}
    guards |= {life.name for life in SPECS[spec].incarnations}
    violated = {rule for rule, _ in BAD.values()}
    assert guards - violated == set()


def test_every_check_of_files_is_violated_by_an_example() -> None:
    assert {check for check, _ in BROKEN.values()} == set(CHECKS) - UNTRIED


def test_an_acceptor_of_a_synod_comes_back_under_the_same_guards() -> None:
    """Most examples of Recover are of a log; tests/graph leaves out guards of all other actions."""
    log, synod = ([g.name for g in SPECS[s].actions["Recover"].guards] for s in SPECS)
    assert [*synod, "new trim"] == log


def test_what_is_kept_is_what_the_generator_writes(tmp_path: Path) -> None:
    generate.write_all(tmp_path)
    for part in ("good", "bad"):
        _same(filecmp.dircmp(tmp_path / part, TRACES / part, ignore=[]))


def _same(found: filecmp.dircmp[str]) -> None:
    assert not (found.left_only or found.right_only), (
        found.left,
        found.left_only,
        found.right_only,
    )
    _, different, errors = filecmp.cmpfiles(
        found.left, found.right, found.common_files, shallow=False
    )
    assert not (different or errors), (found.left, different, errors)
    for sub in found.subdirs.values():
        _same(sub)


def test_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, lost = (
        str(TRACES / p) for p in ("good/plain", "bad/vote_for_nothing", "bad/lost_acceptor")
    )
    assert main(["check", good]) == 0
    assert "conforms" in capsys.readouterr().out
    assert main(["check", good, bad]) == 1
    out = capsys.readouterr().out
    assert "conforms" in out
    assert "Phase2b.proposed" in out
    assert main(["check", good, lost]) == 2
    assert "no trace file of acceptor 1" in capsys.readouterr().out
    assert main(["check", lost, bad, good]) == 1  # a violation outweighs an unknown
    capsys.readouterr()
    assert main(["check", "--quiet", good, bad, lost]) == 1
    *lines, total = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert total == "3 runs: 1 conform, 1 in violation, 1 unknown; judged by the core"
