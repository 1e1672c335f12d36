"""Phase 1 and Phase 2 of spec/MultiPaxos.tla: the guards and effects of Phase1a to Phase2b.

The table of actions is in multipaxos.py.
"""

from __future__ import annotations

from conformance.rules.invariants import batch_fault
from conformance.rules.rule import Fault, Need, rule
from conformance.rules.state import NO_VOTE, State, ValueSet
from conformance.trace.intervals import IntervalSet, RangesAsked
from conformance.trace.schema import Ballot, Decide, Phase1a, Phase1b, Phase2a, Phase2b
from conformance.trace.show import show_ballot, show_batch, show_range, show_run, show_vote


# -- the sets that parameters are drawn from ----------------------------------------------------
@rule("owner", "the ballot is the proposer's own")
def owner(s: State, p: int, e: Phase1a | Phase2a) -> Fault | None:
    if e.ballot[1] == p:
        return None
    return Fault(
        f"a ballot of proposer {p}", f"ballot {show_ballot(e.ballot)} is of proposer {e.ballot[1]}"
    )


@rule("quorum", "the promises are of a quorum of phase 1: so many distinct acceptors")
def quorum1(s: State, p: int, e: Phase2a) -> Fault | None:
    return quorum_fault(s, e.quorum, s.quorum1)


@rule("quorum", "the votes are of a quorum of phase 2: so many distinct acceptors")
def quorum2(s: State, p: int, e: Decide) -> Fault | None:
    return quorum_fault(s, e.quorum, s.quorum2)


def quorum_fault(s: State, quorum: tuple[int, ...], least: int) -> Fault | None:
    if s.is_quorum(quorum, least):
        return None
    return Fault(
        f"at least {least} distinct acceptors out of {sorted(s.acceptors)}", f"{list(quorum)}"
    )


@rule("batch", "the batch has at most MaxBatch values, each once")
def batch(s: State, p: int, e: Phase2a) -> Fault | None:
    return batch_fault(e.batch, s.constants.max_batch)


# -- Phase1a(b, from, to) -----------------------------------------------------------------------
@rule("range", "the range of instances is not empty")
def not_empty(s: State, p: int, e: Phase1a | Phase1b) -> Fault | None:
    if e.first <= e.last:
        return None
    return Fault("from <= to", f"from {e.first} to {e.last}")


@rule(
    "prepare",
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
        f"all {s.broadcasts} broadcast values are proposed, up to instance {s.highest}",
        clients(s) + proposers(s),
    )


def clients(s: State) -> tuple[Need, ...]:
    return tuple(("client", c) for c in s.cluster.clients)


def proposers(s: State) -> tuple[Need, ...]:
    return tuple(("proposer", p) for p in s.cluster.proposers)


def do_phase1a(s: State, p: int, e: Phase1a) -> None:
    s.asked.setdefault(e.ballot, RangesAsked()).add(e.first, e.last)
    s.users.setdefault(e.ballot, e.process)
    s.rounds[p] = max(s.rounds.get(p, 0), e.ballot[0])


# -- Phase1b(a, b, from, to) --------------------------------------------------------------------
@rule("asked", "the owner of the ballot asked for a range that holds this one")
def asked(s: State, a: int, e: Phase1b) -> Fault | None:
    known = s.asked.get(e.ballot)
    if known is not None and known.contain(e.first, e.last):
        return None
    got = [show_run(*run) for run in known.runs()][-5:] if known else []
    return Fault(
        f"a Phase1a of ballot {show_ballot(e.ballot)} for {show_run(e.first, e.last)} or more",
        f"asked in that ballot: {', '.join(got) or 'nothing'}",
        (("proposer", e.ballot[1]),),
    )


def held(s: State, a: int, e: Phase1b | Phase2b) -> Ballot:
    """The highest ballot that the acceptor has promised where the event is about."""
    first, last = (e.first, e.last) if isinstance(e, Phase1b) else (e.instance, e.instance)
    return s.promised[a].highest(first, last)


@rule("promise", "the acceptor has promised no higher ballot")
def promise(s: State, a: int, e: Phase1b | Phase2b) -> Fault | None:
    promised = held(s, a, e)
    if e.ballot >= promised:
        return None
    return Fault(
        f"a ballot of at least {show_ballot(promised)}, which acceptor {a} promised",
        f"ballot {show_ballot(e.ballot)}{_another_scope(s, a, e)}",
    )


def _another_scope(s: State, a: int, e: Phase1b | Phase2b) -> str:
    """What to say where the event would be right if each instance had a promise of its own."""
    first, last = (e.first, e.last) if isinstance(e, Phase1b) else (e.instance, e.instance)
    above = (by[a] for b, by in s.covered.items() if b > e.ballot and a in by)
    if (
        s.constants.promise_scope == "instance"
        or any(told.overlaps(first, last) for told in above)
        or any(vote[0] > e.ballot for vote in s.votes_of(a, first, last).values())
    ):
        return ""
    here = f"instance{'s' if last > first else ''} {show_run(first, last)}"
    return (
        f"; in {here} itself it promised none above that: if an acceptor has a promise for each "
        'instance and not one for the log, say so in the headers: "promise_scope": "instance"'
    )


@rule("trimmed", "the acceptor has trimmed none of them")
def may_report(s: State, a: int, e: Phase1b) -> Fault | None:
    return _trimmed(s, a, e.first)


def _trimmed(s: State, a: int, i: int) -> Fault | None:
    if i > s.trimmed[a]:
        return None
    return Fault(f"instances above {s.trimmed[a]}, up to which acceptor {a} trimmed", f"{i}")


@rule("votes", "the promise reports exactly the acceptor's votes in the range")
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
    s.promised[a].promise(e.ballot, e.first, e.last)
    s.covered.setdefault(e.ballot, {}).setdefault(a, IntervalSet()).add(e.first, e.last)
    for i, b, said in e.votes:
        s.at(i).reported.setdefault(e.ballot, {}).setdefault(a, set()).add((b, said))


# -- Phase2a(b, i, batch, Q) --------------------------------------------------------------------
@rule("once", "the ballot has proposed nothing in the instance yet")
def once(s: State, p: int, e: Phase2a) -> Fault | None:
    before = s.look(e.instance).accepts.get(e.ballot)
    if not before:
        return None
    first = s.users.get(e.ballot, e.process)
    again = (
        f"; {first} used that ballot: {e.process} was restarted and uses an old round, so the "
        "highest round that it used was not kept, or not read back"
        if first != e.process
        else ""
    )
    same = (
        ", the same: no harm is done by that, since the ballot still has one batch; but where the "
        "round is not durable, another batch may be proposed next time"
        if e.batch in before
        else ""
    )
    return Fault(
        f"no earlier proposal of ballot {show_ballot(e.ballot)} in instance {e.instance}",
        f"it proposed {show_batch(before[0])}, and now {show_batch(e.batch)}{same}{again}",
    )


@rule("promises", "each acceptor of the quorum promised the ballot for the instance")
def promises(s: State, p: int, e: Phase2a) -> Fault | None:
    absent = [a for a in e.quorum if not s.promises(a, e.ballot, e.instance)]
    if not absent:
        return None
    return Fault(
        f"promises of {list(e.quorum)} for ballot {show_ballot(e.ballot)} in instance {e.instance}",
        f"none of {absent}; {'; '.join(_promised_instead(s, a, e) for a in absent)}",
        tuple(("acceptor", a) for a in absent),
    )


def _promised_instead(s: State, a: int, e: Phase2a) -> str:
    """What the acceptor did promise: this ballot elsewhere, or others in the instance, its last to
    this proposer and its last to others: one of these was taken for a promise of the ballot."""
    elsewhere = s.covered.get(e.ballot, {}).get(a)
    if elsewhere is not None:
        runs = [show_run(*run) for run in elsewhere.runs()][-3:]
        return f"acceptor {a} promised it for {', '.join(runs)} only"
    there = sorted(b for b, by in s.covered.items() if a in by and e.instance in by[a])
    parts = [
        f"{to} {', '.join(map(show_ballot, ballots[-2:]))}"
        for to, ballots in (
            ("this proposer", [b for b in there if b[1] == e.ballot[1]]),
            ("others", [b for b in there if b[1] != e.ballot[1]]),
        )
        if ballots
    ]
    if not parts:
        return f"acceptor {a} had promised no ballot there"
    return f"acceptor {a} had promised {' and '.join(parts)} there"


@rule(
    "broadcast",
    "with no vote reported, the leader proposes broadcast values",
    at=("MayPropose.broadcast", "Phase2a.highest"),
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
    "with no vote reported, a no-op only fills a gap: something was proposed here or above",
    at=("MayPropose.gap", "Phase2a.highest"),
)
def free_no_op(s: State, p: int, e: Phase2a) -> Fault | None:
    if e.batch or e.instance <= s.highest or s.reported(e.quorum, e.ballot, e.instance):
        return None
    return Fault(
        f"a proposal in instance {e.instance} or above, or a value in the batch",
        f"the no-op, and the highest instance proposed in is {s.highest}",
        proposers(s),
    )


@rule("highest", "with votes reported, the leader proposes the batch of the highest vote")
def highest(s: State, p: int, e: Phase2a) -> Fault | None:
    reported = s.reported(e.quorum, e.ballot, e.instance)
    if not reported:
        return None
    top = max(b for b, _ in reported)
    if (top, e.batch) in reported:
        return None
    # Or of a vote that it heard of before, or from others, and that is no lower: see Highest.
    if any(b >= top and said == e.batch for b, said in s.heard(e.ballot, e.instance)):
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
@rule("proposed", "the owner of the ballot proposed something in the instance")
def proposed(s: State, a: int, e: Phase2b) -> Fault | None:
    if e.ballot in s.look(e.instance).accepts:
        return None
    return Fault(
        f"a Phase2a of ballot {show_ballot(e.ballot)} in instance {e.instance}",
        "there is none",
        (("proposer", e.ballot[1]),),
    )


@rule("trimmed", "the acceptor has not trimmed the instance")
def remembers(s: State, a: int, e: Phase2b) -> Fault | None:
    return _trimmed(s, a, e.instance)


def do_phase2b(s: State, a: int, e: Phase2b) -> None:
    s.cast(a, (e.ballot, s.batch_of(e.ballot, e.instance)), e.instance, says=True)
