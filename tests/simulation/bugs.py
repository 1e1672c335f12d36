"""Bugs, planted: each a small change of one role, as somebody might really write it.

Each names the rule of the specification by which the checker must reject it: the action, and the
guard of it that is false (or the invariant). A checker that misses one of them is the bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from paxos.core.acceptor import Acceptor
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.batch import NO_OP, Packet, encode_batch, pack
from paxos.core.client import Client
from paxos.core.hearsay import InBallot
from paxos.core.intervals import IntervalSet
from paxos.core.learner import Learner
from paxos.core.messages import Accept, Accepted, Delivered, Group, Prepare, Promise, Vote
from paxos.core.phase1 import Phase1, Promises
from paxos.core.phase2 import Proposals
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from paxos.core.settings import Settings

# Acceptors.


class PromisesBelowItsPromise(Acceptor):
    def on_prepare(self, prepare: Prepare) -> None:
        self.promised = min(self.promised, prepare.ballot)
        super().on_prepare(prepare)


class VotesBelowItsPromise(Acceptor):
    def on_accept(self, accept: Accept) -> None:
        promised = self.promised
        self.promised = min(promised, accept.ballot)
        super().on_accept(accept)
        self.promised = max(promised, self.promised)


class VoteIsNoPromise(Acceptor):
    def on_accept(self, accept: Accept) -> None:
        promised = self.promised
        super().on_accept(accept)
        self.promised = promised


class PromiseSkipsOtherInstances(Acceptor):
    """It keeps its promise in the instances that it was asked for, and in no others."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.asked = IntervalSet()

    def on_prepare(self, prepare: Prepare) -> None:
        if prepare.ballot > self.promised:
            self.asked = IntervalSet()
        self.asked.add(prepare.first, prepare.last)
        super().on_prepare(prepare)

    def on_accept(self, accept: Accept) -> None:
        promised = self.promised
        if accept.instance not in self.asked:
            self.promised = min(promised, accept.ballot)
        super().on_accept(accept)
        self.promised = max(promised, self.promised)


class ReportsNoVotes(Acceptor):
    def _reports(self, first: int, last: int) -> Iterator[tuple[int, int, list[Vote]]]:
        yield first, last, []


class ReportsAnotherBatch(Acceptor):
    def _reports(self, first: int, last: int) -> Iterator[tuple[int, int, list[Vote]]]:
        for start, end, votes in super()._reports(first, last):
            yield start, end, [Vote(v.instance, v.ballot, NO_OP) for v in votes]


class SaysOneVoteTooMany(Acceptor):
    """Of those that it says as one."""

    def _finish(self, now_s: float) -> None:
        super()._finish(now_s)
        said = self.step.urgent
        for at, (group, message) in enumerate(said):
            if isinstance(message, Accepted):
                said[at] = group, msgspec.structs.replace(message, more=message.more + 1)


class LosesItsPromise(Acceptor):
    """At restart; its votes it keeps."""

    def __init__(self, settings: Settings, promised: Ballot, *stored: Any) -> None:
        super().__init__(settings, NO_BALLOT, *stored)


class LosesItsVotes(Acceptor):
    """At restart; its promise it keeps."""

    def __init__(self, settings: Settings, promised: Ballot, *stored: Any) -> None:
        super().__init__(settings, promised, {}, *stored[1:])


class TrimsTooEarly(Acceptor):
    """It trims what one learner has delivered."""

    def on_delivered(self, learner: int, delivered: Delivered) -> None:
        for each in range(1, self.settings.learners + 1):
            super().on_delivered(each, delivered)


class AnswersForWhatItTrimmed(Acceptor):
    """As if it had no votes there."""

    def _remembered(self, first: int, to: Group) -> int:
        return first


class ForgetsThatItTrimmed(Acceptor):
    """At restart."""

    def __init__(self, settings: Settings, *stored: Any) -> None:
        super().__init__(settings, *stored[:2])


# Proposers.


class TakesItsOwnValue(Proposer):
    def _promised(self, ballot: Ballot, phase1: Phase1, last: int, now_s: float) -> None:
        for votes in phase1._votes.values():
            votes.clear()
        super()._promised(ballot, phase1, last, now_s)


class TakesTheLowestVote(Proposer):
    def _promised(self, ballot: Ballot, phase1: Phase1, last: int, now_s: float) -> None:
        lowest: dict[int, Ballot] = {}
        for votes in phase1._votes.values():
            for vote in votes.values():
                lowest[vote.instance] = min(lowest.get(vote.instance, vote.ballot), vote.ballot)
        for votes in phase1._votes.values():
            for vote in list(votes.values()):
                if vote.ballot != lowest[vote.instance]:
                    del votes[vote.instance]
        super()._promised(ballot, phase1, last, now_s)


class PromisesOfAMinority(Proposer):
    def _on_promise(self, sender: int, promise: Promise, now_s: float) -> None:
        settings, self.settings = (
            self.settings,
            replace(self.settings, phase1_quorum=1),
        )
        super()._on_promise(sender, promise, now_s)
        self.settings = settings


class VotesOfAMinority(Proposer):
    def __init__(self, settings: Settings, *others: Any) -> None:
        super().__init__(settings, *others)
        self.phase2 = Proposals(replace(settings, phase2_quorum=1))


class CountsAVoteTwice(Proposer):
    def _on_accepted(self, sender: int, accepted: Accepted, now_s: float) -> None:
        phase2 = self.phase2.open.get(accepted.instance)
        if phase2 and sender in phase2.votes and accepted.ballot == self.election.ballot:
            self._decide(accepted.ballot, accepted.instance, phase2.batch, [sender, sender])
        super()._on_accepted(sender, accepted, now_s)


class CountsPromisesOfOldBallots(Proposer):
    def _on_promise(self, sender: int, promise: Promise, now_s: float) -> None:
        ballot = self.election.ballot or promise.ballot
        super()._on_promise(sender, msgspec.structs.replace(promise, ballot=ballot), now_s)


class CountsVotesOfOldBallots(Proposer):
    def _on_accepted(self, sender: int, accepted: Accepted, now_s: float) -> None:
        ballot = self.election.ballot or accepted.ballot
        super()._on_accepted(sender, msgspec.structs.replace(accepted, ballot=ballot), now_s)


class ForgetsItsRound(Proposer):
    """At restart."""

    def __init__(self, settings: Settings, number: int, now_s: float, round_used: int) -> None:
        super().__init__(settings, number, now_s, 0)


class SharesItsBallots(Proposer):
    def _take_lead(self) -> None:
        super()._take_lead()
        assert self.election.ballot is not None
        self.election.ballot = self.election.highest = Ballot(self.election.ballot.round, 1)


class ProposesTwice(Proposer):
    """It has no answer, so it proposes something else."""

    def tick(self, now_s: float) -> None:
        for instance in list(self.phase2.open):
            packets = self.backlog.take()
            if packets and self.election.ballot:
                batch = encode_batch(packets)
                self._propose(self.election.ballot, instance, batch, packets, [1, 2, 3])
        super().tick(now_s)


class AltersValues(Proposer):
    def _propose_ready(self, ballot: Ballot, now_s: float) -> None:
        take = self.backlog.take

        def take_and_alter() -> list[Packet]:
            return [pack(p.client, p.first, [b"altered"]) for p in take()]

        self.backlog.take = take_and_alter  # type: ignore[method-assign]
        super()._propose_ready(ballot, now_s)
        self.backlog.take = take  # type: ignore[method-assign]


class FillsWhatIsNoGap(Proposer):
    def _propose_ready(self, ballot: Ballot, now_s: float) -> None:
        for instance, quorum in self.phase1.free:
            self._propose(ballot, instance, NO_OP, [], quorum)
        self.phase1.free.clear()


class PreparesAhead(Proposer):
    """Though the switch is off."""

    def __init__(self, settings: Settings, *args: Any) -> None:
        super().__init__(settings, *args)
        self.phase1 = Promises(replace(settings, prepare_ahead=True))


class BatchesTooMuch(Proposer):
    """Though the switch is off."""

    def __init__(self, settings: Settings, *args: Any) -> None:
        super().__init__(replace(settings, max_batch=5), *args)


class DecidesWithDirectLearning(Proposer):
    def _on_accepted(self, sender: int, accepted: Accepted, now_s: float) -> None:
        settings, self.settings = self.settings, replace(self.settings, direct_learning=False)
        super()._on_accepted(sender, accepted, now_s)
        self.settings = settings


# Learners.


class LearnsFromOneVote(Learner):
    def __init__(self, settings: Settings, *args: Any, **life: Any) -> None:
        super().__init__(replace(settings, phase2_quorum=1), *args, **life)


class AddsUpVotesOfDifferentBallots(Learner):
    def _count(self, instance: int, ballot: Ballot, said: InBallot) -> None:
        said.voters = self.heard.voters(instance)
        super()._count(instance, ballot, said)


class LearnsTheBatchOfAnotherBallot(Learner):
    def _count(self, instance: int, ballot: Ballot, said: InBallot) -> None:
        known = [other.batch for other in self.heard.open[instance].ballots.values() if other.batch]
        said.batch = next(iter(known), None)
        super()._count(instance, ballot, said)


class SkipsGaps(Learner):
    def _learn(self, instance: int, ballot: Ballot, batch: bytes, quorum: list[int] | None) -> None:
        self.prefix = instance - 1
        super()._learn(instance, ballot, batch, quorum)


class DeliversDuplicates(Learner):
    def _deliver(self, instance: int, packets: Any, ranges: Any) -> None:
        before, self.table._delivered = self.table._delivered, {}
        super()._deliver(instance, packets, ranges)
        self.table._delivered = before | self.table._delivered


class LearnsTwice(Learner):
    def _is_new(self, instance: int) -> bool:
        return super()._is_new(instance) or instance == self.prefix


# Clients.


class ReusesSequenceNumbers(Client):
    def submit(self, values: Any, now_s: float, since_s: float | None = None) -> None:
        self.next_seq = 1
        super().submit(values, now_s, since_s)


@dataclass(frozen=True)
class Bug:
    """A planted bug: whose, how the cluster is set, and the rules that may say so."""

    role: str
    make: Callable[..., Role]
    rejected_by: set[str]
    settings: dict[str, Any] = field(default_factory=dict)


DIRECT = {"direct_learning": True}
AHEAD = {"prepare_ahead": True}
ONE_PROPOSER = {"proposers": 1, "cuts": (), "crashes": [("proposer", 1)] * 3}
TRIMS = {"retain": 0}
COMPETING_LEADERS = {
    "prepare_ahead": True,
    "loss": 0.05,
    "accept_loss": 0.7,
    "slowest_s": 0.01,
    "retry_s": 0.5,
    "crashes": (),
    "cuts": [("proposer", number) for number in (1, 2, 3)] * 4,
}
"""Proposals reach some acceptors only, and the next leader makes others in their place."""

BUGS = [
    Bug("acceptor", PromisesBelowItsPromise, {"Phase1b.promise"}),
    Bug("acceptor", VotesBelowItsPromise, {"Phase2b.promise"}),
    Bug("acceptor", VoteIsNoPromise, {"Phase1b.promise", "Phase2b.promise"}, AHEAD),
    Bug("acceptor", PromiseSkipsOtherInstances, {"Phase2b.promise"}),
    Bug("acceptor", ReportsNoVotes, {"Phase1b.votes"}),
    Bug("acceptor", ReportsAnotherBatch, {"Phase1b.votes", "Learn.batch"}, AHEAD),
    Bug("acceptor", SaysOneVoteTooMany, {"Decide.voted"}),
    Bug("acceptor", LosesItsPromise, {"Recover.promise"}),
    Bug("acceptor", LosesItsVotes, {"Recover.votes"}),
    Bug("acceptor", TrimsTooEarly, {"Trim.delivered"}, TRIMS),
    Bug("acceptor", AnswersForWhatItTrimmed, {"Phase1b.trimmed", "Phase2b.trimmed"}, TRIMS),
    Bug("acceptor", ForgetsThatItTrimmed, {"Recover.trimmed"}, TRIMS),
    Bug("proposer", TakesItsOwnValue, {"Phase2a.highest"}),
    Bug("proposer", TakesTheLowestVote, {"Phase2a.highest"}, COMPETING_LEADERS),
    Bug("proposer", PromisesOfAMinority, {"Phase2a.quorum"}),
    Bug("proposer", VotesOfAMinority, {"Decide.quorum"}),
    Bug("proposer", CountsAVoteTwice, {"Decide.quorum"}),
    Bug("proposer", CountsPromisesOfOldBallots, {"Phase2a.promises"}),
    Bug("proposer", CountsVotesOfOldBallots, {"Decide.voted"}),
    Bug("proposer", ForgetsItsRound, {"Recover.round"}, ONE_PROPOSER),
    Bug("proposer", SharesItsBallots, {"Phase1a.owner"}),
    Bug("proposer", ProposesTwice, {"Phase2a.once"}),
    Bug("proposer", AltersValues, {"Phase2a.broadcast"}),
    Bug("proposer", FillsWhatIsNoGap, {"Phase2a.gap"}, AHEAD),
    Bug("proposer", PreparesAhead, {"Phase1a.prepare"}),
    Bug("proposer", BatchesTooMuch, {"Phase2a.batch"}),
    Bug("proposer", DecidesWithDirectLearning, {"Decide.indirect"}, DIRECT),
    Bug("learner", LearnsFromOneVote, {"Learn.quorum"}, DIRECT),
    Bug("learner", AddsUpVotesOfDifferentBallots, {"Learn.decided"}, DIRECT),
    Bug("learner", LearnsTheBatchOfAnotherBallot, {"Learn.batch"}, DIRECT),
    Bug("learner", SkipsGaps, {"Deliver.next"}),
    Bug("learner", DeliversDuplicates, {"Deliver.values", "Integrity"}),
    Bug("learner", LearnsTwice, {"Learn.once"}),
    Bug("client", ReusesSequenceNumbers, {"Broadcast.fresh"}),
]
