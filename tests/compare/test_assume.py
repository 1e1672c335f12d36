"""The switches are real: a run made with an optimisation on violates the specification that has it
off, by the rule that the optimisation changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cli.main import main as conformance
from conformance.replay.run_folder import check_run
from conformance.trace.schema import Learn, Phase1a, Phase2a
from tests.cluster.processes import run

pytestmark = pytest.mark.multicast

OFF = ["--no-direct-learning", "--no-prepare-ahead", "--no-batching"]


def make_run(folder: Path, *switches: str) -> Path:
    (folder / "values").write_bytes(b"one\ntwo\nthree\nfour\n")
    ended = run("run", *switches, "--values", folder / "values", "--run-dir", folder / "run")
    assert ended.returncode == 0, ended.stderr
    assert check_run(folder / "run").kind == "conforms"
    return folder / "run"


@pytest.mark.parametrize("others", [OFF, []], ids=["alone", "with the others"])
@pytest.mark.parametrize(
    ("switch", "constant", "value", "rule", "event"),
    [
        ("--direct-learning", "direct_learning", False, "Learn.quorum", Learn),
        ("--prepare-ahead", "prepare_ahead", False, "Phase1a.prepare", Phase1a),
        ("--batching", "max_batch", 1, "Phase2a.batch", Phase2a),
    ],
)
def test_a_run_with_an_optimisation_violates_the_specification_without(
    tmp_path: Path,
    others: list[str],
    switch: str,
    constant: str,
    value: bool | int,
    rule: str,
    event: type,
) -> None:
    run_dir = make_run(tmp_path, *others, switch)
    verdict = check_run(run_dir, {constant: value})
    assert verdict.violation is not None
    assert verdict.violation.name == rule
    assert isinstance(verdict.violation.event, event)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_dir = str(make_run(tmp_path))
    assert conformance(["check", "--assume", "direct_learning=false", run_dir]) == 1
    assert "guard Learn.quorum" in capsys.readouterr().out
    assert conformance(["check", "-q", "--assume", "max_batch=999999", run_dir]) == 0
    for wrong in ("max_batch=0", "direct_learning=maybe", "turbo=true", "max_batch"):
        with pytest.raises(SystemExit) as stopped:
            conformance(["check", "--assume", wrong, run_dir])
        assert stopped.value.code == 2
    capsys.readouterr()


def test_a_synod_has_no_optimisation_to_assume(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = make_run(tmp_path, "--milestone", "synod")
    assert conformance(["check", "--assume", "prepare_ahead=true", str(run_dir)]) == 2
    assert "Synod has no optimisations" in capsys.readouterr().err
