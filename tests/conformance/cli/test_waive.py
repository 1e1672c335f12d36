"""What `conformance check` lets pass, and what it asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cli.main import main
from tests.conformance.replay.test_further import many
from tests.paths import TRACES


def test_what_is_waived_is_no_violation_and_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = TRACES / "bad" / "promise_below_promise"
    assert main(["check", "-q", str(bad)]) == 1
    assert main(["check", "-q", "--waive", "Phase1b.promise", str(bad)]) == 0
    assert "(waived: Phase1b.promise;" in capsys.readouterr().out
    out = tmp_path / "verdict.json"
    command = ["check", "--waive", "Phase1b.promise", "--format", "json", "--output", str(out)]
    assert main([*command, "--jobs", "2", str(bad), str(TRACES / "good" / "plain")]) == 0
    judged = json.loads(out.read_text())["runs"]
    assert [run.get("waived") for run in judged] == [["Phase1b.promise"], None]


@pytest.mark.parametrize("rule", ["Agreement", "Phase1b.promises", "nonsense"])
def test_only_guards_are_waived(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--waive", rule, str(TRACES / "good" / "plain")])
    assert ended.value.code == 2
    assert f"{rule!r} is no guard" in capsys.readouterr().err


def test_tlc_waives_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run = str(TRACES / "good" / "plain")
    assert main(["check", "--tlc", "--waive", "Phase1b.promise", run]) == 2
    assert "leave out --tlc" in capsys.readouterr().err


def test_what_is_required_must_have_happened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (TRACES / "good" / "plain").iterdir():
        lines = path.read_text().splitlines(keepends=True)
        kept = [line for line in lines if '"event":"Header"' in line or "client" in path.name]
        (tmp_path / path.name).write_text("".join(kept))
    assert main(["check", str(tmp_path)]) == 0
    assert "; nothing was proposed; nothing was learned)" in capsys.readouterr().out
    for what in ("proposed", "learned"):
        assert main(["check", "--require", what, str(tmp_path)]) == 2
        said = capsys.readouterr().out
        assert f"unknown: nothing was {what}, and --require asks for it; judged by the core" in said
        assert main(["check", "--require", what, str(TRACES / "good" / "plain")]) == 0


def test_further_kinds_are_findings(tmp_path: Path) -> None:
    out = tmp_path / "verdict.json"
    run = many().write(tmp_path / "run")
    assert main(["check", "--format", "json", "--output", str(out), str(run)]) == 1
    [judged] = json.loads(out.read_text())["runs"]
    rules = [(finding["rule"], finding.get("count", 1)) for finding in judged["findings"]]
    assert rules[0] == ("Phase2b.promise", 1)
    assert ("Learn.quorum", 2) in rules
    assert all(finding["place"]["line"] > 1 for finding in judged["findings"])
