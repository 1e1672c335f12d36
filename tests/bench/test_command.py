"""`paxos bench`, a very small one, from the command line to the files it leaves; its helpers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from harness.bench import stores
from harness.bench.helper import Helper
from paxos.errors import RunError
from tests.cluster.processes import ENVIRONMENT, PAXOS, run, wait_for


@pytest.mark.multicast
@pytest.mark.timeout(300)
def test_a_little_of_everything(tmp_path: Path) -> None:
    """All that `make bench-smoke` does but scale and load, which are more of the same."""
    out = tmp_path / "out"
    only = "throughput,latency,switches,loss,replicas,fifo,stateful,flat,late"
    ended = run("bench", "--smoke", "--only", only, "--out", out, timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert list((out / "runs").iterdir()) == [], "checked runs are removed"
    assert not (out / "values").exists()
    files = {path.name for path in out.iterdir()}
    assert files > {"table.md", "results.json", "flat.svg", "index.html"}
    assert "conforms to MultiPaxos" in (out / "index.html").read_text(encoding="utf-8")
    assert (out / "table.md").read_text(encoding="utf-8").strip() == ended.stdout.strip()
    result = json.loads((out / "results.json").read_text(encoding="utf-8"))
    rows = {json.dumps(row["setting"]): row["runs"] for row in result["rows"]}
    assert len(rows) == 10 and all(len(runs) == 1 for runs in rows.values())
    for setting, (one,) in rows.items():
        assert one["rate"] > 0 and one["datagrams"] > 0, setting
        together = json.loads(setting)["replicas"]
        processes = {"replica"} if together else {"proposer", "acceptor", "learner"}
        assert set(one["rss_mib"]) == {"client", *processes}
        assert all(mib > 5 for mib in one["rss_mib"].values()), setting
        traced = json.loads(setting)["tracing"]
        assert (one["checked"] is not None) == traced
        assert not traced or (one["checked"]["conforms"] and one["checked"]["events"] > 10)
    one = next(runs[0] for setting, runs in rows.items() if '"outstanding": 1,' in setting)
    assert 10 < one["latency_us"]["p50"] <= one["latency_us"]["p99"] < 1e8
    assert {(peer["mode"], peer["value_bytes"]) for peer in result["peers"]} == {
        ("pipelined", 64),
        ("pipelined", 16_384),
        ("one", 64),
    }
    assert all(peer["runs"][0]["rate"] > 0 for peer in result["peers"])
    assert all(peer["runs"][0]["failed"] == 0 for peer in result["peers"])
    assert all(figure > 0 for figure in result["limits"][0].values())
    assert result["flat"][0]["run"]["values"] == 2_000
    assert result["late"][0]["caught_up"] and result["late"][0]["checked"]["conforms"]
    assert all(checked["conforms"] for checked in result["stateful"][0]["checked"])
    assert result["stateful"][0]["start_up_values"] > 0
    assert result["failures"] == []


@pytest.mark.multicast
@pytest.mark.timeout(300)
@pytest.mark.skipif(bool(stores.missing()), reason=stores.missing())
def test_a_little_of_the_stores(tmp_path: Path) -> None:
    ended = run("bench", "--smoke", "--only", "stores", "--out", tmp_path / "out", timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "etcd, put, 1 client" in ended.stdout
    result = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert len(result["stores"]) == 4
    for row in result["stores"]:
        (one,) = row["runs"]
        assert one["rate"] > 0 and one["failed"] == 0, row["use"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "everything"], "expected some of throughput, latency, load,"),
        (["--only", ""], "expected some of throughput, latency, load,"),
        (["--runs", "0"], "invalid whole number above 0 value: '0'"),
        (["--seconds", "soon"], "invalid number of seconds value: 'soon'"),
        (["--optimisations", "none"], "invalid choice: 'none'"),
        (["--out", "/dev/null/out"], "folder /dev/null/out: "),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str) -> None:
    ended = run("bench", *arguments)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


ECHO = ["echo", "239.0.0.1", "29998", "239.0.0.1", "29999"]


def test_a_helper_ends_with_its_block() -> None:
    with Helper("limits", ECHO) as helper:
        assert helper.line() == b"ready\n"
    assert helper.process.returncode == 0


def test_a_helper_ends_with_its_parent() -> None:
    program = (
        "import sys\nfrom harness.bench.helper import Helper\n"
        f"helper = Helper('limits', {ECHO!r})\nhelper.line()\n"
        "print(helper.process.pid, flush=True)\nsys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert parent.stdout and parent.stdin
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    with suppress(BrokenPipeError):
        parent.stdin.close()

    def is_gone() -> bool:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return True
        return state[state.rindex(")") + 2] == "Z"

    try:
        wait_for(is_gone, "end of the helper")
    except AssertionError:
        os.kill(pid, signal.SIGKILL)
        raise


def test_a_helper_that_fails_says_why() -> None:
    with (
        Helper("limits", ["echo", "10.0.0.1", "1", "239.0.0.1", "1"]) as helper,
        pytest.raises(RunError, match="expected a multicast address"),
    ):
        helper.line()


@pytest.mark.multicast
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_no_process_outlives_the_benchmark(tmp_path: Path, number: int, status: int) -> None:
    out = tmp_path / "out"
    arguments = ["bench", "--smoke", "--only", "throughput", "--no-peer", "--out", str(out)]
    bench = subprocess.Popen(
        [*PAXOS, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT
    )
    try:
        wait_for(lambda: len(processes_with(str(out))) > 5, "cluster")
        bench.send_signal(number)
        said = bench.communicate()[0].decode()
    finally:
        bench.kill()
        bench.wait()
    assert bench.returncode == status, said
    assert "Traceback" not in said
    wait_for(lambda: not processes_with(str(out)), "end of all processes")


def processes_with(word: str) -> list[str]:
    """The command lines of running processes that have a word in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
    return [line for line in found if word in line]
