"""Checkpoints, in spec/MultiPaxos.tla: a learner's state is kept, given to others, taken over.

What a learner has made of the values up to an instance is a function of their order. So a snapshot
is a place here, and how many ranges were delivered up to it: a learner that comes back with one
takes back what it delivered after it, and one that installs one has from then on delivered what its
giver had. What came back and is in no trace is judged as RecoverCheckpoint or RecoverInstall,
which have no event of their own.

The table of actions is in multipaxos.py.
"""

from __future__ import annotations

from msgspec import Struct

from conformance.rules.rule import Action, Fault, rule
from conformance.rules.state import Snapshot, State
from conformance.trace.process import id_of
from conformance.trace.schema import (
    Checkpoint,
    InstallSnapshot,
    OfSnapshot,
    Restart,
    SendSnapshot,
    TakeSnapshot,
)


class Kept(Struct, frozen=True):
    """A snapshot is durable, and no trace says so: the one that was taken, or of this place and
    given by this learner, or by whichever."""

    instance: int = 0
    position: int = 0
    giver: int | None = None
    action: str = "Restart"


def _place(instance: int, position: int) -> str:
    return f"instance {instance}, {position} values delivered"


def _not_there(e: OfSnapshot, due: Snapshot, what: str) -> Fault | None:
    """The event is about another place than the snapshot that is due."""
    if (e.instance, e.position) == (due.instance, due.position):
        return None
    expected = f"{what}, of {_place(*due[:2])}" if due.instance else f"{what}; it has none"
    return Fault(expected, _place(e.instance, e.position))


@rule("keeps", "the learner keeps checkpoints, as the header of its trace says")
def keeps(s: State, me: str, e: OfSnapshot | Kept) -> Fault | None:
    if me in s.keeps:
        return None
    return Fault('a learner whose header says "keeps":true', f"a {e.action} of one that does not")


# -- TakeSnapshot(l) ----------------------------------------------------------------------------
@rule("place", "what is taken is the learner's state as it is")
def state_taken(s: State, me: str, e: TakeSnapshot) -> Fault | None:
    return _not_there(e, s.learner(me).state(), "what it has delivered")


def do_take(s: State, me: str, e: TakeSnapshot) -> None:
    learner = s.to_change(me)
    learner.taken = learner.state()


# -- Checkpoint(l) ------------------------------------------------------------------------------
@rule("taken", "a snapshot was taken, and is not durable yet")
def was_taken(s: State, me: str, e: Checkpoint | Kept) -> Fault | None:
    if s.learner(me).taken.instance:
        return None
    return Fault("a TakeSnapshot before", "there is none since the last Checkpoint or restart")


@rule("place", "what is durable is the snapshot that was taken")
def taken_kept(s: State, me: str, e: Checkpoint) -> Fault | None:
    return _not_there(e, s.learner(me).taken, "the snapshot that it took")


def do_checkpoint(s: State, me: str, e: Checkpoint) -> None:
    learner = s.to_change(me)
    learner.keep_taken()
    learner.said = e.instance
    _leave(s, me)


def _leave(s: State, me: str) -> None:
    """The learner's checkpoint is on its disk: whatever comes of the learner, its next life may be
    given it. So a file is a message, SendSnapshot(l), that stands in no trace."""
    kept = s.learner(me).checkpoint
    s.left[id_of(me), kept.instance, kept.position] = me, kept


# -- SendSnapshot(l) ----------------------------------------------------------------------------
@rule("place", "what is given is the checkpoint that it has")
def checkpoint_given(s: State, me: str, e: SendSnapshot) -> Fault | None:
    return _not_there(e, s.learner(me).checkpoint, "its checkpoint")


def do_send(s: State, me: str, e: SendSnapshot) -> None:
    s.snapshots.setdefault((e.instance, e.position), {})[id_of(me)] = (
        me,
        s.learner(me).checkpoint,
    )


# -- InstallSnapshot(l, m) ----------------------------------------------------------------------
def _given_to(s: State, me: str, e: InstallSnapshot | Kept) -> tuple[str, Snapshot] | None:
    """The snapshot that the event is about: what its giver has sent; or where that has the id of
    the learner itself, what an earlier life has left."""
    left = s.left.get((e.giver, e.instance, e.position)) if e.giver == id_of(me) else None
    return left or s.given(e.instance, e.position, e.giver)


@rule(
    "sent",
    "the learner that it names has given this snapshot, or is an earlier life that had it as its "
    "checkpoint",
    at=("InstallSnapshot.sent", "InstallSnapshot.ours"),
)
def was_given(s: State, me: str, e: InstallSnapshot | Kept) -> Fault | None:
    if _given_to(s, me, e):
        return None
    return Fault(
        f"a SendSnapshot of learner {e.giver} before, of {_place(e.instance, e.position)}",
        "there is none",
        () if e.giver is None else (("learner", e.giver),),
    )


@rule("newer", "the learner has not delivered so much itself")
def is_newer(s: State, me: str, e: InstallSnapshot | Kept) -> Fault | None:
    prefix = s.learner(me).prefix
    if e.instance > prefix:
        return None
    return Fault(f"an instance above {prefix}, up to which it delivered", f"instance {e.instance}")


def do_install(s: State, me: str, e: InstallSnapshot) -> None:
    _install(s, me, e)
    s.to_change(me).said = e.instance
    _leave(s, me)


def _install(s: State, me: str, e: InstallSnapshot | Kept) -> None:
    """The learner's state is that of the snapshot, and it is its checkpoint."""
    given, learner = _given_to(s, me, e), s.to_change(me)
    if given is None:
        raise LookupError(f"nobody gave a snapshot of {_place(e.instance, e.position)}")
    name, snapshot = given
    source = s.learners[name]
    start = learner.ranges() - source.dropped
    learner.append(source.delivered[max(start, 0) : snapshot.ranges - source.dropped])
    learner.prefix = e.instance
    learner.checkpoint, learner.taken = learner.state(), Snapshot()


# -- RecoverCheckpoint(l), RecoverInstall(l, m) --------------------------------------------------
def do_recover_checkpoint(s: State, me: str, e: Kept) -> None:
    s.to_change(me).keep_taken()


RECOVER_CHECKPOINT = Action("RecoverCheckpoint", (was_taken,), do_recover_checkpoint, ())
RECOVER_INSTALL = Action("RecoverInstall", (keeps, was_given, is_newer), _install, ())
INNER = {a.name: a for a in (RECOVER_CHECKPOINT, RECOVER_INSTALL)}


# -- Restart(l) ---------------------------------------------------------------------------------
def _unsaid(s: State, me: str, e: Restart) -> tuple[Action, Kept] | None:
    """The step before, with which the learner has what it comes back with though no trace says so.
    None: there is no such step."""
    place = e.instance, e.position
    if s.learner(me).taken[:2] == place and e.instance:
        return RECOVER_CHECKPOINT, Kept(*place)
    given = Kept(*place)
    return (RECOVER_INSTALL, given) if RECOVER_INSTALL.refused(s, me, given) is None else None


def _is_said(s: State, me: str, e: Restart) -> bool:
    """Whether it comes back with what it said it has."""
    return s.learner(me).checkpoint[:2] == (e.instance, e.position)


@rule(
    "place",
    "it comes back with its checkpoint; or with a snapshot that it took, or was given, which was "
    "durable though no trace says so",
)
def checkpoint_back(s: State, me: str, e: Restart) -> Fault | None:
    if _is_said(s, me, e) or _unsaid(s, me, e):
        return None
    fault = _not_there(e, s.learner(me).checkpoint, f"the checkpoint of learner {me}")
    assert fault is not None
    known = {id_of(me), *s.cluster.learners}  # who may have had it, or have given it
    return Fault(fault.expected, fault.actual, tuple(("learner", x) for x in sorted(known)))


def do_restart(s: State, me: str, e: Restart) -> None:
    before = None if _is_said(s, me, e) else _unsaid(s, me, e)
    if before is not None:
        action, kept = before
        action.effect(s, me, kept)
    _leave(s, me)
    learner = s.to_change(me)
    learner.go_back()
    learner.said = learner.checkpoint.instance
    for instance in s.instances.values():
        instance.learned.pop(me, None)
