"""The mistakes of a first-time writer: each is one change to a good run, and gets words that say
what to write, from `conformance lint`; and from `conformance check`, if its reader refuses it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest

from conformance.cli.main import main
from conformance.trace.schema import Omission
from tests.conformance.good_runs import optimised, plain

Line = dict[str, Any]


@dataclass
class Files:
    """A run as the lines of its files, to be changed before they are written."""

    lines: dict[str, list[Line]]

    def each(self, event: str, change: Callable[[Line], Any]) -> None:
        """Change all lines of this kind of event; of all, if it is empty."""
        for own in self.lines.values():
            for line in own:
                if line["event"] == event or (not event and line["event"] != "Header"):
                    change(line)

    def without(self, *events: str) -> None:
        for own in self.lines.values():
            own[:] = [line for line in own if line["event"] not in events]
            for n, line in enumerate(own[1:], 1):
                line["seq"] = n

    def keep(self, *events: str) -> None:
        every = {line["event"] for own in self.lines.values() for line in own}
        self.without(*every - {"Header", *events})

    def shift(self, role: str, by: int) -> None:
        """Set the clocks of a role's processes forward."""
        self.each("", lambda x: x["process"].startswith(role) and x.update(hlc=x["hlc"] + by))

    def write(self, folder: Path) -> None:
        for name, own in self.lines.items():
            text = "".join(json.dumps(x, separators=(",", ":")) + "\n" for x in own)
            (folder / name).write_text(text)


def setting(**new: Any) -> Callable[[Line], Any]:
    return lambda line: line.update(new)


def dropping(*names: str) -> Callable[[Line], Any]:
    return lambda line: [line.pop(name) for name in names]


def header(change: Callable[[Line], Any]) -> Callable[[Files], Any]:
    return lambda files: files.each("Header", change)


def of(event: str, change: Callable[[Line], Any]) -> Callable[[Files], Any]:
    return lambda files: files.each(event, change)


def less(*names: str) -> Callable[[Line], Any]:
    """Count these from 0."""
    return lambda line: line.update({n: line[n] - 1 for n in names if n in line})


def from_zero(files: Files) -> None:
    """Acceptors are counted from 0, also in the names of files."""

    def change(line: Line) -> None:
        if line["process"].startswith("acceptor"):
            number = int(line["process"][9]) - 1
            line["process"] = f"acceptor-{number}.1"
            if line["event"] == "Header":
                line["id"] = number
        if line["event"] == "Header":
            line["cluster"]["acceptors"] = [0, 1, 2]
        if "quorum" in line:
            line["quorum"] = [a - 1 for a in line["quorum"]]

    files.each("Header", change)
    files.each("", change)
    files.lines = {f"{own[0]['process']}.ndjson": own for own in files.lines.values()}


def in_one_file(files: Files) -> None:
    every = [line for own in files.lines.values() for line in own[1:]]
    every.sort(key=lambda line: int(line["hlc"]))
    files.lines = {"acceptor-1.1.ndjson": [files.lines["acceptor-1.1.ndjson"][0], *every]}


def ties(files: Files) -> None:
    for own in files.lines.values():
        for before, line in pairwise(own[1:]):
            line["hlc"] = before["hlc"]


def twice(files: Files) -> None:
    own = files.lines["acceptor-1.1.ndjson"]
    vote = next(line for line in own if line["event"] == "Phase2b")
    own.append({**vote, "hlc": own[-1]["hlc"] + 1, "seq": len(own)})


def five_said(line: Line) -> None:
    line["cluster"]["acceptors"] = [1, 2, 3, 4, 5]


def fewer(line: Line) -> None:
    line["constants"]["max_batch"] = 2


def names(line: Line) -> None:
    line["quorum"] = ["ABC"[a - 1] for a in line["quorum"]]


def lose(name: str) -> Callable[[Files], Any]:
    return lambda files: files.lines.pop(f"{name}.ndjson")


FAULTS: dict[str, tuple[Callable[[Files], Any], str, bool]] = {
    # what is changed, what must be said, and whether the reader refuses it
    "no quorum in Phase2a": (
        of("Phase2a", dropping("quorum")),
        "Phase2a has no quorum; list the ids of the acceptors that were counted, ascending, as [1,",
        True,
    ),
    "no votes in Phase1b": (
        of("Phase1b", dropping("votes")),
        "Phase1b has no votes; list the acceptor's votes as [instance, ballot, batch]",
        True,
    ),
    "no range in Phase1a": (
        of("Phase1a", dropping("from", "to")),
        "Phase1a has no from; write the first and the last instance that it is about",
        True,
    ),
    "no quorum in Learn": (
        of("Learn", dropping("quorum")),
        "a Learn has no quorum, but the header says direct_learning true; write whose votes",
        False,
    ),
    "ballot an integer": (
        of("Phase2b", setting(ballot=7)),
        "ballot is 7, an integer; a ballot is [round, proposer]: if yours is an integer b, write",
        True,
    ),
    "round 0": (
        of("", lambda x: "ballot" in x and x.update(ballot=[0, 1])),
        "the round of ballot [0, 1] is 0; rounds are counted from 1: add 1 to each of yours",
        True,
    ),
    "a name in a ballot": (
        of("Phase2b", setting(ballot=[1, "A"])),
        'the proposer of ballot [1, "A"] is "A", a name; number yours 1, 2, 3, ... and write the',
        True,
    ),
    "ballot the other way round": (
        of("", lambda x: "ballot" in x and x.update(ballot=[1, 5])),
        "a ballot is [round, proposer], not [proposer, round]",
        False,
    ),
    "instance from 0": (
        of("", less("instance")),
        "instance is 0; instances are counted from 1: add 1 to each of yours",
        True,
    ),
    "acceptors from 0": (
        from_zero,
        "acceptors are numbered from 1: add 1 to each of yours, in files' names too",
        True,
    ),
    "files named from 0": (from_zero, "count ids and incarnations from 1: add 1 to each", True),
    "seq from 0": (
        of("", less("seq")),
        "seq is 0; the first event of a file has seq 1, the next one 2",
        True,
    ),
    "seq counts the header": (
        of("", lambda x: x.update(seq=x["seq"] + 1)),
        "seq is 2 in the first event; the header is not counted; number the events of each file",
        True,
    ),
    "no seq": (of("", dropping("seq")), "has no seq; the first event of a file has seq 1", True),
    "quorum of names": (
        of("Learn", names),
        "a name; acceptors are numbers: number yours 1, 2, 3, ... and write the number, as [1, 3]",
        True,
    ),
    "a quorum that is a count": (
        of("Learn", setting(quorum=2)),
        "quorum is 2, a number; list the ids of the acceptors that were counted",
        True,
    ),
    "values as strings": (
        of("Broadcast", setting(values=["hello"])),
        'values has "hello", a string; a value is written as a range [client, sequence number, how',
        True,
    ),
    "a batch in Phase2b": (
        of("Phase2b", setting(batch=[])),
        "Phase2b has a batch; leave it out: a vote is for what the owner of the ballot proposed",
        True,
    ),
    "an extra field": (
        of("Phase2b", setting(latency=1)),
        'Phase2b has no field "latency"; leave it out, or call it "x_latency"',
        True,
    ),
    "clock a float": (
        of("", lambda x: x.update(hlc=x["hlc"] / 1e6)),
        "a float; write whole microseconds: int(seconds * 1000000)",
        True,
    ),
    "ties within a file": (
        ties,
        "is that of the line before it; let the clock rise with each event of a file",
        True,
    ),
    "a clock that goes back": (
        of("", lambda x: x.update(hlc=10**6 - x["seq"])),
        "hlc 999998 is 1 below that of the line before it",
        True,
    ),
    "no Broadcast": (
        lambda f: f.without("Broadcast"),
        "your writer emits no Broadcast, and a Phase2a follows from one; a client writes it before",
        False,
    ),
    "no Phase1a": (
        lambda f: f.without("Phase1a"),
        "your writer emits no Phase1a, and a Phase1b follows from one; a proposer writes it before",
        False,
    ),
    "no Phase1b": (
        lambda f: f.without("Phase1b"),
        "your writer emits no Phase1b, and a Phase2a follows from one; an acceptor writes it",
        False,
    ),
    "no Phase2a": (
        lambda f: f.without("Phase2a"),
        "your writer emits no Phase2a, and a Phase2b follows from one",
        False,
    ),
    "no Phase2b": (
        lambda f: f.without("Phase2b"),
        "your writer emits no Phase2b, and a Learn follows from one; an acceptor writes it",
        False,
    ),
    "no Learn": (
        lambda f: f.without("Learn"),
        "your writer emits no Learn, and a Deliver follows from one; a learner writes it when",
        False,
    ),
    "only Learn and Deliver": (
        lambda f: f.keep("Learn", "Deliver"),
        "your writer emits no Phase1a, and a Phase1b follows from one",
        False,
    ),
    "an acceptor's file missing": (
        lose("acceptor-3.1"),
        "acceptor 3 has no file, and this event names it; give it one, acceptor-3.1.ndjson",
        False,
    ),
    "no client file": (
        lose("client-1.1"),
        "client 1 has no file, and this event names it; give it one, client-1.1.ndjson",
        False,
    ),
    "acceptors 1 ms behind": (
        lambda f: f.shift("acceptor", -1000),
        "the clock of acceptor-1.1 is 990 microseconds behind that of proposer-1.1: its Phase1b at",
        False,
    ),
    "acceptors 100 ms behind": (
        lambda f: f.shift("acceptor", -100_000),
        "send the clock with each message, and let who receives it set its own to that + 1",
        False,
    ),
    "a proposer 1 ms ahead": (
        lambda f: f.shift("proposer", 1000),
        "microseconds behind that of proposer-1.1: its Phase1b at",
        False,
    ),
    "all processes in one file": (
        in_one_file,
        "lines of 7 other processes are in this file: acceptor-2.1, acceptor-3.1, client-1.1, "
        "client-2.1, ...; write the events of each process into a file of its own",
        True,
    ),
    "header without config": (
        header(dropping("config")),
        'the header has no config; write "config":{}',
        True,
    ),
    "header without clients": (
        header(lambda x: x["cluster"].pop("clients")),
        "cluster has no clients; list the ids of all clients, or [] if they are not fixed",
        True,
    ),
    "no header": (
        lambda f: [own.pop(0) for own in f.lines.values()],
        'not Header; begin the file with a header, as {"event":"Header","schema":1,"run":"first",'
        '"process":"acceptor-1.1"',
        True,
    ),
    "direct_learning said false": (
        header(lambda x: x["constants"].update(direct_learning=False)),
        "a Learn has a quorum, but the header says direct_learning false; say true if learners",
        False,
    ),
    "prepare_ahead said false": (
        header(lambda x: x["constants"].update(prepare_ahead=False)),
        "Phase1a is for 1..4, but the header says prepare_ahead false; say true if Phase 1 is for",
        False,
    ),
    "max_batch said 2": (
        header(fewer),
        "a batch has 4 values, but the header says max_batch 2",
        False,
    ),
    "null for what is not known": (
        of("Learn", setting(quorum=None)),
        "quorum is null; list the ids of the acceptors that were counted",
        True,
    ),
    "beyond 2^63": (
        of("Phase2b", setting(instance=2**63)),
        "instance is 9223372036854775808; a number is at most 9223372036854775807 (2^63 - 1)",
        True,
    ),
}  # fmt: skip


@pytest.fixture
def files() -> Files:
    s = optimised()
    lines = {f"{p}.ndjson": [s.header(p)] for p in sorted({x["process"] for x in s.lines})}
    lines["proposer-2.1.ndjson"] = [s.header("proposer-2.1")]
    for line in s.numbered():
        own = lines[f"{line['process']}.ndjson"]
        own.append({**line, "seq": len(own)})
    return Files(json.loads(json.dumps(lines)))  # no two lines share a list


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_gets_words(
    name: str, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, words, refused = FAULTS[name]
    change(files)
    files.write(tmp_path)
    assert main(["lint", str(tmp_path)]) == 1
    found = capsys.readouterr().out.splitlines()
    assert any(words in line and ": fault: " in line for line in found), found
    said = [line for line in found[:-1] if not line.startswith("  ... and ")]
    assert all(line.startswith(str(tmp_path)) for line in said)
    status = main(["check", str(tmp_path)])
    (*_, error) = capsys.readouterr().err.splitlines() or [""]
    assert (status == 2 and "error: " in error) == refused, error
    if refused:
        assert error.endswith(f"`conformance lint {tmp_path}` says all that is wrong")
        assert "record the run again" not in error


WARNINGS: dict[str, tuple[Callable[[Files], Any], str]] = {
    "clock in nanoseconds": (
        of("", lambda x: x.update(hlc=x["hlc"] * 1000)),
        "looks like nanoseconds, and microseconds are meant; divide by 1000",
    ),
    "clock in milliseconds": (
        of("", lambda x: x.update(hlc=1_700_000_000_000 + x["hlc"] % 100_000)),
        "looks like milliseconds, and microseconds are meant; multiply by 1000",
    ),
    "clock in seconds": (
        of("", lambda x: x.update(hlc=1_700_000_000 + x["hlc"] % 100_000)),
        "looks like seconds, and microseconds are meant; multiply by 1000000",
    ),
    "quorum not sorted": (
        of("Learn", lambda x: x["quorum"].reverse()),
        "the quorum [3, 1] is not ascending, or has an acceptor twice; write [1, 3]",
    ),
    "Phase2b logged twice": (
        twice,
        "the vote in instance 1 and ballot [1, 1] is here again; write it once",
    ),
    "no Deliver": (
        lambda f: f.without("Deliver"),
        "your writer emits no Deliver; nothing that depends on it is checked; a learner writes it",
    ),
    "a learner's file missing": (
        lose("learner-2.1"),
        "learner 2 of the header's cluster has no file, and nobody names it; give it one",
    ),
    "a process without events": (
        lambda f: f,
        "proposer-2.1 has no events; look whether it took part",
    ),
    "beyond 2^53": (
        of("", lambda x: [r.__setitem__(1, r[1] + 2**53)
                          for n in ("batch", "values") for r in x.get(n, ())]),
        "beyond 2^53; let numbers be smaller",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNINGS)
def test_what_is_legal_and_odd_is_a_warning(
    name: str, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, words = WARNINGS[name]
    change(files)
    files.write(tmp_path)
    assert main(["check", "-q", str(tmp_path)]) == 0, capsys.readouterr()
    assert main(["lint", str(tmp_path)]) == 0
    found = capsys.readouterr().out.splitlines()
    assert any(words in line and ": warning: " in line for line in found), found
    assert "nothing is wrong with " in found[-1]


def batch_in_votes(files: Files) -> None:
    """Phase2a is left out: each vote says what it is for."""
    batches = {
        line["instance"]: line["batch"]
        for own in files.lines.values()
        for line in own
        if line["event"] == "Phase2a"
    }
    files.each("Phase2b", lambda x: x.update(batch=batches[x["instance"]]))
    files.without("Phase2a")


OMITTED: dict[str, Callable[[Files], Any]] = {
    "Broadcast": lambda f: [f.lines.pop(f"client-{n}.1.ndjson") for n in (1, 2)],
    "Phase1a": lambda f: f.without("Phase1a"),
    "Phase1a.to": of("Phase1a", dropping("to")),
    "Phase1b.votes": of("Phase1b", dropping("votes")),
    "Phase2a": batch_in_votes,
    "Phase2a.quorum": of("Phase2a", dropping("quorum")),
    "Decide.quorum": lambda f: f,
    "Learn": lambda f: f.without("Learn"),
    "Learn.quorum": of("Learn", dropping("quorum")),
}


@pytest.mark.parametrize("name", get_args(Omission))
def test_what_the_header_says_is_left_out_is_not_missed(
    name: str, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    OMITTED[name](files)
    files.each("Header", setting(omits=[name]))
    files.write(tmp_path)
    assert main(["lint", str(tmp_path)]) == 0, capsys.readouterr().out
    assert main(["check", "-q", str(tmp_path)]) == 0


@pytest.mark.parametrize("name", ["Phase1a", "Phase1b.votes", "Phase2a.quorum", "Learn"])
def test_what_may_be_left_out_is_said_where_it_is_missed(
    name: str, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    OMITTED[name](files)
    files.write(tmp_path)
    assert main(["lint", str(tmp_path)]) == 1
    assert (
        f'or write "omits":["{name}"] into all headers if your program' in capsys.readouterr().out
    )


def test_proposers_that_write_nothing_need_no_file(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_in_votes(files)
    for name in ("proposer-1.1", "proposer-2.1"):
        files.lines.pop(f"{name}.ndjson")
    files.each("Header", setting(omits=["Phase1a", "Phase2a"]))
    files.write(tmp_path)
    assert main(["lint", str(tmp_path)]) == 0, capsys.readouterr().out


def test_all_headers_leave_out_the_same(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files.each("Header", lambda x: x.update(omits=["Phase1a.to", "Phase2a.quorum"]))
    files.lines["acceptor-1.1.ndjson"][0]["omits"].reverse()
    files.write(tmp_path)
    assert main(["lint", str(tmp_path)]) == 0
    files.lines["acceptor-1.1.ndjson"][0]["omits"].pop()
    files.write(tmp_path)
    assert main(["lint", str(tmp_path)]) == 1
    assert 'the header has omits ["Phase2a.quorum"], and it is [' in capsys.readouterr().out


def test_the_clock_of_one_host_is_never_behind(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What looks like it is for `check` to judge; and nothing else may be written there."""
    FAULTS["acceptors 1 ms behind"][0](files)
    files.each("Header", setting(clock="host"))
    files.write(tmp_path)
    assert main(["lint", str(tmp_path)]) == 0, capsys.readouterr().out
    files.each("Header", setting(clock="wall"))
    files.write(tmp_path)
    assert main(["lint", str(tmp_path)]) == 1
    assert 'clock is "wall"; write one of carried, host [header]' in capsys.readouterr().out


def test_max_batch_above_what_is_seen_is_nothing_to_speak_of(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files.lines.pop("proposer-2.1.ndjson")
    files.each("Header", lambda x: x["cluster"].update(proposers=[1]))
    files.each("Header", lambda x: x["constants"].update(max_batch=1000))
    files.write(tmp_path)
    assert main(["lint", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path}: nothing is wrong with 27 events of 8 files\n"


def test_five_acceptors_said_for_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Quorums are of two of three: none of them is a majority of five."""
    run = plain(1).write(tmp_path)
    for path in run.glob("*.ndjson"):
        path.write_text(path.read_text().replace('"acceptors":[1,2,3]', '"acceptors":[1,2,3,4,5]'))
    assert main(["lint", str(run)]) == 1
    shown = capsys.readouterr().out
    assert "no quorum has more than 2 acceptors, but the header's cluster has 5" in shown
    assert "acceptor 4 of the header's cluster has no file, and nobody names it" in shown
