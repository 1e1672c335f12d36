"""`conformance report`: its verdict and exit status are those of `conformance check`; the file."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from conformance.cli.main import main
from tests.conformance.inputs.packing import tar_of_folder
from tests.paths import TRACES

RUNS = [
    folder
    for kind in ("good", "bad")
    for folder in sorted((TRACES / kind).iterdir())
    if folder.is_dir()
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_it_says_what_check_says(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["check", str(folder)])
    checked = capsys.readouterr()
    assert main(["report", str(folder), "-o", "page.html"]) == status
    reported = capsys.readouterr()
    assert reported.err == checked.err
    written = (tmp_path / "page.html").exists()
    assert reported.out == checked.out + ("  page      page.html\n" if written else "")
    assert written == (not reported.err and "there are no" not in checked.out)


@pytest.mark.parametrize("made", ["nothing", "an empty folder", "a folder of others", "no header"])
def test_what_is_no_run_gives_the_same_lines_as_check(
    made: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    if made != "nothing":
        folder.mkdir()
    if made == "a folder of others":
        (folder / "notes.txt").write_text("no trace")
    if made == "no header":
        (folder / "client-1.1.ndjson").write_text("")
    said = []
    for command in ("check", "report"):
        said.append((main([command, str(folder)]), capsys.readouterr()))
    assert said[0] == said[1]
    assert said[0][0] == 2
    assert not list(tmp_path.glob("*.html"))


def test_a_run_that_is_still_written_is_shown_as_far_as_it_got(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    shutil.copytree(TRACES / "good/plain", folder)
    with (folder / "learner-1.1.ndjson").open("a") as f:
        f.write('{"event":"Learn","proc')
    assert main(["report", str(folder)]) == 0
    assert "torn last line" in (tmp_path / "live.html").read_text()


def test_the_page_is_named_after_the_run(tmp_path: Path) -> None:
    packed = tmp_path / "some.tar.gz"
    packed.write_bytes(gzip.compress(tar_of_folder(TRACES / "good/plain")))
    shutil.copytree(TRACES / "good/plain", tmp_path / "run.2")
    assert main(["report", str(packed)]) == main(["report", "run.2"]) == 0
    assert sorted(p.name for p in tmp_path.glob("*.html")) == ["run.2.html", "some.html"]


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--around", "500"], "there is no event 500; the run has 72 events"),
        (["--around", "x"], "'x' names no event; give its number, such as 120, or its file"),
        (["--instances", "9..3"], "'9..3' names no instances; give one, 12, or a range"),
        (["--output", "no/such/folder.html"], "no/such/folder.html: No such file or directory"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(
    options: list[str], wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(TRACES / "good/plain"), *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {wrong}") and error.count("\n") == 1
