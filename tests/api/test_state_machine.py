"""State machines in replicas: results, checkpoints, and what they begin with."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import paxos
from paxos.runtime import report
from paxos.runtime.checkpoint_file import Application
from paxos.runtime.checkpoint_store import CheckpointStore
from tests.cluster.processes import Cluster, conformance, wait_for

PATIENCE_S = 30.0
EVERY = 5
"""Instances between checkpoints."""


class Ledger(paxos.StateMachine):
    """All values, and how often each was applied."""

    name, version = "ledger", 1

    def __init__(self) -> None:
        self.values: list[str] = []
        self.restored = 0

    def apply(self, position: int, value: bytes) -> object:
        assert position == len(self.values) + 1, "none twice, none left out"
        self.values.append(value.decode())
        return len(self.values), value

    def snapshot(self) -> bytes | Iterable[bytes]:
        return json.dumps(self.values).encode()

    def restore(self, pieces: Iterator[bytes]) -> None:
        self.values = json.loads(b"".join(pieces))
        self.restored = len(self.values)


@pytest.fixture
def only(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of one replica that makes checkpoints often, and keeps nothing else for long."""
    settings = {"checkpoints": True, "checkpoint_instances": EVERY, "retain_instances": 0}
    with Cluster(tmp_path, acceptors=1, proposers=1, learners=1, clients=1, **settings) as cluster:
        yield cluster


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said from now on."""
    lines: list[str] = []
    monkeypatch.setattr(report, "listen", lambda listener: None)
    monkeypatch.setattr(report._Said, "listener", lines.append)
    return lines


def replica(cluster: Cluster, machine: paxos.StateMachine, number: int = 1) -> paxos.Replica:
    return paxos.Replica(
        cluster.config, number, machine=machine, has_client=True, run_dir=cluster.run_dir
    )


def send(to: paxos.Replica, *values: str) -> list[Any]:
    """One after the other, so each has an instance; the results."""
    return [to.broadcast(value.encode()).result(PATIENCE_S) for value in values]


def numbers(first: int, last: int) -> list[str]:
    return [str(n) for n in range(first, last + 1)]


def send_until_kept(to: paxos.Replica, cluster: Cluster, at_least: int = 1) -> int:
    """Values, each its position, until there is a checkpoint of `at_least` or later; of which. A
    learner rests between two, so not each station has one."""
    while True:
        made = [e["instance"] for e in events(cluster.run_dir, "Checkpoint")]
        if made and made[-1] >= at_least:
            return int(made[-1])
        send(to, str(to.applied + 1))


def events(run_dir: Path, *kinds: str) -> list[dict[str, Any]]:
    found = []
    for path in sorted(run_dir.glob("learner-*.ndjson")):
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):  # the last one may be half written
                event = json.loads(line)
                if event["event"] in kinds:
                    found.append(event)
    return found


def kept(cluster: Cluster) -> list[int]:
    """The checkpoints that are there."""
    found = (cluster.run_dir / "data").glob("learner-1.checkpoint-*")
    return sorted(int(path.name.rpartition("-")[2]) for path in found)


def test_the_result_of_each_value_goes_to_who_has_broadcast_it(only: Cluster) -> None:
    with replica(only, Ledger()) as one:
        assert send(one, "a", "b") == [(1, b"a"), (2, b"b")]
        assert one.applied == 2


def test_the_results_of_several_values_and_of_tasks(only: Cluster) -> None:
    async def run(one: paxos.Replica) -> list[object]:
        return [*await asyncio.gather(one.abroadcast(b"c"), one.abroadcast(b"d"))]

    with replica(only, Ledger()) as one:
        several = one.broadcast_all([b"a", b"b"])
        assert [future.result(PATIENCE_S) for future in several] == [(1, b"a"), (2, b"b")]
        assert asyncio.run(run(one)) == [(3, b"c"), (4, b"d")]


def test_it_goes_on_from_its_checkpoint_with_nothing_twice(only: Cluster) -> None:
    with replica(only, Ledger()) as one:
        first = send_until_kept(one, only)
        last = one.applied
    again = Ledger()
    with replica(only, again) as one:
        assert again.restored == kept(only)[-1] >= first, "and not from the first value on"
        assert send(one, str(last + 1)) == [(last + 1, b"%d" % (last + 1))]
        assert again.values == numbers(1, last + 1)
        send_until_kept(one, only, last + 1)
    assert len(kept(only)) == 2
    began = events(only.run_dir, "Header")
    assert all(header["keeps"] and header["constants"]["checkpoints"] for header in began)
    took = events(only.run_dir, "TakeSnapshot", "Checkpoint", "Restart")
    assert all(e["position"] == e["instance"] for e in took)
    assert took[0]["event"] == "TakeSnapshot" and took[0]["instance"] == EVERY
    assert took[1] == {**took[1], "event": "Checkpoint", "instance": EVERY}
    [restart] = [e for e in took if e["event"] == "Restart"]
    assert restart["instance"] == again.restored and restart["seq"] == 1
    conformance(only.run_dir)


def test_what_is_in_the_checkpoint_is_not_kept_by_acceptors(only: Cluster) -> None:
    with replica(only, Ledger()) as one:
        send_until_kept(one, only, 10)
        while not trims(only):
            send(one, str(one.applied + 1))
        last = one.applied
    with replica(only, again := Ledger()) as one:
        send(one, str(last + 1))
        assert again.values == numbers(1, last + 1)


def trims(cluster: Cluster) -> list[dict[str, Any]]:
    lines = [
        json.loads(line)
        for path in cluster.run_dir.glob("acceptor-*.ndjson")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [event for event in lines if event["event"] == "Trim"]


def test_delivery_goes_on_while_a_snapshot_is_written(only: Cluster, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"

    class Slow(Ledger):
        def snapshot(self) -> Iterable[bytes]:
            text = json.dumps(self.values).encode()
            yield text[:1]
            wait_for(go_on.exists, "leave to go on")
            yield text[1:]

    with replica(only, Slow()) as one:
        send(one, *numbers(1, 9))
        assert not kept(only) and one.applied == 9
        go_on.touch()
        wait_for(lambda: kept(only) == [5], "checkpoint")
    with replica(only, again := Ledger()):
        assert again.restored == 5, "it is of the moment at which it was taken"


def test_a_snapshot_that_raises_is_said_once_and_the_one_before_stands(
    only: Cluster, said: list[str]
) -> None:
    is_cured: list[bool] = []

    class Failing(Ledger):
        def snapshot(self) -> bytes | Iterable[bytes]:
            if len(self.values) > 5 and not is_cured:
                raise ValueError("out of luck")
            return super().snapshot()

    with replica(only, Failing()) as one:
        send_until_kept(one, only, 5)
        while len(tried := events(only.run_dir, "TakeSnapshot")) < 3:
            send(one, str(one.applied + 1))
        assert tried and kept(only) == [5]
        is_cured.append(True)
        cured = send_until_kept(one, only, 6)
        send_until_kept(one, only, cured + 1)
    told = [line for line in said if "checkpoint" in line]
    assert len(told) == 2, told
    assert f"no checkpoint of instance {tried[1]['instance']}: snapshot() raised" in told[0]
    assert "ValueError: out of luck" in told[0] and "the one before stands" in told[0]
    assert f"checkpoints are made again, now of instance {cured}" in told[1]
    conformance(only.run_dir)


def test_a_restore_that_raises_is_one_clear_error_and_loses_nothing(only: Cluster) -> None:
    class Failing(Ledger):
        def restore(self, pieces: Iterator[bytes]) -> None:
            raise KeyError("total")

    with replica(only, Ledger()) as one:
        send_until_kept(one, only)
        last = one.applied
    with pytest.raises(paxos.ApplicationError, match=r"restore\(\) from checkpoint .* raised Key"):
        replica(only, Failing())
    with replica(only, again := Ledger()) as one:
        assert send(one, "next") == [(last + 1, b"next")] and again.restored == kept(only)[-1]


def test_another_application_or_version_is_refused(only: Cluster) -> None:
    class Later(Ledger):
        version = 2

    with replica(only, Ledger()) as one:
        send_until_kept(one, only)
    with pytest.raises(
        paxos.InputError, match="is of version 1 of 'ledger', and this is version 2"
    ):
        replica(only, Later())
    replica(only, Ledger()).close()


@pytest.mark.tlc
def test_a_damaged_checkpoint_is_said_and_the_one_before_used(
    only: Cluster, said: list[str]
) -> None:
    """It is another learner then, as the traces say, and goes on from what the first has left."""
    # Acceptors keep some more, so that what came since the one before is still there.
    text = only.config.read_text(encoding="utf-8")
    only.config.write_text(
        text.replace("retain_instances: 0", "retain_instances: 100000"), encoding="utf-8"
    )
    with replica(only, Ledger()) as one:
        first = send_until_kept(one, only)
        send_until_kept(one, only, first + 1)
        last = one.applied
    before, newest = kept(only)
    path = only.run_dir / "data" / f"learner-1.checkpoint-{newest}"
    data = path.read_bytes()
    path.write_bytes(data[:-40] + b"?" + data[-39:])
    with replica(only, again := Ledger()) as one:
        assert send(one, "next") == [(last + 1, b"next")]
        assert again.restored == before and again.values == [*numbers(1, last), "next"]
    assert [line for line in said if "is damaged: it does not have its digest" in line]
    assert not events(only.run_dir, "Restart")
    [back] = events(only.run_dir, "InstallSnapshot")
    assert (back["from"], back["instance"], back["seq"]) == (1, before, 1)
    assert "takes all" in conformance(only.run_dir, "--tlc")


def test_two_with_one_id(only: Cluster) -> None:
    folder = only.run_dir / "data"
    config = paxos.Config(checkpoints=True)
    with replica(only, Ledger()):
        store = pytest.raises(paxos.InputError, match="learner 1 is running, or was paused")
        with store:
            CheckpointStore(folder, 1, config.identity(), Application("another", 1))


def test_a_machine_that_raises_ends_its_replica(only: Cluster) -> None:
    class Failing(Ledger):
        def apply(self, position: int, value: bytes) -> object:
            if value == b"2":
                raise ArithmeticError("no such number")
            return super().apply(position, value)

    one = replica(only, Failing())
    future: Future[object] = Future()
    with pytest.raises(paxos.ApplicationError, match=r"at position 2 apply\(\) raised Arith"), one:
        send(one, "1")
        future = one.broadcast(b"2")
        one.wait(PATIENCE_S)
    with pytest.raises(paxos.NotKnownError):
        future.result(PATIENCE_S)


def test_what_does_not_go_together(only: Cluster) -> None:
    with pytest.raises(TypeError, match="takes no callback"):
        paxos.Replica(only.config, 1, lambda position, value: None, machine=Ledger())
    with pytest.raises(TypeError, match="no option 'from_positon'"):
        paxos.Replica(only.config, 1, from_positon=3)  # type: ignore[call-arg]
    with replica(only, Ledger()) as one:
        with pytest.raises(TypeError, match="cannot be taken"):
            one.get(0)
        with pytest.raises(TypeError, match="cannot be taken"):
            next(iter(one))
    plain = paxos.Replica(only.config, 1, run_dir=only.run_dir)
    with plain, pytest.raises(TypeError, match="without a machine"):
        plain.broadcast(b"")


def has_more(cluster: Cluster, learners: list[paxos.Learner], before: int, trimmed: int) -> bool:
    """Whether there are more checkpoints, all learners have come as far as the furthest, and
    trimming goes on."""
    found = events(cluster.run_dir, "Checkpoint")
    last = max((e["position"] for e in found), default=0)
    return len(found) > before + 2 and all_at(learners, last) and len(trims(cluster)) > trimmed


def all_at(learners: list[paxos.Learner], position: int) -> bool:
    return all(learner.applied >= position for learner in learners)


def test_all_learners_restart_at_once_while_clients_go_on(tmp_path: Path) -> None:
    """Nothing is lost, nothing twice, and trimming goes on. Acceptors and proposers are others."""
    settings = {"checkpoints": True, "checkpoint_instances": EVERY, "retain_instances": 20}
    with Cluster(tmp_path, proposers=1, learners=2, clients=1, **settings) as cluster:
        cluster.start_all(proposers=1, learners=0)
        stop = threading.Event()

        def learners() -> list[paxos.Learner]:
            return [
                paxos.Learner(cluster.config, n, machine=ledger, run_dir=cluster.run_dir)
                for n, ledger in enumerate(ledgers, 1)
            ]

        with paxos.Client(cluster.config, 1, run_dir=cluster.run_dir) as client:
            sent = 0

            def broadcast() -> None:
                nonlocal sent
                while not stop.is_set():
                    client.broadcast(str(sent + 1).encode())
                    sent += 1
                    stop.wait(0.002)

            thread = threading.Thread(target=broadcast)
            thread.start()
            try:
                for number in range(4):
                    ledgers = [Ledger(), Ledger()]
                    alive = learners()
                    assert not number or any(ledger.restored for ledger in ledgers)
                    before = len(events(cluster.run_dir, "Checkpoint")), len(trims(cluster))
                    wait_for(partial(has_more, cluster, alive, *before), "checkpoints and trimming")
                    if number == 3:
                        stop.set()
                        thread.join()
                        assert client.wait(PATIENCE_S)
                        wait_for(partial(all_at, alive, sent), "the last value")
                    for learner in alive:
                        learner.close()
            finally:
                stop.set()
                thread.join()
        assert ledgers[0].values == ledgers[1].values
        assert sorted(map(int, ledgers[0].values)) == list(range(1, sent + 1))
        conformance(cluster.run_dir)
