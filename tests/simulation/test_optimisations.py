"""What the optimisations add to what can go wrong: batches and prepared windows in a change of
leaders, and batches that fill a message to the last byte."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import pytest

from harness.simulation.network import Faults
from paxos.core import events
from paxos.core.ballot import Ballot
from paxos.core.batch import LENGTH_BYTES, Range, decode_batch, encode_batch, unpack
from paxos.core.client import Client, ValueTooLargeError
from paxos.core.messages import Accept, Decide, Promise, Submit, Vote, Votes, encode_messages
from paxos.core.proposer import Proposer
from paxos.core.settings import Settings
from paxos.datagram import OVERHEAD_BYTES
from paxos.runtime.envelope import bodies
from tests.simulation.scenario import CheckedSimulation, Scenario

Batches = dict[int, dict[Ballot, tuple[Range, ...]]]
"""What was proposed, by instance and ballot."""


def proposals(simulation: CheckedSimulation) -> Batches:
    found: Batches = defaultdict(dict)
    for event in simulation.events:
        if isinstance(event, events.Phase2a):
            found[event.instance][event.ballot] = tuple(event.batch)
    return found


def deliver_over_a_leader_change(seed: int, direct: bool) -> CheckedSimulation:
    """Two clients broadcast; the leader is cut off when some of its proposals have reached an
    acceptor, and others none."""
    scenario = Scenario(seed, direct, True, max_batch=5)
    simulation = CheckedSimulation(scenario, proposers=2, faults=Faults(accept_loss=0.6))
    simulation.run(0.5)
    for client in (1, 2):
        simulation.submit(client, [b"%d of %d" % (k, client) for k in range(24)])
    simulation.run(simulation.now_s + 0.0015)
    leader = next(e.ballot[1] for e in reversed(simulation.events) if hasattr(e, "ballot"))
    simulation.isolate("proposer", leader)
    simulation.network.faults = Faults()
    simulation.run(5.0, lambda: all(len(o) == 48 for o in simulation.outputs()))
    simulation.network.cuts.clear()
    simulation.run(simulation.now_s + 0.5)
    return simulation


@pytest.mark.parametrize("direct", [False, True])
def test_batches_across_a_leader_change(direct: bool) -> None:
    """A batch that an acceptor voted for is proposed again as it was; the values of one that
    nobody voted for go into other batches. Each value is delivered once all the same."""
    kept = split = 0
    for seed in range(12):
        simulation = deliver_over_a_leader_change(seed, direct)
        simulation.assert_conforms()
        one, other = simulation.outputs()
        assert one == other
        assert sorted(one) == sorted(b"%d of %d" % (k, c) for c in (1, 2) for k in range(24))
        batch_of: dict[Range, list[tuple[int, Ballot, tuple[Range, ...]]]] = defaultdict(list)
        for instance, by_ballot in sorted(proposals(simulation).items()):
            for ballot, batch in sorted(by_ballot.items()):
                for packet in batch:
                    batch_of[packet].append((instance, ballot, batch))
        for places in batch_of.values():
            (instance, ballot, batch), *later = places
            for other_instance, other_ballot, other_batch in later:
                if other_ballot != ballot:
                    same = (other_instance, other_batch) == (instance, batch)
                    kept += same
                    split += not same
    assert kept and split, "the runs must show both"


def ballot_of(simulation: CheckedSimulation, proposer: int) -> Ballot:
    role = simulation.process("proposer", proposer).role
    assert isinstance(role, Proposer) and role.election.ballot
    return role.election.ballot


def test_a_window_of_prepared_instances_is_lost_to_a_higher_ballot() -> None:
    """The leader holds promises for a whole window when another takes over unnoticed: what it
    then proposes there is refused, and the other's window takes the values."""
    scenario = Scenario(direct_learning=True, prepare_ahead=True, max_batch=5)
    simulation = CheckedSimulation(scenario, proposers=2)
    simulation.run(0.5)
    first = ballot_of(simulation, 1)
    assert first.proposer == 1
    simulation.isolate("proposer", 1)
    simulation.run(0.9)
    higher = ballot_of(simulation, 2)
    assert higher > first
    # Let a value reach the old leader before any word of the new one does.
    simulation.network.cuts.clear()
    simulation.isolate("proposer", 2)
    simulation.submit(1, [b"value"])
    simulation.run(simulation.now_s + 0.001)
    simulation.network.cuts.clear()
    simulation.run(3.0, lambda: all(len(output) == 1 for output in simulation.outputs()))
    assert simulation.outputs() == [[b"value"], [b"value"]]
    simulation.assert_conforms()
    windows = [e for e in simulation.events if isinstance(e, events.Phase1a)]
    assert [(w.ballot, w.last - w.first + 1) for w in windows[:2]] == [(first, 8), (higher, 8)]
    assert first in proposals(simulation)[1], "the old leader proposed in its window"
    votes = {e.ballot for e in simulation.events if isinstance(e, events.Phase2b)}
    assert first not in votes and min(votes) >= higher


# Sizes, to the byte.

SETTINGS = Settings(max_batch=1000, direct_learning=True, prepare_ahead=True)
FULL = SETTINGS.max_payload_bytes


def packets_of(values: list[bytes], settings: Settings = SETTINGS) -> list[int]:
    """How many values are in each packet that a client makes of `values`."""
    client = Client(settings, "999999999.9999999999999999", 0.0)
    client.submit(values, 0.0)
    step = client.flush(0.0)
    messages = [message for _, message in step.sends]
    assert all(len(encode_messages(m)) <= settings.message_bytes for m in messages)
    return [p.count for m in messages if isinstance(m, Submit) for p in m.packets]


@pytest.mark.parametrize("size", [0, 1, 62, 1000])
def test_a_batch_that_exactly_fills_a_message(size: int) -> None:
    count = FULL // (size + LENGTH_BYTES)
    rest = FULL - count * (size + LENGTH_BYTES)
    values = [bytes(size)] * (count - 1) + [bytes(size + rest)]
    settings = replace(SETTINGS, max_batch=10_000)
    assert packets_of(values, settings) == [count]
    assert packets_of([*values[:-1], values[-1] + b"x"], settings) == [count - 1, 1]


def test_every_message_that_holds_a_full_batch_fits() -> None:
    client = Client(SETTINGS, "999999999.9999999999999999", 0.0)
    client.submit([bytes(SETTINGS.packed_value_bytes)], 0.0)
    [submit] = {id(m): m for _, m in client.flush(0.0).sends}.values()
    assert isinstance(submit, Submit)
    assert len(submit.packets[0].payload) == FULL
    batch = encode_batch(submit.packets)
    assert [unpack(p) for p in decode_batch(batch)] == [[bytes(SETTINGS.packed_value_bytes)]]
    ballot, instance = Ballot(2**40, 999), 2**40
    vote = Vote(instance, ballot, batch)
    for message in (
        submit,
        Accept(ballot, instance, batch),
        Decide(ballot, instance, batch),
        Promise(ballot, instance, instance + 4096, [vote]),
        Votes([vote]),
    ):
        encoded = encode_messages(message)
        assert len(encoded) <= SETTINGS.message_bytes
        datagram_bytes = SETTINGS.message_bytes + OVERHEAD_BYTES
        [body] = bodies([encoded], datagram_bytes)
        assert len(body) + OVERHEAD_BYTES - 3 <= datagram_bytes


def test_one_byte_more_is_refused() -> None:
    largest = SETTINGS.packed_value_bytes
    client = Client(replace(SETTINGS, max_value_bytes=largest), "1.1", 0.0)
    with pytest.raises(ValueTooLargeError):
        client.submit([bytes(largest + 1)], 0.0)
    assert not client.flush(0.0)


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize(("window", "in_flight"), [(1, 1), (1, 4), (2, 1), (5, 3)])
def test_windows_and_pipelines_of_any_size(ahead: bool, window: int, in_flight: int) -> None:
    """A window of 1 is the next instance only; one in flight is one instance after another."""

    @dataclass(frozen=True)
    class Narrow(Scenario):
        def settings(self) -> Settings:
            return replace(super().settings(), window=window, in_flight=in_flight)

    scenario = Narrow(direct_learning=True, prepare_ahead=ahead, max_batch=2)
    simulation = CheckedSimulation(scenario)
    simulation.submit(1, [b"%d" % k for k in range(30)])
    simulation.run(5.0, lambda: all(len(o) == 30 for o in simulation.outputs()))
    one, other = simulation.outputs()
    assert one == other
    assert sorted(one, key=int) == [b"%d" % k for k in range(30)]
    if ahead or in_flight == 1:  # otherwise Phase 1 of a later instance may be done first
        assert one == sorted(one, key=int), "in the client's order"
    simulation.assert_conforms()
    asked = [e.last - e.first + 1 for e in simulation.events if isinstance(e, events.Phase1a)]
    assert max(asked) == (window if ahead else 1)
    assert most_in_flight(simulation) <= in_flight


def most_in_flight(simulation: CheckedSimulation) -> int:
    """How many instances were proposed in and not yet voted for by a majority, at most."""
    votes: dict[int, int] = defaultdict(int)
    most = 0
    for event in simulation.events:
        if isinstance(event, events.Phase2a):
            votes[event.instance] += 0
        elif isinstance(event, events.Phase2b):
            votes[event.instance] += 1
        most = max(most, sum(count < 2 for count in votes.values()))
    return most
