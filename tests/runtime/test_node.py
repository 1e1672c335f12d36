"""The node: the order of a step, what wakes its threads, and how it fails and stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from paxos.config import Endpoint, Groups
from paxos.core import events
from paxos.core.ballot import Ballot
from paxos.core.batch import pack
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Delivered,
    Fate,
    Group,
    Heartbeat,
    Reject,
    encode_messages,
)
from paxos.core.step import Delivery, Discarded, PromiseWrite
from paxos.datagram import OVERHEAD_BYTES
from paxos.errors import RunError
from paxos.runtime import outbox, sending
from paxos.runtime.clock import LATEST_US
from paxos.runtime.envelope import PRESENCE, Envelope, Received, bodies
from paxos.runtime.hello import Hello, Reason, Unheard, encode_about
from tests.runtime.harness import (
    HEADER_BYTES,
    MEMBERS,
    B,
    Fake,
    Harness,
)


@pytest.fixture
def harness() -> Iterator[Harness]:
    made = Harness()
    yield made
    made.node.stop()  # a thread that went on would take its time from all tests that follow


DELIVERY = Delivery(1, 1, pack("1.1", 1, [b"v", b"w"]))


def full_step(role: Fake) -> None:
    role.step.send(Ask(1, 1), Group.LEARNERS)
    role.step.deliveries.append(DELIVERY)
    role.step.events.append(events.Phase2b(ballot=B, instance=1))
    role.step.writes.append(PromiseWrite(B))


def test_durable_then_traced_then_delivered_then_sent(harness: Harness) -> None:
    harness.role.on_flush = lambda: full_step(harness.role)
    harness.node.run_in_steps(lambda now_s: True)
    assert harness.world.done == ["save", "trace", "deliver", "send"]
    assert harness.world.delivered == [DELIVERY]


@pytest.mark.parametrize(("failing", "done"), [("save", []), ("deliver", ["save", "trace"])])
def test_what_failed_is_not_followed_by_the_rest(
    harness: Harness, failing: str, done: list[str]
) -> None:
    harness.world.failing = failing
    harness.role.on_flush = lambda: full_step(harness.role)
    harness.node.start()
    harness.world.arrive(harness.datagram(Reject(B)))
    assert harness.stop.wait(5)
    assert "No space left on device" in str(harness.stop.failure)
    assert harness.world.done == done


def test_after_a_step_that_failed_there_is_no_other(harness: Harness) -> None:
    """The disk works again at once; but the role believes in a promise that is not there."""
    harness.world.failing = "save"
    harness.role.on_flush = lambda: full_step(harness.role)
    harness.node.start()
    harness.world.failing = ""
    harness.world.arrive(harness.datagram(Reject(B)))
    harness.role.due_s = 0.0
    harness.node.run_in_steps(lambda now_s: True)
    assert harness.node.stop()
    assert harness.world.done == ["close", "close"], "of trace and storage"
    assert isinstance(harness.stop.failure, RunError)


def test_a_strict_trace_that_fails_stops_the_node_before_it_sends() -> None:
    harness = Harness(strict_trace=True)
    harness.world.failing = "trace"
    harness.role.on_flush = lambda: full_step(harness.role)
    with pytest.raises(RunError, match="trace: No space left on device"):
        harness.node.run_in_steps(lambda now_s: True)
    assert harness.world.done == ["save"]


def test_a_trace_that_fails_is_said_once_and_does_not_stop_the_node(
    harness: Harness, capfd: pytest.CaptureFixture[str]
) -> None:
    harness.world.failing = "trace"
    harness.role.on_flush = lambda: full_step(harness.role)
    harness.node.run_in_steps(lambda now_s: True)
    assert harness.seat.trace_failed
    assert harness.world.done == ["save", "deliver", "send"]
    assert capfd.readouterr().err == "proposer-1.1: trace: No space left on device\n"


def test_a_group_of_datagrams_is_flushed_once(harness: Harness) -> None:
    harness.world.arrive(
        harness.datagram(Reject(B), Reject(Ballot(2, 2))),
        b"garbage",
        harness.datagram(Reject(B), clock=2**63),  # no honest process has such a clock
        harness.datagram(Reject(Ballot(3, 3))),
    )
    harness.node.start()
    harness.wait(lambda: len(harness.role.received) == 3)
    assert harness.role.received == [(2, Reject(Ballot(n, n))) for n in (1, 2, 3)]
    assert harness.node.stop()
    assert harness.role.groups == 2, "and once at the start"


def test_what_is_dropped_is_counted_and_said(
    harness: Harness, capfd: pytest.CaptureFixture[str]
) -> None:
    harness.node.start()
    for _ in range(3):
        harness.world.arrive(*[b"garbage"] * 100)
        harness.wait(lambda: not harness.world.arriving)
    assert harness.node.stop()
    lines = capfd.readouterr().err.splitlines()
    assert 1 <= len(lines) <= 2
    counts = [int(line.split("dropped: ")[1].split()[0]) for line in lines]
    assert sum(counts) == 300
    assert harness.stop.failure is None


def test_what_a_role_refuses_is_counted_with_it(
    harness: Harness, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        for _ in range(3):
            harness.role.step.refuse("Asks for too much")

    harness.role.on_flush = refuse
    harness.node.run_in_steps(lambda now_s: True)
    assert harness.seat.stats.dropped["Asks for too much"] == 3
    assert harness.node.stop()
    assert "proposer-1.1: dropped: 3 Asks for too much\n" in capfd.readouterr().err


def test_a_value_that_will_not_be_delivered_is_said_at_once(
    harness: Harness, capfd: pytest.CaptureFixture[str]
) -> None:
    lost = Discarded(4, Fate.NO_ROOM, "value 4 of 1.1, of 70000 bytes, will not be delivered")
    harness.role.on_flush = lambda: harness.role.step.discarded.append(lost)
    harness.node.run_in_steps(lambda now_s: True)
    assert capfd.readouterr().err == f"error: proposer-1.1: {lost.text}\n"
    assert harness.seat.discarded == 1, "which makes the exit status 1"


def test_messages_share_datagrams_and_are_sent_to_their_groups(harness: Harness) -> None:
    delivered = Delivered(1, [])

    def send() -> None:
        harness.role.step.send(delivered, Group.CLIENTS, Group.PROPOSERS)
        harness.role.step.send(Ask(1, 1), Group.PROPOSERS)

    harness.role.on_flush = send
    harness.node.run_in_steps(lambda now_s: True)
    both = next(bodies([encode_messages(delivered), encode_messages(Ask(1, 1))], 1000))
    assert [(to, datagram[HEADER_BYTES:]) for to, datagram in harness.world.sent] == [
        (Groups().clients, next(bodies([encode_messages(delivered)], 1000))),
        (Groups().proposers, both),
    ]
    assert harness.seat.stats.sent == 2
    counted: Any = harness.seat.stats.content()["sent"]
    assert {kind: counted[kind]["datagrams"] for kind in counted} == {"Delivered": 1.5, "Ask": 0.5}
    sizes = sum(len(datagram) for _, datagram in harness.world.sent)
    assert sum(counted[kind]["bytes"] for kind in counted) == pytest.approx(sizes, abs=1)


def test_what_an_earlier_life_has_left_is_said_at_the_start(
    harness: Harness, capfd: pytest.CaptureFixture[str]
) -> None:
    harness.own_clock.resume(LATEST_US + 1)
    harness.node.start()
    assert "its last incarnation has left one beyond" in capfd.readouterr().err
    assert harness.node.stop()


@pytest.mark.parametrize("over", [0, 1])
def test_nothing_is_sent_that_is_larger_than_a_datagram(
    harness: Harness, capfd: pytest.CaptureFixture[str], over: int
) -> None:
    """It is dropped and counted: whoever lies can make a role say such a thing."""
    rest = len(encode_messages(Accept(B, 1, bytes(500)))) - 500
    large = Accept(B, 1, bytes(1000 - OVERHEAD_BYTES - rest + over))
    harness.role.on_flush = lambda: harness.role.step.send(large, Group.ACCEPTORS, Group.LEARNERS)
    harness.node.run_in_steps(lambda now_s: True)
    assert len(harness.world.sent) == (0 if over else 2)
    assert harness.seat.stats.dropped == Counter({sending.TOO_LARGE: 2} if over else {})
    assert harness.node.stop()
    assert ("larger than a datagram" in capfd.readouterr().err) == bool(over)


def test_no_two_datagrams_have_one_clock(harness: Harness) -> None:
    """By its clock a receiver knows whether it has a datagram already."""

    def send() -> None:
        for group in Group:
            harness.role.step.send(Reject(B), group)

    harness.role.on_flush = send
    for _ in range(3):
        harness.node.run_in_steps(lambda now_s: True)
    clocks = [int.from_bytes(d[HEADER_BYTES - 8 : HEADER_BYTES]) for _, d in harness.world.sent]
    assert len(clocks) == 12
    assert clocks == sorted(set(clocks))


def test_a_clock_that_no_honest_process_has_is_dropped_and_its_sender_named(
    harness: Harness, capfd: pytest.CaptureFixture[str]
) -> None:
    """And it moves nothing: neither the clock, nor what is known to be received."""
    harness.world.arrive(harness.datagram(Reject(B), clock=LATEST_US + 1))
    harness.world.arrive(*(harness.datagram(Reject(B)) for _ in range(2_000)))
    harness.node.start()
    harness.wait(lambda: len(harness.role.received) == 2_000)
    assert harness.node.stop()
    why = "of acceptor 2, with a clock that no honest process has"
    assert harness.seat.stats.dropped == {why: 1}
    assert f"proposer-1.1: dropped: 1 {why}\n" in capfd.readouterr().err
    assert harness.own_clock.tick() < LATEST_US


def test_whoever_is_ahead_is_followed_however_far(
    harness: Harness, capfd: pytest.CaptureFixture[str]
) -> None:
    ahead = harness.own_clock.wall() + 365 * 86_400 * 10**6
    harness.world.arrive(harness.datagram(Reject(B), clock=ahead))
    harness.node.start()
    harness.wait(lambda: harness.role.received)
    assert harness.own_clock.tick() > ahead
    said: list[str] = []

    def says_so() -> bool:
        harness.world.arrive(harness.datagram(Reject(B)))
        said.append(capfd.readouterr().err)
        what = "365 days ahead of this machine's wall clock, since it heard acceptor-2"
        return what in "".join(said)

    harness.wait(says_so)
    assert harness.node.stop()
    assert not harness.seat.stats.dropped


def test_what_a_process_hears_of_itself_says_nothing_of_others(harness: Harness) -> None:
    """Proposers send to proposers, and so to themselves."""
    harness.other = Envelope(b"cluster!", "proposer", 1, 1, MEMBERS)
    harness.world.arrive(harness.datagram(Heartbeat(B, 1)))
    harness.node.start()
    harness.wait(lambda: harness.role.received)
    harness.other = Envelope(b"cluster!", "acceptor", 2, 1, MEMBERS)
    harness.world.arrive(harness.datagram(Reject(B)))
    harness.wait(lambda: len(harness.role.received) == 2)
    assert harness.node.stop()
    assert harness.seat.patience.heard() == ["acceptor-2"]


def test_a_datagram_that_is_dropped_is_not_followed(harness: Harness) -> None:
    one = harness.datagram(Reject(B))
    harness.other, harness.commits = Envelope(b"cluster!", "acceptor", 2, 2, MEMBERS), 1
    later = harness.datagram(Reject(Ballot(2, 2)))
    harness.other = Envelope(b"cluster!", "acceptor", 2, 1, MEMBERS)
    harness.commits = 0
    of_the_life_before = harness.datagram(Reject(B), clock=LATEST_US)
    harness.world.arrive(one, later, of_the_life_before)
    harness.node.start()
    harness.wait(lambda: harness.seat.stats.dropped)
    assert harness.node.stop()
    assert harness.own_clock.tick() < LATEST_US


def test_a_datagram_is_consumed_once(harness: Harness) -> None:
    """Also when it is duplicated by a network, or sent again by who recorded it."""
    first, second = harness.datagram(Reject(B)), harness.datagram(Reject(Ballot(2, 2)))
    harness.other, harness.commits = Envelope(b"cluster!", "acceptor", 2, 2, MEMBERS), 1
    later = harness.datagram(Reject(Ballot(3, 3)))
    harness.world.arrive(second, first, second, first, later, second, first)
    harness.node.start()
    harness.wait(lambda: len(harness.role.received) >= 3)
    assert harness.role.received == [(2, Reject(Ballot(n, n))) for n in (2, 1, 3)]
    assert harness.seat.stats.dropped == {"received before": 2, "of an earlier incarnation": 2}
    assert harness.node.stop()


def test_what_cannot_be_sent_is_like_lost(
    harness: Harness, capfd: pytest.CaptureFixture[str]
) -> None:
    harness.world.failing = "send"
    harness.role.on_flush = lambda: harness.role.step.send(Ask(1, 1), Group.CLIENTS)
    harness.node.run_in_steps(lambda now_s: True)
    assert "1 that could not be sent (No space left on device)" in capfd.readouterr().err


def test_what_nobody_waits_for_is_held_back_and_sent_together(harness: Harness) -> None:
    harness.role.step.send_later(Heartbeat(B, 1), Group.LEARNERS)
    harness.role.step.send(Reject(B), Group.PROPOSERS)
    harness.node.run_in_steps(lambda now_s: True)
    assert [to for to, _ in harness.world.sent] == [Groups().proposers]
    harness.role.step.send_later(Heartbeat(B, 2), Group.LEARNERS)
    harness.node.start()
    harness.wait(lambda: len(harness.world.sent) == 2)
    _, datagram = harness.world.sent[1]
    reader = Envelope(b"cluster!", "learner", 1, 1, MEMBERS)
    assert reader.open(datagram).messages == [Heartbeat(B, 1), Heartbeat(B, 2)]


def test_what_is_held_back_is_sent_before_the_stop(harness: Harness) -> None:
    harness.role.step.send_later(Ask(1, 1), Group.LEARNERS)
    harness.node.run_in_steps(lambda now_s: True)
    assert harness.node.stop()
    assert len(harness.world.sent) == 1


def test_very_much_is_not_held_back(harness: Harness) -> None:
    for n in range(1, outbox.HELD_MESSAGES + 1):
        harness.role.step.send_later(Ask(n, n), Group.LEARNERS)
    harness.node.run_in_steps(lambda now_s: True)
    assert harness.world.sent, "at once"


@pytest.mark.parametrize(("in_flight", "most"), [(1, 1), (8, 4), (64, outbox.HELD_MESSAGES)])
def test_no_more_is_held_back_than_a_leader_can_spare(in_flight: int, most: int) -> None:
    back = outbox.Outbox(in_flight)
    back.add([(Group.PROPOSERS, Reject(B))] * (most - 1), 5.0)
    assert not back.is_due(5.0)
    back.add([(Group.PROPOSERS, Reject(B))], 5.0)
    assert back.is_due(5.0)


def test_votes_said_as_one_count_as_several() -> None:
    back = outbox.Outbox(8)
    back.add([(Group.PROPOSERS, Accepted(B, 1, more=2))], 5.0)
    assert not back.is_due(5.0)
    back.add([(Group.PROPOSERS, Accepted(B, 4))], 5.0)
    assert back.is_due(5.0)
    assert len(back.take()) == 2
    back.add([(Group.PROPOSERS, Accepted(B, 5, more=2))], 6.0)
    assert not back.is_due(6.0)


# Who is there.


def about(harness: Harness, said: Hello | Unheard, sender: Envelope | None = None) -> bytes:
    harness.clock += 1
    return (sender or harness.other).seal(harness.clock, encode_about(said), kind=PRESENCE)


def opened(datagrams: list[tuple[Endpoint, bytes]]) -> list[Received]:
    reader = Envelope(b"cluster!", "learner", 1, 1, MEMBERS)
    return [reader.open(datagram) for _, datagram in datagrams]


def test_every_datagram_tells_how_much_its_sender_has_made_durable(harness: Harness) -> None:
    def save(writes: Sequence[object]) -> None:
        harness.world.commits += 1

    harness.world.save = save  # type: ignore[method-assign]
    harness.world.commits = 5

    def say() -> None:
        harness.role.step.writes.append(PromiseWrite(B))
        harness.role.step.send(Heartbeat(B, 1), Group.PROPOSERS)

    harness.role.on_flush = say
    for _ in range(2):
        harness.node.run_in_steps(lambda now_s: True)
    assert [received.commits for received in opened(harness.world.sent)] == [6, 7]


def test_it_says_that_it_is_there_and_tells_who_is_not_heard(harness: Harness) -> None:
    earlier = harness.datagram(Reject(B))
    harness.other = Envelope(b"cluster!", "acceptor", 2, 1, MEMBERS, nonce=9)
    newer = Envelope(b"cluster!", "acceptor", 2, 2, MEMBERS)
    body = next(bodies([encode_messages(Reject(B))], 1000))
    harness.world.arrive(earlier, newer.seal(50, body, commits=1))
    harness.node.start()
    harness.wait(lambda: len(harness.role.received) == 2)
    harness.world.arrive(harness.datagram(Reject(B)), harness.datagram(Reject(B)))
    harness.wait(lambda: harness.world.sent)
    ((to, datagram),) = harness.world.sent
    assert to == Groups().acceptors
    (received,) = opened([(to, datagram)])
    assert received.about == Unheard(2, 9, Reason.EARLIER, 1, 0, 2, 1)
    assert harness.node.stop()


def test_a_process_that_must_end_says_nothing_more(harness: Harness) -> None:
    harness.role.step.send_later(Heartbeat(B, 1), Group.LEARNERS)
    harness.node.run_in_steps(lambda now_s: True)
    harness.role.on_flush = lambda: harness.role.step.send(Heartbeat(B, 2), Group.LEARNERS)
    harness.world.arrive(about(harness, Unheard(1, 77, Reason.OLD_STORAGE, 1, 0, 1, 9)))
    harness.node.start()
    assert harness.stop.wait(5)
    assert "it has done more than it knows: acceptor 2 has heard" in str(harness.stop.failure)
    assert harness.node.stop()
    said = [message for received in opened(harness.world.sent) for message in received.messages]
    assert Heartbeat(B, 1) not in said, "not even what it held back"


def test_a_namesake_is_answered(harness: Harness) -> None:
    namesake = Envelope(b"cluster!", "proposer", 1, 1, MEMBERS, nonce=78)
    harness.world.arrive(about(harness, Hello(5, False, 0, "elsewhere", 1), namesake))
    harness.node.start()
    harness.wait(lambda: harness.world.sent)
    ((to, _),) = harness.world.sent
    (received,) = opened(harness.world.sent)
    assert to == Groups().proposers
    assert isinstance(received.about, Hello)
    assert received.about.answers == 78
    assert harness.node.stop()
    assert not harness.stop.failure
