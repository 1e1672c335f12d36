"""States of LogVoting for a comparison with TLC: what there is, and what is drawn."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import z3

from conformance.proof.evaluate import Meaning, Stepper, Structure, compiled, tuples
from conformance.proof.log_voting_invariant import type_ok
from conformance.proof.log_voting_logic import LOG_VOTING
from conformance.proof.log_voting_terms import has_none_between, is_all, is_complete
from conformance.tla.value import parse
from tests.conformance.proof.held_against_tlc import printed
from tests.conformance.proof.quorums import Quorums
from tests.conformance.proof.synod_states import otherwise
from tests.conformance.proof.tla_text import (
    Values,
    at_most,
    braces,
    brackets,
    log_of,
    named,
    number,
    pairs,
    plain,
)

WALK = 20
"""Steps of a walk before it begins again, on average."""


@dataclass(frozen=True)
class Sizes:
    """How many there are of each, and whether a promise is for the whole log. Of two values the
    first comes before the second if `fifo`. The first `keeps` learners keep checkpoints."""

    learners: int
    keeps: int
    ballots: int
    values: int
    instances: int
    batch: int
    scope: str
    fifo: bool
    quorums: Quorums

    @property
    def acceptors(self) -> int:
        return self.quorums.acceptors

    @cached_property
    def batches(self) -> list[Values]:
        return self._in_order(self.batch)

    @cached_property
    def sequences(self) -> list[Values]:
        return self._in_order(self.values)

    def _in_order(self, most: int) -> list[Values]:
        values = [f"v{n + 1}" for n in range(self.values)]
        return [s for n in range(most + 1) for s in itertools.permutations(values, n)]

    @cached_property
    def logs(self) -> list[tuple[frozenset[Values], ...]]:
        each = itertools.product((False, True), repeat=len(self.batches))
        some = [frozenset(itertools.compress(self.batches, chosen)) for chosen in each]
        return list(itertools.product(some, repeat=self.instances))

    @cached_property
    def scopes(self) -> list[int]:
        return [0] if self.scope == "log" else list(range(1, self.instances + 1))

    @cached_property
    def scope_sets(self) -> list[frozenset[int]]:
        each = itertools.product((False, True), repeat=len(self.scopes))
        return [frozenset(itertools.compress(self.scopes, chosen)) for chosen in each]

    @property
    def config(self) -> str:
        """The constants, for TLC."""
        return (
            f"CONSTANTS Value = {named('v', self.values)} MaxBatch = {self.batch}\n"
            f"Acceptor = {named('a', self.acceptors)} Learner = {named('l', self.learners)}\n"
            f"Keeps = {named('l', self.keeps)} {self.quorums.config}"
            f"Ballot = {braces(str(b + 1) for b in range(self.ballots))}\n"
            f'Instances = {self.instances} PromiseScope = "{self.scope}"\n'
            f"First = v1 Second = v{self.values} Later <- NothingLater\n"
            f"Before <- {'FirstBefore' if self.fifo else 'NothingBefore'}\n"
        )


def tables(module: str, config: str) -> dict[str, Any]:
    """What TLC makes of batches, which it says itself."""
    file = Path(__file__).with_name(f"{module}.tla")
    lines, _ = printed(file, f"SPECIFICATION TablesSpec\n{config}CONSTANT Drawn = {{}}\n")
    return dict(map(parse, lines))


def structure(sizes: Sizes, said: dict[str, Any]) -> Structure:
    """What the constants of the encoding are, with the tables that TLC said."""
    instances, sequences = range(sizes.instances + 1), sizes.sequences
    numbers = {"Acceptor": sizes.acceptors, "Learner": sizes.learners, "Value": sizes.values}
    numbers |= {"Ballot": sizes.ballots + 1, "Instance": sizes.instances + 1}
    numbers |= {"Batch": len(sizes.batches), "Sequence": len(sequences), "Log": len(sizes.logs)}
    numbers |= {"Scope": len(sizes.scopes), "Scopes": len(sizes.scope_sets)}
    numbers |= sizes.quorums.sizes
    picks = {frozenset(map(plain, some)): plain(one) for some, one in said["picked"]}
    batch, log = sizes.batches.index, sizes.logs.index
    fixed: dict[str, Meaning] = {
        **sizes.quorums.meanings,
        "at_most": at_most(sizes.ballots + 1),
        "zero": {(): 0},
        "comes_before": pairs([(1, 0)] if sizes.fifo else []),
        "keeps": pairs((n,) for n in range(sizes.keeps)),
        "up_to": at_most(sizes.instances + 1),
        "start": {(): 0},
        "last": {(): sizes.instances},
        "scope_of": {(i,): 0 if sizes.scope == "log" else max(i - 1, 0) for i in instances},
        "in_scopes": pairs(
            (n, sizes.scopes.index(x)) for n, some in enumerate(sizes.scope_sets) for x in some
        ),
        "has": pairs((n, number(v)) for n, w in enumerate(sizes.batches) for v in w),
        "contains": pairs((n, number(v)) for n, s in enumerate(sequences) for v in s),
        "once": pairs((n,) for n, s in enumerate(sequences) if len(set(s)) == len(s)),
        "in_turn": pairs((n,) for n, s in enumerate(sequences) if _in_turn(s, sizes.fifo)),
        "begins": pairs(
            (n, m)
            for n, s in enumerate(sequences)
            for m, t in enumerate(sequences)
            if s == t[: len(s)]
        ),
        "empty": {(): sequences.index(())},
        "appended": {
            (sequences.index(plain(s)), batch(plain(w))): sequences.index(plain(t))
            for s, w, t in said["appended"]
        },
        "entry": pairs(
            (n, i, batch(w))
            for n, c in enumerate(sizes.logs)
            for i in instances[1:]
            for w in c[i - 1]
        ),
        "picked": {
            (n, i): batch(picks[c[i - 1]]) if i and c[i - 1] else 0
            for n, c in enumerate(sizes.logs)
            for i in instances
        },
        "recorded": {
            (n, i, m): log((*c[: i - 1], c[i - 1] | {w}, *c[i:])) if i else n
            for n, c in enumerate(sizes.logs)
            for i in instances
            for m, w in enumerate(sizes.batches)
        },
        "order_up_to": {
            (log(log_of(c)), n): sequences.index(plain(s)) for c, n, s in said["order"]
        },
    }
    return _defined(Structure(numbers, fixed))


def _in_turn(s: Values, fifo: bool) -> bool:
    """The first value comes before the second, if there is one that does."""
    return not fifo or "v2" not in s or "v1" in s[: s.index("v2")]


def _defined(known: Structure) -> Structure:
    """With the relations that have a definition."""
    for symbol in LOG_VOTING.constants:
        meaning: dict[str, Any] = {
            "is_next": has_none_between,
            "complete": is_complete,
            "has_all": is_all,
        }
        if symbol.name() in meaning:
            places = [z3.FreshConst(symbol.domain(n), "at") for n in range(symbol.arity())]
            is_so = compiled(meaning[symbol.name()](*places), places)
            every = tuples(symbol, known.sizes)
            known = known.but({symbol.name(): frozenset(at for at in every if is_so(known, *at))})
    return known


def state(sizes: Sizes) -> Any:
    """How what TLC prints becomes relations."""

    def read(said: tuple[Any, ...]) -> dict[str, Meaning]:
        broadcast, (promised, votes), (learned, prefix, delivered), (chosen, order) = said
        scopes = [
            (number(a), n, (p[x] if sizes.scope == "log" else p[n]))
            for a, p in promised.items()
            for n, x in enumerate(sizes.scopes)
        ]
        cast = [
            (number(a), i, b, sizes.batches.index(plain(w)))
            for a, each in votes.items()
            for i, some in enumerate(each, 1)
            for b, w in some
        ]
        known = [
            (number(k), i, b, sizes.batches.index(plain(w)))
            for k, each in learned.items()
            for i, (b, w) in enumerate(each, 1)
            if b
        ]
        return {
            "broadcast": pairs((number(v),) for v in broadcast),
            "promised": {(a, n): b for a, n, b in scopes},
            "votes": pairs(cast),
            "learned": pairs(known),
            "prefix": {(number(k),): n for k, n in prefix.items()},
            "delivered": {
                (number(k),): sizes.sequences.index(plain(s)) for k, s in delivered.items()
            },
            "chosen": {(): sizes.logs.index(log_of(chosen))},
            "order": {(): sizes.sequences.index(plain(order))},
        }

    return read


def parameter(sizes: Sizes) -> Any:
    """How a parameter of an action is read."""

    def read(sort: str, said: Any) -> int:
        if isinstance(said, frozenset):
            return sizes.quorums.place(sort, frozenset(map(str, said)))
        if isinstance(said, tuple) and str(said[0]) == "batch":
            return sizes.batches.index(plain(said[1]))
        if isinstance(said, tuple):
            return sizes.scope_sets.index(frozenset(said[1]))
        return number(said)

    return read


def written(sizes: Sizes, at: Structure) -> str:
    """The state in TLA+, as AnyLogVoting.tla wants it."""
    return brackets(parts(sizes, at))


def parts(sizes: Sizes, at: Structure) -> list[str]:
    """The variables of the state, each in TLA+."""
    m: dict[str, Any] = dict(at.meanings)
    instances = range(1, sizes.instances + 1)

    def function(letter: str, size: int, of: Any) -> str:
        return "(" + " @@ ".join(f"{letter}{k + 1} :> {of(k)}" for k in range(size)) + ")"

    def vote(b: int, w: int) -> str:
        return f"<<{b}, {brackets(sizes.batches[w])}>>"

    def promised(a: int) -> str:
        each = [str(m["promised"][a, n]) for n in range(len(sizes.scopes))]
        return f"(0 :> {each[0]})" if sizes.scope == "log" else brackets(each)

    def votes(a: int) -> str:
        return brackets(
            braces(vote(b, w) for c, j, b, w in m["votes"] if (c, j) == (a, i)) for i in instances
        )

    def learned(k: int) -> str:
        return brackets(
            next((vote(b, w) for h, j, b, w in m["learned"] if (h, j) == (k, i)), "<<0, << >>>>")
            for i in instances
        )

    chosen = sizes.logs[m["chosen"][()]]
    return [
        braces(f"v{v + 1}" for (v,) in m["broadcast"]),
        function("a", sizes.acceptors, promised),
        function("a", sizes.acceptors, votes),
        function("l", sizes.learners, learned),
        function("l", sizes.learners, lambda k: m["prefix"][k,]),
        function("l", sizes.learners, lambda k: brackets(sizes.sequences[m["delivered"][k,]])),
        brackets(braces(map(brackets, some)) for some in chosen),
        brackets(sizes.sequences[m["order"][()]]),
    ]


def drawn(fixed: Structure, count: int) -> list[Structure]:
    """So many states: those on a walk that begins again now and then, and some in which a few
    things are otherwise. In each an acceptor can make a promise, so that there is a step."""
    chance, stepper = random.Random(1), Stepper(LOG_VOTING)
    typed = compiled(type_ok(LOG_VOTING.state()))
    start = fixed.but({v.name(): _nothing(v, fixed) for v in LOG_VOTING.variables})
    at, found = start, [start]
    while len(found) < count:
        moves = [s.after for s in stepper.steps(at) if s.after != at]
        again = not moves or chance.randrange(WALK) == 0
        at = start if again else chance.choice(moves)
        near = at
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3, 5))):
            near = otherwise(LOG_VOTING, near, chance)
        promised: Any = near.meanings["promised"]
        if typed(near) and min(promised.values()) < fixed.sizes["Ballot"] - 1:
            found.append(near)
    return found


def _nothing(variable: Any, fixed: Structure) -> Meaning:
    if str(variable.range()) == "Bool":
        return frozenset()
    return dict.fromkeys(tuples(variable, fixed.sizes), 0)
