"""What becomes of a datagram depends on seed, link and number, and on nothing else."""

from __future__ import annotations

import pytest

from conformance.relay.fate import Fate, draws, fate
from conformance.relay.faults import Faults
from conformance.relay.schedule import Rule

MANY = 4_000


def fates(rule: Rule, seed: int = 1, source: str = "a", to: str = "b") -> list[Fate]:
    return [fate(rule, draws(seed, source, to, n)) for n in range(1, MANY + 1)]


def test_the_same_seed_link_and_number_have_the_same_fate() -> None:
    rule = Rule(loss=0.3, duplicate=0.3, reorder=0.3, delay_ms=(1, 9))
    assert fates(rule) == fates(rule)
    others = [fates(rule, seed=2), fates(rule, source="c"), fates(rule, to="c")]
    assert all(other != fates(rule) for other in others)
    # Kept for ever: a schedule that found something finds it in the next version as well.
    assert [n for n, f in enumerate(fates(Rule(loss=0.05))[:100], 1) if f.lost] == [
        26,
        40,
        60,
        65,
        82,
    ]


def test_one_rate_does_not_change_what_the_others_do() -> None:
    lost = [f.lost for f in fates(Rule(loss=0.2))]
    assert [f.lost for f in fates(Rule(loss=0.2, duplicate=0.5, delay_ms=5))] == lost
    more = [f.lost for f in fates(Rule(loss=0.4))]
    assert all(m for m, was in zip(more, lost, strict=True) if was)


@pytest.mark.parametrize("name", ["loss", "duplicate", "reorder"])
def test_rates_are_kept(name: str) -> None:
    field = {"loss": "lost", "duplicate": "twice", "reorder": "overtaken"}[name]
    for rate in (0.0, 0.1, 0.5, 1.0):
        rule = Rule(**{name: rate})  # type: ignore[arg-type]
        assert sum(getattr(f, field) for f in fates(rule)) == pytest.approx(MANY * rate, abs=150)


def test_delays_are_in_their_range() -> None:
    delays = sorted(f.delay_s for f in fates(Rule(delay_ms=(2, 10))))
    assert 0.002 <= delays[0] < 0.0025 and 0.0095 < delays[-1] <= 0.010
    assert {f.delay_s for f in fates(Rule(delay_ms=3))} == {0.003}


def faults(*always: Rule, tcp: bool = False) -> Faults:
    return Faults(1, tcp, always, {"prepare": b"PREPARE"})


def test_the_latest_rule_that_matches_holds_alone() -> None:
    first, second = Rule(loss=0.5, duplicate=0.5), Rule(source="a*", loss=0.1)
    held = faults(first, second)
    assert held.rule("a1", "b") == second and held.rule("b", "a1") == first
    added = Rule(to="b", message="prepare", loss=1)
    held.add(added)
    assert held.rule("a1", "b", b"..PREPARE..") == added
    assert held.rule("a1", "b", b"..ACCEPT..") == second
    held.heal()
    assert held.rule("a1", "b", b"..PREPARE..") == second


def test_a_partition_lets_nothing_through_between_its_groups() -> None:
    for tcp in (False, True):
        held = faults(tcp=tcp)
        held.partition((("a", "b"), ("c",)))
        assert held.rule("a", "b") == held.rule("a", "elsewhere") == Rule()
        parted = held.rule("a", "c")
        assert parted == held.rule("c", "b")
        assert (parted.loss, parted.stall) == ((0, True) if tcp else (1, False))


def test_what_is_healed_may_be_named() -> None:
    held, added = faults(), Rule(loss=1)
    for what, rule, parted in ((None, Rule(), 0), ("links", Rule(), 1), ("partition", added, 0)):
        held.heal()
        held.add(added)
        held.partition((("a",), ("b",)))
        held.heal(what)
        assert held.rule("x", "y") == rule and held.parted("a", "b") == parted
