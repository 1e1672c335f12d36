"""The actions of spec/Synod.tla as rules for the checker: one instance, one value, no no-op.

That module leads, as MultiPaxos.tla does for multipaxos.py. The variables are those of instance 1
in state.py, so rules that say the same are shared, with this module's text.
"""

from __future__ import annotations

from dataclasses import replace

from conformance.rules import contract, invariants, learning, multipaxos, phases, recovery
from conformance.rules.rule import Action, Fault, Rule, Spec, rule
from conformance.rules.state import State
from conformance.trace.schema import Decide, Learn, Phase1a, Phase1b, Phase2a, Phase2b
from conformance.trace.schema import Recover as Recovered
from conformance.trace.show import show_batch, show_range, show_vote

ONE_INSTANCE = "there is one instance, 1"


def said(shared: Rule, tla: str) -> Rule:
    """A rule of multipaxos.py in the words of Synod.tla."""
    return replace(shared, tla=tla)


@rule("instance", "Synod is instance 1", ONE_INSTANCE)
def range_is_one(s: State, x: int, e: Phase1a | Phase1b) -> Fault | None:
    return None if e.first == e.last == 1 else Fault("from 1 to 1", f"from {e.first} to {e.last}")


@rule("instance", "Synod is instance 1", ONE_INSTANCE)
def instance_is_one(s: State, x: object, e: Phase2a | Phase2b | Decide | Learn) -> Fault | None:
    return None if e.instance == 1 else Fault("instance 1", f"instance {e.instance}")


@rule("value", r"v \in Value", "what is proposed is one value")
def one_value(s: State, p: int, e: Phase2a) -> Fault | None:
    if len(e.batch) == 1 and e.batch[0][2] == 1:
        return None
    return Fault("one range of one value", show_batch(e.batch))


@rule("wanted", "broadcast # {}", "Phase 1 starts once a client has broadcast something")
def wanted(s: State, p: int, e: Phase1a) -> Fault | None:
    return None if s.broadcasts else Fault("a Broadcast before", "there is none", phases.clients(s))


@rule("trimmed", "Synod is instance 1", "of one instance nothing is trimmed")
def nothing_trimmed(s: State, a: int, e: Recovered) -> Fault | None:
    return Fault("nothing trimmed", f"trimmed up to {e.trimmed}") if e.trimmed else None


@rule("Agreement", r"Cardinality(Chosen) <= 1", "at most one value is chosen")
def chosen_agree(s: State, a: int, e: Phase2b) -> Fault | None:
    return invariants.agreement.check(s, a, e)


@rule(
    "Agreement",
    r"\A l, k \in Learner : learned[l] # NoVote /\ learned[k] # NoVote => "
    "learned[l][2] = learned[k][2]",
    "no two learners learn different values",
)
def learned_agree(s: State, me: str, e: Learn) -> Fault | None:
    for other, vote in s.look(1).learned.items():
        if vote[1] != e.batch:
            return Fault(f"what learner {other} learned, {show_vote(vote)}", show_batch(e.batch))
    return None


@rule(
    "Integrity",
    r"\A l \in Learner : learned[l] # NoVote => learned[l][2] \in broadcast",
    "only broadcast values are learned",
)
def learned_broadcast(s: State, me: str, e: Learn) -> Fault | None:
    for r in e.batch:
        if not s.is_broadcast(r):
            return Fault(
                "a broadcast value", f"{show_range(r)} was not broadcast", (("client", r[0]),)
            )
    return None


HIGHEST = r"Proposable: votes are reported => \E w \in votes : IsHighest(w, votes) /\ w[2] = v"
TYPED = invariants.type_of_ballot
BELOW = said(invariants.votes_below_promise, r"\A a \in Acceptor : vote[a][1] <= promised[a]")
ONE_BATCH = said(
    invariants.one_batch_per_ballot,
    r'\A m, n \in msgs : m.type = "2a" /\ n.type = "2a" /\ m.bal = n.bal => m = n',
)
ONE_BALLOT = said(
    invariants.learned_from_one_ballot,
    r"\A l \in Learner : learned[l] # NoVote => "
    r"\E Q \in Quorum : \A a \in Q : HasVoted(a, learned[l][1])",
)

_ACTIONS = (
    Action(
        "Broadcast", "Broadcast(v)", (multipaxos.own, multipaxos.fresh), multipaxos.do_broadcast, ()
    ),
    Action(
        "Phase1a",
        "Phase1a(b)",
        (phases.owner, contract.new_ballot, range_is_one, wanted),
        phases.do_phase1a,
        (TYPED,),
    ),
    Action(
        "Phase1b",
        "Phase1b(a, b)",
        (
            range_is_one,
            said(phases.asked, r'[type |-> "1a", bal |-> b] \in msgs'),
            multipaxos.MAY_PROMISE,
            said(phases.votes, "vote |-> vote[a]"),
        ),
        phases.do_phase1b,
        (BELOW, invariants.type_of_votes),
    ),
    Action(
        "Phase2a",
        "Phase2a(b, v, Q)",
        (
            phases.owner,
            contract.new_ballot,
            instance_is_one,
            phases.quorum,
            one_value,
            said(phases.once, "Unused(b): Accepts(b) = {}"),
            said(phases.promises, r"\A a \in Q : Promises(a, b) # {}"),
            said(phases.free_values, r"Proposable: no vote is reported => v \in broadcast"),
            said(phases.highest, HIGHEST),
        ),
        phases.do_phase2a,
        (ONE_BATCH, invariants.type_of_batch),
    ),
    Action(
        "Phase2b",
        "Phase2b(a, b)",
        (instance_is_one, said(phases.proposed, "Accepts(b) # {}"), multipaxos.MAY_VOTE),
        phases.do_phase2b,
        (chosen_agree, BELOW, TYPED),
    ),
    Action(
        "Decide",
        "Decide(b, Q)",
        (
            instance_is_one,
            phases.quorum,
            said(learning.voted, r"VotedTogether(Q, b): \A a \in Q : HasVoted(a, b)"),
        ),
        learning.do_decide,
        (TYPED,),
    ),
    Action(
        "Learn",
        "Learn(l, b)",
        (
            instance_is_one,
            learning.quorum_if_direct,
            said(learning.learn_once, "learned[l] = NoVote"),
            said(learning.may_learn, r'[type |-> "Decide", bal |-> b] \in msgs'),
            said(learning.batch_learned, "learned' = [... <<b, ValueOf(b)>>]"),
        ),
        learning.do_learn,
        (ONE_BALLOT, learned_agree, learned_broadcast, invariants.type_of_batch),
    ),
    Action(
        "Recover",
        "Recover(a)",
        (
            recovery.one_vote,
            recovery.round_kept,
            nothing_trimmed,
            recovery.promise_kept,
            recovery.votes_kept,
            said(recovery.unseen_votes, r"Accepts(b) # {} /\ MayVote(a, b)"),
            said(recovery.unseen_promise, r'[type |-> "1a", bal |-> b] \in msgs'),
        ),
        recovery.do_recover,
        (invariants.agreement, invariants.votes_below_promise),
    ),
)

SYNOD = Spec("Synod", {a.name: a for a in _ACTIONS}, State, lives=contract.LIFE)
