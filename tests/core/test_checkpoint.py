"""Snapshots: a learner that goes on from one does what the one would that it was taken of."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos.core import events
from paxos.core.acceptor import Acceptor
from paxos.core.ballot import Ballot
from paxos.core.batch import Packet, encode_batch, pack, pack_parts
from paxos.core.checkpoint import (
    Snapshot,
    SnapshotError,
    UnfinishedValue,
    decode_snapshot,
    encode_snapshot,
)
from paxos.core.keeping import REST
from paxos.core.learner import Learner
from paxos.core.messages import Decide, Delivered, Group, Inquire
from paxos.core.retention import Retention
from paxos.core.settings import Settings
from paxos.core.step import Step

BALLOT = Ballot(1, 1)
KEPT = Settings(
    max_batch=4,
    checkpoints=True,
    max_value_bytes=64,
    unfinished_values=40,
    unfinished_positions=30,
    outcomes=6,
    placed_packets=3,
    placed_clients=2,
    checkpoint_instances=3,
)
VALUES = replace(KEPT, checkpoints=False), KEPT, replace(KEPT, fifo=True)


def log_of(seed: int, instances: int) -> list[bytes]:
    """Batches of a few clients and their incarnations: values that come again, before their turn,
    or late, and parts of values of which some are missing."""
    random = Random(seed)
    packets: list[Packet] = []
    for client in ("1.1", "1.2", "1.10", "2.1", "3.4", "3.5"):
        number = 1
        while number < 16:
            if random.random() < 0.4:
                parts = pack_parts(client, number, bytes(random.randrange(20, 60)), 12)
                packets += parts
                number += len(parts)
            else:
                count = random.randrange(1, 3)
                packets.append(pack(client, number, [b"v"] * count))
                number += count
    packets += random.choices(packets, k=len(packets))
    at = {id(p): k + random.randrange(12) for k, p in enumerate(packets)}
    packets.sort(key=lambda packet: at[id(packet)])
    if seed % 3 == 0:
        random.shuffle(packets)
    return [
        encode_batch([packets.pop(0) for _ in range(min(len(packets), random.randrange(4)))])
        for _ in range(instances)
    ]


def learn(learner: Learner, instance: int, batch: bytes, now_s: float = 0.0) -> Step:
    learner.receive(1, Decide(BALLOT, instance, batch), now_s)
    return learner.flush(now_s)


def seen(step: Step) -> tuple[Any, ...]:
    """What a step is to the world, but for what a learner says of its own checkpoints."""
    own = (events.TakeSnapshot, events.Checkpoint)
    said = [s for s in step.sends if s[0] is not Group.ACCEPTORS]
    return [e for e in step.events if not isinstance(e, own)], step.deliveries, said, step.refused


@given(st.integers(0, 10_000), st.integers(1, 39), st.sampled_from(VALUES))
@settings(max_examples=150, deadline=None)
def test_who_goes_on_from_a_snapshot_does_the_same(seed: int, at: int, limits: Settings) -> None:
    log = log_of(seed, 40)
    straight = Learner(limits, 0.0, 1)
    for instance, batch in enumerate(log[:at], 1):
        learn(straight, instance, batch)
    data = encode_snapshot(straight.snapshot())
    again = Learner(limits, 0.0, 1, snapshot=decode_snapshot(data))
    again.flush(0.0)
    assert encode_snapshot(again.snapshot()) == data
    for instance, batch in enumerate(log[at:], at + 1):
        assert seen(learn(again, instance, batch)) == seen(learn(straight, instance, batch))
    assert encode_snapshot(again.snapshot()) == encode_snapshot(straight.snapshot())
    for client in ("1.1", "1.10", "2.1", "3.5"):
        for first in range(1, 15):
            asked = Inquire([(client, first, first)], in_parts=first % 2 == 0)
            for learner in (straight, again):
                learner.receive(1, asked, 0.0)
            assert seen(again.flush(0.0)) == seen(straight.flush(0.0))


def test_the_logs_have_what_there_is_to_be_kept() -> None:
    """Or the test above would show nothing."""
    kept = {"unfinished": 0, "outcomes": 0, "places": 0, "passed over": 0}
    for seed in range(20):
        learner = Learner(KEPT, 0.0, 1)
        for instance, batch in enumerate(log_of(seed, 25), 1):
            learn(learner, instance, batch)
        taken = learner.snapshot()
        kept["unfinished"] += len(taken.unfinished)
        kept["outcomes"] += len(taken.outcomes)
        kept["places"] += sum(len(known) for _, known in taken.places)
        kept["passed over"] += len({c for c, _, _ in taken.clients}) < 6
    assert min(kept.values()) > 5, kept


def test_a_snapshot_does_not_change_with_its_learner() -> None:
    log = log_of(4, 30)
    learner = Learner(KEPT, 0.0, 1)
    for instance, batch in enumerate(log[:15], 1):
        learn(learner, instance, batch)
    taken = learner.snapshot()
    before = encode_snapshot(taken)
    for instance, batch in enumerate(log[15:], 16):
        learn(learner, instance, batch)
    assert encode_snapshot(taken) == before


# Sessions.


def of(client: str, first: int = 1) -> bytes:
    return encode_batch([pack(client, first, [b"v"])])


def test_values_of_an_ended_incarnation_are_passed_over_and_it_is_forgotten() -> None:
    learner = Learner(KEPT, 0.0, 1)
    assert len(learn(learner, 1, of("1.9")).deliveries) == 1
    assert len(learn(learner, 2, of("1.10")).deliveries) == 1
    assert learner.table.clients() == ["1.10"], "by number, not as text"
    step = learn(learner, 3, of("1.9", 2))
    assert not step.deliveries
    deliver = step.events[-1]
    assert isinstance(deliver, events.Deliver) and deliver.values == []
    told = [m for group, m in step.sends if group is Group.PROPOSERS and isinstance(m, Delivered)]
    assert told[0].values == [("1.9", 2, 2)], "no leader need propose it again"
    assert not any(m.values for g, m in step.sends if g is Group.CLIENTS and hasattr(m, "values"))
    assert not learn(learner, 4, of("1.9")).deliveries, "nor is the first one delivered again"


def test_a_client_that_is_over_is_not_told_what_is_passed_over() -> None:
    """It may still live for a moment, and would take its value for delivered: also where its own
    values and the first of its next incarnation are heard of together."""
    learner = Learner(KEPT, 0.0, 1)
    packets = [pack("1.9", 1, [b"v"]), pack("1.10", 1, [b"v"]), pack("1.9", 2, [b"v"])]
    step = learn(learner, 1, encode_batch(packets))
    told = [m for group, m in step.sends if group is Group.CLIENTS and isinstance(m, Delivered)]
    assert [span for m in told for span in m.values] == [("1.10", 1, 1)]
    assert {place[0] for m in told for place in m.places} == {"1.10"}
    learner.receive(1, Inquire([("1.9", 1, 2)]), 0.0)
    step = learner.flush(0.0)
    assert not [m for group, m in step.sends if group is Group.CLIENTS and m.values]  # type: ignore[union-attr]


def test_without_checkpoints_all_incarnations_are_remembered() -> None:
    learner = Learner(replace(KEPT, checkpoints=False), 0.0, 1)
    for instance, client in enumerate(("1.2", "1.1", "1.2", "1.1"), 1):
        learn(learner, instance, of(client))
    assert learner.table.clients() == ["1.2", "1.1"]
    assert learner.position == 2


def test_within_one_batch_too() -> None:
    learner = Learner(KEPT, 0.0, 1)
    batch = encode_batch([pack(c, 1, [b"v"]) for c in ("1.1", "1.2", "1.1", "2.1")])
    step = learn(learner, 1, batch)
    assert [d.packet.client for d in step.deliveries] == ["1.1", "1.2", "2.1"]


def test_with_fifo_an_incarnation_begins_with_its_first_value() -> None:
    learner = Learner(replace(KEPT, fifo=True), 0.0, 1)
    learn(learner, 1, of("1.1"))
    assert not learn(learner, 2, of("1.2", 2)).deliveries, "before its turn"
    assert learn(learner, 3, of("1.1", 2)).deliveries, "the earlier one is not over yet"


# When it is taken, and what is told of it.


def test_it_is_taken_at_the_same_instances_by_all_and_one_at_a_time() -> None:
    for seed in range(3):
        learner = Learner(KEPT, 0.0, 1, keeps=True)
        taken = []
        for instance, batch in enumerate(log_of(seed, 20), 1):
            step = learn(learner, instance, batch)
            if step.taken:
                assert step.taken.snapshot.prefix == instance
                assert [type(e) for e in step.events[-2:]] == [events.Deliver, events.TakeSnapshot]
                taken.append(instance)
                if instance != 6:
                    learner.kept_checkpoint(instance, 0.0, durable=True)
            elif instance == 12:
                learner.kept_checkpoint(6, 0.0, durable=True)
        assert taken == [3, 6, 15, 18]


def test_in_the_middle_of_a_step_it_is_of_that_moment() -> None:
    learner = Learner(KEPT, 0.0, 1, keeps=True)
    for instance in (4, 3, 2):
        assert not learn(learner, instance, of("1.1", instance)).deliveries
    step = learn(learner, 1, of("1.1", 1))
    assert len(step.deliveries) == 4 and step.taken
    assert (step.taken.after, step.taken.snapshot.position) == (3, 3)
    kinds = [type(e) for e in step.events if not isinstance(e, events.Learn)]
    assert kinds == [*[events.Deliver] * 3, events.TakeSnapshot, events.Deliver]


def test_it_is_taken_when_so_many_bytes_were_delivered() -> None:
    limits = replace(KEPT, checkpoint_instances=1_000, checkpoint_bytes=10)
    learner = Learner(limits, 0.0, 1, keeps=True)
    for instance in range(1, 8):
        step = learn(learner, instance, of("1.1", instance))  # 3 bytes each
        assert bool(step.taken) is (instance in (4, 7)), instance
        learner.kept_checkpoint(instance, 0.0, durable=True)


def test_it_rests_after_one_that_took_long() -> None:
    learner = Learner(KEPT, 0.0, 1, keeps=True)
    for instance in (1, 2, 3):
        learn(learner, instance, of("1.1", instance), 10.0)
    learner.kept_checkpoint(3, 12.0, durable=True)
    rested_s = 12.0 + REST * 2.0
    for instance in (4, 5, 6, 7, 8):
        assert not learn(learner, instance, of("1.1", instance), rested_s - 0.1).taken
    assert learn(learner, 9, of("1.1", 9), rested_s).taken


def test_acceptors_hear_of_what_is_durable() -> None:
    learner = Learner(KEPT, 0.0, 1, keeps=True)
    said = []
    for instance in (1, 2, 3):
        step = learn(learner, instance, of("1.1", instance))
        said += [m for group, m in step.sends if group is Group.ACCEPTORS]
    assert said == [Delivered(1, [], needless=0)]
    learner.kept_checkpoint(3, 1.0, durable=True)
    step = learner.flush(1.0)
    assert step.events == [events.Checkpoint(instance=3, position=3)]
    assert (Group.ACCEPTORS, Delivered(3, [], needless=3)) in step.sends


def test_what_did_not_become_durable_is_said_to_nobody() -> None:
    learner = Learner(KEPT, 0.0, 1, keeps=True)
    for instance in (1, 2, 3):
        learn(learner, instance, of("1.1", instance))
    learner.kept_checkpoint(3, 0.0, durable=False)
    assert not learner.flush(0.0).events
    assert learner.needless == 0
    for instance in (4, 5):
        learn(learner, instance, of("1.1", instance))
    assert learn(learner, 6, of("1.1", 6)).taken, "it tries again"


@pytest.mark.parametrize(
    ("checkpoints", "keeps", "needless"),
    [(False, False, None), (False, True, 0), (True, False, 0), (True, True, 0)],
)
def test_who_keeps_none_is_waited_for_only_where_nobody_keeps_any(
    checkpoints: bool, keeps: bool, needless: int | None
) -> None:
    learner = Learner(replace(KEPT, checkpoints=checkpoints), 0.0, 1, keeps=keeps)
    learn(learner, 1, of("1.1"))
    assert learner.needless == needless


# Coming back, and another's snapshot.


def snapshot_at(prefix: int) -> Snapshot:
    learner = Learner(KEPT, 0.0, 1)
    for instance in range(1, prefix + 1):
        learn(learner, instance, of("1.1", instance))
    return learner.snapshot()


def test_it_comes_back_as_the_same_learner() -> None:
    learner = Learner(KEPT, 0.0, 1, keeps=True, snapshot=snapshot_at(5))
    learner.come_back()
    step = learn(learner, 6, of("1.1", 6))
    assert step.events[0] == events.Restart(instance=5, position=5)
    assert [(d.instance, d.position) for d in step.deliveries] == [(6, 6)]
    assert (Group.ACCEPTORS, Delivered(6, [], needless=5)) in step.sends
    assert learner.standing().kept == 5


def test_without_a_checkpoint_it_comes_back_as_another_one() -> None:
    learner = Learner(KEPT, 0.0, 1, keeps=True)
    learner.come_back()
    assert not learner.flush(0.0).events


def test_it_goes_on_from_another_ones_snapshot() -> None:
    learner = Learner(KEPT, 0.0, 1, keeps=True)
    for instance in (1, 2, 4, 7, 8):
        learn(learner, instance, of("1.1", instance))
    assert learner.install(snapshot_at(6), 2, 0.0)
    step = learner.flush(0.0)
    assert step.events[0] == events.InstallSnapshot(giver=2, instance=6, position=6)
    assert [d.position for d in step.deliveries] == [7, 8], "what it had learned beyond"
    assert learner.needless == 6 and not learner.learned


def test_it_does_not_go_back_to_another_ones_snapshot() -> None:
    learner = Learner(KEPT, 0.0, 1, keeps=True)
    for instance in range(1, 6):
        learn(learner, instance, of("1.1", instance))
    assert not learner.install(snapshot_at(5), 2, 0.0)
    assert not learner.flush(0.0).events and learner.prefix == 5


def test_one_that_was_on_its_way_when_another_was_installed_is_of_no_use() -> None:
    learner = Learner(KEPT, 0.0, 1, keeps=True)
    for instance in (1, 2, 3):
        learn(learner, instance, of("1.1", instance))
    learner.install(snapshot_at(6), 2, 0.0)
    for instance in (7, 8, 9):
        learn(learner, instance, of("1.1", instance))
    learner.kept_checkpoint(3, 0.0, durable=True)
    assert not learner.flush(0.0).events and learner.needless == 6
    learner.kept_checkpoint(9, 0.0, durable=True)
    assert learner.needless == 9


# What is no snapshot.


def bad(**changed: Any) -> Snapshot:
    return msgspec.structs.replace(snapshot_at(2), **changed)


PART = pack_parts("1.1", 9, bytes(40), 12)[0].payload


@pytest.mark.parametrize(
    "wrong",
    [
        bad(clients=[("1.1", 5, 4)]),
        bad(clients=[("1.1", 1, 4), ("1.1", 5, 6)]),
        bad(clients=[("2.1", 1, 4), ("1.1", 5, 6)]),
        bad(clients=[("1.1", 1, 4), ("1.2", 5, 6)]),
        bad(places=[("1.1", {1: (1, 1)}), ("1.1", {2: (1, 1)})]),
        bad(places=[("1.1", {n: (n, n) for n in range(1, 5)})]),
        bad(places=[(f"{n}.1", {1: (1, 1)}) for n in range(1, 4)]),
        bad(unfinished=[UnfinishedValue("1.1", 9, 9, [b"no part"])]),
        bad(unfinished=[UnfinishedValue("1.1", 9, 9, [PART, PART])]),
        bad(unfinished=[UnfinishedValue("1.1", n, 9, [PART]) for n in range(1, 40)]),
    ],
)
def test_a_snapshot_that_no_learner_takes_is_refused_and_nothing_has_changed(
    wrong: Snapshot,
) -> None:
    with pytest.raises(SnapshotError):
        Learner(KEPT, 0.0, 1, snapshot=decode_snapshot(encode_snapshot(wrong)))
    learner = Learner(KEPT, 0.0, 1, keeps=True)
    learn(learner, 1, of("1.1"))
    before = encode_snapshot(learner.snapshot())
    with pytest.raises(SnapshotError):
        learner.install(wrong, 2, 0.0)
    assert encode_snapshot(learner.snapshot()) == before


@given(st.binary(max_size=200))
def test_bytes_that_are_no_snapshot_are_refused(data: bytes) -> None:
    with pytest.raises(SnapshotError):
        decode_snapshot(data)


def test_a_snapshot_that_is_cut_is_refused() -> None:
    data = encode_snapshot(snapshot_at(3))
    for at in range(len(data)):
        with pytest.raises(SnapshotError):
            decode_snapshot(data[:at])


# Retention.


def test_what_a_majority_of_the_learners_has_in_checkpoints_may_be_forgotten() -> None:
    limits = replace(KEPT, learners=5, retain_instances=0)
    retention = Retention(limits)
    for learner, prefix in ((1, 90), (2, 50)):
        retention.report(learner, prefix)
    assert retention.trim_to(0) == 0, "two of five are not enough"
    retention.report(3, 70)
    assert retention.trim_to(0) == 50
    retention.report(4, 60)
    assert retention.trim_to(50) == 60
    retention = Retention(replace(limits, checkpoints=False))
    for learner in (1, 2, 3, 4):
        retention.report(learner, 90)
    assert retention.trim_to(0) == 0, "without checkpoints, all of them"


def test_an_acceptor_keeps_what_is_in_no_checkpoint() -> None:
    acceptor = Acceptor(replace(KEPT, learners=1, retain_instances=0))
    acceptor.receive(1, Delivered(9, [], needless=4), 0.0)
    acceptor.flush(0.0)
    assert (acceptor.trimmed, acceptor.known) == (4, 9)
    acceptor.receive(1, Delivered(9, [], needless=2**40), 0.0)
    acceptor.flush(0.0)
    assert acceptor.trimmed == 9, "of more it does not know that it is chosen"
