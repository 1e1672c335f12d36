"""The actions of spec/Synod.tla as rules for the checker: one instance, one value, no no-op.

That module leads, as MultiPaxos.tla does for multipaxos.py. The variables are those of instance 1
in state.py, so rules that say the same are shared: their text is this module's, by the same labels.
"""

from __future__ import annotations

from dataclasses import replace

from msgspec import UNSET

from conformance.rules import contract, invariants, learning, multipaxos, phases, recovery
from conformance.rules.rule import Action, Fault, Spec, rule
from conformance.rules.state import State
from conformance.trace.schema import Decide, Learn, Phase1a, Phase1b, Phase2a, Phase2b
from conformance.trace.schema import Recover as Recovered
from conformance.trace.show import show_ballot, show_batch, show_range, show_vote

ONE_INSTANCE = "there is one instance, 1"
# Synod.tla has no actions of their own for what only a recovery shows: a vote is Phase2b.
UNSEEN_VOTE = ("Phase2b.proposed", "Phase2b.promise", "Phase2b.instance")


@rule("instance", ONE_INSTANCE)
def range_is_one(s: State, x: int, e: Phase1a | Phase1b) -> Fault | None:
    return None if e.first == e.last == 1 else Fault("from 1 to 1", f"from {e.first} to {e.last}")


@rule("instance", ONE_INSTANCE)
def instance_is_one(s: State, x: object, e: Phase2a | Phase2b | Decide | Learn) -> Fault | None:
    return None if e.instance == 1 else Fault("instance 1", f"instance {e.instance}")


@rule("value", "what is proposed is one value")
def one_value(s: State, p: int, e: Phase2a) -> Fault | None:
    if len(e.batch) == 1 and e.batch[0][2] == 1:
        return None
    return Fault("one range of one value", show_batch(e.batch))


@rule("wanted", "Phase 1 starts once a client has broadcast something")
def wanted(s: State, p: int, e: Phase1a) -> Fault | None:
    return None if s.broadcasts else Fault("a Broadcast before", "there is none", phases.clients(s))


@rule("quorum", learning.quorum_if_direct.words)
def quorum_if_said(s: State, me: str, e: Learn) -> Fault | None:
    return None if _not_said(s, e) else learning.quorum_if_direct.check(s, me, e)


@rule("decided", "votes of a quorum in the ballot, or without direct learning a Decide")
def votes_or_decide(s: State, me: str, e: Learn) -> Fault | None:
    if not _not_said(s, e):
        return learning.may_learn.check(s, me, e)
    voters = s.voters(e.ballot, e.instance)
    if len(voters) >= s.quorum2:
        return None
    return Fault(
        f"votes of at least {s.quorum2} acceptors in ballot {show_ballot(e.ballot)}",
        f"votes of {sorted(voters)}",
        tuple(("acceptor", a) for a in sorted(s.acceptors - voters)),
    )


def _not_said(s: State, e: Learn) -> bool:
    """A learner of one value that counts votes may keep to itself which."""
    return s.constants.direct_learning and e.quorum is UNSET


@rule("trimmed", "of one instance nothing is trimmed", at=("Trim.trimmed",))
def nothing_trimmed(s: State, a: int, e: Recovered) -> Fault | None:
    return Fault("nothing trimmed", f"trimmed up to {e.trimmed}") if e.trimmed else None


@rule("Agreement", "at most one value is chosen")
def chosen_agree(s: State, a: int, e: Phase2b) -> Fault | None:
    return invariants.agreement.check(s, a, e)


@rule("Agreement", "no two learners learn different values")
def learned_agree(s: State, me: str, e: Learn) -> Fault | None:
    for other, vote in s.look(1).learned.items():
        if vote[1] != e.batch:
            return Fault(f"what learner {other} learned, {show_vote(vote)}", show_batch(e.batch))
    return None


@rule("Integrity", "only broadcast values are learned")
def learned_broadcast(s: State, me: str, e: Learn) -> Fault | None:
    for r in e.batch:
        if not s.is_broadcast(r):
            return Fault(
                "a broadcast value", f"{show_range(r)} was not broadcast", (("client", r[0]),)
            )
    return None


_ACTIONS = (
    Action("Broadcast", (multipaxos.own, multipaxos.fresh), multipaxos.do_broadcast, ()),
    Action(
        "Phase1a",
        (phases.owner, contract.new_ballot, range_is_one, wanted),
        phases.do_phase1a,
        (invariants.type_of_ballot,),
    ),
    Action(
        "Phase1b",
        (range_is_one, phases.asked, phases.promise, phases.votes),
        phases.do_phase1b,
        (invariants.votes_below_promise, invariants.type_of_votes),
    ),
    Action(
        "Phase2a",
        (
            phases.owner,
            contract.new_ballot,
            instance_is_one,
            phases.quorum1,
            one_value,
            phases.once,
            phases.promises,
            phases.free_values,
            phases.highest,
        ),
        phases.do_phase2a,
        (invariants.one_batch_per_ballot, invariants.type_of_batch),
    ),
    Action(
        "Phase2b",
        (instance_is_one, phases.proposed, phases.promise),
        phases.do_phase2b,
        (chosen_agree, invariants.votes_below_promise, invariants.type_of_ballot),
    ),
    Action(
        "Decide",
        (instance_is_one, phases.quorum2, learning.indirect, learning.voted),
        learning.do_decide,
        (invariants.type_of_ballot,),
    ),
    Action(
        "Learn",
        (
            instance_is_one,
            quorum_if_said,
            learning.learn_once,
            votes_or_decide,
            learning.batch_learned,
        ),
        learning.do_learn,
        (
            invariants.learned_from_one_ballot,
            learned_agree,
            learned_broadcast,
            invariants.type_of_batch,
        ),
    ),
    Action(
        "Recover",
        (
            recovery.one_vote,
            recovery.round_kept,
            nothing_trimmed,
            recovery.promise_kept,
            replace(
                recovery.votes_kept, at=("Recover.votes", "Phase2b.promise", "Phase2b.instance")
            ),
            replace(recovery.unseen_votes, at=(*UNSEEN_VOTE, "Recover.votes")),
            replace(recovery.unseen_promise, at=("Phase1b.asked",)),
        ),
        recovery.do_recover,
        (invariants.agreement, invariants.votes_below_promise),
    ),
)

SYNOD = Spec("Synod", {a.name: a for a in _ACTIONS}, State, incarnations=contract.INCARNATIONS)
