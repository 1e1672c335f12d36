"""Runs with one thing wrong where learners keep checkpoints: see bad_runs.py."""

from __future__ import annotations

from typing import Any

from tests.conformance.bad_begin import wrong
from tests.conformance.scenario import Scenario, rng

A, B, C, D = rng("1.1", 1), rng("1.1", 2, 2), rng("2.1", 1), rng("2.1", 2)
KEEPS = ("1.1", "1.2", "1.3", "2.1", "3.1")


def delivered(
    *batches: Any, keeps: tuple[str, ...] = KEEPS, upto: int = 3, **options: Any
) -> Scenario:
    """A, B and C are delivered by learner 1, in three instances; learner 2 has delivered A."""
    s = Scenario(
        "bad",
        direct_learning=True,
        prepare_ahead=True,
        max_batch=4,
        **{"checkpoints": True, "learners": (1, 2, 3), **options},
        keeps=keeps,
    )
    s.idle += [f"learner-{x}.1" for x in s.cluster["learners"]]
    s.broadcast("1.1", A, B)
    s.broadcast("2.1", C, D)
    s.prepare((1, 1), 1, 8)
    for i, batch in enumerate(batches or ([A], [B], [C]), 1):
        s.settle((1, 1), i, *batch)
    for i in range(1, upto + 1):
        s.deliver("1.1", i)
    s.deliver("2.1", 1)
    return s


def kept(**options: Any) -> Scenario:
    """Learner 1 has a checkpoint of instance 2, with 3 values, and has delivered instance 3."""
    s = delivered(upto=2, **options)
    s.take("1.1")
    s.checkpoint("1.1")
    s.deliver("1.1", 3)
    return s


@wrong("TakeSnapshot.keeps")
def take_a_snapshot_without_keeping_checkpoints() -> Scenario:
    s = delivered(keeps=())
    s.take("1.1")
    return s


@wrong("TakeSnapshot.place")
def take_a_snapshot_ahead_of_what_is_delivered() -> Scenario:
    s = delivered(upto=2)
    s.take("1.1", 3, 4)
    return s


@wrong("TakeSnapshot.place")
def take_a_snapshot_torn_between_state_and_position() -> Scenario:
    s = delivered()
    s.take("1.1", 3, 3)
    return s


@wrong("Checkpoint.taken")
def checkpoint_of_what_was_not_taken() -> Scenario:
    s = delivered()
    s.checkpoint("1.1", 3, 4)
    return s


@wrong("Checkpoint.taken")
def checkpoint_twice() -> Scenario:
    s = kept()
    s.checkpoint("1.1", 2, 3)
    return s


@wrong("Checkpoint.taken")
def checkpoint_of_what_was_taken_in_an_earlier_life() -> Scenario:
    s = kept()
    s.take("1.1")
    s.restart("1.2", 2, 3)
    s.checkpoint("1.2", 3, 4)
    return s


@wrong("Checkpoint.place")
def checkpoint_of_another_state() -> Scenario:
    s = delivered(upto=2)
    s.take("1.1")
    s.deliver("1.1", 3)
    s.checkpoint("1.1", 3, 4)
    return s


@wrong("Restart.keeps")
def restart_without_keeping_checkpoints() -> Scenario:
    s = kept(keeps=("1.1",))
    s.restart("1.2", 2, 3)
    return s


@wrong("Restart.place")
def restart_ahead_of_the_checkpoint() -> Scenario:
    s = kept()
    s.restart("1.2", 3, 4)
    return s


@wrong("Restart.place")
def restart_with_another_number_of_values() -> Scenario:
    s = kept()
    s.restart("1.2", 2, 4)
    return s


@wrong("Restart.place")
def restart_with_the_checkpoint_before() -> Scenario:
    s = kept()
    s.take("1.1")
    s.checkpoint("1.1")
    s.restart("1.2", 2, 3)
    return s


@wrong("Restart.place")
def restart_with_a_snapshot_that_is_no_newer() -> Scenario:
    """Learner 2 gave it, but learner 1 had delivered more: it would not have installed it."""
    s = kept()
    s.take("2.1")
    s.checkpoint("2.1")
    s.send("2.1")
    s.restart("1.2", 1, 1)
    return s


@wrong("Restart.place")
def restart_of_a_learner_that_was_never_there() -> Scenario:
    s = kept()
    s.restart("3.1", 2, 3)
    return s


@wrong("Life.begins")
def restart_after_another_event() -> Scenario:
    s = kept()
    s.restart("1.2", 2, 3)
    s.learn("1.2", (1, 1), 3)
    s.restart("1.2", 2, 3)
    return s


@wrong("Life.begins")
def restart_in_the_life_that_took_the_checkpoint() -> Scenario:
    s = kept()
    s.restart("1.1", 2, 3)
    return s


@wrong("Life.order")
def an_earlier_life_of_a_learner_delivers() -> Scenario:
    s = delivered(upto=2)
    s.take("1.1")
    s.checkpoint("1.1")
    s.restart("1.2", 2, 3)
    s.deliver("1.1", 3)
    return s


@wrong("Deliver.next")
def restart_and_deliver_on_from_where_it_was() -> Scenario:
    s = kept()
    s.restart("1.2", 2, 3)
    s.settle((1, 1), 4, D, learners=("1.2",))
    s.deliver("1.2", 4)
    return s


@wrong("Deliver.learned")
def restart_and_deliver_what_an_earlier_life_learned() -> Scenario:
    s = kept()
    s.restart("1.2", 2, 3)
    s.deliver("1.2", 3, values=[C])
    return s


@wrong("Deliver.position")
def restart_and_count_from_another_position() -> Scenario:
    s = kept()
    s.restart("1.2", 2, 3)
    s.learn("1.2", (1, 1), 3)
    s.deliver("1.2", 3, position=5)
    return s


@wrong("Deliver.values")
def restart_without_the_table_of_clients() -> Scenario:
    s = kept()
    s.restart("1.2", 2, 3)
    s.learn("1.2", (1, 1), 3)
    s.deliver("1.2", 3)
    s.settle((1, 1), 4, A, D, learners=("1.2",))
    s.deliver("1.2", 4, values=[A, D])
    return s


@wrong("Deliver.values")
def restart_and_deliver_again_what_is_in_the_checkpoint() -> Scenario:
    s = kept()
    s.restart("1.2", 2, 3)
    s.learn("1.2", (1, 1), 3)
    s.deliver("1.2", 3, values=[A, C])
    return s


@wrong("SendSnapshot.keeps")
def send_a_snapshot_without_keeping_checkpoints() -> Scenario:
    s = delivered(keeps=())
    s.send("1.1", 3, 4)
    return s


@wrong("SendSnapshot.place")
def send_a_snapshot_that_is_not_durable() -> Scenario:
    s = delivered()
    s.take("1.1")
    s.send("1.1", 3, 4)
    return s


@wrong("SendSnapshot.place")
def send_the_checkpoint_before() -> Scenario:
    s = kept()
    s.take("1.1")
    s.checkpoint("1.1")
    s.send("1.1", 2, 3)
    return s


@wrong("InstallSnapshot.keeps")
def install_a_snapshot_without_keeping_checkpoints() -> Scenario:
    s = kept(keeps=("1.1",))
    s.send("1.1")
    s.install("2.1", 1, 2, 3)
    return s


@wrong("InstallSnapshot.sent")
def install_a_snapshot_of_another_cluster() -> Scenario:
    s = kept()
    s.install("2.1", 1, 7, 9)
    return s


@wrong("InstallSnapshot.sent")
def install_a_snapshot_that_another_learner_gave() -> Scenario:
    s = kept()
    s.send("1.1")
    s.install("2.1", 3, 2, 3)
    return s


@wrong("InstallSnapshot.sent")
def install_what_an_earlier_life_has_taken_and_not_kept() -> Scenario:
    s = kept()
    s.take("1.1")
    s.install("1.2", 1, 3, 4)
    return s


@wrong("InstallSnapshot.sent")
def install_what_another_learner_has_left_to_its_next_life() -> Scenario:
    s = kept()
    s.install("1.2", 1, 2, 3)
    s.install("2.1", 1, 2, 3)
    return s


@wrong("InstallSnapshot.sent")
def install_a_snapshot_with_another_position() -> Scenario:
    s = kept()
    s.send("1.1")
    s.install("2.1", 1, 2, 2)
    return s


@wrong("InstallSnapshot.newer")
def install_a_snapshot_over_a_newer_state() -> Scenario:
    s = kept()
    s.send("1.1")
    s.deliver("2.1", 2)
    s.deliver("2.1", 3)
    s.install("2.1", 1, 2, 3)
    return s


@wrong("Deliver.values")
def install_a_snapshot_without_the_table_of_clients() -> Scenario:
    s = kept()
    s.send("1.1")
    s.install("3.1", 1, 2, 3)
    s.propose((1, 1), 4, A)
    s.learn("3.1", (1, 1), 3)
    s.deliver("3.1", 3)
    for a in (1, 2):
        s.vote(a, (1, 1), 4)
    s.learn("3.1", (1, 1), 4)
    s.deliver("3.1", 4, values=[A])
    return s


@wrong("Deliver.values")
def install_a_snapshot_without_the_turns_of_clients() -> Scenario:
    """With fifo the table says whose turn it is."""
    s = delivered([A], [D], [C], upto=2, fifo=True)
    s.take("1.1")
    s.checkpoint("1.1")
    s.send("1.1")
    s.install("2.1", 1, 2, 1)
    s.deliver("2.1", 3)
    s.settle((1, 1), 4, D, B, learners=("2.1",))
    s.deliver("2.1", 4, values=[B])
    return s


@wrong("Deliver.values")
def deliver_what_is_left_of_a_client_that_is_over() -> Scenario:
    s = delivered()
    later = rng("2.2", 1)
    s.broadcast("2.2", later)
    s.settle((1, 1), 4, later, learners=("1.1",))
    s.deliver("1.1", 4)
    s.settle((1, 1), 5, D, learners=("1.1",))
    s.deliver("1.1", 5, values=[D])
    return s


@wrong("Deliver.values")
def deliver_what_is_left_of_a_client_that_is_over_after_a_restart() -> Scenario:
    s = delivered()
    later = rng("2.2", 1)
    s.broadcast("2.2", later)
    s.settle((1, 1), 4, later, D, learners=("1.1",))
    s.deliver("1.1", 4)
    s.take("1.1")
    s.checkpoint("1.1")
    s.restart("1.2", 4, 5)
    s.settle((1, 1), 5, D, learners=("1.2",))
    s.deliver("1.2", 5, values=[D])
    return s


@wrong("Deliver.values")
def pass_over_a_client_of_which_a_later_life_is_taken_back() -> Scenario:
    """After the restart no value of the later life is delivered, so the earlier one is not over."""
    s = delivered()
    s.take("1.1")
    s.checkpoint("1.1")
    later = rng("2.2", 1)
    s.broadcast("2.2", later)
    s.settle((1, 1), 4, D, later, learners=("1.1",))
    s.deliver("1.1", 4)
    s.restart("1.2", 3, 4)
    s.learn("1.2", (1, 1), 4)
    s.deliver("1.2", 4, values=[later])
    return s


@wrong("Trim.delivered")
def trim_what_was_only_delivered() -> Scenario:
    """Learner 1 keeps checkpoints, and so its own only count, also where nobody relies on them."""
    s = kept(checkpoints=False, learners=(1, 2), keeps=("1.1",))
    for i in (2, 3):
        s.deliver("2.1", i)
    s.trim(1, 3)
    return s


@wrong("Trim.delivered")
def trim_what_a_minority_has_in_checkpoints() -> Scenario:
    s = kept()
    s.trim(1, 2)
    return s


@wrong("Trim.delivered")
def trim_what_learners_without_checkpoints_delivered() -> Scenario:
    s = kept(keeps=("1.1",))
    for i in (2, 3):
        s.deliver("2.1", i)
    s.trim(1, 2)
    return s


@wrong("Trim.delivered")
def trim_what_only_a_snapshot_on_its_way_has() -> Scenario:
    s = kept()
    s.take("2.1")
    s.trim(1, 1)
    return s
