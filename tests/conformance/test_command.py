"""What the `conformance` command says of input that it cannot use: one line, and status 2."""

from __future__ import annotations

import pytest

from conformance.cli import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: COMMAND (`conformance --help` tells more)"),
        (["cheque"], "invalid choice: 'cheque'"),
        (["check"], "required: RUN_DIR (`conformance check --help` tells more)"),
        (["check", "--fast", "runs"], "unrecognized arguments: --fast"),
        (["check", "--assume", "max_batch=0", "runs"], "or max_batch=N"),
        (["explain"], "required: RUN_DIR (`conformance explain --help` tells more)"),
        (["spec", "--jobs", "0"], "0 is not a whole number above 0"),
        (["spec-distributed"], "required: --model"),
        (["spec-growth", "--limit", "soon"], "invalid float value: 'soon'"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    _one_line(words, capsys)


@pytest.mark.parametrize("command", ["check", "explain"])
def test_no_run(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "/nowhere"]) == 2
    _one_line("/nowhere: does not exist", capsys)


def _one_line(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert line.startswith("error: ")
    assert words in line
    assert shown.out == ""
