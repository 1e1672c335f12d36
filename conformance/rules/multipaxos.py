"""The actions of spec/MultiPaxos.tla as rules for the checker.

That module leads: a guard here is the conjunct there that has its name as label, in the same
order. Before these come the sets that Next draws the parameters from (Q \\in Quorum, batch \\in
Batch, the owner of a ballot), and after them what a trace says beyond the action's parameters (a
learner's position, the votes that a promise reports): TraceMultiPaxos.tla has the text of both.
Invariants are in invariants.py; Recover, and the actions that only it shows, in recovery.py.

Guards that speak of the absence of something (no 2a of the ballot yet, nothing learned yet, a
value not yet broadcast) speak of the actor's own past only. Its own events are in its own order
in every merge, so any order of the events that respects causality is judged the same.
"""

from __future__ import annotations

from conformance.rules import contract, invariants, learning, phases, snapshots, trimming
from conformance.rules.recovery import INNER, RECOVER
from conformance.rules.rule import Action, Fault, Spec, rule
from conformance.rules.state import ClientValues, State, ValueSet
from conformance.trace.schema import Broadcast
from conformance.trace.show import show_range


# -- Broadcast(v) -------------------------------------------------------------------------------
@rule("own", "a client broadcasts its own values only")
def own(s: State, c: str, e: Broadcast) -> Fault | None:
    for r in e.values:
        if r[0] != c:
            return Fault(f"values of client {c}", f"{show_range(r)} is of client {r[0]}")
    return None


@rule("fresh", "a value is broadcast once")
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


@rule("turn", "with fifo, a client broadcasts its values in the order of their numbers, from 1")
def turn(s: State, c: str, e: Broadcast) -> Fault | None:
    if not s.constants.fifo:
        return None
    known = s.broadcast.get(c)
    due = known.next() if known else 1
    for r in e.values:
        if r[1] != due:
            return Fault(f"value {due} of client {c}, which comes next", show_range(r))
        due += r[2]
    return None


def do_broadcast(s: State, c: str, e: Broadcast) -> None:
    for r in e.values:
        s.broadcast.setdefault(r[0], ClientValues()).add(r)
        s.broadcasts += r[2]
        s.has_turns |= s.constants.fifo and r[1] > 1


_ACTIONS = (
    Action("Broadcast", (own, fresh, turn), do_broadcast, ()),
    Action(
        "Phase1a",
        (phases.owner, contract.new_ballot, phases.not_empty, phases.may_prepare),
        phases.do_phase1a,
        (invariants.type_of_ballot,),
    ),
    Action(
        "Phase1b",
        (phases.not_empty, phases.asked, phases.promise, phases.may_report, phases.votes),
        phases.do_phase1b,
        (invariants.votes_below_promise, invariants.type_of_votes),
    ),
    Action(
        "Phase2a",
        (
            phases.owner,
            contract.new_ballot,
            phases.quorum1,
            phases.batch,
            phases.once,
            phases.promises,
            phases.free_values,
            phases.free_no_op,
            phases.highest,
        ),
        phases.do_phase2a,
        (invariants.one_batch_per_ballot, invariants.type_of_batch),
    ),
    Action(
        "Phase2b",
        (phases.proposed, phases.promise, phases.remembers),
        phases.do_phase2b,
        (
            invariants.agreement,
            invariants.votes_below_promise,
            invariants.type_of_ballot,
            invariants.trimmed_is_over,
        ),
    ),
    Action(
        "Decide",
        (phases.quorum2, learning.indirect, learning.voted),
        learning.do_decide,
        (invariants.type_of_ballot,),
    ),
    Action(
        "Learn",
        (
            learning.quorum_if_direct,
            learning.learn_once,
            learning.may_learn,
            learning.batch_learned,
        ),
        learning.do_learn,
        (invariants.learned_from_one_ballot, invariants.type_of_batch),
    ),
    Action(
        "Deliver",
        (learning.next_instance, learning.is_learned, learning.new_values, learning.position),
        learning.do_deliver,
        (
            invariants.integrity,
            invariants.total_order,
            invariants.fifo,
            invariants.still_delivered,
        ),
    ),
    Action("TakeSnapshot", (snapshots.keeps, snapshots.state_taken), snapshots.do_take, ()),
    Action("Checkpoint", (snapshots.was_taken, snapshots.taken_kept), snapshots.do_checkpoint, ()),
    Action("Restart", (snapshots.keeps, snapshots.checkpoint_back), snapshots.do_restart, ()),
    Action("SendSnapshot", (snapshots.keeps, snapshots.checkpoint_given), snapshots.do_send, ()),
    Action(
        "InstallSnapshot",
        (
            snapshots.keeps,
            snapshots.was_given,
            snapshots.is_newer,
        ),
        snapshots.do_install,
        (),
    ),
    Action(
        "Trim",
        (trimming.further, trimming.delivered),
        trimming.do_trim,
        (invariants.trimmed_is_over,),
    ),
    RECOVER,
)

MULTIPAXOS = Spec(
    "MultiPaxos",
    {a.name: a for a in _ACTIONS},
    State,
    INNER | snapshots.INNER,
    contract.INCARNATIONS,
)
