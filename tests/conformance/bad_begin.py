"""How the runs of traces/bad begin, and the table that they are entered in."""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance.scenario import Scenario, rng

A, B, C = rng("1.1", 1), rng("2.1", 1), rng("1.1", 2)
BAD: dict[str, tuple[str, Callable[[], Scenario]]] = {}


def wrong(rule: str) -> Callable[[Callable[[], Scenario]], Callable[[], Scenario]]:
    """Enter the run below under its name, with the rule that must reject its last event."""

    def enter(make: Callable[[], Scenario]) -> Callable[[], Scenario]:
        BAD[make.__name__] = (rule, make)
        return make

    return enter


def begun(**constants: bool | int) -> Scenario:
    """Two values are broadcast; proposer 1 has its promises for instances 1..4 (or 1)."""
    s = Scenario("bad", **constants)  # type: ignore[arg-type]
    s.broadcast("1.1", A)
    s.broadcast("2.1", B)
    s.prepare((1, 1), 1, 4 if constants.get("prepare_ahead") else 1)
    return s


def ahead(**constants: bool | int) -> Scenario:
    return begun(prepare_ahead=True, **constants)


def decided(**constants: bool | int) -> Scenario:
    """... and value A is chosen in instance 1, and learned by learner 1."""
    s = ahead(**constants)
    s.settle((1, 1), 1, A, learners=("1.1",))
    return s


def trimmed(**constants: bool | int) -> Scenario:
    """Both values are chosen and delivered by both learners; acceptor 1 has trimmed the first."""
    s = ahead(**constants)
    for i, value in ((1, A), (2, B)):
        s.settle((1, 1), i, value)
        s.deliver("1.1", i)
        s.deliver("2.1", i)
    s.trim(1, 1)
    return s
