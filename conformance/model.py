"""The actions of spec/MultiPaxos.tla as rules for the checker.

That module leads: a guard here is a conjunct there (its text is beside it), in the same order. Before
them come the sets that Next draws the parameters from (Q \\in Quorum, batch \\in Batch, the owner of a
ballot), and after them what a trace says beyond the action's parameters (a learner's position, the
votes that a promise reports). Invariants are in invariants.py, Recover in recover.py.

Guards that speak of the absence of something (no 2a of the ballot yet, nothing learned yet, a value not
yet broadcast) speak of the actor's own past only. Its own events are in its own order in every merge,
so any order of the events that respects causality is judged the same.
"""

from __future__ import annotations

from msgspec import UNSET

from conformance.events import (
    Broadcast,
    Decide,
    Deliver,
    Learn,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
)
from conformance.intervals import IntervalSet, RangesAsked
from conformance.invariants import (
    agreement,
    batch_fault,
    integrity,
    learned_from_one_ballot,
    one_batch_per_ballot,
    total_order,
    type_of_ballot,
    type_of_batch,
    type_of_votes,
    votes_below_promise,
)
from conformance.recover import RECOVER
from conformance.rules import (
    Action,
    Fault,
    Need,
    Spec,
    rule,
    show_ballot,
    show_batch,
    show_range,
    show_vote,
)
from conformance.state import NO_VOTE, Bat, ClientValues, Learner, Rng, State, ValueSet


# -- the sets that parameters are drawn from ----------------------------------------------------
@rule("owner", r"b \in Ballot /\ Owner(b) = self", "the ballot is the proposer's own")
def owner(s: State, p: int, e: Phase1a | Phase2a) -> Fault | None:
    if e.ballot[1] == p:
        return None
    return Fault(
        f"a ballot of proposer {p}", f"ballot {show_ballot(e.ballot)} is of proposer {e.ballot[1]}"
    )


@rule("quorum", r"Q \in Quorum", "the quorum is a majority of distinct acceptors of the cluster")
def quorum(s: State, p: int, e: Phase2a | Decide) -> Fault | None:
    if s.is_quorum(e.quorum):
        return None
    return Fault(
        f"at least {s.majority} distinct acceptors out of {sorted(s.acceptors)}",
        f"{list(e.quorum)}",
    )


@rule("quorum", r"Q \in Quorum", "a quorum of votes is counted with direct learning, and only then")
def quorum_if_direct(s: State, me: str, e: Learn) -> Fault | None:
    if not s.constants.direct_learning:
        if e.quorum is UNSET:
            return None
        return Fault(
            "no quorum: without direct learning a learner counts no votes", f"{list(e.quorum)}"
        )
    if e.quorum is not UNSET and s.is_quorum(e.quorum):
        return None
    return Fault(
        f"at least {s.majority} distinct acceptors out of {sorted(s.acceptors)}",
        "no quorum" if e.quorum is UNSET else f"{list(e.quorum)}",
    )


@rule("batch", r"batch \in Batch", "the batch has at most MaxBatch values, each once")
def batch(s: State, p: int, e: Phase2a) -> Fault | None:
    return batch_fault(e.batch, s.constants.max_batch)


# -- Broadcast(v) -------------------------------------------------------------------------------
@rule("own", r"v \in Value, of the client itself", "a client broadcasts its own values only")
def own(s: State, c: str, e: Broadcast) -> Fault | None:
    for r in e.values:
        if r[0] != c:
            return Fault(f"values of client {c}", f"{show_range(r)} is of client {r[0]}")
    return None


@rule("fresh", r"v \notin broadcast", "a value is broadcast once")
def fresh(s: State, c: str, e: Broadcast) -> Fault | None:
    here = ValueSet()
    for r in e.values:
        known = s.broadcast.get(r[0])
        if known is not None and known.overlaps(r[1], r[2]):
            return Fault(
                "values that were not broadcast before", f"{show_range(r)} was, at least in part"
            )
        if here.add(r) < r[2]:
            return Fault("each value once", f"{show_range(r)} repeats a value of the same event")
    return None


def do_broadcast(s: State, c: str, e: Broadcast) -> None:
    for r in e.values:
        s.broadcast.setdefault(r[0], ClientValues()).add(r)
        s.broadcasts += r[2]


# -- Phase1a(b, from, to) -----------------------------------------------------------------------
@rule("range", "from <= to", "the range of instances is not empty")
def not_empty(s: State, p: int, e: Phase1a | Phase1b) -> Fault | None:
    if e.first <= e.last:
        return None
    return Fault("from <= to", f"from {e.first} to {e.last}")


@rule(
    "prepare",
    "MayPrepare(b, from, to)",
    "without PrepareAhead, Phase 1 is for one instance, and only "
    "when a value waits or the instance or one above it was begun",
)
def may_prepare(s: State, p: int, e: Phase1a) -> Fault | None:
    if s.constants.prepare_ahead:
        return None
    if e.first != e.last:
        return Fault("one instance at a time (PrepareAhead is off)", f"from {e.first} to {e.last}")
    if e.first <= s.highest or s.value_waits(e.ballot):
        return None
    return Fault(
        f"a broadcast value that ballot {show_ballot(e.ballot)} has not proposed, or a proposal in "
        f"instance {e.first} or above",
        f"all {s.broadcasts} broadcast values are proposed; the highest instance proposed in is {s.highest}",
        clients(s) + proposers(s),
    )


def clients(s: State) -> tuple[Need, ...]:
    return tuple(("client", c) for c in s.cluster.clients)


def proposers(s: State) -> tuple[Need, ...]:
    return tuple(("proposer", p) for p in s.cluster.proposers)


def do_phase1a(s: State, p: int, e: Phase1a) -> None:
    s.asked.setdefault(e.ballot, RangesAsked()).add(e.first, e.last)
    s.rounds[p] = max(s.rounds.get(p, 0), e.ballot[0])


# -- Phase1b(a, b, from, to) --------------------------------------------------------------------
@rule(
    "asked",
    r'\E m \in msgs : m.type = "1a" /\ m.bal = b /\ m.from <= from /\ to <= m.to',
    "the owner of the ballot asked for a range that holds this one",
)
def asked(s: State, a: int, e: Phase1b) -> Fault | None:
    known = s.asked.get(e.ballot)
    if known is not None and known.contain(e.first, e.last):
        return None
    got = [f"{f}..{t}" for f, t in known.runs()][-5:] if known else []
    return Fault(
        f"a Phase1a of ballot {show_ballot(e.ballot)} for {e.first}..{e.last} or more",
        f"asked in that ballot: {', '.join(got) or 'nothing'}",
        (("proposer", e.ballot[1]),),
    )


@rule("promise", "b >= promised[a]", "the acceptor has promised no higher ballot")
def promise(s: State, a: int, e: Phase1b | Phase2b) -> Fault | None:
    if e.ballot >= s.promised[a]:
        return None
    return Fault(
        f"a ballot of at least {show_ballot(s.promised[a])}, which acceptor {a} promised",
        f"ballot {show_ballot(e.ballot)}",
    )


@rule(
    "votes",
    "votes |-> {<<i, vote[a][i][1], vote[a][i][2]>> : i \\in {j \\in from..to : vote[a][j] # NoVote}}",
    "the promise reports exactly the acceptor's votes in the range",
)
def votes(s: State, a: int, e: Phase1b) -> Fault | None:
    have = s.votes_of(a, e.first, e.last)
    for i, b, said in e.votes:
        vote = have.pop(i, NO_VOTE)
        if vote != (b, said):
            return Fault(f"in instance {i}: {show_vote(vote)}", f"reported {show_vote((b, said))}")
    for i, vote in have.items():
        return Fault(f"in instance {i}: {show_vote(vote)}", "reported no vote there")
    return None


def do_phase1b(s: State, a: int, e: Phase1b) -> None:
    s.promised[a] = e.ballot
    s.covered.setdefault(e.ballot, {}).setdefault(a, IntervalSet()).add(e.first, e.last)
    for i, b, said in e.votes:
        s.at(i).reported.setdefault(e.ballot, {}).setdefault(a, set()).add((b, said))


# -- Phase2a(b, i, batch, Q) --------------------------------------------------------------------
@rule("once", "Accepts(b, i) = {}", "the ballot has proposed nothing in the instance yet")
def once(s: State, p: int, e: Phase2a) -> Fault | None:
    before = s.look(e.instance).accepts.get(e.ballot)
    if not before:
        return None
    return Fault(
        f"no earlier proposal of ballot {show_ballot(e.ballot)} in instance {e.instance}",
        f"it proposed {show_batch(before[0])}, and now {show_batch(e.batch)}",
    )


@rule(
    "promises",
    r"\A a \in Q : Promises(a, b, i) # {}",
    "each acceptor of the quorum promised the ballot for the instance",
)
def promises(s: State, p: int, e: Phase2a) -> Fault | None:
    absent = [a for a in e.quorum if not s.promises(a, e.ballot, e.instance)]
    if not absent:
        return None
    return Fault(
        f"promises of {list(e.quorum)} for ballot {show_ballot(e.ballot)} in instance {e.instance}",
        f"none of {absent}",
        tuple(("acceptor", a) for a in absent),
    )


@rule(
    "broadcast",
    r"Proposable: no vote is reported => Range(batch) \subseteq broadcast",
    "with no vote reported, the leader proposes broadcast values",
)
def free_values(s: State, p: int, e: Phase2a) -> Fault | None:
    if s.reported(e.quorum, e.ballot, e.instance):
        return None
    for r in e.batch:
        if not s.is_broadcast(r):
            return Fault(
                "values that were broadcast, in the ranges they were broadcast in",
                f"{show_range(r)} was not",
                (("client", r[0]),),
            )
    return None


@rule(
    "gap",
    "Proposable: no vote is reported => (batch = NoOp => Reached(i))",
    "with no vote reported, a no-op only fills a gap: something was proposed here or above",
)
def free_no_op(s: State, p: int, e: Phase2a) -> Fault | None:
    if e.batch or e.instance <= s.highest or s.reported(e.quorum, e.ballot, e.instance):
        return None
    return Fault(
        f"a proposal in instance {e.instance} or above, or a value in the batch",
        f"the no-op, and the highest instance proposed in is {s.highest}",
        proposers(s),
    )


@rule(
    "highest",
    r"Proposable: votes are reported => \E v \in votes : IsHighest(v, votes) /\ v[2] = batch",
    "with votes reported, the leader proposes the batch of the highest vote",
)
def highest(s: State, p: int, e: Phase2a) -> Fault | None:
    reported = s.reported(e.quorum, e.ballot, e.instance)
    if not reported:
        return None
    top = max(b for b, _ in reported)
    if (top, e.batch) in reported:
        return None
    best = next(v for v in reported if v[0] == top)
    return Fault(
        f"the batch of the highest vote reported by {list(e.quorum)}: {show_vote(best)}",
        show_batch(e.batch),
    )


def do_phase2a(s: State, p: int, e: Phase2a) -> None:
    accepts = s.at(e.instance).accepts.setdefault(e.ballot, [])
    if e.batch not in accepts:
        accepts.append(e.batch)
    s.highest = max(s.highest, e.instance)
    if not s.constants.prepare_ahead:  # nobody asks ValueWaits otherwise
        proposed = s.proposed.setdefault(e.ballot, ValueSet())
        for r in e.batch:
            proposed.add(r)


# -- Phase2b(a, b, i) ---------------------------------------------------------------------------
@rule(
    "proposed", "Accepts(b, i) # {}", "the owner of the ballot proposed something in the instance"
)
def proposed(s: State, a: int, e: Phase2b) -> Fault | None:
    if e.ballot in s.look(e.instance).accepts:
        return None
    return Fault(
        f"a Phase2a of ballot {show_ballot(e.ballot)} in instance {e.instance}",
        "there is none",
        (("proposer", e.ballot[1]),),
    )


def do_phase2b(s: State, a: int, e: Phase2b) -> None:
    s.cast(a, (e.ballot, s.batch_of(e.ballot, e.instance)), e.instance)


# -- Decide(b, i, Q) ----------------------------------------------------------------------------
@rule("indirect", "~DirectLearning", "with direct learning nobody sends Decide")
def indirect(s: State, p: int, e: Decide) -> Fault | None:
    return (
        Fault("no Decide: DirectLearning is on", "a Decide")
        if s.constants.direct_learning
        else None
    )


def votes_fault(s: State, e: Decide | Learn, counted: tuple[int, ...]) -> Fault | None:
    """\\A a \\in Q : HasVoted(a, b, i)"""
    voters = s.voters(e.ballot, e.instance)
    absent = [a for a in counted if a not in voters]
    if not absent:
        return None
    return Fault(
        f"votes of {list(counted)} in ballot {show_ballot(e.ballot)}, instance {e.instance}",
        f"none of {absent}",
        tuple(("acceptor", a) for a in absent),
    )


@rule("voted", r"\A a \in Q : HasVoted(a, b, i)", "each acceptor of the quorum voted in the ballot")
def voted(s: State, p: int, e: Decide) -> Fault | None:
    return votes_fault(s, e, e.quorum)


def do_decide(s: State, p: int, e: Decide) -> None:
    s.at(e.instance).decided.add(e.ballot)


# -- Learn(l, b, i, Q) --------------------------------------------------------------------------
@rule("once", "learned[l][i] = NoVote", "the learner learns an instance once")
def learn_once(s: State, me: str, e: Learn) -> Fault | None:
    known = s.look(e.instance).learned.get(me, NO_VOTE)
    if known == NO_VOTE:
        return None
    return Fault(f"nothing learned in instance {e.instance}", f"it learned {show_vote(known)}")


@rule(
    "decided",
    "MayLearn(b, i, Q)",
    "votes of a quorum in one ballot, or without direct learning a Decide",
)
def may_learn(s: State, me: str, e: Learn) -> Fault | None:
    if s.constants.direct_learning:
        return votes_fault(s, e, () if e.quorum is UNSET else e.quorum)
    decided = s.look(e.instance).decided
    if e.ballot in decided:
        return None
    return Fault(
        f"a Decide of ballot {show_ballot(e.ballot)} in instance {e.instance}",
        f"decided there: {', '.join(map(show_ballot, sorted(decided))) or 'no ballot'}",
        proposers(s),
    )


@rule(
    "batch", "learned' = [... <<b, BatchOf(b, i)>>]", "what is learned is what the ballot proposed"
)
def batch_learned(s: State, me: str, e: Learn) -> Fault | None:
    said = s.look(e.instance).accepts.get(e.ballot)
    if said and said[0] == e.batch:
        return None
    return Fault(
        f"the batch of ballot {show_ballot(e.ballot)}: {show_batch(said[0]) if said else 'there is none'}",
        show_batch(e.batch),
        () if said else (("proposer", e.ballot[1]),),
    )


def do_learn(s: State, me: str, e: Learn) -> None:
    s.at(e.instance).learned[me] = (e.ballot, e.batch)


# -- Deliver(l, i) ------------------------------------------------------------------------------
@rule("next", "i = prefix[l] + 1", "instances are delivered in order, without a gap")
def next_instance(s: State, me: str, e: Deliver) -> Fault | None:
    prefix = s.learner(me).prefix
    if e.instance == prefix + 1:
        return None
    return Fault(f"instance {prefix + 1}", f"instance {e.instance}")


@rule("learned", "learned[l][i] # NoVote", "what is delivered was learned")
def is_learned(s: State, me: str, e: Deliver) -> Fault | None:
    if me in s.look(e.instance).learned:
        return None
    return Fault(f"a Learn of instance {e.instance} before", "there is none")


def append_new(s: State, me: str, i: int) -> Bat:
    """What AppendNew appends to delivered[l]: the new ranges of the batch learned in i."""
    values = s.learner(me).values
    return tuple(r for r in s.look(i).learned.get(me, NO_VOTE)[1] if not values.has_any(r))


@rule(
    "values",
    "delivered' = [... AppendNew(@, learned[l][i][2])]",
    "delivered are the values of the batch, in order, but those delivered before",
)
def new_values(s: State, me: str, e: Deliver) -> Fault | None:
    due = append_new(s, me, e.instance)
    return None if e.values == due else Fault(show_values(due), show_values(e.values))


def show_values(values: tuple[Rng, ...]) -> str:
    return show_batch(values) if values else "no values"


@rule("position", "Len(delivered[l]) + 1", "the position counts the values delivered before")
def position(s: State, me: str, e: Deliver) -> Fault | None:
    due = s.learner(me).position + 1
    return None if e.position == due else Fault(f"position {due}", f"position {e.position}")


def do_deliver(s: State, me: str, e: Deliver) -> None:
    learner = s.learners.get(me)
    if learner is None:
        learner = s.learners[me] = Learner()
    learner.prefix = e.instance
    for r in e.values:
        if learner.values.add(r) < r[2]:
            learner.repeated.append(r)
        learner.position += r[2]
        learner.delivered.append(r)


MULTIPAXOS = Spec(
    "MultiPaxos",
    {
        a.name: a
        for a in (
            Action("Broadcast", "Broadcast(v)", (own, fresh), do_broadcast, ()),
            Action(
                "Phase1a",
                "Phase1a(b, from, to)",
                (owner, not_empty, may_prepare),
                do_phase1a,
                (type_of_ballot,),
            ),
            Action(
                "Phase1b",
                "Phase1b(a, b, from, to)",
                (not_empty, asked, promise, votes),
                do_phase1b,
                (votes_below_promise, type_of_votes),
            ),
            Action(
                "Phase2a",
                "Phase2a(b, i, batch, Q)",
                (owner, quorum, batch, once, promises, free_values, free_no_op, highest),
                do_phase2a,
                (one_batch_per_ballot, type_of_batch),
            ),
            Action(
                "Phase2b",
                "Phase2b(a, b, i)",
                (proposed, promise),
                do_phase2b,
                (agreement, votes_below_promise, type_of_ballot),
            ),
            Action(
                "Decide", "Decide(b, i, Q)", (quorum, indirect, voted), do_decide, (type_of_ballot,)
            ),
            Action(
                "Learn",
                "Learn(l, b, i, Q)",
                (quorum_if_direct, learn_once, may_learn, batch_learned),
                do_learn,
                (learned_from_one_ballot, type_of_batch),
            ),
            Action(
                "Deliver",
                "Deliver(l, i)",
                (next_instance, is_learned, new_values, position),
                do_deliver,
                (integrity, total_order),
            ),
            RECOVER,
        )
    },
    State,
)
