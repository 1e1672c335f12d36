"""The mutation fuzzer: what a cluster said is recorded, damaged, and given to its processes while
they run, and so are lies. Nothing may be raised, nothing may grow beyond its limit, and one seed is
one run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

from paxos.core.settings import Settings
from tests.fuzz import bounds
from tests.fuzz.lies import lie
from tests.fuzz.mutation import mutate
from tests.fuzz.table import MEMBERS, SMALL, Table

INPUTS_A_TABLE = 2_000
"""A cluster that believed a lie may be of no use any more: a new one begins after so many."""

WARM_UP_STEPS = 1_500


class BrokenError(AssertionError):
    """An input that raised something, or after which a role held too much."""


def fuzz(seed: int, count: int, settings: Settings = SMALL) -> Counter[str]:
    """Give `count` hostile datagrams to processes that run without a key, with `settings`. What
    became of them: how many were consumed, and how many refused for each reason; and what of the
    messages in them was refused by a role.

    Raises `BrokenError`, which tells the input and how to have it again.
    """
    outcomes: Counter[str] = Counter()
    for start in range(0, count, INPUTS_A_TABLE):
        random = Random(f"{seed}/{start}")
        combination = start // INPUTS_A_TABLE
        switched = replace(
            settings, direct_learning=combination % 2 == 0, prepare_ahead=combination % 4 < 2
        )
        table, recorded = warm_table(random, switched)
        end = min(start + INPUTS_A_TABLE, count)
        for number in range(start, end):
            datagram = hostile(random, table, recorded)
            seat = random.choice(table.seats)
            try:
                outcomes[table.give(seat, datagram) or "consumed"] += 1
                disturb(table, random)
                if number % 100 == 0 or number == end - 1:
                    check(table)
            except Exception as error:
                raise BrokenError(
                    f"input {number} of seed {seed}, to {seat.name} "
                    f"({type(error).__name__}: {error}): {datagram.hex()}"
                ) from error
        outcomes += table.refused
        outcomes["ended by a lie"] += table.ended.total()
    return outcomes


def hostile(random: Random, table: Table, recorded: list[bytes]) -> bytes:
    """A lie, or something damaged: what was recorded, or a lie."""
    match random.randrange(10):
        case 0 | 1 | 2:
            return lie(random, table.tick_clock())
        case 3 | 4:
            return mutate(random, lie(random, table.tick_clock()), recorded)
        case _:
            return mutate(random, random.choice(recorded), recorded)


def warm_table(
    random: Random, settings: Settings = SMALL, key: bytes | None = None
) -> tuple[Table, list[bytes]]:
    """A cluster that has a leader and has delivered values, some of them with difficulty, and
    everything that was said."""
    table = Table(settings, key)
    for _ in range(WARM_UP_STEPS):
        disturb(table, random)
    check(table)
    assert all(len(values) > 3 for values in table.delivered.values())
    return table, table.recorded[:]


def disturb(table: Table, random: Random) -> None:
    """One step of a run with loss, and with clients that want something now and then."""
    if random.random() < 0.05:
        table.submit(
            *[random.randbytes(random.randint(0, 40)) for _ in range(random.randint(1, 9))]
        )
    if random.random() < 0.05:
        table.read()
    if random.random() < 0.05:
        table.lose()
    table.step()
    del table.recorded[5_000:]


def check(table: Table) -> None:
    """Nothing has grown beyond its limit."""
    for seat in table.seats:
        bounds.check(seat.role, SMALL)
        bounds.check_freshness(seat.freshness, sum(MEMBERS.values()))
        bounds.check_presence(seat.presence, sum(MEMBERS.values()))
