"""A run that is packed is judged like the folder, and what is said of it speaks of what was
given."""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
import tarfile
from pathlib import Path

import pytest

from conformance.inputs import archive, one_file
from conformance.inputs.source import Origin, Source, opened
from conformance.replay.report import explain
from conformance.replay.run_folder import check_run
from conformance.trace.reader import TraceError
from tests.conformance.inputs.packing import PACKERS, one_file_of_folder, tar_of, tar_of_folder
from tests.paths import TRACES

GOOD = TRACES / "good" / "plain"
BAD = TRACES / "bad" / "propose_own_value_over_a_vote"
HEADER = b'{"event":"Header","process":"client-1.1"}\n'


def verdict_on(name: str) -> str:
    """The report, in terms of what was given."""
    with opened(name) as source:
        return source.words(explain("RUN", check_run(source.folder)))


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("run", [GOOD, BAD], ids=lambda run: run.name)
@pytest.mark.parametrize("prefix", ["", "./", "run/", "a/b/"])
def test_an_archive_is_judged_like_the_folder(
    packer: str, run: Path, prefix: str, tmp_path: Path
) -> None:
    path = tmp_path / "anything"  # the name does not matter
    path.write_bytes(PACKERS[packer](tar_of_folder(run, prefix)))
    assert verdict_on(str(path)) == explain("RUN", check_run(run))


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("seed", range(3))
def test_one_file_is_judged_like_the_folder(packer: str, seed: int, tmp_path: Path) -> None:
    lines = one_file_of_folder(BAD, seed)
    path = tmp_path / "run.ndjson"
    path.write_bytes(PACKERS[packer](lines))
    said = verdict_on(str(path))
    expected = explain("RUN", check_run(BAD))
    shown = one_file.PLACE.findall(expected)
    assert len(shown) > 4
    for process, number in shown:
        line = (BAD / f"{process}.ndjson").read_bytes().splitlines(keepends=True)[int(number) - 1]
        assert f"{path}:{lines[: lines.index(line)].count(10) + 1} " in f"{said} ".replace(",", " ")
    assert one_file.PLACE.sub("", expected) == said_without_places(said, path)


def said_without_places(said: str, path: Path) -> str:
    return re.sub(rf"{re.escape(str(path))}:\d+", "", said)


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(PACKERS[".gz"](one_file_of_folder(BAD)))
    with path.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        said = verdict_on("-")
        assert os.read(stdin.fileno(), 1) == b""  # it was read, and is open still
    assert "at standard input:" in said


def test_a_slow_pipe_is_read_whole(tmp_path: Path) -> None:
    """What tells a tar archive from others comes late."""
    read, write = os.pipe()
    data = tar_of_folder(GOOD)
    pid = os.fork()
    if pid == 0:
        os.close(read)
        for at in range(0, len(data), 100):
            os.write(write, data[at : at + 100])
        os._exit(0)
    os.close(write)
    assert "conforms" in verdict_on(f"/dev/fd/{read}")
    os.close(read)
    os.waitpid(pid, 0)


def test_origins(tmp_path: Path) -> None:
    assert Source("r", Path("r")).origin("client-1.1", 2) == Origin("r/client-1.1.ndjson", 2)
    path = tmp_path / "x"
    path.write_bytes(tar_of_folder(GOOD, "deep/run/"))
    with opened(str(path)) as source:
        member = "deep/run/client-1.1.ndjson"
        assert source.origin("client-1.1", 2) == Origin(str(path), 2, member)
    path.write_bytes(one_file_of_folder(GOOD))
    with opened(str(path)) as source:
        file, line, member = source.origin("client-1.1", 2)
        assert (file, member) == (str(path), "")
        second = (GOOD / "client-1.1.ndjson").read_bytes().splitlines()[1]
        assert path.read_bytes().splitlines()[line - 1] == second


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    path = tmp_path / "x"
    for data in (tar_of_folder(GOOD), one_file_of_folder(GOOD), b"nonsense"):
        path.write_bytes(data)
        try:
            with opened(str(path)) as source:
                assert source.folder.is_relative_to(tmp_path / "tmp")
        except TraceError:
            assert data == b"nonsense"
        assert list((tmp_path / "tmp").iterdir()) == []


def _info(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


TRACE = "client-1.1.ndjson"
SPARSE = _info(TRACE, tarfile.REGTYPE)
SPARSE.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,1"}
UNSAFE: dict[str, tuple[list[tuple[tarfile.TarInfo | str, bytes]], str]] = {
    "a sparse file": ([(SPARSE, b"x")], "neither a file"),
    "a link": ([(_info(TRACE, tarfile.SYMTYPE, "/etc/passwd"), b"")], "neither a file"),
    "a hard link": ([(_info(TRACE, tarfile.LNKTYPE, "../x"), b"")], "neither a file"),
    "a link that is no trace": ([(_info("a", tarfile.SYMTYPE, "b"), b"")], "neither a file"),
    "a folder that is a link": (
        [(_info("a", tarfile.SYMTYPE, "/tmp"), b""), (f"a/{TRACE}", b"x\n")],
        "neither a file",
    ),
    "a device": ([(_info("null", tarfile.CHRTYPE), b"")], "neither a file"),
    "a pipe": ([(_info(TRACE, tarfile.FIFOTYPE), b"")], "neither a file"),
    "an absolute path": ([(f"/tmp/{TRACE}", b"x\n")], "leads out of it"),
    "a path to above": ([(f"a/../../{TRACE}", b"x\n")], "leads out of it"),
    "a log above": ([("../run.log", b"x\n")], "leads out of it"),
    "too deep": ([("a/" * 40 + TRACE, b"x\n")], "more than 32 deep"),
    "twice": ([(TRACE, b"x\n"), (TRACE, b"y\n")], f"has {TRACE} twice"),
    "a file and a folder": ([(TRACE, b"x\n"), (f"{TRACE}/{TRACE}", b"y\n")], "twice"),
    "two runs": ([(f"a/{TRACE}", b"x\n"), (f"b/{TRACE}", b"x\n")], "has runs in a and in b"),
}


@pytest.mark.parametrize("what", UNSAFE)
def test_an_archive_that_is_not_safe_is_refused(what: str, tmp_path: Path) -> None:
    members, words = UNSAFE[what]
    path = tmp_path / "in" / "x.tar"
    path.parent.mkdir()
    path.write_bytes(tar_of(members))
    with pytest.raises(TraceError, match=words) as error, opened(str(path)):
        pass
    assert str(error.value).startswith(f"{path}: ")
    assert list(tmp_path.rglob("*")) == [path.parent, path]


def test_what_is_no_trace_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tar_of([(TRACE, b"x\n"), ("run.log", b"y" * 10_000), ("sub/out.txt", b"z")]))
    with opened(str(path)) as source:
        assert [p.name for p in source.folder.iterdir()] == [TRACE]
        assert (source.folder / TRACE).stat().st_mode & 0o777 == 0o600


def test_members_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    path = tmp_path / "x.tar"
    path.write_bytes(tar_of([(f"log{n}", b"") for n in range(3)]))
    with opened(str(path)):
        pass
    path.write_bytes(tar_of([(f"log{n}", b"") for n in range(4)]))
    with pytest.raises(TraceError, match="more than 3 members"), opened(str(path)):
        pass


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", [TRACE, "run.log"])
def test_a_bomb_is_not_unpacked(packer: str, name: str, tmp_path: Path) -> None:
    """Also where it is in what would be skipped."""
    path = tmp_path / "x"
    path.write_bytes(PACKERS[packer](tar_of([(name, bytes(9 << 20))])))
    with pytest.raises(TraceError, match="unpacks to more than"), opened(str(path), 8 << 20):
        pass
    path.write_bytes(PACKERS[packer](HEADER * (9 << 20 >> 5)))
    with pytest.raises(TraceError, match="unpacks to more than"), opened(str(path), 8 << 20):
        pass


def test_a_header_is_no_bomb(tmp_path: Path) -> None:
    """A name that is longer than any memory: tarfile would hold all of it."""
    info = tarfile.TarInfo("././@LongLink")
    info.type = tarfile.GNUTYPE_LONGNAME
    size = archive.MAX_HEADER_BYTES + (2 << 20)
    info.size = size
    path = tmp_path / "x"
    path.write_bytes(info.tobuf() + b"a" * size + tar_of([(TRACE, b"x\n")]))
    with pytest.raises(TraceError, match="unpacks to more than"), opened(str(path)):
        pass


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"hello", "is no run"),
        (b"\0" * 1024, "is no run"),
        (b"PK\x03\x04zip", "is no run"),
        (PACKERS[".gz"](tar_of_folder(GOOD))[:-200], "cut or damaged"),
        (PACKERS[".gz"](b"x" * 5000)[:20] + b"\xff" * 20, "cut or damaged"),
        (PACKERS[".zst"](tar_of_folder(GOOD))[:-200], "cut or damaged"),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 100, "cut or damaged"),
        (tar_of_folder(GOOD)[:700], "no whole tar archive"),
    ],
)
def test_what_is_no_run_is_named(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(TraceError, match=words) as error, opened(str(path)):
        pass
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEADER + b"{}\n", ":2: the line names no process"),
        (HEADER + b"\n", ":2: the line names no process"),
        (b'{"process":"node-1"}\n', ":1: the line names no process"),
        (b'{"process":"../../client-1.1"}\n', ":1: the line names no process"),
        (b'{"process":"client-1.1\\n"}\n', ":1: the line names no process"),
    ],
)
def test_a_line_that_says_no_process_is_named(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(TraceError, match=words), opened(str(path)):
        pass


def test_a_fault_of_the_reader_names_the_line_of_the_one_file(tmp_path: Path) -> None:
    lines = one_file_of_folder(GOOD).splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if b"Phase2b" in line)
    lines[at] = re.sub(rb'"instance":\d+', b'"instance":0', lines[at])
    path = tmp_path / "run.ndjson"
    path.write_bytes(b"".join(lines))
    with opened(str(path)) as source:
        with pytest.raises(TraceError) as error:
            check_run(source.folder)
        said = source.words(str(error.value))
    assert said.startswith(f"{path}:{at + 1}: ")


def test_a_torn_last_line_is_that_of_its_process(tmp_path: Path) -> None:
    """Or of nobody, and then that is said."""
    whole = one_file_of_folder(GOOD)
    path = tmp_path / "run.ndjson"
    path.write_bytes(whole + b'{"event":"Learn","process":"learner-1.1","se')
    with opened(str(path)) as source:
        verdict = check_run(source.folder)
        assert (verdict.kind, verdict.torn, source.warnings) == ("conforms", ("learner-1.1",), ())
    path.write_bytes(whole + b'{"event":"Lea')
    with opened(str(path)) as source:
        verdict = check_run(source.folder)
        assert (verdict.kind, verdict.torn) == ("conforms", ())
        (warning,) = source.warnings
    assert f"the last line, {whole.count(10) + 1}, is torn" in warning


def test_a_long_file_is_split_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_file, "PENDING_BYTES", 500)
    path = tmp_path / "run.ndjson"
    path.write_bytes(one_file_of_folder(GOOD))
    with opened(str(path)) as source:
        for file in GOOD.iterdir():
            assert (source.folder / file.name).read_bytes() == file.read_bytes()


def test_a_line_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_file, "MAX_LINE", 1000)
    path = tmp_path / "run.ndjson"
    path.write_bytes(HEADER + b'{"process":"client-1.1"' + b" " * 2000)
    with pytest.raises(TraceError, match=":2: the line is longer than 1000"), opened(str(path)):
        pass


def test_processes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_file, "MAX_FILES", 2)
    path = tmp_path / "run.ndjson"
    path.write_bytes(one_file_of_folder(GOOD))
    with pytest.raises(TraceError, match="more than 2 processes"), opened(str(path)):
        pass


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with opened(str(tmp_path / "nowhere")) as source:
        assert source.folder == tmp_path / "nowhere"  # the reader says that it does not exist


def test_a_full_disk_is_not_laid_at_the_door_of_the_run(tmp_path: Path) -> None:
    """Not more may be written to a file than a few bytes."""
    path = tmp_path / "x"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for data in (tar_of_folder(GOOD), one_file_of_folder(GOOD)):
        path.write_bytes(data)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
            with pytest.raises(TraceError, match="make room") as error, opened(str(path)):
                pass
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert str(error.value).startswith(f"{path}: cannot be read: File too large")
    signal.signal(signal.SIGXFSZ, ignored)
