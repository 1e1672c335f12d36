"""The library on a cluster of processes: what futures, learners and their errors say."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

import paxos
from paxos import Client, DeliveredValue, Learner, Place
from tests.cluster.processes import ENVIRONMENT, Cluster, conformance, wait_for

PATIENCE_S = 30.0


def both(cluster: Cluster) -> tuple[Learner, Client]:
    """A learner and a client that leave traces."""
    learner = Learner(cluster.config, 1, run_dir=cluster.run_dir)
    return learner, Client(cluster.config, 1, run_dir=cluster.run_dir)


def test_a_future_has_the_place_at_which_learners_have_the_value(cluster: Cluster) -> None:
    """From several threads, with several clients and learners in one process; the run conforms."""
    learner, first = both(cluster)
    heard: dict[int, bytes] = {}
    futures: dict[bytes, Future[Place]] = {}

    def broadcast(client: Client, name: bytes) -> None:
        for n in range(50):
            value = b"%s\n%d" % (name, n)
            futures[value] = client.broadcast(value)

    other = Learner(cluster.config, 2, heard.__setitem__, run_dir=cluster.run_dir)
    with learner, other, first, Client(cluster.config, 2, run_dir=cluster.run_dir) as second:
        threads = [
            threading.Thread(target=broadcast, args=(client, name))
            for client, name in ((first, b"a"), (first, b"b"), (second, b"c"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        delivered = {value.position: value for value in (learner.get(PATIENCE_S) for _ in futures)}
        for value, future in futures.items():
            place = future.result(PATIENCE_S)
            assert (delivered[place.position].value, delivered[place.position].instance) == (
                value,
                place.instance,
            )
        assert sorted(delivered) == list(range(1, 151))
        wait_for(lambda: len(heard) == 150, "all values at the other learner")
        assert heard == {position: value.value for position, value in delivered.items()}
        assert first.outstanding == second.outstanding == 0
    cluster.stop()
    conformance(cluster.run_dir)


def at_once(client: Client, *values: bytes) -> list[Future[Place]]:
    """Broadcast them so that the client's core is given all of them together."""
    futures: list[Future[Place]] = []
    with client._host.node._lock:
        first = threading.Thread(target=lambda: futures.append(client.broadcast(values[0])))
        first.start()
        wait_for(lambda: client.outstanding, "the first, which now waits for the lock")
        rest = [client.broadcast(value) for value in values[1:]]
    first.join()
    return futures + rest


def test_values_that_are_large(cluster: Cluster) -> None:
    large, learner_and_client = os.urandom(300_000), both(cluster)
    with learner_and_client[0] as learner, learner_and_client[1] as client:
        places = [f.result(PATIENCE_S) for f in at_once(client, b"before", large, b"after")]
        got = sorted(learner.get(PATIENCE_S) for _ in places)
    assert [place.position for place in places] == [
        next(d.position for d in got if d.value == value) for value in (b"before", large, b"after")
    ]
    with pytest.raises(paxos.ClosedError):
        client.broadcast(b"")


def test_asyncio(cluster: Cluster) -> None:
    async def main(client: Client) -> list[Place]:
        return await asyncio.gather(*(client.abroadcast(b"%d" % n) for n in range(20)))

    with Client(cluster.config, 1, outstanding=5) as client, Learner(cluster.config, 1) as learner:
        places = asyncio.run(main(client))
        order = {d.position: d.value for d in (learner.get(PATIENCE_S) for _ in places)}
    assert [order[place.position] for place in places] == [b"%d" % n for n in range(20)]


def test_a_value_that_is_cancelled_is_delivered_all_the_same(cluster: Cluster) -> None:
    async def main(client: Client) -> None:
        task = asyncio.create_task(client.abroadcast(b"taken back"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with Client(cluster.config, 1) as client:
        asyncio.run(main(client))
        assert not client.broadcast(b"neither").cancel()
        with Learner(cluster.config, 1) as learner:
            assert {learner.get(PATIENCE_S).value for _ in range(2)} == {b"taken back", b"neither"}


# What is not there.


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """The configuration of a cluster of which nothing runs."""
    return Cluster(tmp_path).config


def test_what_is_not_known_is_not_said_to_be_lost(alone: Path) -> None:
    client = Client(alone, 1)
    with pytest.raises(paxos.NotKnownError, match="1 value not known to be delivered, after 0"):
        client.broadcast_and_wait(b"v", 0.05)
    future = client.broadcast(b"w")
    with pytest.raises(paxos.NotKnownError, match="2 values not known to be delivered, as the"):
        client.close()
    with pytest.raises(paxos.NotKnownError, match="no more is heard: the client was closed"):
        future.result(0)
    client.close()
    for use in (client.broadcast, client.broadcast_and_wait):
        with pytest.raises(paxos.ClosedError, match=r"client-1\.\d+ is closed"):
            use(b"x")


def test_a_client_is_bounded_and_says_how_much_room_it_has(alone: Path) -> None:
    client = Client(alone, 1, outstanding=3, outstanding_bytes=100)
    assert (client.room, client.outstanding) == (3, 0)
    client.broadcast(bytes(90))
    with pytest.raises(paxos.Full, match="has 1 values of 90 bytes outstanding; 3 of 100 bytes"):
        client.broadcast(bytes(11), 0)
    client.broadcast(b"a")
    client.broadcast(b"b")
    assert (client.room, client.outstanding) == (0, 3)
    with pytest.raises(paxos.Full):
        client.broadcast(b"", 0.01)
    told: Future[object] = Future()

    def wait_for_room() -> None:
        with pytest.raises(paxos.ClosedError):
            client.broadcast(b"")
        told.set_result(None)

    threading.Thread(target=wait_for_room, daemon=True).start()
    with pytest.raises(paxos.NotKnownError, match="3 values"):
        client.close()
    told.result(PATIENCE_S)  # who waits for room is told that there will be none


def test_who_waits_for_room_gets_it(cluster: Cluster) -> None:
    with Client(cluster.config, 1, outstanding=1) as client, Learner(cluster.config, 1) as learner:
        for n in range(30):
            client.broadcast(b"%d" % n)
        assert [learner.get(PATIENCE_S).value for _ in range(30)] == [b"%d" % n for n in range(30)]


def test_the_next_value_from_the_callback_of_a_future(cluster: Cluster) -> None:
    """It has room, though it may not wait for any: no one else could make it."""
    ended: Future[Exception] = Future()

    def again(left: int, future: Future[Place]) -> None:
        if left:
            client.broadcast(b"v").add_done_callback(partial(again, left - 1))
        else:
            client.broadcast(b"last")
            try:
                client.broadcast(b"too many")
            except paxos.Full as error:
                ended.set_result(error)

    with Learner(cluster.config, 1), Client(cluster.config, 1, outstanding=1) as client:
        client.broadcast(b"v").add_done_callback(partial(again, 10))
        assert isinstance(ended.result(PATIENCE_S), paxos.Full)


def test_bad_input(alone: Path, tmp_path: Path) -> None:
    with pytest.raises(paxos.InputError, match="client 99 is not in the configuration"):
        Client(alone, 99)
    with pytest.raises(paxos.InputError, match="nowhere"):
        Learner(tmp_path / "nowhere.yaml", 1)
    with pytest.raises(paxos.InputError, match="synod"):
        Client(paxos.Config(milestone="synod"), 1)
    client = Client(alone, 1)
    with pytest.raises(TypeError):
        client.broadcast("text")  # type: ignore[arg-type]
    with pytest.raises(paxos.ValueTooLargeError, match="a value of 16777217 bytes; 16777216 are"):
        client.broadcast(bytes(16 * 1024 * 1024 + 1))
    assert client.outstanding == 0
    client.close()


def test_two_of_one_name(alone: Path) -> None:
    """The second one does not start, and says why."""
    with Client(alone, 1), pytest.raises(paxos.InputError, match="another client 1 of cluster"):
        Client(alone, 1)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork(alone: Path) -> None:
    client, learner = Client(alone, 1), Learner(alone, 1)
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        said = b""
        for use in (lambda: client.broadcast(b""), lambda: learner.get(0.1)):
            try:
                use()
            except paxos.ForkedError as error:
                said += str(error).encode() + b"\n"
        client.close()
        learner.close()
        os.write(writer, said)
        os._exit(0)
    os.waitpid(child, 0)
    lines = os.read(reader, 10_000).decode().splitlines()
    who = [line.partition(" was made in process")[0] for line in lines]
    assert who == ["client 1", "learner 1"]
    client.broadcast(b"the parent goes on")
    assert client.outstanding == 1
    learner.close()
    with pytest.raises(paxos.NotKnownError):
        client.close()
    os.close(reader)
    os.close(writer)


# Learners.


def test_a_callback_that_raises_stops_the_learner(cluster: Cluster) -> None:
    def apply(position: int, value: bytes) -> None:
        if value == b"bad":
            raise KeyError(value)
        applied.append(value)

    applied: list[bytes] = []
    with Client(cluster.config, 1) as client, Learner(cluster.config, 2):
        learner = Learner(cluster.config, 1, apply)
        for value in (b"good", b"bad", b"later"):
            client.broadcast_and_wait(value, PATIENCE_S)
        with pytest.raises(paxos.ApplicationError) as raised:
            learner.wait(PATIENCE_S)
        assert "at position 2 the callback raised KeyError" in str(raised.value)
        assert "(test_api.py:" in str(raised.value), "where"
        assert isinstance(raised.value.__cause__, KeyError)
        assert applied == [b"good"]
        learner.close()


def test_who_waits_for_the_end_leaves_its_thread_to_who_closes(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Python before 3.13 two threads that join one can both take its lock as released, and one
    of them fails (RuntimeError: release unlocked lock)."""
    joiners: list[str] = []
    join = threading.Thread.join

    def noted(thread: threading.Thread, timeout: float | None = None) -> None:
        joiners.append(threading.current_thread().name)
        join(thread, timeout)

    waited: list[bool] = []
    learner = Learner(cluster.config, 1, lambda position, value: None)
    assert not learner.wait(0.01)
    monkeypatch.setattr(threading.Thread, "join", noted)
    waiting = threading.Thread(target=lambda: waited.append(learner.wait()), name="waiting")
    waiting.start()
    learner.close()
    waiting.join(PATIENCE_S)
    assert waited == [True]
    assert "waiting" not in joiners
    assert learner.wait(0)


def test_a_callback_that_raises_and_is_to_go_on(cluster: Cluster) -> None:
    failed: list[tuple[DeliveredValue, Exception]] = []

    def apply(position: int, value: bytes) -> None:
        if value == b"bad":
            raise KeyError(value)
        applied.append(value)

    def note(value: DeliveredValue, error: Exception) -> None:
        failed.append((value, error))

    applied: list[bytes] = []
    with Client(cluster.config, 1) as client, Learner(cluster.config, 1, apply, on_error=note):
        for value in (b"good", b"bad", b"later"):
            client.broadcast_and_wait(value, PATIENCE_S)
        wait_for(lambda: len(applied) == 2, "the value after the bad one")
    assert [(value.position, value.value) for value, _ in failed] == [(2, b"bad")]
    assert isinstance(failed[0][1], KeyError)


def test_a_slow_application_holds_up_nobody_and_its_memory_is_bounded(cluster: Cluster) -> None:
    """It learns no further, and catches up when there is room."""
    go_on, slow = threading.Event(), []

    def apply(position: int, value: bytes) -> None:
        go_on.wait()
        slow.append(value)

    size, count = 1_000, 300
    with Client(cluster.config, 1) as client, Learner(cluster.config, 2) as other:
        learner = Learner(cluster.config, 1, apply, waiting_bytes=20 * size)
        for n in range(count):
            client.broadcast_and_wait(b"%d" % n + bytes(size), PATIENCE_S)
        assert other.waiting == count
        assert learner.waiting < count / 2
        go_on.set()
        wait_for(lambda: len(slow) == count, "all values")
        learner.close()
        assert slow == [other.get(0).value for _ in range(count)]


def test_from_a_position_on_and_from_the_start_again(cluster: Cluster) -> None:
    with Client(cluster.config, 1) as client, Learner(cluster.config, 1) as learner:
        for n in range(5):
            client.broadcast_and_wait(b"%d" % n, PATIENCE_S)
        values = []
        for delivered in learner:
            values.append(delivered)
            if len(values) == 5:
                learner.close()
    assert [value.position for value in values] == [1, 2, 3, 4, 5]
    assert [(value.client.split(".")[0], value.seq) for value in values] == [
        ("1", n) for n in range(1, 6)
    ]
    with Learner(cluster.config, 1, from_position=4) as learner:
        assert [learner.get(PATIENCE_S) for _ in range(2)] == values[3:]
        with pytest.raises(TimeoutError):
            learner.get(0.01)


# The process that they are in.

QUIET = """
import logging, os, paxos, signal, sys
before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]
threads = set(os.listdir("/proc/self/fd"))
client, learner = paxos.Client(sys.argv[1], 1), paxos.Learner(sys.argv[1], 1)
try:
    paxos.Client(sys.argv[1], 1)
except paxos.InputError:
    pass
client.broadcast(b"v")
try:
    client.close()
except paxos.NotKnownError:
    pass
learner.close()
assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)] == before
import gc; gc.collect()
assert set(os.listdir("/proc/self/fd")) == threads, (threads, os.listdir("/proc/self/fd"))
logging.getLogger("paxos").warning("nobody handles it")
"""


def test_no_standard_stream_and_no_signal_is_touched_and_nothing_is_left(alone: Path) -> None:
    """Not even for the namesake that does not start, which both say something about."""
    ended = subprocess.run(
        [sys.executable, "-c", QUIET, alone],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_what_is_said_goes_to_the_logger(alone: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Client(alone, 1), pytest.raises(paxos.InputError):
        Client(alone, 1)
    assert any("another client 1" in record.message for record in caplog.records)


def test_each_name_is_there() -> None:
    for name in paxos.__all__:
        assert getattr(paxos, name).__doc__, name
    assert not hasattr(paxos, "anything_else")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
