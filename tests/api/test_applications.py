"""The applications in examples/ do what they say, each on a cluster of processes."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.cluster.processes import ENVIRONMENT, PATIENCE_S, Cluster
from tests.paths import ROOT

EXAMPLES = ROOT / "examples"


def start(cluster: Cluster, name: str, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / name), str(cluster.config), *map(str, words)],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], said: str = "") -> list[str]:
    output, errors = process.communicate(said, PATIENCE_S)
    assert (process.returncode, errors) == (0, "")
    return output.splitlines()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().rstrip()


def loaded(name: str) -> ModuleType:
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_each_is_short_and_has_a_test(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") < 120
    assert f'"{path.name}"' in Path(__file__).read_text(encoding="utf-8")


def test_a_chat(cluster: Cluster) -> None:
    ann, bob = start(cluster, "chat.py", 1, "Ann"), start(cluster, "chat.py", 2, "Bob")
    heard = finish(ann, "hello\nis anybody there?\n"), finish(bob, "hello yourself\n")
    late = finish(start(cluster, "chat.py", 3, "Late"))
    said = [line.strip().split("  ", 1)[1] for line in late]
    assert sorted(said) == sorted(
        [f"{name} {what}" for name in ("Ann", "Bob", "Late") for what in ("is here", "leaves")]
        + ["Ann: hello", "Ann: is anybody there?", "Bob: hello yourself"]
    )
    for lines in heard:
        assert lines == late[: len(lines)]


def test_a_counter(cluster: Cluster) -> None:
    one, two = start(cluster, "counter.py", 1, 30), start(cluster, "counter.py", 2, 30)
    totals = finish(one, "1\n10\n100\n"), finish(two, "1000\n")
    assert all(len(lines) == n for lines, n in zip(totals, (3, 1), strict=True))
    assert finish(start(cluster, "counter.py", 3, 30), "0\n") == ["1111"]


def test_a_counter_counts_once_what_is_broadcast_twice(cluster: Cluster) -> None:
    """As after a time-out."""
    counter = loaded("counter").Counter()
    counter.apply(1, b"name-1 5")
    counter.apply(2, b"name-1 5")
    counter.apply(3, b"name-2 5")
    assert counter.total_at(3) == 10


def test_a_lock_has_one_holder_and_tokens_that_grow(cluster: Cluster) -> None:
    first = start(cluster, "locks.py", 1, "door")
    token = int(first_line(first))
    second = start(cluster, "locks.py", 2, "door")
    elsewhere = start(cluster, "locks.py", 3, "window")
    window = int(first_line(elsewhere))
    assert finish(first) == []
    later = int(first_line(second))
    assert token < later
    assert finish(second) == [] and finish(elsewhere) == []
    assert len({token, window, later}) == 3


def test_an_old_holder_is_fenced_off() -> None:
    locks, protected = loaded("locks").Locks(), loaded("locks").Protected()
    for position, value in enumerate((b"acquire l a", b"acquire l b", b"release l a"), 5):
        locks.apply(position, value)
        if position == 6:
            assert locks.wait_for("l", "b", 0) is None
            old = locks.wait_for("l", "a", 0)
    new = locks.wait_for("l", "b", 0)
    assert (old, new) == (5, 7)
    protected.write(old, "a's")
    protected.write(new, "b's")
    with pytest.raises(PermissionError, match="token 5 is old: 7 was seen"):
        protected.write(old, "a's, who has slept")
    assert protected.content == "b's"


def test_what_is_wrong_is_said_in_a_line(cluster: Cluster) -> None:
    for path in EXAMPLES.glob("*.py"):
        ended = subprocess.run(
            [sys.executable, str(path), "nowhere.yaml", "1", "1"],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 1
        assert ended.stderr.startswith("error: configuration nowhere.yaml: No such file")
        assert ended.stderr.count("\n") == 1
