"""Reading a run: what is legal, what is not and is said in one line, and the merge order."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.cli.main import main
from conformance.replay.run_folder import check_run
from conformance.trace import reader
from conformance.trace.reader import TraceError, TraceFile, open_run
from tests.conformance.good_runs import plain, synod
from tests.conformance.scenario import START, Scenario
from tests.paths import TRACES

VICTIM = "acceptor-1.1.ndjson"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return plain(1).write(tmp_path / "run")


@pytest.mark.parametrize(("kept", "passes"), [(reader.KEPT, 1), (0, 3)])
def test_a_short_run_is_read_once_however_often_it_is_gone_through(
    kept: int, passes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "KEPT", kept)
    read: Counter[str] = Counter()
    rows = TraceFile._rows

    def counted(self: TraceFile) -> Iterator[reader.Row]:
        read[self.process] += 1
        return rows(self)

    monkeypatch.setattr(TraceFile, "_rows", counted)
    verdict = check_run(TRACES / "bad" / "propose_own_value_over_a_vote")
    assert verdict.kind == "violation"
    assert verdict.held is not None, "for which all of it is gone through once more"
    assert set(read.values()) == {passes}


def edit(path: Path, line: int, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change one line (1 is the header) as JSON."""
    lines = path.read_text().splitlines(keepends=True)
    value = json.loads(lines[line - 1])
    new = change(value)
    lines[line - 1] = json.dumps(value if new is None else new) + "\n"
    path.write_text("".join(lines))


def edit_raw(path: Path, line: int, new: bytes) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line - 1] = new
    path.write_bytes(b"".join(lines))


def setting(**new: Any) -> Callable[[dict[str, Any]], None]:
    return lambda value: value.update(new)


def without(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda value: value.pop(key) and None


BAD_LINES: list[tuple[str, int, Any, str]] = [
    ("not JSON", 3, b"{oops\n", "malformed"),
    ("empty line", 3, b"\n", "the line is empty"),
    ("not UTF-8", 3, b'{"event":"\xff\xfe"}\n', "utf-8"),
    ("deeply nested", 3, b"[" * 100_000 + b"\n", "3"),
    ("two on a line", 3, b'{"event":"Recover"}{"event":"Recover"}\n', "3"),
    ("a field too many", 3, setting(extra=1), 'no field "extra"'),
    ("a field missing", 3, without("instance"), "has no instance"),
    ("null", 3, setting(instance=None), "null"),
    ("float", 3, setting(instance=1.5), "float"),
    ("zero", 3, setting(instance=0), "instance is 0; instances are counted from 1"),
    ("too big", 3, setting(instance=2**64), "3"),
    ("unknown event", 3, setting(event="Phase3"), "Phase3"),
    ("a header inside", 3, setting(event="Header"), "Header"),
    ("another process", 3, setting(process="acceptor-2.1"), "this is the file of acceptor-1.1"),
    ("a gap in seq", 3, setting(seq=9), "seq is 9, but 2 comes next"),
    ("clock goes back", 3, setting(hlc=1), "hlc 1 is not above"),
    ("clock stands still", 3, setting(hlc=START + 40), "is not above"),
    ("not its role's", 3, lambda v: {**v, "event": "Decide", "quorum": [1, 2]}, "no action of"),
    ("other version", 1, setting(schema=2), "schema version 2, but this checker reads version 1"),
    ("no version", 1, without("schema"), "the header has no schema"),
    ("not a header", 1, setting(event="Phase1a"), "the first line is Phase1a, not Header"),
    ("header malformed", 1, b"nonsense\n", "no JSON"),
    ("other incarnation", 1, setting(incarnation=2), "that is not the acceptor-1.1"),
    ("other name", 1, setting(process="acceptor-2.1"), "that is not the acceptor-1.1"),
    ("other run", 1, setting(run="other"), "header's run differs"),
    ("other spec", 1, setting(spec="Synod"), "header's spec differs"),
    ("not in the cluster", 1, lambda v: v["cluster"].update(acceptors=[2]), "not in the cluster"),
    ("a cluster twice", 1, lambda v: v["cluster"].update(acceptors=[1, 1]), "names an id twice"),
    ("other constants", 1, lambda v: v["constants"].update(max_batch=2), "constants differs"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "line", "change", "words"), BAD_LINES, ids=lambda x: str(x)[:20])
def test_what_is_malformed_is_one_clear_line(
    name: str, line: int, change: Any, words: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (edit_raw if isinstance(change, bytes) else edit)(run / VICTIM, line, change)
    assert main(["check", str(run)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    (error,) = shown.err.splitlines()
    # Headers are compared with the first file's, so it may be the next file that differs.
    assert f"{VICTIM}:{line}: " in error or "differs" in error
    assert words.lower() in error.lower()
    assert "Traceback" not in error


def test_how_headers_differ_is_shown(run: Path) -> None:
    edit(run / "proposer-1.1.ndjson", 1, setting(run="other"))
    with pytest.raises(TraceError, match=r"header's run differs .*: other here, \S+ there"):
        open_run(run)
    shutil.rmtree(run)
    plain(1).write(run)
    edit(run / "proposer-1.1.ndjson", 1, lambda v: v["constants"].update(max_batch=7))
    with pytest.raises(TraceError, match=r'"max_batch":7.* here, .*"max_batch":1.* there'):
        open_run(run)


@pytest.mark.parametrize(
    "constant", [{"max_batch": 2}, {"prepare_ahead": True}, {"promise_scope": "instance"}]
)
def test_synod_has_one_instance_and_one_value(constant: dict[str, Any], tmp_path: Path) -> None:
    s = synod()
    s.constants = {**s.constants, **constant}
    with pytest.raises(TraceError, match="Synod has one instance and one value"):
        open_run(s.write(tmp_path))


def test_a_line_that_never_ends(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_LINE", 10_000)
    monkeypatch.setattr(reader, "CHUNK", 1_000)
    with (run / VICTIM).open("ab") as f:
        f.write(b" " * 20_000 + b"\n")
    with pytest.raises(TraceError, match=r"longer than 10000 bytes"):
        check_run(run)


def test_the_line_that_never_ends_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = (run / VICTIM).read_bytes().count(b"\n") + 1
    monkeypatch.setattr(reader, "MAX_LINE", 10_000)
    with (run / VICTIM).open("ab") as f:
        f.write(b" " * 20_000)
    with pytest.raises(TraceError, match=rf"{VICTIM}:{number}: the line is longer"):
        check_run(run)


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_chunks_do_not_matter(run: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    before = list(open_run(run).rows())
    monkeypatch.setattr(reader, "CHUNK", chunk)
    assert list(open_run(run).rows()) == before


def test_all_files_together_take_the_room_of_some(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lives a run has, no more than this is in memory."""
    before = list(open_run(run).rows())
    monkeypatch.setattr(reader, "CHUNKS", 1000)
    opened = open_run(run)
    assert (
        sum(file.chunk for file in opened.files) <= 1000 < sum(file.size for file in opened.files)
    )
    assert list(opened.rows()) == before


def test_what_is_written_meanwhile_is_not_looked_at(run: Path) -> None:
    """The run goes on while it is checked: the second reading sees what the first one saw."""
    opened = open_run(run)
    before = list(opened.rows())
    with (run / VICTIM).open("a") as f:
        f.write("what comes after\n")
    assert list(opened.rows()) == before


def test_what_cannot_be_read(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / VICTIM).unlink()
    (run / VICTIM).mkdir()
    assert main(["check", str(run)]) == 2
    assert "is no regular file" in capsys.readouterr().err


def test_folders(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    assert main(["check", str(tmp_path / "none")]) == 2
    assert main(["check", str(tmp_path / "file")]) == 2
    assert main(["check", str(tmp_path)]) == 2
    assert main(["check", str(tmp_path / "empty")]) == 2
    shown = capsys.readouterr()
    assert "does not exist" in shown.err
    assert "file: is empty; give a run folder" in shown.err
    assert "the runs are in folders below this one" in shown.err
    assert "unknown" in shown.out
    assert "no trace files" in shown.out
    shutil.copy(run / VICTIM, run / "acceptor-one.ndjson")
    with pytest.raises(TraceError, match=r"named role-id.incarnation.ndjson"):
        check_run(run)


def test_a_trace_in_a_folder_below_is_not_passed_over(run: Path) -> None:
    """Whatever else is in that folder."""
    (run / "more").mkdir()
    shutil.copy(run / VICTIM, run / "more" / "acceptor-9.1.ndjson")
    (run / "more" / "notes.txt").write_text("")
    with pytest.raises(TraceError, match="more: has traces too, which would not be read"):
        check_run(run)


def test_the_statistics_of_a_run_are_no_traces(run: Path) -> None:
    """Each process leaves them in a folder of their own, under its name."""
    (run / "stats").mkdir()
    for trace in list(run.glob("*.ndjson")):
        (run / "stats" / f"{trace.stem}.json").write_text("{}", encoding="utf-8")
    check_run(run)


def test_a_file_twice_under_two_names(run: Path) -> None:
    shutil.copy(run / VICTIM, run / "acceptor-1.2.ndjson")
    with pytest.raises(TraceError, match=r"acceptor-1\.2\.ndjson:1: the header says acceptor-1\.1"):
        check_run(run)


def test_a_torn_last_line_at_every_byte(run: Path) -> None:
    """A cut after a newline or inside a line is what a killed process leaves: never malformed. If
    the lost events were counted by others, that is a violation; else the run conforms."""
    whole = (run / VICTIM).read_bytes()
    used = whole.rindex(b"\n", 0, len(whole) - 1) + 1  # Decide counts the last line's vote
    kinds = set()
    for cut in range(len(whole)):
        (run / VICTIM).write_bytes(whole[:cut])
        verdict = check_run(run)
        kinds.add(verdict.kind)
        assert verdict.kind == "violation", (cut, used)
        torn = cut > 0 and whole[cut - 1 : cut] != b"\n"
        assert ("acceptor-1.1" in verdict.torn) == torn
    assert kinds == {"violation"}


def test_a_torn_line_that_nobody_needs(run: Path) -> None:
    with (run / VICTIM).open("ab") as f:
        f.write(b'{"event":"Phase2b","process"')
    verdict = check_run(run)
    assert verdict.kind == "conforms"
    assert verdict.torn == ("acceptor-1.1",)


def test_a_line_lost_in_the_middle_is_malformed(run: Path) -> None:
    path = run / "proposer-1.1.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    for k in range(1, len(lines) - 1):
        path.write_bytes(b"".join(lines[:k] + lines[k + 1 :]))
        with pytest.raises(TraceError, match=r"lines are lost or moved"):
            check_run(run)


def test_only_headers_is_unknown(run: Path) -> None:
    for path in run.glob("*.ndjson"):
        path.write_bytes(path.read_bytes().partition(b"\n")[0] + b"\n")
    assert check_run(run).kind == "unknown"
    for path in run.glob("*.ndjson"):
        path.write_bytes(b"")
    assert check_run(run).kind == "unknown"


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["1.1", "2.1"])), min_size=1))
def test_the_merge_is_by_clock_then_process_then_seq(
    tmp_path_factory: pytest.TempPathFactory, ticks: list[tuple[int, str]]
) -> None:
    s = Scenario("merge")
    clocks: dict[str, int] = {}
    for tick, learner in ticks:
        process = f"learner-{learner}"
        clocks[process] = clocks.get(process, 0) + tick
        s.lines.append({"event": "Recover", "process": process, "hlc": clocks[process]})
    directory = tmp_path_factory.mktemp("merge")
    rows = [row[:3] for row in open_run(s.write(directory)).rows()]
    assert rows == sorted(rows)
    assert len(rows) == len(ticks)
