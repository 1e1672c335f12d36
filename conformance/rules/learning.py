"""What comes of votes, in spec/MultiPaxos.tla: the guards and effects of Decide, Learn, Deliver.

The table of actions is in multipaxos.py.
"""

from __future__ import annotations

from msgspec import UNSET

from conformance.rules.phases import proposers, quorum_fault
from conformance.rules.rule import Fault, rule
from conformance.rules.state import NO_VOTE, Learner, State
from conformance.trace.process import member
from conformance.trace.schema import Batch, Constants, Decide, Deliver, Learn, Range
from conformance.trace.show import show_ballot, show_batch, show_vote


# -- Decide(b, i, Q) ----------------------------------------------------------------------------
@rule("indirect", "with direct learning nobody sends Decide")
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


@rule("voted", "each acceptor of the quorum voted in the ballot")
def voted(s: State, p: int, e: Decide) -> Fault | None:
    return votes_fault(s, e, e.quorum)


def do_decide(s: State, p: int, e: Decide) -> None:
    s.at(e.instance).decided.add(e.ballot)


# -- Learn(l, b, i, Q) --------------------------------------------------------------------------
@rule("quorum", "a quorum of votes is counted with direct learning, and only then")
def quorum_if_direct(s: State, me: str, e: Learn) -> Fault | None:
    if not s.constants.direct_learning:
        if e.quorum is UNSET:
            return None
        return Fault(
            "no quorum: without direct learning a learner counts no votes", f"{list(e.quorum)}"
        )
    if e.quorum is not UNSET:
        return quorum_fault(s, e.quorum, s.quorum2)
    return Fault(
        f"at least {s.quorum2} distinct acceptors out of {sorted(s.acceptors)}", "no quorum"
    )


@rule("once", "the learner learns an instance once")
def learn_once(s: State, me: str, e: Learn) -> Fault | None:
    known = s.look(e.instance).learned.get(me, NO_VOTE)
    if known == NO_VOTE:
        return None
    return Fault(f"nothing learned in instance {e.instance}", f"it learned {show_vote(known)}")


@rule("decided", "votes of a quorum in one ballot, or without direct learning a Decide")
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


@rule("batch", "what is learned is what the ballot proposed")
def batch_learned(s: State, me: str, e: Learn) -> Fault | None:
    said = s.look(e.instance).accepts.get(e.ballot)
    if said and said[0] == e.batch:
        return None
    due = show_batch(said[0]) if said else "there is none"
    return Fault(
        f"the batch of ballot {show_ballot(e.ballot)}: {due}",
        show_batch(e.batch),
        () if said else (("proposer", e.ballot[1]),),
    )


def do_learn(s: State, me: str, e: Learn) -> None:
    s.at(e.instance).learned[me] = (e.ballot, e.batch)


# -- Deliver(l, i) ------------------------------------------------------------------------------
@rule("next", "instances are delivered in order, without a gap")
def next_instance(s: State, me: str, e: Deliver) -> Fault | None:
    prefix = s.learner(me).prefix
    if e.instance == prefix + 1:
        return None
    return Fault(f"instance {prefix + 1}", f"instance {e.instance}")


@rule("learned", "what is delivered was learned")
def is_learned(s: State, me: str, e: Deliver) -> Fault | None:
    if me in s.look(e.instance).learned:
        return None
    return Fault(f"a Learn of instance {e.instance} before", "there is none")


def append_new(s: State, me: str, i: int) -> Batch:
    """NewOf(known[l], batch): what Deliver appends of the batch learned in i."""
    learner = s.learner(me)
    values = learner.values
    new = tuple(r for r in s.look(i).learned.get(me, NO_VOTE)[1] if not values.has_any(r))
    if not s.constants.fifo and not s.constants.checkpoints:
        return new
    return not_passed_over(s.constants, learner, new)


def not_passed_over(constants: Constants, learner: Learner, batch: Batch) -> Batch:
    """Of these ranges, none of which is delivered, those that are not passed over: with fifo, for
    coming before all that their client broadcast before (InTurn); with checkpoints, for being of an
    incarnation of a client of which a later one had a value delivered (IsOver)."""
    due: dict[str, int] = {}
    here: dict[int, int] = {}  # of each client, the incarnation that a value of the batch is of
    found: list[Range] = []
    for r in batch:
        client, incarnation = member(r[0])
        latest = max(learner.latest.get(client, 0), here.get(client, 0))
        if constants.checkpoints and incarnation < latest:
            continue
        if constants.fifo and r[1] != due.setdefault(r[0], learner.values.due(r[0])):
            continue
        due[r[0]] = r[1] + r[2]
        here[client] = max(incarnation, here.get(client, 0))
        found.append(r)
    return tuple(found)


@rule(
    "values",
    "delivered are the values of the batch, in order, but those delivered before; with fifo those "
    "that come before their turn; with checkpoints those of a client's life that is over",
)
def new_values(s: State, me: str, e: Deliver) -> Fault | None:
    due = append_new(s, me, e.instance)
    if e.values == due:
        return None
    return Fault(show_values(due) + _why_not(s, me, e, due), show_values(e.values))


def _why_not(s: State, me: str, e: Deliver, due: Batch) -> str:
    """Why the first range that is not due is passed over, if it is."""
    learner = s.learner(me)
    early = next((r for r in e.values if r not in due), None)
    if early is None:
        return ""
    if s.constants.checkpoints and learner.is_over(early[0]):
        latest = learner.latest[member(early[0])[0]]
        return f", as a value of incarnation {latest} of that client is delivered"
    if s.constants.fifo:
        return f", as value {learner.values.due(early[0])} of {early[0]} is due"
    return ""


def show_values(values: tuple[Range, ...]) -> str:
    return show_batch(values) if values else "no values"


@rule("position", "the position counts the values delivered before")
def position(s: State, me: str, e: Deliver) -> Fault | None:
    due = s.learner(me).position + 1
    return None if e.position == due else Fault(f"position {due}", f"position {e.position}")


def do_deliver(s: State, me: str, e: Deliver) -> None:
    learner = s.to_change(me)
    learner.prefix = e.instance
    learner.append(e.values)
