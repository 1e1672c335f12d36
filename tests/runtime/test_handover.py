"""What the roles of one process hand over to one another: when, to whom, and for how long."""

from __future__ import annotations

from collections.abc import Sequence

from paxos.core.ballot import Ballot
from paxos.core.messages import Accept, Accepted, Delivered, Group, Heartbeat, Message
from paxos.core.names import Member, Replica
from paxos.runtime.handover import PASSES, BesideProposer, Handover

B = Ballot(1, 1)
ACCEPT, ACCEPTED, DELIVERED = Accept(B, 1, b"\x90"), Accepted(B, 1), Delivered(1, [])

Said = Sequence[tuple[Group, Message]]


class Scripted:
    """A role that answers each message as the test says, in its next step."""

    def __init__(self, member: Member, diary: list[str], answers: dict[type, Said]) -> None:
        self.member = member
        self.diary = diary
        self.answers = answers
        self.is_touched = False
        self.said: list[tuple[Group, Message]] = []
        self.is_stuck = False

    def is_ready(self, now_s: float) -> bool:
        return self.is_touched

    def hand(self, sender: Member, message: Message, now_s: float) -> None:
        kind = type(message).__name__
        self.diary.append(f"{self.member.role} hears {kind} of {sender.words}")
        self.is_touched = True
        self.said += self.answers.get(type(message), ())

    def perform(self, now_s: float) -> Said | None:
        self.diary.append(f"{self.member.role} steps")
        self.is_touched = False
        said, self.said = self.said, []
        return None if self.is_stuck else said

    def begin(self, *said: tuple[Group, Message]) -> None:
        self.is_touched = True
        self.said += said


def replica(
    answers: dict[str, dict[type, Said]],
) -> tuple[dict[str, Scripted], Handover, list[str]]:
    diary: list[str] = []
    parties = {
        member.role: Scripted(member, diary, answers.get(member.role, {}))
        for member in Replica(2).members
    }
    return parties, Handover(parties.values()), diary


def test_what_a_group_brings_about_is_one_pass() -> None:
    parties, handover, diary = replica(
        {
            "acceptor": {Accept: [(Group.LEARNERS, ACCEPTED), (Group.PROPOSERS, ACCEPTED)]},
            "learner": {Accepted: [(Group.CLIENTS, DELIVERED), (Group.ACCEPTORS, DELIVERED)]},
        }
    )
    parties["proposer"].begin((Group.ACCEPTORS, ACCEPT))
    assert handover.settle(0.0)
    assert diary == [
        "proposer steps",
        "acceptor hears Accept of proposer 2",
        "acceptor steps",
        "learner hears Accepted of acceptor 2",
        "proposer hears Accepted of acceptor 2",
        "learner steps",
        "acceptor hears Delivered of learner 2",
        "proposer steps",
        "acceptor steps",
    ]


def test_nothing_is_handed_over_of_a_step_that_is_not_done() -> None:
    """Its disk is slow: nobody may hear of it before it is durable."""
    parties, handover, diary = replica({})
    parties["proposer"].is_stuck = True
    parties["proposer"].begin((Group.ACCEPTORS, ACCEPT))
    handover.settle(0.0)
    assert diary == ["proposer steps"]


def test_a_role_hears_itself_as_it_would_on_the_network() -> None:
    parties, handover, diary = replica({})
    parties["proposer"].begin((Group.PROPOSERS, Heartbeat(B, 1)))
    assert handover.settle(0.0)
    assert "proposer hears Heartbeat of proposer 2" in diary


def test_who_is_alone_is_handed_nothing() -> None:
    """It hears the network."""
    diary: list[str] = []
    alone = Scripted(Member("proposer", 1), diary, {})
    alone.begin((Group.PROPOSERS, Heartbeat(B, 1)))
    assert Handover([alone]).settle(0.0)
    assert diary == ["proposer steps"]


def test_roles_that_never_end_let_others_have_the_lock() -> None:
    parties, handover, diary = replica(
        {
            "proposer": {Accepted: [(Group.ACCEPTORS, ACCEPT)]},
            "acceptor": {Accept: [(Group.PROPOSERS, ACCEPTED)]},
        }
    )
    parties["proposer"].begin((Group.ACCEPTORS, ACCEPT))
    assert not handover.settle(0.0)
    assert diary.count("acceptor steps") == PASSES
    assert not handover.settle(0.0), "and go on where they were"
    assert diary.count("acceptor steps") == 2 * PASSES


def test_who_is_removed_is_told_nothing_and_does_nothing() -> None:
    parties, handover, diary = replica({"acceptor": {Accept: [(Group.LEARNERS, ACCEPTED)]}})
    handover.remove(parties["learner"])
    parties["learner"].begin((Group.PROPOSERS, ACCEPTED))
    parties["proposer"].begin((Group.ACCEPTORS, ACCEPT))
    assert handover.settle(0.0)
    assert not any(line.startswith("learner") for line in diary)


class Candidate:
    """A proposer, as far as a client beside it knows it."""

    leads = False


def test_a_client_speaks_to_other_proposers_while_its_own_does_not_lead() -> None:
    candidate = Candidate()
    unsent = BesideProposer(candidate, {Group.LEARNERS})
    assert Group.PROPOSERS not in unsent and Group.LEARNERS in unsent
    candidate.leads = True
    assert Group.PROPOSERS in unsent and Group.LEARNERS in unsent
    assert Group.ACCEPTORS not in unsent
    candidate.leads = False
    assert Group.PROPOSERS not in unsent


class Again(Scripted):
    """What it hands to the application makes it do one more step."""

    def perform(self, now_s: float) -> Said | None:
        said = super().perform(now_s)
        self.is_touched = len(self.diary) < 2
        return said


def test_a_role_alone_does_what_its_own_step_has_left() -> None:
    """It would wait for the next datagram, or for its next deadline."""
    alone = Again(Member("learner", 1), [], {})
    alone.begin()
    assert Handover([alone]).settle(0.0)
    assert alone.diary == ["learner steps"] * 2
