"""Runs of which a file is not as it must be: they are errors, whoever judges. Each is a correct run
with one thing changed, and the name of the check that must say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.trace.reader import CHECKS
from tests.conformance.good_runs import plain, synod

ONE, TWO = "acceptor-1.1.ndjson", "learner-2.1.ndjson"
UNTRIED = {"File.readable"}  # it takes a disk or a machine that fails

Change = Callable[[Path], Any]


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def edit(path: Path, line: int, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change one line (1 is the header) as JSON."""
    every = lines(path)
    value = json.loads(every[line - 1])
    change(value)
    every[line - 1] = json.dumps(value, separators=(",", ":")) + "\n"
    path.write_text("".join(every))


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def move_into_a_folder(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / TWO).rename(folder / "more" / TWO)


def make_a_folder(folder: Path) -> None:
    (folder / TWO).unlink()
    (folder / TWO).mkdir()
    (folder / TWO / "empty").write_text("")


def two_events_on_a_torn_line(folder: Path) -> None:
    every = lines(folder / TWO)
    (folder / TWO).write_text("".join(every[:1]) + "".join(x.strip() for x in every[1:]))


def swap(folder: Path) -> None:
    every = lines(folder / ONE)
    every[1], every[2] = every[2], every[1]
    (folder / ONE).write_text("".join(every))


def clock(folder: Path) -> None:
    hlc = json.loads(lines(folder / ONE)[1])["hlc"]
    edit(folder / ONE, 3, lambda x: x.update(hlc=hlc))


def other_cluster(folder: Path) -> None:
    """Clusters that both admit all processes, and differ all the same."""
    edit(folder / ONE, 1, lambda x: x["cluster"].update(acceptors=[1, 2, 3, 4, 5]))


def come_back(folder: Path, scope: str) -> None:
    """Acceptor 1 comes back with promises of instances, in a run with this scope of promises."""
    header = (folder / ONE).read_text().partition("\n")[0]
    again = header.replace("acceptor-1.1", "acceptor-1.2").replace('tion":1', 'tion":2')
    (folder / "acceptor-1.2.ndjson").write_text(
        again + '\n{"event":"Recover","process":"acceptor-1.2","seq":1,"hlc":9,"votes":[],'
        '"promises":[[2,2,[1,1]],[1,2,[1,1]]]}\n'
    )
    if scope == "instance":
        for path in folder.glob("*.ndjson"):
            text = path.read_text()
            path.write_text(
                text.replace('"max_batch":1', '"max_batch":1,"promise_scope":"instance"')
            )


BROKEN: dict[str, tuple[str, Change]] = {
    "file_compressed": ("File.name", lambda f: (f / TWO).rename(f / f"{TWO}.gz")),
    "file_with_a_capital_ending": (
        "File.name",
        lambda f: (f / TWO).rename(f / "learner-2.1.NDJSON"),
    ),
    "file_of_another_ending": ("File.name", lambda f: (f / TWO).rename(f / "learner-2.1.json")),
    "file_that_is_a_folder": ("File.regular", make_a_folder),
    "file_in_a_folder_beside": ("File.folder", move_into_a_folder),
    "file_without_ends_of_lines": ("File.lines", two_events_on_a_torn_line),
    "files_of_two_clusters": ("File.one run", other_cluster),
    "line_with_a_field_too_many": (
        "Line.shape",
        lambda f: edit(f / ONE, 3, lambda x: x.update(x=1)),
    ),
    "line_with_a_key_twice": (
        "Line.keys",
        lambda f: replace(f / ONE, '"instance":1', '"instance":9,"instance":1'),
    ),
    "line_of_another_process": (
        "Line.process",
        lambda f: edit(f / ONE, 3, lambda x: x.update(process="acceptor-2.1")),
    ),
    "lines_swapped": ("Line.seq", swap),
    "line_at_the_same_clock": ("Line.hlc", clock),
    "line_of_another_role": (
        "Line.role",
        lambda f: edit(f / ONE, 3, lambda x: x.update(event="Decide", quorum=[1, 2])),
    ),
    "recover_with_what_another_role_keeps": (
        "Line.shape",
        lambda f: (f / "proposer-2.2.ndjson").write_text(
            (f / "proposer-2.1.ndjson").read_text().replace("proposer-2.1", "proposer-2.2")
            .replace('"incarnation":1', '"incarnation":2')
            + '{"event":"Recover","process":"proposer-2.2","seq":1,"hlc":9,"votes":[]}\n'
        ),
    ),
    "recover_with_promises_of_another_scope": (
        "Line.shape",
        lambda f: come_back(f, "log"),
    ),
    "recover_with_promises_out_of_order": (
        "Line.shape",
        lambda f: come_back(f, "instance"),
    ),
    "header_missing": ("Header.first", lambda f: (f / ONE).write_text("".join(lines(f / ONE)[1:]))),
    "header_of_another_version": (
        "Header.schema",
        lambda f: edit(f / ONE, 1, lambda x: x.update(schema=2)),
    ),
    "header_without_a_cluster": (
        "Header.shape",
        lambda f: edit(f / ONE, 1, lambda x: x.pop("cluster")),
    ),
    "header_with_constants_twice": (
        "Header.keys",
        lambda f: replace(
            f / ONE,
            '"constants":',
            '"constants":{"direct_learning":true,"prepare_ahead":true,"max_batch":9},"constants":',
        ),
    ),
    "header_of_another_process": (
        "Header.process",
        lambda f: edit(f / ONE, 1, lambda x: x.update(incarnation=2)),
    ),
    "header_of_a_stranger": (
        "Header.cluster",
        lambda f: edit(f / ONE, 1, lambda x: x["cluster"].update(acceptors=[2, 3])),
    ),
    "synod_with_an_optimisation": (
        "Header.constants",
        lambda f: edit(f / ONE, 1, lambda x: x["constants"].update(max_batch=2)),
    ),
    "synod_with_fifo": (
        "Header.constants",
        lambda f: edit(f / ONE, 1, lambda x: x["constants"].update(fifo=True)),
    ),
    "header_of_an_acceptor_that_keeps_checkpoints": (
        "Header.keeps",
        lambda f: edit(f / ONE, 1, lambda x: x.update(keeps=True)),
    ),
    "header_with_quorums_that_do_not_meet": (
        "Header.constants",
        lambda f: edit(
            f / ONE, 1, lambda x: x["constants"].update(phase1_quorum=2, phase2_quorum=1)
        ),
    ),
    "header_with_fifo_and_without_broadcasts": (
        "Header.constants",
        lambda f: edit(
            f / ONE, 1, lambda x: (x["constants"].update(fifo=True), x.update(omits=["Broadcast"]))
        ),
    ),
}  # fmt: skip


def write_broken(bad: Path) -> dict[str, dict[str, str]]:
    """Write them; what is expected of each."""
    expected = {}
    for name, (check, change) in BROKEN.items():
        assert check in CHECKS
        change((synod() if name.startswith("synod") else plain(1)).write(bad / name))
        expected[name] = {"verdict": "error", "check": check}
    return expected
