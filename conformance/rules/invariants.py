"""The invariants of spec/MultiPaxos.tla, evaluated after every event where it could have changed
them.

Each is the whole invariant, given that it held before the event: a slow evaluation of the
definitions as they are written (tests/conformance/slow.py) is held against these.
"""

from __future__ import annotations

from conformance.rules.rule import Fault, rule
from conformance.rules.state import Learner, State, ValueSet
from conformance.trace.schema import (
    LARGEST_NUMBER,
    NO_BALLOT,
    Ballot,
    Batch,
    Deliver,
    Learn,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
    Recover,
    Trim,
)
from conformance.trace.show import show_ballot, show_batch, show_range, show_vote


def batch_fault(batch: Batch, most: int) -> Fault | None:
    """batch \\in Batch: not too long, no value twice."""
    length = batch[0][2] if len(batch) == 1 else sum(r[2] for r in batch)
    if length > most:
        return Fault(f"at most MaxBatch = {most} values", f"{length} values: {show_batch(batch)}")
    if len(batch) > 1:
        seen = ValueSet()
        for r in batch:
            if seen.add(r) < r[2]:
                return Fault(
                    "each value at most once",
                    f"{show_range(r)} repeats a value in {show_batch(batch)}",
                )
    return None


def _ballot_fault(s: State, b: Ballot) -> Fault | None:
    known = s.cluster.proposers
    if b[0] >= 1 and (b[1] in known or not known):  # Cluster.admits
        return None
    return Fault(
        f"a ballot of a proposer out of {list(s.cluster.proposers)}", f"ballot {show_ballot(b)}"
    )


TYPES = "each variable has a value of its type"


@rule("TypeOK", TYPES)
def type_of_ballot(s: State, x: object, e: Phase1a | Phase2b) -> Fault | None:
    return _ballot_fault(s, e.ballot)


@rule("TypeOK", TYPES)
def type_of_batch(s: State, x: object, e: Phase2a | Learn) -> Fault | None:
    return _ballot_fault(s, e.ballot) or batch_fault(e.batch, s.constants.max_batch)


@rule("TypeOK", TYPES)
def type_of_votes(s: State, a: int, e: Phase1b) -> Fault | None:
    fault = _ballot_fault(s, e.ballot)
    for _, b, batch in e.votes:
        fault = fault or _ballot_fault(s, b) or batch_fault(batch, s.constants.max_batch)
    return fault


@rule("Agreement", "at most one batch is chosen per instance")
def agreement(s: State, a: int, e: Phase2b | Recover) -> Fault | None:
    voted = [e.instance] if isinstance(e, Phase2b) else [v[0] for v in e.votes or ()]
    for i in voted:
        chosen = s.look(i).chosen
        if len(chosen) > 1:
            return Fault(
                f"one batch chosen in instance {i}", " and ".join(sorted(map(show_batch, chosen)))
            )
    return None


@rule("VotesBelowPromise", "no acceptor has a vote above its promise")
def votes_below_promise(s: State, a: int, e: object) -> Fault | None:
    if a not in s.promised:
        return None
    first, last = _touched(e) if s.constants.promise_scope == "instance" else (1, LARGEST_NUMBER)
    held = s.promised[a]
    if s.top_vote.get(a, NO_BALLOT) <= held.lowest(first, last):
        return None
    votes = [*s.votes_of(a, first, last).items(), *s.outlasting[a]]
    above = [(vote[0], i, vote) for i, vote in votes if vote[0] > held.highest(i, i)]
    if not above:
        return None
    _, i, vote = max(above)
    return Fault(
        f"votes up to acceptor {a}'s promise, {show_ballot(held.highest(i, i))}",
        f"in instance {i}: {show_vote(vote)}",
    )


OVER = (
    "what an acceptor trimmed, every learner has delivered, or with checkpoints a majority of them "
    "have in a checkpoint; and it has no vote there"
)


def _undelivered(s: State, a: int) -> Fault | None:
    trimmed = s.trimmed.get(a, 0)
    for x, done in s.behind(trimmed).items() if trimmed else ():
        return Fault(
            f"instance {trimmed}, up to which acceptor {a} trimmed, {done_by(s)} learner {x}",
            f"that is so up to {done}",
        )
    return None


def done_by(s: State) -> str:
    """What a learner must have done with an instance before it is forgotten."""
    return "in a checkpoint of" if s.constants.checkpoints else "delivered by"


def _touched(e: object) -> tuple[int, int]:
    """The instances whose votes or promises the event has changed, if each has a promise."""
    if isinstance(e, Phase1b):
        return e.first, e.last
    i: int = getattr(e, "instance", 0)
    return (i, i) if i else (1, LARGEST_NUMBER)


@rule("TrimmedIsOver", OVER)
def trimmed_is_over(s: State, a: int, e: Phase2b | Trim | Recover) -> Fault | None:
    trimmed = s.trimmed.get(a, 0)
    if trimmed == 0 or (isinstance(e, Phase2b) and e.instance > trimmed):
        return None
    for i in s.voted_in[a].within(1, trimmed):
        return Fault(
            f"no vote in instance {i}, which acceptor {a} trimmed", show_vote(s.look(i).vote[a])
        )
    return _undelivered(s, a)


@rule("TrimmedIsOver", OVER)
def still_delivered(s: State, me: str, e: Deliver) -> Fault | None:
    """A prefix that falls (which a guard forbids) would make it false; a checkpoint does not."""
    if me in s.keeps or s.learners[me].prefix >= max(s.trimmed.values()):
        return None
    return next(filter(None, (_undelivered(s, a) for a in s.trimmed)), None)


@rule("OneBatchPerBallot", "two proposals of one ballot in one instance are the same proposal")
def one_batch_per_ballot(s: State, p: int, e: Phase2a) -> Fault | None:
    batches = s.look(e.instance).accepts[e.ballot]
    if len(batches) == 1:
        return None
    return Fault(
        f"one batch of ballot {show_ballot(e.ballot)} in instance {e.instance}",
        " and ".join(map(show_batch, batches)),
    )


@rule("LearnedFromOneBallot", "what was learned was voted for by one quorum in one ballot")
def learned_from_one_ballot(s: State, me: str, e: Learn) -> Fault | None:
    voters = s.voters(e.ballot, e.instance)
    if len(voters) >= s.quorum2:
        return None
    return Fault(
        f"votes of {s.quorum2} acceptors in ballot {show_ballot(e.ballot)}, instance {e.instance}",
        f"acceptors that voted: {sorted(voters)}",
    )


@rule("Integrity", "only broadcast values are delivered, each at most once")
def integrity(s: State, me: str, e: Deliver) -> Fault | None:
    for r in s.learners[me].repeated:
        return Fault(
            "each value delivered once",
            f"learner {me} delivered {show_range(r)}, at least in part, again",
        )
    for r in e.values:
        if not s.is_broadcast(r):
            return Fault(
                "broadcast values only", f"{show_range(r)} was not broadcast", (("client", r[0]),)
            )
    return None


@rule("TotalOrder", "what any two learners delivered agrees as far as both go")
def total_order(s: State, me: str, e: Deliver) -> Fault | None:
    """All others are prefixes of the longest: agreeing with that one is agreeing with all."""
    mine = s.learners[me]
    start = mine.ranges() - len(e.values)
    other = longest_other(s, mine, start)
    if other is None:
        return None
    for k, r in enumerate(e.values, start):
        if k >= other.ranges():
            break
        assert k >= other.dropped, "forgotten too early"
        theirs = other.delivered[k - other.dropped]
        if theirs != r:
            return Fault(
                f"{show_range(theirs)}, as another learner delivered at this point", show_range(r)
            )
    return None


@rule("FIFO", "what one client broadcast is delivered in that order, with nothing left out")
def fifo(s: State, me: str, e: Deliver) -> Fault | None:
    """What was delivered before is in order: so it is enough that the values of each client that
    are new come in a row, and reach back to its first one."""
    ends: dict[str, int] = {}
    for client, first, count, _ in e.values if s.constants.fifo else ():
        due = ends.get(client, first)
        if first != due or not s.learners[me].values.has_all(client, due):
            return Fault(
                f"all that client {client} broadcast before its value {first} delivered",
                f"learner {me} delivered {first} before it",
            )
        ends[client] = first + count
    return None


def longest_other(s: State, me: Learner, before: int) -> Learner | None:
    """The learner other than me that delivered most, unless I had delivered as much before."""
    best, most = None, before
    for x in s.learners.values():
        if x is not me and x.dropped + len(x.delivered) > most:
            best, most = x, x.dropped + len(x.delivered)
    return best
