"""Datagrams in parts: whole again or nothing, in bounded memory; and packets that become smaller
where the large ones do not arrive."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.runtime.parts import (
    ENOUGH,
    NOTHING,
    PARTIAL_BYTES,
    REPORT_S,
    SOURCES,
    STEPS,
    WIDTH_BYTES,
    Arrival,
    Parts,
)

CLUSTER, KEY = b"cluster!", bytes(32)
HERE = ("10.0.0.1", 4_000)
THERE = ("10.0.0.2", 4_000)


def made(
    life: bytes = b"sender--", packet_bytes: int = 1_472, key: bytes | None = KEY, group: int = 1
) -> Parts:
    return Parts(CLUSTER, life, group, packet_bytes, key)


def wholes(parts: Parts, packets: list[bytes]) -> list[bytes]:
    arrivals = [parts.arrive(packet, HERE) for packet in packets]
    return [a.datagram for a in arrivals if a.datagram is not None]


@given(
    size=st.integers(1, 65_507),
    packet_bytes=st.sampled_from([508, 1_200, 1_472, 8_972, 65_507]),
    key=st.sampled_from([None, KEY]),
    order=st.randoms(use_true_random=False),
)
def test_a_datagram_is_whole_again(
    size: int, packet_bytes: int, key: bytes | None, order: Random
) -> None:
    """In whatever order its parts come, and however often."""
    datagram = b"Px" + order.randbytes(size)
    packets = made(packet_bytes=packet_bytes, key=key).split(datagram)
    assert max(map(len, packets)) <= packet_bytes
    order.shuffle(packets)
    twice = [*packets[:-1], *packets]
    assert wholes(made(b"receiver", key=key), twice)[:1] == [datagram]
    if len(packets) > 1:
        assert wholes(made(b"receiver", key=key), packets[:-1]) == []


def test_what_fits_is_sent_as_it_is() -> None:
    datagram = bytes(1_472)
    assert made().split(datagram) == [datagram]
    assert made(packet_bytes=65_507).split(bytes(65_507)) == [bytes(65_507)]


def test_parts_of_several_datagrams_do_not_mix() -> None:
    sender, other = made(), made(b"another-")
    one, two, three = (bytes([n]) * 4_000 for n in (1, 2, 3))
    packets = [*sender.split(one), *sender.split(two), *other.split(three)]
    Random(1).shuffle(packets)
    assert sorted(wholes(made(b"receiver"), packets)) == [one, two, three]


@pytest.mark.parametrize("at", [0, 1, 2, 3, 10, 18, 22, 23, 24, 30, -17, -16, -1])
def test_with_a_key_a_part_that_was_changed_is_nothing(at: int) -> None:
    packets = made().split(b"Px" + bytes(3_000))
    spoiled = bytearray(packets[1])
    spoiled[at] ^= 1
    arrived = made(b"receiver").arrive(bytes(spoiled), HERE)
    assert arrived == (Arrival(bytes(spoiled)) if at in (0, 1) else NOTHING)


def test_who_has_no_key_cannot_make_parts() -> None:
    assert wholes(made(b"receiver"), made(key=None).split(b"Px" + bytes(3_000))) == []
    other = Parts(b"another!", b"sender--", 1, 1_472, None)
    assert wholes(made(b"receiver", key=None), other.split(b"Px" + bytes(3_000))) == []


@given(st.binary(max_size=120), st.booleans())
def test_garbage_is_nothing(garbage: bytes, key: bool) -> None:
    receiver = made(b"receiver", key=KEY if key else None)
    for packet in (b"Pp" + garbage, b"Pp\0" + CLUSTER + garbage, b"Pp\2" + CLUSTER + garbage):
        assert receiver.arrive(packet, HERE).answer is None
    assert receiver.packet_bytes == 1_472


def test_memory_is_bounded() -> None:
    """A stranger sends the first parts of ever more datagrams, from ever more places."""
    receiver = made(b"receiver", key=None)
    sender = made(key=None, packet_bytes=60_000)
    for n in range(2_000):
        receiver.arrive(sender.split(bytes(65_507))[0], ("10.0.0.3", n))
    kept = sum(len(p) for one in receiver._partials.values() for p in one.parts.values())
    assert PARTIAL_BYTES / 2 < kept <= PARTIAL_BYTES
    assert receiver._partial_bytes <= PARTIAL_BYTES
    assert len(receiver._heard) <= SOURCES
    for n in range(100_000):  # empty ones have their price as well
        part = made(n.to_bytes(8, "big"), key=None, packet_bytes=65_507 - 1).split(bytes(65_507))
        receiver.arrive(part[-1], HERE)
    assert len(receiver._partials) <= PARTIAL_BYTES // 200


class Path:
    """A sender, its receivers, and what is between."""

    def __init__(self, carries: int, packet_bytes: int = 1_472) -> None:
        self.sender = made(packet_bytes=packet_bytes)
        self.receiver = made(b"receiver", group=2)
        self.carries = carries
        self.now_s = 0.0
        self.said: list[int] = []
        self.answers = 0

    def send(self, size: int) -> bool:
        """Whether a datagram of this size arrived whole."""
        datagram = b"Px" + bytes(size - 2)
        packets = self.sender.split(datagram)
        told = self.sender.report(2, [len(p) for p in packets], self.now_s)
        self.now_s += REPORT_S
        got = []
        for packet in [*packets, *([told] if told else [])]:
            if len(packet) > self.carries:
                continue
            arrived = self.receiver.arrive(packet, HERE)
            if arrived.datagram:
                got.append(arrived.datagram)
            if arrived.answer:
                assert arrived.to == 1
                self.answers += 1
                back = self.sender.arrive(arrived.answer, THERE)
                if back.smaller:
                    self.said.append(back.smaller)
        return got == [datagram]


@pytest.mark.parametrize(
    ("carries", "steps"), [(1_472, []), (1_400, [1_200]), (1_200, [1_200]), (600, [1_200, 508])]
)
@pytest.mark.parametrize("size", [1_472, 30_000])
def test_packets_become_as_small_as_they_must(carries: int, steps: list[int], size: int) -> None:
    path = Path(carries)
    arrived = [path.send(size) for _ in range((1 + ENOUGH) * (len(STEPS) + 1))]
    assert arrived[-1]
    assert path.sender.packet_bytes == min(carries, [1_472, *path.said][-1])
    assert path.answers == len(path.said), "once for each"
    if size == 1_472:
        assert path.said == steps


@given(
    carries=st.integers(508, 1_500),
    sizes=st.lists(st.integers(60, 32_000), min_size=1, max_size=8),
)
def test_whatever_is_sent_arrives_in_the_end(carries: int, sizes: list[int]) -> None:
    """Unless what does not arrive is as large, but for a few bytes, as what does."""
    path = Path(carries)
    for _ in range(60 * (ENOUGH + 1)):
        arrived = {size: path.send(size) for size in sizes}
    for size in sizes:
        near = any(0 <= carries - other < WIDTH_BYTES for other in [*sizes, 1_472])
        assert arrived[size] or near, (size, path.said)
    assert path.said == sorted(path.said, reverse=True)


def test_a_few_lost_packets_are_no_reason() -> None:
    path = Path(1_472)
    for n in range(200):
        path.carries = 600 if n % ENOUGH else 1_472
        path.send(1_400)
    assert path.said == []


def test_what_was_sent_before_one_began_is_not_missed() -> None:
    path = Path(600)
    for _ in range(ENOUGH):
        path.send(1_400)
    path.carries, path.receiver = 1_472, made(b"late----", group=2)
    for _ in range(3 * ENOUGH):
        assert path.send(1_400)
    assert path.said == []


def test_nothing_is_said_while_nothing_large_is_sent() -> None:
    sender = made()
    assert sender.report(0, [200, 508], 0.0) is None
    assert sender.report(0, [200, 509], 0.0) is not None
    assert sender.report(0, [1_400], REPORT_S / 2) is None
    assert sender.report(1, [1_400], REPORT_S / 2) is not None, "each group for itself"
    assert sender.report(0, [1_400], REPORT_S) is not None
