"""States of MultiPaxos for a comparison with TLC: what there is, and what is drawn."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from z3 import Implies, Or

from conformance.proof.evaluate import Evaluated, Meaning, Stepper, Structure, compiled, tuples
from conformance.proof.log_voting_terms import Instance
from conformance.proof.logic import Formula, State, every
from conformance.proof.multi_paxos_invariant import one_batch_per_ballot, type_ok
from conformance.proof.multi_paxos_logic import MULTI_PAXOS
from conformance.proof.multi_paxos_state import proposed
from conformance.proof.voting_logic import Acceptor, Ballot
from tests.conformance.proof import log_voting_states
from tests.conformance.proof.log_voting_states import Sizes
from tests.conformance.proof.synod_states import otherwise
from tests.conformance.proof.tla_text import (
    braces,
    brackets,
    number,
    pairs,
    plain,
)

Said = dict[str, Any]
"""What TLC says of batches, sequences and tables."""

WALK = 40
"""Steps of a walk before it begins again, on average."""


@dataclass(frozen=True)
class Cluster:
    """What there is: of the log as in LogVoting, with proposers that share its ballots. With
    `direct`, learning is direct, and there are sessions, and Phase 1 runs ahead."""

    log: Sizes
    proposers: int
    direct: bool

    @cached_property
    def reports(self) -> list[frozenset[tuple[int, int, int]]]:
        """What a 1b may report: of each instance one vote, or none."""
        ballots, batches = range(1, self.log.ballots + 1), range(len(self.log.batches))
        each = [
            [None, *((i, b, w) for b in ballots for w in batches)]
            for i in range(1, self.log.instances + 1)
        ]
        return [frozenset(v for v in some if v) for some in itertools.product(*each)]

    @cached_property
    def tables(self) -> list[frozenset[str]]:
        values = [f"v{n + 1}" for n in range(self.log.values)]
        each = itertools.product((False, True), repeat=len(values))
        return [frozenset(itertools.compress(values, some)) for some in each]

    @property
    def config(self) -> str:
        """The constants, for TLC."""
        kept = self.log.config.replace("Later <- NothingLater\n", "\n").splitlines()
        return "\n".join(
            [
                *(line for line in kept if not line.startswith("Ballot")),
                f"Later <- {'SecondLater' if self.direct else 'NothingLater'}",
                f"Proposers = {self.proposers} Rounds = {self.log.ballots // self.proposers}",
                f"DirectLearning = {str(self.direct).upper()}",
                f"PrepareAhead = {str(self.direct).upper()}\n",
            ]
        )


def structure(cluster: Cluster, said: Said) -> Structure:
    """What the constants of the encoding are."""
    log = cluster.log
    base = log_voting_states.structure(log, said)
    numbers = {name: n for name, n in base.sizes.items() if name != "Scopes"}
    numbers |= {"Proposer": cluster.proposers, "Report": len(cluster.reports)}
    numbers |= {"Table": len(cluster.tables), "Keepers": 1, "Lives": log.learners}
    sequence, batch, table = log.sequences.index, log.batches.index, cluster.tables.index
    of_sequence: Meaning = {(sequence(plain(s)),): table(_table(k)) for s, k in said["table"]}
    fixed: dict[str, Meaning] = {
        "owner": {(b,): (b - 1) % cluster.proposers for b in range(log.ballots + 1)},
        "direct": frozenset({()} if cluster.direct else ()),
        "ahead": frozenset({()} if cluster.direct else ()),
        "no_op": {(): batch(())},
        "reports": pairs((n, *v) for n, some in enumerate(cluster.reports) for v in some),
        "needs": pairs((0, k) for k in range(log.learners)),
        "lived": pairs((k, k) for k in range(log.learners)),
        "no_table": {(): table(frozenset())},
        "table_of": of_sequence,
        "remembered": {
            (table(_table(k)), batch(plain(w))): table(_table(more))
            for k, w, more in said["remembered"]
        },
        # Where what comes of it has a value twice, and so is no sequence here: anything.
        "appended_by": {
            (sequence(plain(s)), table(_table(k)), batch(plain(w))): (
                sequence(plain(more)) if plain(more) in log.sequences else 0
            )
            for s, k, w, more in said["by table"]
        },
    }
    return Structure(numbers, {**base.meanings, **fixed})


def _table(said: Any) -> frozenset[str]:
    return frozenset(map(str, said))


# -- reading what TLC prints ---------------------------------------------------------------------


def reader(cluster: Cluster) -> Any:
    """How what TLC prints becomes relations."""
    log = cluster.log

    def snapshot(said: Any) -> tuple[int, int, int]:
        delivered = log.sequences.index(plain(said["delivered"]))
        return said["prefix"], delivered, cluster.tables.index(_table(said["known"]))

    def fields(name: str, said: Any) -> dict[str, Meaning]:
        each = {number(k): snapshot(state) for k, state in said.items()}
        parts = ("prefix", "delivered", "known")
        return {f"{name}_{p}": {(k,): s[n] for k, s in each.items()} for n, p in enumerate(parts)}

    def read(said: tuple[Any, ...]) -> dict[str, Meaning]:
        broadcast, msgs, acceptors, learners, history = said
        (promised, vote, trimmed), (learned, states, taken, checkpoint) = acceptors, learners
        (prefix, delivered, known), (votes, chosen, order) = states, history
        of_log = log_voting_states.state(log)(
            (broadcast, (promised, votes), (learned, prefix, delivered), (chosen, order))
        )
        last = {
            (number(a), i): (b, log.batches.index(plain(w)))
            for a, each in vote.items()
            for i, (b, w) in enumerate([(0, ()), *each])
        }
        return {
            **of_log,
            **_messages(cluster, msgs, snapshot),
            "vote_ballot": {at: b for at, (b, _) in last.items()},
            "vote_batch": {at: w for at, (_, w) in last.items()},
            "trimmed": {(number(a),): i for a, i in trimmed.items()},
            "known": {(number(k),): cluster.tables.index(_table(t)) for k, t in known.items()},
            **fields("taken", taken),
            **fields("checkpoint", checkpoint),
        }

    return read


def _messages(cluster: Cluster, msgs: Any, snapshot: Any) -> dict[str, Meaning]:
    """The messages, by their types."""
    found: dict[str, set[tuple[int, ...]]] = {
        v.name(): set() for v in MULTI_PAXOS.variables if v.name() in MESSAGES
    }
    batch = cluster.log.batches.index
    for m in msgs:
        match str(m["type"]):
            case "1a":
                found["msg1a"].add((m["bal"], m["from"], m["to"]))
            case "1b":
                votes = frozenset((i, b, batch(plain(w))) for i, b, w in m["votes"])
                report = cluster.reports.index(votes)
                found["msg1b"].add((number(m["acc"]), m["bal"], m["from"], m["to"], report))
            case "2a":
                found["msg2a"].add((m["bal"], m["inst"], batch(plain(m["batch"]))))
            case "2b":
                found["msg2b"].add((number(m["acc"]), m["bal"], m["inst"]))
            case "Decide":
                found["decide"].add((m["bal"], m["inst"]))
            case "Delivered":
                found["says_delivered"].add((number(m["lrn"]), m["inst"]))
            case "Checkpointed":
                found["says_checkpoint"].add((number(m["lrn"]), m["inst"]))
            case "Snapshot":
                found["snapshot"].add(snapshot(m["state"]))
    return {name: frozenset(some) for name, some in found.items()}


MESSAGES = (
    *("msg1a", "msg1b", "msg2a", "msg2b", "decide"),
    *("says_delivered", "says_checkpoint", "snapshot"),
)


def parameter(cluster: Cluster) -> Any:
    """How a parameter of an action is read."""
    log = cluster.log

    def read(sort: str, said: Any) -> int:
        if isinstance(said, frozenset):
            return log.quorums.place(sort, frozenset(map(str, said)))
        if not isinstance(said, tuple):
            return number(said)
        match str(said[0]):
            case "batch":
                return log.batches.index(plain(said[1]))
            case "sequence":
                return log.sequences.index(plain(said[1]))
            case "table":
                return cluster.tables.index(_table(said[1]))
            case "scope":
                return log.scopes.index(said[1])
        votes = frozenset((i, b, log.batches.index(plain(w))) for i, b, w in said[1])
        return cluster.reports.index(votes)

    return read


# -- writing what TLC starts in ------------------------------------------------------------------


def written(cluster: Cluster, at: Structure) -> str:
    """The state in TLA+, as AnyMultiPaxos.tla wants it."""
    log, m = cluster.log, dict[str, Any](at.meanings)
    of_log = log_voting_states.parts(log, at)
    broadcast, promised, votes, learned, prefix, delivered, chosen, order = of_log

    def function(letter: str, size: int, of: Any) -> str:
        return "(" + " @@ ".join(f"{letter}{k + 1} :> {of(k)}" for k in range(size)) + ")"

    def vote(a: int) -> str:
        each = range(1, log.instances + 1)
        return brackets(_vote(log, m["vote_ballot"][a, i], m["vote_batch"][a, i]) for i in each)

    def state(name: str) -> Any:
        return lambda k: _state(
            cluster, *(m[f"{name}_{part}"][k,] for part in ("prefix", "delivered", "known"))
        )

    return brackets(
        [
            *(broadcast, braces(_written_messages(cluster, m)), promised),
            function("a", log.acceptors, vote),
            function("a", log.acceptors, lambda a: m["trimmed"][a,]),
            *(learned, prefix, delivered),
            function("l", log.learners, lambda k: braces(sorted(cluster.tables[m["known"][k,]]))),
            function("l", log.learners, state("taken")),
            function("l", log.learners, state("checkpoint")),
            *(votes, chosen, order),
        ]
    )


def _vote(log: Sizes, b: int, w: int) -> str:
    return f"<<{b}, {brackets(log.batches[w])}>>"


def _state(cluster: Cluster, p: int, d: int, k: int) -> str:
    return brackets([str(p), brackets(cluster.log.sequences[d]), braces(sorted(cluster.tables[k]))])


def _written_messages(cluster: Cluster, m: dict[str, Any]) -> Iterator[str]:
    log = cluster.log
    for b, f, t in m["msg1a"]:
        yield f'[type |-> "1a", bal |-> {b}, from |-> {f}, to |-> {t}]'
    for a, b, f, t, r in m["msg1b"]:
        votes = braces(
            f"<<{i}, {c}, {brackets(log.batches[w])}>>" for i, c, w in cluster.reports[r]
        )
        yield (
            f'[type |-> "1b", acc |-> a{a + 1}, bal |-> {b}, from |-> {f}, to |-> {t}, '
            f"votes |-> {votes}]"
        )
    for b, i, w in m["msg2a"]:
        batch = brackets(log.batches[w])
        yield f'[type |-> "2a", bal |-> {b}, inst |-> {i}, batch |-> {batch}]'
    for a, b, i in m["msg2b"]:
        yield f'[type |-> "2b", acc |-> a{a + 1}, bal |-> {b}, inst |-> {i}]'
    for b, i in m["decide"]:
        yield f'[type |-> "Decide", bal |-> {b}, inst |-> {i}]'
    for k, i in m["says_delivered"]:
        yield f'[type |-> "Delivered", lrn |-> l{k + 1}, inst |-> {i}]'
    for k, i in m["says_checkpoint"]:
        yield f'[type |-> "Checkpointed", lrn |-> l{k + 1}, inst |-> {i}]'
    for state in m["snapshot"]:
        said = f"State({_state(cluster, *state)})"
        yield f'[type |-> "Snapshot", cluster |-> "ours", state |-> {said}]'


# -- drawing states ------------------------------------------------------------------------------


def drawn(cluster: Cluster, fixed: Structure, said: Said, count: int) -> list[Structure]:
    """So many states: every third on a walk that begins again now and then, or one in which a few
    things are otherwise. On the walk each action is as likely as any other."""
    chance, stepper = random.Random(1), Stepper(MULTI_PAXOS)
    readable = _Readable(cluster, said)
    start = fixed.but({v.name(): _nothing(v, fixed) for v in MULTI_PAXOS.variables})
    at, found = start, [start, *_special(cluster, start)]
    for place in itertools.count(1):
        moves: dict[str, list[Structure]] = {}
        for step in stepper.steps(at):
            if step.after != at:
                moves.setdefault(step.action, []).append(step.after)
        after = chance.choice(moves[chance.choice(sorted(moves))])
        at = after if readable(after) and chance.randrange(WALK) else start
        if place % 3:
            continue
        near = at
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
            near = _as_it_is_at_0(otherwise(MULTI_PAXOS, near, chance))
        if readable(near):
            found.append(near)
        if len(found) == count:
            break
    return found


def _special(cluster: Cluster, start: Structure) -> list[Structure]:
    """States in which one part of a formula makes the difference: the first value is proposed, so
    that none waits; the second is, which with FIFO may be passed over, and so does wait; the first
    is decided, though nobody voted; and an acceptor has a vote where it has trimmed, which
    learners have, or have not."""
    first, second = (cluster.log.batches.index((v,)) for v in ("v1", "v2"))
    nothing_waits = start.but({"broadcast": frozenset({(0,)}), "msg2a": frozenset({(1, 1, first)})})
    passed = start.but({"broadcast": frozenset({(1,)}), "msg2a": frozenset({(1, 1, second)})})
    decided = nothing_waits.but({"decide": frozenset({(1, 1)})})
    of_none: dict[str, Any] = dict(start.meanings)
    trimmed = start.but(
        {
            "trimmed": {**of_none["trimmed"], (0,): 1},
            "vote_ballot": {**of_none["vote_ballot"], (0, 1): 1},
            "vote_batch": {**of_none["vote_batch"], (0, 1): first},
        }
    )
    each: Meaning = {(k,): 1 for k in range(cluster.log.learners)}
    over = trimmed.but({"prefix": each, "checkpoint_prefix": each})
    return [nothing_waits, passed, decided, trimmed, over]


class _Readable:
    """Whether TLC can take all steps from a state: it has the right types, what is voted for or
    decided was proposed, once, and no learner would deliver what is no sequence here."""

    def __init__(self, cluster: Cluster, said: Said) -> None:
        log, state = cluster.log, MULTI_PAXOS.state()
        claims = (type_ok, one_batch_per_ballot, _all_proposed)
        self._claims: list[Evaluated] = [compiled(claim(state)) for claim in claims]
        self._fits = {
            (
                log.sequences.index(plain(s)),
                cluster.tables.index(_table(k)),
                log.batches.index(plain(w)),
            )
            for s, k, w, more in said["by table"]
            if plain(more) in log.sequences
        }

    def __call__(self, at: Structure) -> bool:
        return self._delivers(at) and all(claim(at) for claim in self._claims)

    def _delivers(self, at: Structure) -> bool:
        m: dict[str, Any] = dict(at.meanings)
        return all(
            (m["delivered"][k,], m["known"][k,], w) in self._fits
            for k, i, _, w in m["learned"]
            if i == m["prefix"][k,] + 1
        )


def _all_proposed(s: State) -> Formula:
    return every(
        *(Acceptor, Ballot, Instance),
        lambda a, b, i: Implies(Or(s.msg2b(a, b, i), s.decide(b, i)), proposed(s, b, i)),
    )


def _as_it_is_at_0(at: Structure) -> Structure:
    """There is no instance 0 in the module, and so no vote."""
    votes: dict[str, Any] = {n: at.meanings[n] for n in ("vote_ballot", "vote_batch")}
    return at.but({n: {(a, i): v if i else 0 for (a, i), v in m.items()} for n, m in votes.items()})


def _nothing(variable: Any, fixed: Structure) -> Meaning:
    if str(variable.range()) == "Bool":
        return frozenset()
    return dict.fromkeys(tuples(variable, fixed.sizes), 0)
