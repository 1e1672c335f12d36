"""Campaigns: a range of seeds, in shards, stopped and gone on with, and the table of all of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.simulation.campaign import campaign
from harness.simulation.plan import Request
from harness.simulation.records import MAX_LINE_BYTES, RecordFile, read
from harness.simulation.run import simulate
from harness.simulation.seeds import Range, Seeds, Shard
from harness.simulation.table import table
from paxos.cli import main
from paxos.errors import InputError
from tests.simulation.faulty_parts import LosesTheLastGroup

STEPS = 200


def arguments(seeds: str, out: Path, *more: str) -> list[str]:
    return ["simulate", "--seeds", seeds, "--steps", str(STEPS), "--out", str(out), *more]


def lines(*files: Path) -> list[bytes]:
    """By seed."""
    found = [line for file in files for line in file.read_bytes().splitlines(keepends=True)]
    return sorted(found, key=lambda line: int(msgspec.json.decode(line)["seed"]))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What seeds 1 to 40 came to, in one go."""
    out = tmp_path_factory.mktemp("whole") / "made" / "out.jsonl"
    assert main(arguments("1..40", out)) == 0
    assert [record.seed for record in sorted(read(out), key=lambda r: r.seed)] == [*range(1, 41)]
    return out


# Seeds and shards.


@given(
    first=st.integers(0, 1_000), count=st.integers(1, 100), of=st.integers(1, 12), data=st.data()
)
def test_shards_part_a_range(first: int, count: int, of: int, data: st.DataObject) -> None:
    last = first + count - 1
    shards = [Range(first, last, Shard(number, of)) for number in range(1, of + 1)]
    assert sorted(seed for shard in shards for seed in shard) == [*range(first, last + 1)]
    assert sum(map(len, shards)) == count
    seed = data.draw(st.integers(first, last))
    (owner,) = (shard.shard for shard in shards if seed in [*shard])
    assert seed in [*Range(seed, last + 50, owner)], "another range has it in the same shard"


@given(st.lists(st.integers(0, 300_000)), st.lists(st.integers(0, 2**53 - 1)))
def test_a_set_of_seeds_is_a_set(some: list[int], others: list[int]) -> None:
    seeds = Seeds()
    for at, seed in enumerate(some):
        assert seeds.add(seed) == (seed not in some[:at])
    assert len(seeds) == len(set(some))
    for seed in some + others:
        assert (seed in seeds) == (seed in set(some))


def test_shards_together_are_the_campaign(whole: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.jsonl" for number in (1, 2, 3)]
    for number, file in enumerate(files, 1):
        assert main(arguments("1..40", file, "--shard", f"{number}/3", "--jobs", "1")) == 0
    assert lines(*files) == lines(whole)
    assert str(table(files)) == str(table([whole]))


# Stopping and going on.


def start(out: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "paxos", *arguments("1..40", out, *more)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def await_lines(out: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        if out.exists() and out.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.002)


def children(process: subprocess.Popen[bytes]) -> list[Path]:
    """Folders of the processes that it has started, which are there as long as they are."""
    known = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [Path("/proc", pid) for pid in known.read_text().split()] if known.exists() else []


def is_running(process: Path) -> bool:
    try:
        return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_was_killed_again_and_again_equals_what_was_not(whole: Path, tmp_path: Path) -> None:
    """Killed with no warning, and with a last line that has no end, and may be anything."""
    out = tmp_path / "out.jsonl"
    for count in (1, 8, 20):
        process = start(out, "--jobs", "2")
        await_lines(out, count, process)
        started = children(process)
        process.kill()
        process.wait()
        while any(map(is_running, started)):  # nobody goes on without it
            time.sleep(0.01)
        with out.open("ab") as file:
            file.write(lines(whole)[-1][:-1].replace(b'"faults":', b'"faults":' + bytes(9_000)))
    before = out.read_bytes()
    assert 20 <= before.count(b"\n") < 40, "killed on the way"
    assert main(arguments("1..40", out)) == 0
    assert lines(out) == lines(whole)
    assert out.read_bytes().startswith(before[: before.rindex(b"\n") + 1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_told_to_stop_says_so_and_goes_on(
    whole: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out.jsonl"
    process = start(out)
    await_lines(out, 3, process)
    process.send_signal(number)
    assert process.wait() == 130
    assert main(arguments("1..40", out)) == 0
    assert lines(out) == lines(whole)


def test_what_is_done_is_not_run_again(
    whole: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(whole.read_bytes())
    assert main(arguments("1..40", out)) == 0
    assert out.read_bytes() == whole.read_bytes()
    assert "1..40: 40, of which" in capfd.readouterr().err
    assert main(arguments("38..42", out)) == 0
    assert lines(out)[:40] == lines(whole) and len(lines(out)) == 42


def test_when_the_time_is_up_it_says_what_is_left(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert main(arguments("1..1000000", out, "--minutes", "0.01", "--jobs", "1")) == 0
    done = len(lines(out))
    assert done and f"{1_000_000 - done:,} seeds are left" in capfd.readouterr().err


# What they find.


def test_failures_do_not_end_it_and_are_in_the_table(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with_bug = partial(simulate, parts={"disk": LosesTheLastGroup})
    like, out = Request(0, 1_000), tmp_path / "out.jsonl"
    with RecordFile(out) as file:
        assert campaign(like, Range(0, 30), file, simulate=with_bug) == 1
    failed = [record for record in read(out) if record.verdict == "fails"]
    assert len(lines(out)) == 31 and 1 <= len(failed) < 31
    said = capfd.readouterr()
    for record in failed:
        assert record.failure
        assert f"seed {record.seed} fails: {record.failure}" in said.err
    for kind in {record.failure for record in failed}:
        alike = sorted(record.seed for record in failed if record.failure == kind)
        again = f"paxos simulate --seed {alike[0]} --steps 1000"
        assert re.search(rf"^{re.escape(kind)} +{len(alike)}  {again}$", said.out, re.MULTILINE)
    assert main(["simulate", "--table", str(out)]) == 1, "also when it is only looked at"
    assert capfd.readouterr().out == said.out


def test_the_table_counts_a_run_once(whole: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--table", str(whole), str(whole)]) == 0
    said = capfd.readouterr().out
    records = [*read(whole)]
    events, times = sum(r.events for r in records), sum(r.faults.get("lost", 0) for r in records)
    assert said.startswith(f"40 seeds, {events:,} events, ")
    assert "40 are there more than once" in said
    met = sum("lost" in r.faults for r in records)
    assert re.search(rf"^lost +{met} +{times:,}$", said, re.MULTILINE)
    assert re.search(r"^none +0$", said, re.MULTILINE)


def test_a_record_says_how_to_have_the_run_again(whole: Path) -> None:
    record = next(read(whole))
    assert record.command == f"paxos simulate --seed {record.seed} --steps {STEPS}"
    outcome = simulate(Request(record.seed, STEPS))
    assert (record.digest, record.events) == (outcome.digest, outcome.events)


# What cannot be.


def refuse(capfd: pytest.CaptureFixture[str], words: str, arguments: Sequence[str]) -> None:
    capfd.readouterr()
    try:
        status = main(list(arguments))
    except SystemExit as stop:  # argparse
        status = stop.code  # type: ignore[assignment]
    said = capfd.readouterr().err
    assert status == 2
    assert words in said and said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seeds", "1..3"], "--seeds means nothing without --out"),
        (["--seeds", "3..1", "--out", "x"], "range of seeds such as 1..1000"),
        (["--seeds", "3", "--out", "x"], "range of seeds such as 1..1000"),
        (["--seeds", "1..3", "--out", "x", "--shard", "4/3"], "shard such as 3/8"),
        (["--seeds", "1..3", "--out", "x", "--seed", "0"], "--seed and --seeds do not go together"),
        (["--seeds", "1..3", "--out", "x", "--trace", "y"], "--trace and --seeds do not"),
        (["--seeds", "1..3", "--out", "/dev/null"], "/dev/null: not a regular file"),
        (["--seeds", "1..3", "--out", "/"], "file /: Is a directory"),
        (["--shard", "1/2"], "--shard means nothing without --seeds"),
        (["--out", "x"], "--out means nothing without --seeds"),
        (["--jobs", "2"], "--jobs means nothing without --minutes or --seeds"),
        (["--table", "/there/is/none"], "file /there/is/none: No such file"),
        (["--table", "/"], "not a regular file"),
        (["--table", "x", "--seeds", "1..3"], "--table and --seeds do not go together"),
    ],
)
def test_bad_input_is_said_in_a_line(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    refuse(capfd, words, ["simulate", *arguments])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"\n", "no record"),
        (b"[1]\n", "no record"),
        (b"\xff\n", "no record"),
        (b'{"seed": 1}\n', "no record"),
        (b"[" * 50_000 + b"\n", "no record"),
        (b"x" * (3 * MAX_LINE_BYTES), "no record of a simulated run: too long"),
    ],
)
def test_a_line_that_is_no_record_is_named_and_the_file_left_alone(
    line: bytes, words: str, whole: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    first, *rest = whole.read_bytes().splitlines(keepends=True)
    content = first + line + b"".join(rest)
    out.write_bytes(content)
    refuse(capfd, f"file {out}:2: {words}", ["simulate", "--table", str(out)])
    refuse(capfd, f"file {out}:2: {words}", arguments("1..50", out))
    assert out.read_bytes() == content


def test_a_file_of_other_runs_is_named_and_left_alone(
    whole: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = whole.read_bytes()
    refuse(capfd, "of another campaign", arguments("1..50", whole, "--clients", "1"))
    assert whole.read_bytes() == before


def test_one_campaign_at_a_time_writes_a_file(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    process = start(out)
    try:
        await_lines(out, 1, process)
        with pytest.raises(InputError, match="another campaign writes it"):
            RecordFile(out)
    finally:
        process.kill()
        process.wait()
    with RecordFile(out) as file:
        assert len([*file.read()]) >= 1
