"""The assembler: what it puts together, what it discards and when, and what lies do."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from paxos.core.assembler import PART_BYTES, UNFINISHED_BYTES, Assembler
from paxos.core.batch import Packet, WholeValue, pack_parts
from paxos.core.messages import Fate, Outcome
from paxos.core.settings import Settings
from tests.fuzz.bounds import check_assembler

SETTINGS = Settings(max_value_bytes=1_000)
VALUE = b"0123456789"


def parts(
    client: str = "1.1", first: int = 1, value: bytes = VALUE, length: int = 3
) -> list[Packet]:
    return pack_parts(client, first, value, length)


def feed(assembler: Assembler, packets: Sequence[Packet], position: int = 1) -> list[WholeValue]:
    """Give it parts, each at a position and in an instance of its own."""
    whole = []
    for n, packet in enumerate(packets, position):
        assembler.reaches(n)
        whole.append(assembler.add(100 + n, n, packet))
    return [value for value in whole if value]


def taking(kept: Sequence[Packet], values: int = 1) -> int:
    """What parts that are kept take."""
    return values * UNFINISHED_BYTES + sum(PART_BYTES + len(part.payload) for part in kept)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]])
def test_a_value_is_whole_with_its_last_missing_part(order: list[int]) -> None:
    assembler, cut = Assembler(SETTINGS), parts(first=5)
    assert not feed(assembler, [cut[n] for n in order[:-1]])
    assert assembler.unfinished_bytes == taking(cut) - PART_BYTES - len(cut[order[-1]].payload)
    assert feed(assembler, [cut[order[-1]]], 40) == [WholeValue("1.1", 5, 1, VALUE)]
    assert assembler.unfinished_bytes == 0
    assert assembler.settled == [Outcome("1.1", 5, 8, Fate.DELIVERED, 140, 40)]
    assert assembler.outcome("1.1", 5) == assembler.settled[0]


def test_parts_of_many_values_may_come_in_any_order() -> None:
    assembler = Assembler(SETTINGS)
    one, two, other = parts(first=1), parts(first=5, value=VALUE[::-1]), parts("2.1")
    mixed = [one[0], other[3], two[1], two[0], one[1], other[0], one[3], two[2], other[1], two[3]]
    assert feed(assembler, mixed) == [WholeValue("1.1", 5, 1, VALUE[::-1])]
    assert feed(assembler, [other[2], one[2]]) == [
        WholeValue("2.1", 1, 1, VALUE),
        WholeValue("1.1", 1, 1, VALUE),
    ]
    assert not assembler.unfinished_bytes and not assembler.refused


# What is discarded.


def test_without_room_the_client_that_has_most_loses_what_it_added_to_longest_ago() -> None:
    settings = replace(SETTINGS, max_value_bytes=9_000, unfinished_values=2)
    assembler = Assembler(settings)
    value = bytes(9_000)
    modest = parts("1.1", value=value[:7_000], length=1_000)
    feed(assembler, modest[:5])
    one, two = (parts("2.1", first, value, 1_000) for first in (1, 11))
    feed(assembler, [*one[:3], *two[:5], one[3]])
    assert not assembler.settled
    feed(assembler, [one[4], one[5], one[6]])
    assert assembler.unfinished_bytes <= settings.unfinished_bytes
    assert assembler.settled == [Outcome("2.1", 11, 19, Fate.NO_ROOM)], "though it began later"
    assert feed(assembler, modest[5:]) == [WholeValue("1.1", 1, 1, value[:7_000])]


def test_room_for_the_largest_value_there_always_is() -> None:
    """Though its parts are as small as datagrams can make them."""
    least = 200
    settings = replace(SETTINGS, max_value_bytes=100_000, unfinished_values=2)
    assembler = Assembler(settings)
    value = bytes(100_000)
    assert feed(assembler, parts(value=value, length=least)) == [WholeValue("1.1", 1, 1, value)]


def test_what_is_discarded_is_never_delivered() -> None:
    """Also when the rest of it comes, and nothing of it is kept."""
    assembler = Assembler(replace(SETTINGS, unfinished_positions=10))
    cut = parts()
    feed(assembler, cut[:3])
    assembler.reaches(14)
    assert assembler.settled == [Outcome("1.1", 1, 4, Fate.TOO_OLD)]
    assert not feed(assembler, cut[3:], 15)
    assert assembler.unfinished_bytes == 0
    assert assembler.outcome("1.1", 1) == Outcome("1.1", 1, 4, Fate.TOO_OLD)


def test_a_value_is_too_old_when_its_last_part_was_so_many_positions_ago() -> None:
    assembler = Assembler(replace(SETTINGS, unfinished_positions=10))
    old, fresh = parts("1.1"), parts("2.1")
    feed(assembler, [old[0]], 1)
    feed(assembler, [fresh[0]], 5)
    feed(assembler, [old[1]], 8)
    assembler.reaches(15)
    assert not assembler.settled
    assembler.reaches(16)
    assert [outcome.client for outcome in assembler.settled] == ["2.1"]
    assembler.reaches(18)
    assert len(assembler.settled) == 1
    assembler.reaches(1_000)
    assert [outcome.client for outcome in assembler.settled] == ["2.1", "1.1"]


def test_a_later_incarnation_ends_what_earlier_ones_began() -> None:
    assembler = Assembler(SETTINGS)
    old, other = parts("1.7"), parts("2.7")
    for client in ("1.7", "2.7"):
        assembler.begins(client)
    feed(assembler, [*old[:3], *other[:3]])
    assembler.begins("1.3")
    assert not assembler.settled, "an earlier one that is late"
    assembler.begins("1.8")
    assert assembler.settled == [Outcome("1.7", 1, 4, Fate.LATER_INCARNATION)]
    assert not feed(assembler, [old[3]])
    assert feed(assembler, [other[3]]) == [WholeValue("2.7", 1, 1, VALUE)]
    feed(assembler, parts("1.7", 9)[:1])
    assert assembler.refused == ["parts of an earlier incarnation of a client"]
    assert not assembler.unfinished_bytes


def test_outcomes_are_remembered_up_to_a_number() -> None:
    assembler = Assembler(replace(SETTINGS, outcomes=2))
    for first in (1, 11, 21):
        feed(assembler, parts(first=first))
    assert assembler.outcome("1.1", 1) is None
    assert assembler.outcome("1.1", 11) and assembler.outcome("1.1", 21)


# Lies.


def lie(part: Packet, first: int) -> Packet:
    return Packet(part.client, first, 1, part.payload)


def test_parts_that_are_not_true_are_dropped_and_counted() -> None:
    assembler = Assembler(SETTINGS)
    above = parts(first=1, value=bytes(1_001), length=500)
    feed(assembler, above)
    feed(assembler, [lie(parts()[3], first=3)])
    feed(assembler, [Packet("1.1", 9, 1, b"\xff\xff")])
    assert assembler.refused == [
        *["parts of values above max_value_bytes"] * len(above),
        *["parts that no client makes"] * 2,
    ]
    assert assembler.unfinished_bytes == 0


@pytest.mark.parametrize(
    "other", [parts(length=2), parts(value=VALUE + b"xy"), parts(value=bytes(9))]
)
def test_a_part_that_contradicts_the_first_one_is_dropped(other: list[Packet]) -> None:
    """With another count, another total, another length; the value stays as it began."""
    assembler, cut = Assembler(SETTINGS), parts()
    feed(assembler, cut[:2])
    feed(assembler, [lie(other[2], first=3)])
    assert assembler.refused == ["parts that contradict others of the same value"]
    assert assembler.unfinished_bytes == taking(cut[:2])


def test_a_part_that_comes_twice_counts_once() -> None:
    assembler, cut = Assembler(SETTINGS), parts()
    assert not feed(assembler, [cut[0], cut[0], cut[0], cut[0]])
    assert assembler.unfinished_bytes == taking(cut[:1])


def test_values_that_overlap_keep_nothing_from_others() -> None:
    """Every number is delivered once, so one of two values that claim it is never whole."""
    assembler = Assembler(SETTINGS)
    one, two, honest = parts(first=1), parts(first=3), parts("2.1")
    mixed = [one[0], honest[0], one[1], one[2], honest[1], two[1], two[2], honest[2], two[3]]
    assert not feed(assembler, mixed)
    assert feed(assembler, [honest[3]]) == [WholeValue("2.1", 1, 1, VALUE)]


def test_who_begins_much_and_ends_nothing_does_not_keep_others_from_being_delivered() -> None:
    settings = replace(SETTINGS, max_value_bytes=10_000, unfinished_values=4)
    assembler = Assembler(settings)
    value = bytes(9_000)
    honest = parts("3.1", value=value, length=1_000)
    for n, part in enumerate(honest):
        for liar in ("1.1", "2.1"):
            for k in range(30):
                begun = parts(liar, 1 + 1_000 * (30 * n + k), bytes(8_000), 1_000)
                feed(assembler, begun[:1])
                assert assembler.unfinished_bytes <= settings.unfinished_bytes
        whole = feed(assembler, [part])
    assert whole == [WholeValue("3.1", 1, 1, value)]


LYING = Settings(
    max_value_bytes=10_000, unfinished_values=2, unfinished_positions=2_000, outcomes=50
)


def lie_for_long(limits: Settings) -> set[str]:
    """Give an assembler parts that are begun and not ended, of many clients and incarnations, with
    numbers that overlap; check what it holds. What it refused, and what became of values."""
    random, assembler, met = Random(1), Assembler(limits), set[str]()
    for position in range(1, 20_000):
        client = f"{random.randint(1, 3)}.{1 + position // random.randint(500, 5_000)}"
        value = bytes(random.choice((300, 300, 300, 900, 9_000, 12_000)))
        part = random.choice(parts(client, 1, value, random.choice((150, 250, 8_000)))[:4])
        assembler.begins(client)
        assembler.reaches(position)
        assembler.add(
            position, position, lie(part, random.choice((part.first, random.randint(1, 200))))
        )
        met |= {outcome.fate.name for outcome in assembler.settled} | set(assembler.refused)
        assembler.settled.clear()
        assembler.refused.clear()
        check_assembler(assembler, LYING)
        assert all(
            position - value.position <= LYING.unfinished_positions
            for value in assembler._unfinished.values()
        )
    return met


def test_whatever_is_said_no_more_is_kept_than_the_limits_allow() -> None:
    assert lie_for_long(LYING) == {
        *("DELIVERED", "NO_ROOM", "TOO_OLD", "LATER_INCARNATION"),
        "parts of values above max_value_bytes",
        "parts that no client makes",
        "parts of an earlier incarnation of a client",
        "parts that contradict others of the same value",
    }


@pytest.mark.parametrize("limit", ["unfinished_values", "unfinished_positions", "outcomes"])
def test_without_a_limit_it_would_be_more(limit: str) -> None:
    without: dict[str, Any] = {limit: 10**9}
    with pytest.raises(AssertionError):
        lie_for_long(replace(LYING, **without))
