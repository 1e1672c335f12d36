"""What processes count, and the pace that a client keeps."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from math import inf
from pathlib import Path
from types import SimpleNamespace

import pytest

from paxos.config import Config
from paxos.core.client import Client
from paxos.core.messages import Accept, Accepted, Delivered
from paxos.core.names import Member, ProcessName
from paxos.core.settings import Settings
from paxos.runtime.pace import TICK_S, Limits, Pace
from paxos.runtime.stats import BUCKET_RATIO, Latency, Stats
from paxos.runtime.stdin_reader import Reader


def buckets(latency: Latency) -> list[list[float]]:
    found = latency.content()["buckets"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("waited_us", [1, 3, 99, 1_234, 567_890, 10**8])
def test_the_histogram_is_true_to_two_percent(waited_us: int) -> None:
    latency = Latency()
    latency.add(1, -1.0, 0.0)
    latency.add(7, 0.0, waited_us / 1e6)
    [[up_to_us, count]] = buckets(latency)
    assert count == 7
    assert (
        waited_us * 0.999 <= up_to_us + 0.1 and up_to_us <= waited_us * BUCKET_RATIO * 1.001 + 0.1
    )


def test_the_histogram_stays_small() -> None:
    latency = Latency()
    latency.add(1, -1.0, 0.0)
    for n in range(100_000):
        latency.add(1, 1.0, 1.0 + n / 1e4)
    assert len(buckets(latency)) < 1000


def test_what_waited_for_the_cluster_to_start_is_no_latency() -> None:
    latency = Latency()
    latency.add(3, 0.0, 5.0)
    latency.add(2, 4.9, 5.1)
    latency.add(1, 5.0, 5.1)
    content = latency.content()
    assert (content["warm_up_values"], content["values"]) == (5, 1)


def test_a_datagram_is_shared_among_its_messages(tmp_path: Path) -> None:
    stats = Stats(ProcessName(Member("proposer", 1), 1))
    stats.sending([Accept, Accept, Accepted], [b"x" * 10, b"x" * 20, b"x" * 3], 2, 33 + 66)
    stats.write(tmp_path)
    content = json.loads((tmp_path / "stats" / "proposer-1.1.json").read_text())
    assert content["datagrams_sent"] == 2
    assert content["sent"]["Accept"] == {"messages": 2, "bytes": 74, "datagrams": 1.333}
    assert content["sent"]["Accepted"] == {"messages": 1, "bytes": 25, "datagrams": 0.667}


def test_the_client_says_what_was_delivered_and_since_when_it_waited() -> None:
    client = Client(Settings(max_batch=10), "1.1", 0.0)
    client.submit([b"a", b"b"], 1.0)
    client.submit([b"c"], 2.0, since_s=1.5)
    assert client.flush(2.0).acknowledged == []
    client.receive(1, Delivered(1, [("1.1", 1, 3)]), 3.0)
    assert client.flush(3.0).acknowledged == [(2, 1.0, 3.0), (1, 1.5, 3.0)]
    client.receive(2, Delivered(1, [("1.1", 1, 3)]), 3.0)
    assert client.flush(3.0).acknowledged == []


def test_a_steady_rate_does_not_drift() -> None:
    client = Client(Settings(max_batch=10), "1.1", 0.0)
    pace = Pace(Limits(rate=10.0), client, 100.0)
    assert (pace.due_s(), pace.take(50, 100.0)) == (100.0, 1)
    assert pace.due_s() == pytest.approx(100.1)
    assert pace.take(50, 100.05) == 0
    assert pace.since_s() == pytest.approx(100.1)
    assert pace.take(50, 100.35) == 3, "what was held up is made up for"
    assert pace.due_s() == pytest.approx(100.4)
    assert pace.take(2, 110.0) == 2, "there are no more"


def test_at_a_high_rate_many_values_go_at_a_time() -> None:
    pace = Pace(Limits(rate=1e6), Client(Settings(max_batch=1000), "1.1", 0.0), 100.0)
    assert pace.take(5000, 100.0) == 1
    assert pace.due_s() == 100.0 + TICK_S
    assert pace.since_s() == pytest.approx(100.000001), "waiting counts from when it was due"
    assert pace.take(5000, 100.0 + TICK_S) == 1e6 * TICK_S


def test_a_steady_rate_begins_when_there_are_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the client waited for the first one: what was not there was not due."""

    class Node:
        due: list[float] = []

        def sleep_until(self, at_s: float) -> None:
            self.due.append(at_s)

        def run_in_steps(self, task: Callable[[float], bool]) -> None:
            task(self.due[-1] + 1e-6)

    clock = SimpleNamespace(now_s=10.0)
    clock.monotonic = lambda: clock.now_s
    monkeypatch.setattr("paxos.runtime.stdin_reader.time", clock)
    reader, writer = os.pipe()
    client, node = Client(Settings(max_batch=10), "1.1", 0.0), Node()
    stop = SimpleNamespace(requested=False, request=lambda: None)
    made = Reader(node, client, stop, Limits(rate=10.0), fd=reader)  # type: ignore[arg-type]
    clock.now_s = 99.0
    os.write(writer, b"a\nb\n")
    os.close(writer)
    made.run()
    os.close(reader)
    assert node.due[:2] == pytest.approx([99.0, 99.1])


def test_a_bound_on_what_is_outstanding() -> None:
    client = Client(Settings(max_batch=10), "1.1", 0.0)
    pace = Pace(Limits(outstanding=3), client, 0.0)
    assert pace.since_s() is None and pace.due_s() == 0.0
    assert pace.take(5, 0.0) == 3
    client.submit([b"a", b"b", b"c"], 0.0)
    assert (pace.room(), pace.take(2, 9.0)) == (0, 0)
    client.receive(1, Delivered(1, [("1.1", 1, 3)]), 3.0)
    assert pace.room() == 3


@pytest.mark.parametrize(
    ("limits", "size", "enough"),
    [
        (Limits(outstanding=64), 16_384, 3),
        (Limits(outstanding=64), 20, 32),
        (Limits(outstanding=16_000), 64, 989),
        (Limits(outstanding=16_000), 1, 1_024),
        (Limits(outstanding=1), 64, 1),
        (Limits(outstanding=4), 1 << 20, 1),
        (Limits(), 16_384, 1),
        (Limits(rate=5.0, outstanding=64), 64, 1),
    ],
)
def test_room_is_wanted_for_a_full_packet_or_half_of_the_bound(
    limits: Limits, size: int, enough: int
) -> None:
    """Of 65,507 bytes and 1,024 values."""
    client = Client(Config().settings(), "1.1", 0.0)
    assert Pace(limits, client, 0.0).enough(size) == enough


def test_no_limits() -> None:
    client = Client(Settings(max_batch=10, client_packets=4), "1.1", 0.0)
    pace = Pace(Limits(), client, 0.0)
    assert Limits().rate == inf
    assert pace.take(100, 0.0) == pace.room() == 40
