"""The client and the command, against a server without a cluster."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kv.client import Client, Entry, NotKnownError, StoreError
from tests.cluster.processes import ENVIRONMENT, Cluster
from tests.kv.alone import Served
from tests.paths import ROOT

KV = [sys.executable, str(ROOT / "examples" / "kv")]


@pytest.fixture
def served() -> Iterator[Served]:
    with Served() as made:
        yield made


def nobody() -> str:
    """An address where nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"


@pytest.mark.parametrize("key", ["k", "a/b", "..", "a/../b", "ä ö", "?x=1#y", "%2F", "%"])
def test_any_text_is_a_key(served: Served, key: str) -> None:
    client = Client([served.address])
    version = client.put(key, b"v")
    assert client.get(key) == client.get(key, stale=True) == Entry(b"v", version)
    assert [row["key"] for row in client.list()] == [key]
    assert client.delete(key, expect=version) > version
    assert client.get(key) is None
    client.close()


def test_what_the_store_refuses_is_an_error_with_the_version_that_is_there(served: Served) -> None:
    client = Client([served.address])
    version = client.put("k", b"v", expect=0)
    with pytest.raises(StoreError, match="another version is there") as caught:
        client.put("k", b"w", expect=version + 1)
    assert (caught.value.status, caught.value.version) == (412, version)
    client.close()


def test_a_write_whose_answer_was_lost_is_done_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client([nobody(), served.address])
    first = client.put("k", b"a")
    served.node.failure = TimeoutError()
    # The replica answers 504, and again once it has a majority.
    monkeypatch.setattr("time.sleep", lambda _: setattr(served.node, "failure", None))
    second = client.put("k", b"b")
    assert second == first + 1 < served.node.position
    assert client.get("k") == Entry(b"b", second)
    client.close()


def test_where_nobody_answers_it_is_not_known() -> None:
    client = Client([nobody(), nobody()], patience_s=0.2)
    with pytest.raises(NotKnownError, match=r"no answer in 0\.2 s: .*refused"):
        client.put("k", b"v")


def test_watching(served: Served) -> None:
    client = Client([served.address])
    versions = [client.put("w/1", b"a"), client.put("x", b"b"), client.delete("w/1")]
    seen = iter(client.watch("w/", 0))
    assert [next(seen), next(seen)] == [
        {"key": "w/1", "version": versions[0], "value": "a"},
        {"key": "w/1", "version": versions[2]},
    ]
    for _ in range(110):  # more than are kept here
        client.put("x", b"b")
    with pytest.raises(StoreError, match="read anew"):
        next(client.watch("", 0))
    client.close()


def kv(served: Served, *words: str, said: str = "") -> tuple[int, str, str]:
    command = [*KV, words[0], "--replicas", f"{nobody()},{served.address}", *words[1:]]
    ended = subprocess.run(
        command,
        input=said,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_the_command(served: Served) -> None:
    assert kv(served, "put", "k", "hello") == (0, "2\n", "")
    assert kv(served, "get", "k") == (0, "hello", "")
    assert kv(served, "get", "k", "--stale") == (0, "hello", "")
    assert kv(served, "put", "k", "--if-version", "2", said="piped") == (0, "4\n", "")
    assert kv(served, "put", "k", "x", "--if-version", "2") == (
        1,
        "",
        "error: another version is there\n",
    )
    assert kv(served, "list") == (0, "4 5 k\n", "")
    assert kv(served, "delete", "k", "--if-version", "4") == (0, "8\n", "")
    assert kv(served, "get", "k") == (1, "", "error: nothing is there\n")
    assert kv(served, "delete", "k") == (1, "", "error: nothing is there\n")


def test_the_command_watches(served: Served) -> None:
    command = [*KV, "watch", "--replicas", served.address, "w/"]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        client = Client([served.address])
        assert process.stdout
        while not served.node.watchers:
            client.put("other", b"x")
        version = client.put("w/1", b"a")
        line = process.stdout.readline()
        process.kill()
    client.close()
    assert json.loads(line) == {"key": "w/1", "version": version, "value": "a"}


@pytest.mark.parametrize(
    "words", [["serve", "c.yaml", "1", "--listen"], ["get", "k", "--replicas"]]
)
def test_an_address_is_checked(words: list[str]) -> None:
    for wrong in ("8001", ":8001", "host:", "host:99999"):
        ended = subprocess.run(
            [*KV, *words, wrong], env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 2
        assert f"expected HOST:PORT, not '{wrong}'" in ended.stderr


FAILING = """
import pathlib, sys
sys.path[:0] = {paths!r}
from paxos.runtime.sqlite_storage import SqliteStorage
save = SqliteStorage.save
def failing(storage, writes):
    if pathlib.Path("full").exists():
        raise OSError(28, "No space left on device")
    save(storage, writes)
SqliteStorage.save = failing
from kv.command import main
sys.exit(main())
"""


@pytest.mark.multicast
def test_a_replica_that_fails_ends_and_has_said_why(tmp_path: Path) -> None:
    alone: Any = {"acceptors": 1, "proposers": 1, "learners": 1, "clients": None}
    code = FAILING.format(paths=[str(ROOT / "examples")])
    with Cluster(tmp_path, **alone) as cluster:
        address = nobody()
        words = ["serve", str(cluster.config), "1", "--listen", address]
        with (tmp_path / "log").open("wb") as log:
            cluster.processes["kv-1"] = subprocess.Popen(
                [sys.executable, "-c", code, *words], cwd=tmp_path, env=ENVIRONMENT, stderr=log
            )
        assert Client([address]).put("k", b"v")
        (tmp_path / "full").touch()
        with pytest.raises(NotKnownError):
            Client([address], patience_s=0.0).put("k", b"w")
        assert cluster.processes["kv-1"].wait(30) == 1
    said = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert said[-1].startswith("replica-1: storage: ") and "No space left" in said[-1], said


def test_a_replica_that_cannot_begin_says_so_in_a_line() -> None:
    ended = subprocess.run(
        [*KV, "serve", "nowhere.yaml", "1"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: configuration nowhere.yaml: No such file")
    assert ended.stderr.count("\n") == 1
