"""Handing over: what one role of a process says to a group reaches the role of that group in the
same process without the network.

The roles of a replica stay what they are when each has a process of its own. Each step is of one
role, and is done in the one order (`paxos.core.step`); a message is handed over where it would be
sent, so when its step is durable and in the trace. Nothing else would do. A vote that is durable,
for a proposal that a crash kept out of the trace, would be a vote for what nobody has proposed; and
a vote that is counted before it is durable may be gone after a crash, and what was delivered
because of it stands.

So for all that others can see, and a trace can tell, a replica is three processes that happen to
hear each other at once, and that crash together. What was not handed over yet is then lost, as
messages may be. The simulator drives the roles of its replicas by the same code.

What can wait is held back before it is sent (`paxos.runtime.outbox`), and is handed over when it is
sent: a role would do one more step for every value to hear of it at once. That is as the network
has it: a role with a process of its own hears it no sooner, and what is said after it comes before
it there too. Only a client hears at once, as the learner beside it may be the first to have
delivered its values.

In one pass each role that has something to do does one step, in the order of the seats. A proposer
sits before an acceptor, and that before a learner, so that what a group of datagrams brings about
is done in one pass, with one commit of the acceptor's.
"""

from collections.abc import Container, Iterable, Sequence
from typing import Protocol

from paxos.core.messages import Group, Message
from paxos.core.names import Member
from paxos.core.step import Step

PASSES = 16
"""How often each role does a step before others get the lock. Where one replica is the whole
cluster, nothing that is said leaves it, and its roles would go on until no value waits."""

GROUPS = {group.value.removesuffix("s"): group for group in Group}
"""The group in which a role is heard."""


class Leading(Protocol):
    """A proposer."""

    @property
    def leads(self) -> bool:
        """Whether it leads, as far as it has heard."""


class BesideProposer:
    """The groups that a client need not speak to by the network: as `always`, and the proposers
    while the one in its own process leads, since no other would propose its values. When that one
    has heard of another leader, the client's next sending goes to all. (If it leads and hears
    nobody, neither would it get a value chosen that others hear of.)"""

    def __init__(self, proposer: Leading, always: Container[Group]) -> None:
        self._proposer = proposer
        self._always = always

    def __contains__(self, group: object) -> bool:
        return group in self._always or (group is Group.PROPOSERS and self._proposer.leads)


class Party(Protocol):
    """A role in a process that has several."""

    member: Member

    def is_ready(self, now_s: float) -> bool:
        """Whether it has a step to do."""

    def hand(self, sender: Member, message: Message, now_s: float) -> None:
        """Consume what another one says."""

    def perform(self, now_s: float) -> Sequence[tuple[Group, Message]] | None:
        """Do a step; what others here are to hear with it, and of which groups: `heard_with`. None:
        it is not done yet, and whoever ends it tells `Handover.hand` and `Handover.settle`."""


def heard_with(step: Step, sent: Iterable[tuple[Group, Message]]) -> list[tuple[Group, Message]]:
    """What the other roles of a process hear when `step` is done, and `sent` with it, of what was
    held back."""
    at_once = [said for said in step.later if said[0] is Group.CLIENTS]
    return [*step.inside, *step.urgent, *at_once, *(s for s in sent if s[0] is not Group.CLIENTS)]


class Handover:
    """The roles of one process, each of another group."""

    def __init__(self, parties: Iterable[Party]) -> None:
        """In the order in which they are to do their steps."""
        self._parties = {GROUPS[party.member.role]: party for party in parties}
        self._is_shared = len(self._parties) > 1

    def remove(self, party: Party) -> None:
        """It does no more steps, and is told nothing."""
        del self._parties[GROUPS[party.member.role]]

    def settle(self, now_s: float) -> bool:
        """Have all do their steps, until none has anything to say to another one. False if it has
        not come to that: there is more to do, when others had the lock."""
        for _ in range(PASSES):
            ended = True
            for party in self._parties.values():
                if not party.is_ready(now_s):
                    continue
                ended = False
                said = party.perform(now_s)
                if said is None:
                    return True
                self.hand(party, said, now_s)
            if ended:
                return True
        return False

    def hand(self, sender: Party, said: Iterable[tuple[Group, Message]], now_s: float) -> None:
        """Give what `sender` has said to those here whom it is for. It hears itself too, if it
        speaks to its own group, as it would on the network; a process of one role does hear the
        network."""
        if not self._is_shared:
            return
        for group, message in said:
            if party := self._parties.get(group):
                party.hand(sender.member, message, now_s)
