"""What `conformance lint` says of files, names, headers and clocks; and that it says it of all at
once, but of each kind only a few.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from conformance.cli.main import main
from conformance.lint import carried_clock, lines
from conformance.lint.finding import SHOWN_OF_A_KIND
from conformance.lint.linter import lint_run
from conformance.trace.header_mistakes import example_header
from tests.conformance.good_runs import GOOD, plain
from tests.conformance.scenario import Scenario
from tests.paths import TRACES

ONE, TWO = "acceptor-1.1.ndjson", "learner-2.1.ndjson"
EXPECTED = yaml.safe_load((TRACES / "bad" / "expected.yaml").read_text())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return plain(1).write(tmp_path / "run")


def said(run: Path, level: str = "") -> list[str]:
    return [line for line in lint_run(run).findings.lines() if f": {level}" in line]


@pytest.mark.parametrize("name", sorted(GOOD))
def test_of_a_good_run_nothing_is_wrong(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(TRACES / "good" / name)]) == 0
    assert "fault" not in capsys.readouterr().out


@pytest.mark.parametrize("name", [n for n, e in EXPECTED.items() if e["verdict"] == "error"])
def test_what_the_reader_refuses_has_a_fault(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(TRACES / "bad" / name)]) == 1
    assert ": fault: " in capsys.readouterr().out


@pytest.mark.parametrize("name", [n for n, e in EXPECTED.items() if e["verdict"] != "error"])
def test_what_the_reader_takes_is_looked_at_to_its_end(name: str) -> None:
    assert lint_run(TRACES / "bad" / name).files > 0


def write(data: bytes) -> Callable[[Path], object]:
    return lambda run: (run / TWO).write_bytes(data)


def append(data: bytes) -> Callable[[Path], object]:
    return lambda run: (run / ONE).write_bytes((run / ONE).read_bytes() + data)


def as_bytes(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda run: (run / ONE).write_bytes(change((run / ONE).read_bytes()))


def renamed(name: str) -> Callable[[Path], object]:
    return lambda run: (run / TWO).rename(run / name)


def as_a_list(data: bytes) -> bytes:
    return json.dumps([json.loads(line) for line in data.splitlines()], indent=1).encode() + b"\n"


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "compressed": (
        renamed(f"{TWO}.zst"),
        "learner-2.1.ndjson.zst:1: fault: the file is compressed; decompress it: unzstd learner-2",
    ),
    "another ending": (
        renamed("learner-2.1.json"),
        "name it learner-2.1.ndjson, for the process that its first line says [file-name]",
    ),
    "a name of one's own": (
        renamed("trace.log"),
        "trace.log:1: fault: the file is not named as a trace is, role-id.incarnation.ndjson",
    ),
    "a name without an incarnation": (
        lambda run: (run / TWO).rename(run / "learner-2.ndjson").write_text("{}\n"),
        "name it learner-2.1.ndjson if it is of the first life of the process",
    ),
    "a name in letters": (
        lambda run: (run / TWO).rename(run / "learner-B.1.ndjson").write_text("{}\n"),
        "name it as acceptor-1.1.ndjson: role, number from 1, and which life of it, from 1",
    ),
    "a folder below": (
        lambda run: shutil.copytree(TRACES / "good" / "plain", run / "more"),
        "more:1: fault: is a folder with traces in it, which would not be read",
    ),
    "a folder like a trace": (
        lambda run: (run / "learner-9.1.ndjson").mkdir(),
        "learner-9.1.ndjson:1: fault: is a folder, and named like a trace",
    ),
    "a pipe": (
        lambda run: os.mkfifo(run / "learner-9.1.ndjson"),
        "learner-9.1.ndjson:1: fault: is no regular file",
    ),
    "a byte order mark": (
        as_bytes(lambda data: b"\xef\xbb\xbf" + data),
        "the file begins with a byte order mark; write it in UTF-8 without one",
    ),
    "UTF-16": (
        as_bytes(lambda data: data.decode().encode("utf-16")),
        "the file is in UTF-16; write it in UTF-8",
    ),
    "a line that is not UTF-8": (append(b'{"a":"\xff"}\n'), "byte 7 of the line is not UTF-8"),
    "ends of lines as CR": (
        as_bytes(lambda data: data.replace(b"\n", b"\r")),
        "the last line has no newline, and more than one event; end each line with a newline, LF",
    ),
    "an empty line": (append(b"\n"), "the line is empty; remove it"),
    "a list of events": (as_bytes(as_a_list), "write each event as an object on one line"),
    "a key twice": (
        as_bytes(lambda data: data.replace(b'"instance":1', b'"instance":1,"instance":1')),
        'the key "instance" is in the line twice; write each key once',
    ),
    "a second header": (
        append(example_header("acceptor-1.1").encode() + b"\n"),
        "another header is inside the file; a file has one header, its first line",
    ),
    "a header that differs": (
        as_bytes(lambda data: data.replace(b'"max_batch":1', b'"max_batch":2')),
        "acceptor-1.1.ndjson:1: fault: the header has max_batch 2, and it is 1 in acceptor-2.1.ndj",
    ),
    "a line lost": (
        as_bytes(lambda data: b"".join(x for x in data.splitlines(True) if b'"seq":1' not in x)),
        "seq is 2 in the first event; the header is not counted",
    ),
    "a line lost in the middle": (
        as_bytes(lambda data: b"".join(x for x in data.splitlines(True) if b'"seq":2' not in x)),
        "seq is 3, but 2 comes next: lines are lost, moved or twice",
    ),
    "no JSON": (write(b"nonsense\n"), "learner-2.1.ndjson:1: fault: the line is no JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_as_it_must_be(name: str, run: Path) -> None:
    change, words = FILES[name]
    change(run)
    assert any(words in line for line in said(run, "fault")), said(run)
    assert main(["check", "-q", str(run)]) == 2 or name == "a name of one's own"


def test_an_action_of_another_role(run: Path) -> None:
    last = json.loads((run / ONE).read_text().splitlines()[-1])
    line = {"event": "Deliver", "process": "acceptor-1.1", "seq": last["seq"] + 1, "instance": 1}
    line |= {"hlc": last["hlc"] + 1, "position": 1, "values": []}
    append(json.dumps(line).encode() + b"\n")(run)
    (found,) = said(run, "fault")
    assert (
        "Deliver is no action of an acceptor under MultiPaxos; write it into the file of" in found
    )


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "CRLF": (
        as_bytes(lambda data: data.replace(b"\n", b"\r\n")),
        "acceptor-1.1.ndjson:1: warning: the lines end in CR LF; end them with LF alone",
    ),
    "no newline at the end": (
        as_bytes(lambda data: data + data.splitlines()[-1]),
        "acceptor-1.1.ndjson:6: warning: the last line has no newline, so it is taken for torn",
    ),
    "an empty file": (write(b""), "learner-2.1.ndjson:1: warning: the file is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_file_that_is_legal_and_odd(name: str, run: Path) -> None:
    change, words = ODD[name]
    change(run)
    found = said(run)
    assert sum(words in line for line in found) == 1, found
    assert said(run, "fault") == []
    assert main(["check", "-q", str(run)]) == 0


def test_a_line_that_a_killed_process_did_not_end_is_nothing_to_speak_of(run: Path) -> None:
    before = said(run)
    append(b'{"event":"Phase2b","process"')(run)
    assert said(run) == before


def test_a_line_that_never_ends(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 1000)
    append(b" " * 2000 + b"\n{}\n")(run)
    assert any("acceptor-1.1.ndjson:6: fault: the line is longer than 1000" in x for x in said(run))


def test_a_file_that_cannot_be_read(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = lines.numbered_lines

    def fails(path: Path) -> Iterator[tuple[int, bytes]]:
        if path.name == ONE:
            raise PermissionError(13, "Permission denied", str(path))
        return reads(path)

    monkeypatch.setattr(lines, "numbered_lines", fails)
    assert any(f"{ONE}:1: fault: cannot be read: Permission denied" in x for x in said(run))


def test_of_each_kind_a_few_are_shown_and_all_are_counted(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    append(b"{}\n" * 50)(run)
    (run / TWO).write_bytes((run / TWO).read_bytes() + b"{}\n" * 50)
    assert main(["lint", str(run)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert len([line for line in out if 'has no "event"' in line]) == SHOWN_OF_A_KIND
    assert f"  ... and {100 - SHOWN_OF_A_KIND} more [no-event] (all: in 2 files)" in out
    assert out[-1].startswith(f"{run}: 100 faults and ")


def test_several_kinds_at_once_and_faults_before_warnings(run: Path) -> None:
    append(b'{"event":"Phase2b","ballot":7,"instance":0,"x":null}\n')(run)
    found = said(run)
    kinds = [line.rpartition("[")[2].rstrip("]") for line in found if ": fault: " in line]
    assert {"integer-ballot", "instance-below-1", "unknown-field", "no-hlc"} <= {*kinds}
    levels = ["fault" in line.split(": ")[1] for line in found if not line.startswith("  ")]
    assert levels == sorted(levels, reverse=True) and not all(levels)


def test_exit_status(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    bad = TRACES / "bad" / "line_with_a_key_twice"
    assert main(["lint", str(tmp_path / "nowhere")]) == 2
    assert main(["lint", str(tmp_path / "empty")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert main(["lint", str(run), str(tmp_path / "empty")]) == 2
    assert main(["lint", str(bad), str(tmp_path / "empty"), str(run)]) == 1
    assert main(["lint", str(run)]) == 0
    with pytest.raises(SystemExit):
        main(["lint"])


def test_all_processes_in_one_stream_are_told_by_its_lines(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    append(b'{"event":"Phase2b","process":"acceptor-1.1","seq":3,"hlc":2000000000000000}\n')(run)
    every = [line for path in sorted(run.glob("*.ndjson")) for line in path.open()]
    (tmp_path / "all.ndjson").write_text("".join(every))
    assert main(["lint", str(tmp_path / "all.ndjson")]) == 1
    place = f"{tmp_path / 'all.ndjson'}:6: fault: Phase2b has no ballot"
    assert any(line.startswith(place) for line in capsys.readouterr().out.splitlines())


def test_nothing_of_a_trace_reaches_the_terminal_but_text(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    append(b'{"event":"\x7f\xc2\x9b31m"}\n')(run)
    assert main(["lint", str(run)]) == 1
    assert capsys.readouterr().out.isascii()


def test_the_files_beside_the_traces_are_left_alone(run: Path) -> None:
    before = said(run)
    (run / "notes.txt").write_text('{"event":"lunch"}\n')
    (run / "stats").mkdir()
    (run / "stats" / "client-1.1.json").write_text("{}")
    (run / "big.bin").write_bytes(b"[" * 200_000)
    assert said(run) == before


def windows(count: int) -> Scenario:
    """Phase 1 is asked for the whole log, and promised window by window; then each window is asked
    for again. The clock is carried."""
    s = Scenario("windows", prepare_ahead=True, direct_learning=True)
    s.ask((1, 1), 1, 4 * count)
    for n in range(count):
        s.promise(1, (1, 1), 4 * n + 1, 4 * n + 4)
    for n in range(count):
        s.ask((1, 1), 4 * n + 1, 4 * n + 4)
    return s


@pytest.mark.parametrize("count", [3, carried_clock.LOOKED_BACK * 2])
def test_a_cause_is_the_earliest_that_can_be_one(count: int, tmp_path: Path) -> None:
    """If there are too many to look at, nothing is said."""
    s = windows(count)
    run = s.write(tmp_path / "carried")
    assert [x for x in said(run, "fault") if "clock" in x] == []
    s.lines[1]["hlc"] = 1
    found = [x for x in said(s.write(tmp_path / "behind"), "fault") if "clock" in x]
    assert len(found) == 1 and "of its events are so" not in found[0]


def test_a_quorum_too_small_for_any_cluster_is_the_protocol_s_fault() -> None:
    assert said(TRACES / "bad" / "propose_with_a_minority", "fault") == []


def test_the_cluster_may_be_in_any_order(run: Path) -> None:
    change = as_bytes(lambda data: data.replace(b'"acceptors":[1,2,3]', b'"acceptors":[3,1,2]'))
    change(run)
    assert said(run, "fault") == []


def test_a_cause_with_the_same_clock_is_not_before(run: Path) -> None:
    s = plain(1)
    ask = next(k for k, x in enumerate(s.lines) if x["event"] == "Phase1a")
    every = s.numbered()
    s.lines[ask + 1]["hlc"] = every[ask]["hlc"]
    (found,) = [x for x in said(s.write(run), "fault") if "clock" in x]
    assert "is not ahead of that of proposer-1.1: its Phase1b at" in found
