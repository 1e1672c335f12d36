"""States of Synod for a comparison with TLC: drawn, as there are too many to take all."""

from __future__ import annotations

import random
from typing import Any

from conformance.proof.evaluate import Meaning, Stepper, Structure, compiled, tuples
from conformance.proof.logic import Encoding
from conformance.proof.synod_invariant import one_batch_per_ballot, type_ok, votes_proposed
from conformance.proof.synod_logic import SYNOD

VALUES = 2
NONE = VALUES
"""The element that stands for None."""

WALK = 14
"""Most steps from the initial state to one that is drawn."""


HEARD_BY_ANOTHER: dict[str, Meaning] = {
    "broadcast": frozenset({(0,), (1,)}),
    "msg1a": frozenset({(1,), (2,), (3,)}),
    "msg1b": frozenset({(1, 3, 1, 0), (0, 2, 2, 1)}),
    "msg2a": frozenset({(1, 0), (2, 1)}),
    "msg2b": frozenset({(1, 1), (0, 2)}),
    "decide": frozenset(),
    "promised": {(0,): 2, (1,): 3},
    "vote_ballot": {(0,): 2, (1,): 1},
    "vote_value": {(0,): 1, (1,): 0},
    "learned": frozenset(),
    "votes": frozenset({(1, 1, 0), (0, 2, 1)}),
}
"""A state in which the leader of ballot 3 would propose another value if it had heard what the one
of ballot 2 heard. None that is drawn is like it."""


def state(said: tuple[Any, ...]) -> dict[str, Meaning]:
    """What TLC prints, as relations."""
    broadcast, msgs, (promised, vote), learned, votes = said
    found: dict[str, set[tuple[int, ...]]] = {
        name: set() for name in ("msg1a", "msg1b", "msg2a", "msg2b", "decide")
    }
    for m in msgs:
        match str(m["type"]):
            case "1a":
                found["msg1a"].add((m["bal"],))
            case "1b":
                b, v = m["vote"]
                found["msg1b"].add((number(m["acc"]), m["bal"], b, number(v)))
            case "2a":
                found["msg2a"].add((m["bal"], number(m["val"])))
            case "2b":
                found["msg2b"].add((number(m["acc"]), m["bal"]))
            case "Decide":
                found["decide"].add((m["bal"],))
    return {
        **{name: frozenset(some) for name, some in found.items()},
        "broadcast": frozenset((number(v),) for v in broadcast),
        "promised": {(number(a),): b for a, b in promised.items()},
        "vote_ballot": {(number(a),): pair[0] for a, pair in vote.items()},
        "vote_value": {(number(a),): number(pair[1]) for a, pair in vote.items()},
        "learned": frozenset((number(k), b, number(v)) for k, (b, v) in learned.items() if b),
        "votes": frozenset((number(a), b, number(v)) for a, w in votes.items() for b, v in w),
    }


def number(name: Any) -> int:
    if str(name) == "None":
        return NONE
    return name if isinstance(name, int) else int(str(name)[1:]) - 1


def written(structure: Structure) -> str:
    """The state in TLA+, as AnySynod.tla wants it."""
    m: dict[str, Any] = dict(structure.meanings)

    def value(v: int) -> str:
        return "None" if v == NONE else f"v{v + 1}"

    def function(name: str, size: int, of: Any) -> str:
        return "(" + " @@ ".join(f"{name}{k + 1} :> {of(k)}" for k in range(size)) + ")"

    def learned(k: int) -> str:
        return next((f"<<{b}, {value(v)}>>" for l_, b, v in m["learned"] if l_ == k), "<<0, None>>")

    def cast(a: int) -> str:
        return "{" + ", ".join(f"<<{b}, {value(v)}>>" for c, b, v in m["votes"] if c == a) + "}"

    messages = [f'[type |-> "1a", bal |-> {b}]' for (b,) in m["msg1a"]]
    messages += [
        f'[type |-> "1b", acc |-> a{a + 1}, bal |-> {b}, vote |-> <<{c}, {value(v)}>>]'
        for a, b, c, v in m["msg1b"]
    ]
    messages += [f'[type |-> "2a", bal |-> {b}, val |-> {value(v)}]' for b, v in m["msg2a"]]
    messages += [f'[type |-> "2b", acc |-> a{a + 1}, bal |-> {b}]' for a, b in m["msg2b"]]
    messages += [f'[type |-> "Decide", bal |-> {b}]' for (b,) in m["decide"]]
    acceptors, learners = structure.sizes["Acceptor"], structure.sizes["Learner"]
    parts = [
        "{" + ", ".join(value(v) for (v,) in m["broadcast"]) + "}",
        "{" + ", ".join(messages) + "}",
        function("a", acceptors, lambda a: m["promised"][a,]),
        function(
            "a", acceptors, lambda a: f"<<{m['vote_ballot'][a,]}, {value(m['vote_value'][a,])}>>"
        ),
        function("l", learners, learned),
        function("a", acceptors, cast),
    ]
    return f"<<{', '.join(parts)}>>"


def drawn(fixed: Structure, count: int) -> list[Structure]:
    """So many states: those at the end of walks, and some in which a few things are otherwise."""
    chance, stepper = random.Random(1), Stepper(SYNOD)
    empty = {v.name(): frozenset[Any]() for v in SYNOD.variables}
    start = fixed.but({**empty, **_functions(fixed)})
    before = SYNOD.state()
    readable = [compiled(f(before)) for f in (type_ok, one_batch_per_ballot, votes_proposed)]
    found: list[Structure] = []
    while len(found) < count:
        at = start
        for _ in range(chance.randrange(WALK)):
            moves = [s.after for s in stepper.steps(at) if s.after != at]
            at = chance.choice(moves) if moves else at
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3, 5))):
            at = otherwise(SYNOD, at, chance)
        decided: Any = at.meanings["decide"]
        proposals: Any = at.meanings["msg2a"]
        if {b for (b,) in decided} <= {b for b, _ in proposals} and all(r(at) for r in readable):
            found.append(at)
    return found


def _functions(fixed: Structure) -> dict[str, Meaning]:
    each = [(a,) for a in range(fixed.sizes["Acceptor"])]
    nothing: dict[str, Meaning] = {"promised": dict.fromkeys(each, 0)}
    return {
        **nothing,
        "vote_ballot": dict.fromkeys(each, 0),
        "vote_value": dict.fromkeys(each, NONE),
    }


def otherwise(encoding: Encoding, at: Structure, chance: random.Random) -> Structure:
    """The state with one thing otherwise."""
    variable = chance.choice(encoding.variables)
    where = chance.choice(list(tuples(variable, at.sizes)))
    meaning = at.meanings[variable.name()]
    if isinstance(meaning, dict):
        value = chance.randrange(at.sizes[variable.range().name()])
        return at.but({variable.name(): {**meaning, where: value}})
    return at.but({variable.name(): meaning ^ {where}})
