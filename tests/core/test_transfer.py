"""A snapshot on its way from learner to learner: it arrives, whatever is lost on the way, and
whoever dies; and nothing that is wrong is taken for it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.core.events import SendSnapshot
from paxos.core.giver import IDLE_S, TICK_S, parts_of
from paxos.core.messages import (
    Message,
    SnapshotAsk,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWanted,
)
from paxos.core.settings import Settings
from paxos.core.step import Step, Transferred
from paxos.core.taker import REFUSED, SILENT_S
from paxos.core.transfer import Transfer

SETTINGS = Settings(message_bytes=512, transfer_bytes_s=100_000, transfer_parts=16)
PATIENCE_S = 300.0


def digest_of(data: bytes) -> bytes:
    return blake2b(data, digest_size=32).digest()


def snapshot_of(size: int, prefix: int = 0) -> bytes:
    return Random(f"{size} {prefix}").randbytes(size)


class Learner:
    """As much of one as has to do with transfers, and its disk."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self.transfer = Transfer(SETTINGS, number)
        self.files: dict[bytes, bytes] = {}
        self.incoming = bytearray()
        self.kept = set[int]()  # numbers of parts
        self.taken: bytes | None = None
        self.is_alive = True
        self.sent_bytes: list[tuple[float, int]] = []
        self.events: list[object] = []

    def restart(self, prefix: int) -> None:
        """Killed and started again, with what it has kept."""
        offer = self.transfer.taker.offer
        self.transfer = Transfer(SETTINGS, self.number)
        if offer:
            self.transfer.taker.resume(offer, self.kept)
        self.transfer.taker.want(prefix, self.world.now_s)

    def has(self, prefix: int, data: bytes) -> None:
        self.files[digest_of(data)] = data
        self.transfer.giver.has(prefix, prefix, digest_of(data), len(data))

    def step(self, act: str, *arguments: object) -> None:
        if not self.is_alive:
            return
        step = Step()
        getattr(self.transfer, act)(*arguments, step)
        self.events += step.events
        for _, message in step.sends:
            self.world.send(self.number, message)
        for read in step.reads:
            data = self.files[read.digest][read.offset : read.offset + read.size]
            assert len(data) == read.size
            self.sent_bytes.append((self.world.now_s, len(data)))
            self.world.send(self.number, SnapshotPart(read.digest, read.number, data))
        for kept in step.kept:
            offset = kept.number * kept.offer.part_bytes
            end = offset + len(kept.data)
            self.incoming.extend(bytes(max(0, end - len(self.incoming))))
            self.incoming[offset:end] = kept.data
            self.kept.add(kept.number)
        if step.transferred:
            self.verify(step.transferred)

    def verify(self, transferred: Transferred) -> None:
        offer = self.transfer.taker.offer
        assert offer
        whole = bytes(self.incoming[: offer.size])
        if digest_of(whole) == transferred.digest:
            self.taken = whole
            self.transfer.taker.end()
        else:
            self.world.refused.append(transferred.giver)
            self.transfer.taker.refuse(self.world.now_s)


class World:
    """Learners 1 to `count`, and the network between them."""

    def __init__(
        self, count: int, seed: int = 0, *, loss: float = 0.0, copies: float = 0.0
    ) -> None:
        self.now_s = 1.0
        self.random = Random(seed)
        self.loss, self.copies = loss, copies
        self.learners = {n: Learner(self, n) for n in range(1, count + 1)}
        self.under_way: list[tuple[float, int, int, Message]] = []
        self.said: list[tuple[int, Message]] = []
        self.refused: list[int] = []
        self.forge: Callable[[Message], Message] = lambda message: message

    def send(self, sender: int, message: Message) -> None:
        message = self.forge(message)
        self.said.append((sender, message))
        for to in self.learners:
            if self.random.random() < self.loss:
                continue
            for _ in range(1 + (self.random.random() < self.copies)):
                at_s = self.now_s + self.random.uniform(0.000_1, 0.003)
                self.under_way.append((at_s, sender, to, message))

    def run(self, *takers: int) -> None:
        """Until all of them have what they want. Fails if that does not come."""
        until_s = self.now_s + PATIENCE_S
        while any(self.learners[n].taken is None for n in takers):
            self.turn()
            assert self.now_s < until_s, [len(self.learners[n].incoming) for n in takers]

    def run_until(self, taker: Learner, share: float) -> None:
        """Until it has so much of what it takes. Fails if that does not come."""
        until_s = self.now_s + PATIENCE_S
        while taker.transfer.taker.share < share:
            self.turn()
            assert self.now_s < until_s

    def turn(self) -> None:
        """The next thing that happens."""
        due = [learner.transfer.due_s for learner in self.learners.values() if learner.is_alive]
        arrival = min(self.under_way, key=lambda item: item[0], default=None)
        self.now_s = max(self.now_s, min([*due, arrival[0] if arrival else 1e9]))
        if arrival and arrival[0] <= self.now_s:
            self.under_way.remove(arrival)
            _, sender, to, message = arrival
            self.learners[to].step("receive", sender, message, self.now_s)
        for learner in self.learners.values():
            if learner.transfer.due_s <= self.now_s:
                learner.step("tick", self.now_s)

    def want(self, number: int, prefix: int) -> Learner:
        learner = self.learners[number]
        learner.transfer.taker.want(prefix, self.now_s)
        return learner

    def count(self, kind: type) -> int:
        return sum(isinstance(message, kind) for _, message in self.said)


@given(
    st.integers(1, 20_000),
    st.sampled_from([0.0, 0.01, 0.3]),
    st.sampled_from([0.0, 0.2]),
    st.integers(0, 1000),
)
def test_it_arrives_whatever_is_lost(size: int, loss: float, copies: float, seed: int) -> None:
    world = World(3, seed, loss=loss, copies=copies)
    data = snapshot_of(size)
    for number in (2, 3):
        world.learners[number].has(100, data)
    taker = world.want(1, 40)
    world.run(1)
    assert taker.taken == data
    assert not taker.transfer.taker.is_wanted


def test_each_part_is_sent_once_where_none_is_lost() -> None:
    world = World(3)
    data = snapshot_of(50_000)
    world.learners[2].has(100, data)
    world.want(1, 40)
    world.run(1)
    offer = world.learners[2].transfer.giver.newest
    assert offer
    assert world.count(SnapshotPart) == -(-len(data) // offer.part_bytes)
    assert world.count(SnapshotOffer) == 1
    assert world.count(SnapshotAsk) < world.count(SnapshotPart) / 4
    assert world.learners[2].events == [SendSnapshot(instance=100, position=100)]
    assert world.learners[1].events == []


def test_a_giver_keeps_to_its_rate() -> None:
    """However many ask. It gives what is due for a tick at a time, and a part more."""
    world = World(4)
    giver = world.learners[4]
    giver.has(100, snapshot_of(40_000))
    for number in (1, 2, 3):
        world.want(number, 40 + number)
    world.run(1, 2, 3)
    first_s = giver.sent_bytes[0][0]
    given_bytes = 0
    for at_s, size in giver.sent_bytes:
        given_bytes += size
        most = SETTINGS.transfer_bytes_s * (at_s - first_s + TICK_S) + SETTINGS.message_bytes
        assert given_bytes <= most
    assert given_bytes < 2 * 40_000, "those who come together take it together"


def test_it_goes_on_with_another_giver_of_the_same() -> None:
    world = World(3)
    data = snapshot_of(60_000)
    for number in (2, 3):
        world.learners[number].has(100, data)
    taker = world.want(1, 40)
    world.run_until(taker, 0.5)
    first = taker.transfer.taker.giver
    world.learners[first].is_alive = False
    world.said.clear()
    world.run(1)
    assert taker.taken == data
    parts = [message.number for sender, message in world.said if isinstance(message, SnapshotPart)]
    assert min(parts) > 20, "what was here was not asked for again"
    (other,) = {2, 3} - {first}
    assert world.learners[other].events == [SendSnapshot(instance=100, position=100)]


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_it_goes_on_where_it_was_killed(share: float) -> None:
    world = World(2, loss=0.05)
    data = snapshot_of(60_000)
    world.learners[2].has(100, data)
    taker = world.want(1, 40)
    world.run_until(taker, share)
    here = set(taker.kept)
    world.under_way.clear()
    world.said.clear()
    taker.restart(40)
    world.run(1)
    assert taker.taken == data
    asked = [message for _, message in world.said if isinstance(message, SnapshotAsk)]
    spans = [span for ask in asked for span in ask.parts]
    assert not any(number in here for first, last in spans for number in range(first, last + 1))


def test_killed_when_all_was_here_it_hears_its_giver_again() -> None:
    """Whoever installs a snapshot does so after it was given, by its clock too."""
    world = World(2)
    data = snapshot_of(5_000)
    world.learners[2].has(100, data)
    taker = world.want(1, 40)
    world.run(1)
    world.said.clear()
    offer = world.learners[2].transfer.giver.newest
    assert offer and len(taker.kept) == parts_of(offer)
    taker.transfer.taker.offer, taker.taken = offer, None
    taker.restart(40)
    assert taker.transfer.taker.share < 1.0
    world.run(1)
    assert taker.taken == data and world.count(SnapshotPart) == 1


def test_it_begins_anew_when_another_is_offered_than_before_it_was_killed() -> None:
    world = World(2)
    world.learners[2].has(100, snapshot_of(60_000))
    taker = world.want(1, 40)
    world.run_until(taker, 0.5)
    world.learners[2].transfer = Transfer(SETTINGS, 2)  # it was started again as well
    world.learners[2].has(120, snapshot_of(30_000, 120))
    taker.restart(40)
    world.run(1)
    assert taker.taken == snapshot_of(30_000, 120)


def test_the_same_is_taken_though_another_is_offered_first() -> None:
    """By another learner, each time; it would be begun anew at every restart."""
    world = World(3)
    data = snapshot_of(60_000)
    world.learners[2].has(100, data)
    taker = world.want(1, 40)
    world.run_until(taker, 0.5)
    world.learners[3].has(120, snapshot_of(60_000, 120))
    world.under_way.clear()
    taker.restart(40)
    taker.step("receive", 3, world.learners[3].transfer.giver.newest, world.now_s)
    world.run(1)
    assert taker.taken == data


def test_what_was_kept_and_is_passed_by_is_taken_no_more() -> None:
    transfer, step = Transfer(SETTINGS, 1), Step()
    offer = SnapshotOffer(100, 100, bytes(32), 5_000, 400)
    transfer.taker.resume(offer, [0, 1])
    transfer.tick(1.0, step, 99)
    assert transfer.taker.offer == offer
    transfer.tick(1.0, step, 100)
    assert transfer.taker.offer is None and not step


def test_it_begins_anew_with_a_giver_of_another() -> None:
    world = World(3)
    world.learners[2].has(100, snapshot_of(60_000))
    taker = world.want(1, 40)
    world.run_until(taker, 0.5)
    world.learners[2].is_alive = False
    other = snapshot_of(30_000, 120)
    world.learners[3].has(120, other)
    world.run(1)
    assert taker.taken == other


@pytest.mark.parametrize("lies", ["about the digest", "about the size", "in a part"])
def test_what_is_wrong_is_refused_and_another_giver_asked(lies: str) -> None:
    def forge(message: Message) -> Message:
        match message:
            case SnapshotOffer(100, position, digest, size, part) if lies == "about the digest":
                return SnapshotOffer(100, position, bytes(reversed(digest)), size, part)
            case SnapshotPart(digest, 7, data) if lies == "in a part" and digest == wrong:
                return SnapshotPart(digest, 7, data[::-1])
            case SnapshotOffer(100, position, digest, size, part) if lies == "about the size":
                return SnapshotOffer(100, position, digest, size - 1, part)
            case _:
                return message

    world = World(3)
    liars, good = snapshot_of(20_000), snapshot_of(20_000, 110)
    wrong = digest_of(liars)
    world.learners[2].has(100, liars)
    world.forge = forge
    taker = world.want(1, 40)
    for _ in range(2_000):
        world.turn()
    world.learners[3].has(110, good)
    world.run(1)
    assert taker.taken == good
    assert set(world.refused) <= {2} and len(world.refused) <= 1, "the same is not taken twice"
    assert len(world.refused) == (lies == "in a part")


def test_newer_checkpoints_of_its_giver_do_not_disturb_it() -> None:
    """Each would be begun anew, and a busy cluster makes them faster than they are taken."""
    world = World(2)
    data = snapshot_of(60_000)
    giver = world.learners[2]
    giver.has(100, data)
    taker = world.want(1, 40)
    newest = 100
    while taker.taken is None:
        world.turn()
        if taker.transfer.taker.share > (newest - 99) / 10:
            newest += 1
            giver.has(newest, snapshot_of(60_000, newest))
    assert newest > 105 and taker.taken == data
    world.want(1, 100)
    taker.taken = None
    world.run(1)
    assert taker.taken == snapshot_of(60_000, newest)


def test_a_giver_that_is_done_serves_nothing() -> None:
    world = World(2)
    giver = world.learners[2]
    giver.has(100, snapshot_of(5_000))
    world.want(1, 40)
    world.run(1)
    assert giver.transfer.giver.serving
    asked_s = world.now_s
    while giver.transfer.giver.serving:
        world.turn()
    assert world.now_s <= asked_s + IDLE_S + TICK_S
    assert giver.transfer.due_s == float("inf")


def test_who_has_nothing_newer_offers_nothing() -> None:
    world = World(2)
    world.learners[2].has(100, snapshot_of(5_000))
    world.want(1, 100)
    while world.count(SnapshotWanted) < 5:
        world.turn()
    assert world.count(SnapshotOffer) == 0
    world.learners[1].transfer.taker.end()
    assert world.learners[1].transfer.due_s == float("inf"), "it can go on: it asks no more"


def test_a_taker_leaves_a_giver_that_is_silent() -> None:
    world = World(2)
    world.learners[2].has(100, snapshot_of(5_000))
    taker = world.want(1, 40)
    while not taker.transfer.taker.giver:
        world.turn()
    began_s = world.now_s
    world.learners[2].is_alive = False
    while taker.transfer.taker.giver:
        world.turn()
    assert world.now_s <= began_s + SILENT_S + 1.0
    world.learners[2].is_alive = True
    world.run(1)


def test_what_nobody_asked_for_is_dropped() -> None:
    transfer = Transfer(SETTINGS, 1)
    step = Step()
    offer = SnapshotOffer(100, 100, bytes(32), 5_000, 400)
    transfer.receive(2, offer, 1.0, step)
    transfer.receive(2, SnapshotPart(bytes(32), 0, bytes(400)), 1.0, step)
    transfer.receive(2, SnapshotAsk(1, bytes(32), [(0, 3)]), 1.0, step)
    transfer.tick(9.0, step)
    assert not step
    transfer.taker.want(40, 9.0)
    huge = SnapshotOffer(100, 100, bytes(32), SETTINGS.transfer_bytes + 1, 400)
    transfer.receive(2, huge, 9.0, step)
    assert transfer.taker.offer is None
    transfer.receive(2, offer, 9.0, step)
    for number, size in ((0, 399), (12, 400), (13, 400), (2**50, 400), (12, 0)):
        transfer.receive(2, SnapshotPart(bytes(32), number, bytes(size)), 9.0, step)
    assert step.kept == [] and sum(step.refused.values()) == 5


def test_the_memory_of_a_taker_is_bounded() -> None:
    """Whatever is sent, and however sparsely."""
    transfer, step = Transfer(SETTINGS, 1), Step()
    offer = SnapshotOffer(100, 100, bytes(32), 1 << 30, 400)
    transfer.taker.want(40, 1.0)
    transfer.receive(2, offer, 1.0, step)
    transfer.tick(1.0, step)
    for number in range(0, 100_000, 2):
        transfer.receive(2, SnapshotPart(bytes(32), number, bytes(400)), 1.0, step)
    assert len(transfer.taker._got.intervals()) <= 9 * SETTINGS.transfer_parts
    for prefix in range(200, 300):
        transfer.taker.refuse(1.0)
        other = SnapshotOffer(prefix, 100, bytes([prefix % 256]) * 32, 400, 400)
        transfer.receive(2, other, 1.0, step)
    assert len(transfer.taker._refused) == REFUSED


def test_the_memory_of_a_giver_is_bounded() -> None:
    world = World(2)
    giver = world.learners[2].transfer.giver
    giver.has(100, 100, bytes(32), 1 << 40)
    for first in range(0, 10**9, 10**7):
        giver.on_ask(SnapshotAsk(2, bytes(32), [(first, first + 10**6)] * 64), 1.0)
    assert len(giver._asked) == SETTINGS.transfer_parts


def test_parts_that_were_lost_are_asked_for_before_its_giver_is_left() -> None:
    world = World(2, loss=0.2)
    world.learners[2].has(100, snapshot_of(50_000))
    taker = world.want(1, 40)
    while not taker.transfer.taker.giver:
        world.turn()
    wanted = world.count(SnapshotWanted)
    world.run(1)
    assert world.count(SnapshotWanted) == wanted


def test_who_comes_while_one_is_given_takes_that_one_too() -> None:
    world = World(3)
    giver = world.learners[3]
    giver.has(100, snapshot_of(40_000))
    world.want(1, 40)
    world.run_until(world.learners[1], 0.3)
    giver.has(110, snapshot_of(40_000, 110))
    world.want(2, 50)
    world.run(1, 2)
    assert world.learners[2].taken == snapshot_of(40_000)


def test_what_there_was_no_room_for_is_taken_later() -> None:
    world = World(2)
    data = snapshot_of(20_000)
    world.learners[2].has(100, data)
    taker = world.want(1, 40)
    world.run_until(taker, 0.5)
    full_s = world.now_s
    taker.transfer.taker.refuse(full_s, is_wrong=False)
    world.run(1)
    assert taker.taken == data and world.now_s > full_s + 1.0


def test_who_is_said_to_have_given_it_has_done_so() -> None:
    """Another taker's giver sends all of it, before this one's own giver is asked or after that
    was lost."""
    transfer, step = Transfer(SETTINGS, 1), Step()
    data = snapshot_of(900)
    offer = SnapshotOffer(100, 100, digest_of(data), len(data), 400)
    transfer.taker.want(40, 1.0)
    transfer.receive(2, offer, 1.0, step)
    for number in range(3):
        part = SnapshotPart(offer.digest, number, data[400 * number : 400 * number + 400])
        transfer.receive(3, part, 1.0, step)
    assert step.transferred and step.transferred.giver == 3
