"""The variables of MultiPaxos.tla, kept so that one event costs the same however long the trace
is.

msgs is not one set: each kind of message is filed by what is asked of it. History that is a
function of the rest (order) is not kept. An instance's part can be dropped (`retire`) once no
event will mention the instance again; what is asked about all instances (coverage, values, the
highest instance) stays, in compact form.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from conformance.rules import promises
from conformance.rules.promises import Promises
from conformance.trace.intervals import IntervalSet, RangesAsked
from conformance.trace.lives import LearnerLives
from conformance.trace.process import id_of, member
from conformance.trace.schema import NO_BALLOT, NO_OP, Ballot, Batch, Cluster, Constants, Range

Voted = tuple[Ballot, Batch]

NO_VOTE: Voted = (NO_BALLOT, NO_OP)


class ClientValues:
    """What one client has broadcast: ranges that do not overlap, in 24 bytes each."""

    __slots__ = ("counts", "digests", "firsts")

    def __init__(self) -> None:
        self.firsts, self.counts, self.digests = array("Q"), array("Q"), array("Q")

    def overlaps(self, first: int, count: int) -> bool:
        k = bisect_right(self.firsts, first + count - 1) - 1
        return k >= 0 and first < self.firsts[k] + self.counts[k]

    def has(self, r: Range) -> bool:
        k = bisect_right(self.firsts, r[1]) - 1
        return (
            k >= 0
            and self.firsts[k] == r[1]
            and self.counts[k] == r[2]
            and self.digests[k] == int(r[3], 16)
        )

    def next(self) -> int:
        """The number after the highest one."""
        return self.firsts[-1] + self.counts[-1]

    def add(self, r: Range) -> None:
        k = bisect_right(self.firsts, r[1])
        self.firsts.insert(k, r[1])
        self.counts.insert(k, r[2])
        self.digests.insert(k, int(r[3], 16))


class ValueSet:
    """A set of values, as intervals per client."""

    __slots__ = ("clients", "count")

    def __init__(self) -> None:
        self.clients: dict[str, IntervalSet] = {}
        self.count = 0

    def has_any(self, r: Range) -> bool:
        known = self.clients.get(r[0])
        return known is not None and known.overlaps(r[1], r[1] + r[2] - 1)

    def has_all(self, client: str, last: int) -> bool:
        """Whether the values 1 to `last` of the client are in the set."""
        return self.due(client) > last

    def due(self, client: str) -> int:
        """The lowest number of a value of the client that is not in the set."""
        known = self.clients.get(client)
        return known.lasts[0] + 1 if known and known.firsts and known.firsts[0] == 1 else 1

    def remove(self, r: Range) -> None:
        """Take out the values of a range, which are in the set."""
        known = self.clients[r[0]]
        known.remove(r[1], r[1] + r[2] - 1)
        self.count -= r[2]
        if not known.firsts:
            del self.clients[r[0]]

    def add(self, r: Range) -> int:
        """Add the values of a range; how many of them are new."""
        known = self.clients.get(r[0])
        if known is None:
            known = self.clients[r[0]] = IntervalSet()
        new = known.add(r[1], r[1] + r[2] - 1)
        self.count += new
        return new


class Instance:
    """What concerns one instance:

    its 2a, 2b and Decide messages, votes reported in 1b messages, the acceptors' and the
    learners' entries, and what is chosen.
    """

    __slots__ = ("accepts", "chosen", "decided", "learned", "reported", "unsaid", "vote", "voters")

    def __init__(self) -> None:
        self.accepts: dict[Ballot, list[Batch]] = {}
        self.reported: dict[Ballot, dict[int, set[Voted]]] = {}
        self.vote: dict[int, Voted] = {}
        self.voters: dict[Ballot, set[int]] = {}  # who voted: the history, votes
        self.unsaid: set[tuple[Ballot, int]] = set()  # ... and has sent no 2b yet
        self.decided: set[Ballot] = set()
        self.learned: dict[str, Voted] = {}
        self.chosen: set[Batch] = set()


NOTHING = Instance()
"""What concerns an instance that nothing was said about: to look at only."""


class Snapshot(NamedTuple):
    """A learner's state with the instances up to this one delivered: which it is follows from how
    many ranges, and values, of the one order that is."""

    instance: int = 0
    position: int = 0
    ranges: int = 0


class Learner:
    """prefix, delivered, known, taken and checkpoint of one learner."""

    __slots__ = (
        *("checkpoint", "delivered", "dropped", "latest", "position", "prefix", "repeated"),
        *("said", "taken", "values"),
    )

    def __init__(self) -> None:
        self.prefix = 0
        self.position = 0  # how many values are delivered
        self.delivered: list[Range] = []
        self.dropped = 0  # how many ranges were taken off the front of `delivered`
        self.values = ValueSet()
        self.repeated: list[Range] = []  # ranges delivered again: a violation, kept to be found
        self.latest: dict[int, int] = {}  # of each client, the last incarnation with a value
        self.taken = self.checkpoint = Snapshot()
        self.said = 0  # the instance of the newest checkpoint that it said it has

    def ranges(self) -> int:
        return self.dropped + len(self.delivered)

    def state(self) -> Snapshot:
        """StateOf(l)"""
        return Snapshot(self.prefix, self.position, self.ranges())

    def append(self, ranges: Iterable[Range]) -> None:
        """These are delivered next."""
        for r in ranges:
            if self.values.add(r) < r[2]:
                self.repeated.append(r)
            self.position += r[2]
            self.delivered.append(r)
            client, incarnation = member(r[0])
            if incarnation > self.latest.get(client, 0):
                self.latest[client] = incarnation

    def is_over(self, client: str) -> bool:
        """IsOver: a value of a later incarnation of the client is delivered."""
        number, incarnation = member(client)
        return incarnation < self.latest.get(number, 0)

    def keep_taken(self) -> None:
        """Durable(l, taken[l])"""
        self.checkpoint, self.taken = self.taken, Snapshot()

    def go_back(self) -> None:
        """Become(l, checkpoint[l]): what was delivered since is taken back."""
        self.prefix, self.position, ranges = self.checkpoint
        first = max(ranges - self.dropped, 0)
        for r in self.delivered[first:]:
            self.latest.pop(member(r[0])[0], None)
            if r[0] in self.values.clients:  # twice in what was delivered, if that is wrong
                self.values.remove(r)
        del self.delivered[first:]
        for name in self.values.clients:
            client, incarnation = member(name)
            if incarnation > self.latest.get(client, 0):
                self.latest[client] = incarnation
        self.taken = Snapshot()


class State:
    """A state of MultiPaxos.tla."""

    def __init__(self, constants: Constants, cluster: Cluster) -> None:
        self.constants = constants
        self.cluster = cluster
        self.acceptors = frozenset(cluster.acceptors)
        self.quorum1, self.quorum2 = constants.quorums(len(self.acceptors))
        self.broadcast: dict[str, ClientValues] = {}
        self.broadcasts = 0  # how many values are broadcast
        self.has_turns = False  # with fifo: a client has broadcast a second value
        self.asked: dict[Ballot, RangesAsked] = {}  # the 1a messages
        self.users: dict[
            Ballot, str
        ] = {}  # the incarnation that asked first in a ballot, for words
        self.covered: dict[Ballot, dict[int, IntervalSet]] = {}  # the 1b messages, by acceptor
        self.proposed: dict[Ballot, ValueSet] = {}  # values in 2a messages, by ballot
        self.highest = 0  # the highest instance of a 2a message
        scope = constants.promise_scope
        self.promised: dict[int, Promises] = {a: promises.none(scope) for a in cluster.acceptors}
        self.voted_in: dict[int, IntervalSet] = {a: IntervalSet() for a in cluster.acceptors}
        self.top_vote: dict[int, Ballot] = {}  # the highest ballot that the acceptor ever voted in
        # Of instances that were retired: the votes that no vote in a later instance outdoes.
        self.outlasting: dict[int, list[tuple[int, Voted]]] = {a: [] for a in cluster.acceptors}
        self.trimmed: dict[int, int] = dict.fromkeys(cluster.acceptors, 0)
        self.rounds: dict[int, int] = {}  # the highest round a proposer used or came back with
        self.since: dict[int, int] = {}  # the round that it came back with into this incarnation
        self.instances: dict[int, Instance] = {}
        self.learners: dict[str, Learner] = {}
        self.lives = LearnerLives()
        self.keeps: set[str] = set()  # the learners that keep checkpoints
        # The Snapshot messages, by instance and position: the last of each id that has given it.
        self.snapshots: dict[tuple[int, int], dict[int, tuple[str, Snapshot]]] = {}
        # And those that a learner has left for its next life, its checkpoints: by id and place.
        self.left: dict[tuple[int, int, int], tuple[str, Snapshot]] = {}

    # -- what the messages say ------------------------------------------------------------------
    def at(self, i: int) -> Instance:
        """Instance i, to change it."""
        inst = self.instances.get(i)
        if inst is None:
            inst = self.instances[i] = Instance()
        return inst

    def look(self, i: int) -> Instance:
        """Instance i, to look at only."""
        return self.instances.get(i, NOTHING)

    def is_broadcast(self, r: Range) -> bool:
        known = self.broadcast.get(r[0])
        return known is not None and known.has(r)

    def learner(self, name: str) -> Learner:
        """A learner, to look at only."""
        return self.learners.get(name) or Learner()

    def batch_of(self, b: Ballot, i: int) -> Batch:
        """BatchOf(b, i); the no-op if there is no 2a."""
        found = self.look(i).accepts.get(b)
        return found[0] if found else NO_OP

    def promises(self, a: int, b: Ballot, i: int) -> bool:
        """Promises(a, b, i) # {}"""
        by = self.covered.get(b)
        return by is not None and a in by and i in by[a]

    def reported(self, quorum: Iterable[int], b: Ballot, i: int) -> set[Voted]:
        """Reported(Q, b, i)"""
        by = self.look(i).reported.get(b)
        if not by:
            return set()
        return set().union(*(by[a] for a in quorum if a in by))

    def heard(self, b: Ballot, i: int) -> set[Voted]:
        """Heard(b, i): what any acceptor reported to the owner of b, in b or in a ballot before."""
        return {
            vote
            for c, by in self.look(i).reported.items()
            if c <= b and c[1] == b[1]
            for votes in by.values()
            for vote in votes
        }

    def votes_of(self, a: int, first: int, last: int) -> dict[int, Voted]:
        """The votes of acceptor a in instances first..last."""
        return {i: self.look(i).vote.get(a, NO_VOTE) for i in self.voted_in[a].within(first, last)}

    def voters(self, b: Ballot, i: int) -> set[int]:
        """The acceptors that said that they voted: their 2b messages."""
        inst = self.look(i)
        voters = inst.voters.get(b, set())
        return {a for a in voters if (b, a) not in inst.unsaid} if inst.unsaid else voters

    def value_waits(self, b: Ballot) -> bool:
        """ValueWaits(b): some broadcast value is in no 2a of b, or may be passed over. Only
        broadcast values are proposed, so the two counts decide."""
        proposed = self.proposed.get(b)
        return self.has_turns or self.broadcasts > (proposed.count if proposed else 0)

    def to_change(self, name: str) -> Learner:
        """A learner, to change it."""
        found = self.learners.get(name)
        if found is None:
            found = self.learners[name] = Learner()
        return found

    def given(
        self, instance: int, position: int, giver: int | None = None
    ) -> tuple[str, Snapshot] | None:
        """Who gave a snapshot of this place, and the snapshot: this learner, or whichever."""
        known = self.snapshots.get((instance, position), {})
        return next(iter(known.values()), None) if giver is None else known.get(giver)

    def done_to(self, learner: int) -> int:
        """The instance up to which a learner of the cluster is done, IsDone, in the incarnation of
        it that got furthest: it has said so of instances 1 to this. Of one that keeps checkpoints
        they count, and where the cluster relies on these, nothing else does."""
        mine = ((name, x) for name, x in self.learners.items() if id_of(name) == learner)
        relies = self.constants.checkpoints
        done = (x.said if name in self.keeps else 0 if relies else x.prefix for name, x in mine)
        return max(done, default=0)

    def behind(self, last: int) -> dict[int, int]:
        """Why instances 1 to `last` may not be forgotten, MayForget: the learners that are not
        done with them, and how far each is. Empty: they may be."""
        every = self.cluster.learners
        behind = {x: n for x in every if (n := self.done_to(x)) < last}
        if self.constants.checkpoints and 2 * len(behind) < len(every):
            return {}
        return behind

    def is_quorum(self, quorum: tuple[int, ...], least: int) -> bool:
        distinct = set(quorum)
        return len(distinct) == len(quorum) >= least and distinct <= self.acceptors

    # -- what changes together ------------------------------------------------------------------
    def cast(self, a: int, vote: Voted, i: int, *, says: bool = False) -> None:
        """Acceptor a casts a vote in instance i: its promise, its vote and RecordVote; and it says
        so, its 2b message. If not, it has not said so yet, unless it did before: see `say`."""
        inst, b = self.at(i), vote[0]
        self.promised[a].promise(b, i, i)
        if b > self.top_vote.get(a, NO_BALLOT):
            self.top_vote[a] = b
        inst.vote[a] = vote
        self.voted_in[a].add(i, i)
        voters = inst.voters.get(b)
        if voters is None:
            voters = inst.voters[b] = set()
        if not says and a not in voters:
            inst.unsaid.add((b, a))
        elif inst.unsaid and says:
            inst.unsaid.discard((b, a))
        voters.add(a)
        if len(voters) >= self.quorum2:
            said = inst.accepts.get(b)
            inst.chosen.add(said[0] if said else NO_OP)

    def say(self, a: int, b: Ballot, i: int) -> None:
        """Acceptor a says that it voted in ballot b in instance i: its 2b message."""
        self.at(i).unsaid.discard((b, a))

    def trim(self, a: int, last: int) -> None:
        """Acceptor a forgets its votes up to this instance."""
        for i in self.voted_in[a].within(self.trimmed[a] + 1, last):
            if i in self.instances:
                self.instances[i].vote.pop(a, None)
        self.voted_in[a].remove_to(last)
        kept = self.outlasting[a]
        del kept[: bisect_left(kept, last + 1, key=itemgetter(0))]
        self.trimmed[a] = last

    # -- forgetting -----------------------------------------------------------------------------
    def retire(self, i: int) -> None:
        """Drop what concerns instance i. Only for when no later event mentions it."""
        inst = self.instances.pop(i, None)
        if self.constants.promise_scope == "instance":
            for held in self.promised.values():
                held.promise(NO_BALLOT, i, i)
        elif inst is not None:
            for a, vote in inst.vote.items():
                self._outlast(a, i, vote)

    def _outlast(self, a: int, i: int, vote: Voted) -> None:
        """Keep a vote for a promise that may fall below it, which a guard forbids: by instance,
        their ballots descend, so they are no more than there are ballots."""
        kept = self.outlasting[a]
        k = bisect_left(kept, i, key=itemgetter(0))
        if k < len(kept) and kept[k][1][0] >= vote[0]:
            return
        first = k
        while first and kept[first - 1][1][0] <= vote[0]:
            first -= 1
        kept[first:k] = [(i, vote)]

    def forget_delivered(self, needed_from: int) -> None:
        """Drop the delivered ranges before this one.

        Only for when no learner will deliver there.
        """
        for learner in self.learners.values():
            surplus = min(needed_from - learner.dropped, len(learner.delivered))
            if surplus > 0:
                del learner.delivered[:surplus]
                learner.dropped += surplus
