"""The Python model gives the oracle's verdict on legal runs and on mutants of them; the oracle says
what its modules say; and it is seen when either of the two is broken."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from conformance.replay import checker
from conformance.replay.checker import SPECS
from conformance.rules import recovery, synod
from conformance.rules.promises import InstancePromises
from tests.oracle.compare import difference
from tests.oracle.judge import Run, verdict
from tests.oracle.multipaxos import MultiPaxos
from tests.oracle.mutants import mutant, with_a_snapshot_misplaced
from tests.oracle.runs import legal, near_miss
from tests.paths import ROOT

SEEDS = st.integers(0, 2**32)
SPEC = st.sampled_from(["MultiPaxos", "MultiPaxos", "MultiPaxos", "Synod"])


@given(SEEDS, SPEC)
@settings(max_examples=30)
def test_legal_runs_conform(seed: int, spec: str) -> None:
    run = legal(seed, spec=spec)
    assert verdict(run) is None
    assert difference(run) is None


@given(SEEDS, SPEC, st.integers(1, 4))
@settings(max_examples=80)
def test_on_mutants(seed: int, spec: str, which: int) -> None:
    assert difference(mutant(legal(seed, spec=spec), seed + which)) is None


@given(SEEDS, SPEC)
@settings(max_examples=40)
def test_on_near_misses(seed: int, spec: str) -> None:
    assert difference(near_miss(seed, 120, spec)) is None


def test_runs_have_events_of_every_kind() -> None:
    seen: Counter[str] = Counter()
    runs = [legal(seed) for seed in range(150)]
    for run in (*runs, *(legal(3 * k + 1, 260) for k in range(60))):  # with checkpoints
        lines = run.lines
        seen.update({line["event"] for line in lines})
        seen.update(f"{key} kept" for line in lines if line["event"] == "Recover" for key in line)
        seen.update({f"life {line['process'].rpartition('.')[2]}" for line in lines})
    assert set(seen) >= set(SPECS["MultiPaxos"].actions)
    assert set(seen) >= {"promised kept", "promises kept", "votes kept", "trimmed kept"}
    assert set(seen) >= {"round kept", "life 3"}


def test_learners_of_one_value_are_told_or_count_votes_and_may_not_say_which() -> None:
    seen = set()
    for seed in range(60):
        run = legal(seed, spec="Synod")
        direct = run.constants["direct_learning"]
        seen |= {(direct, "quorum" in line) for line in run.lines if line["event"] == "Learn"}
    assert seen == {(False, False), (True, False), (True, True)}


@cache
def mutants(spec: str = "MultiPaxos") -> list[Run]:
    return [mutant(legal(seed // 4, 120, spec), seed) for seed in range(900)]


@cache
def mutants_with_checkpoints() -> list[Run]:
    """Of runs that are long enough for learners to come back."""
    runs = [legal(3 * k + 1, 260) for k in range(100)]
    moved = [with_a_snapshot_misplaced(runs[seed % 100], seed) for seed in range(400)]
    return [*moved, *(mutant(runs[seed % 100], seed) for seed in range(300))]


def test_mutants_are_refused_by_many_rules() -> None:
    found = Counter(why[1] for run in mutants() if (why := verdict(run)))
    assert len(found) > 24


LACKS = ["Phase2b.promise", "Phase1b.votes", "Phase2a.promises", "Life.order"]
OF_CHECKPOINTS = ["TakeSnapshot.place", "Checkpoint.place", "Restart.place", "SendSnapshot.place"]


@pytest.mark.parametrize("rule", LACKS)
def test_a_rule_that_the_model_lacks_is_seen(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = mutants()
    weak = SPECS["MultiPaxos"].without(frozenset({rule}))
    monkeypatch.setitem(checker.SPECS, "MultiPaxos", weak)
    assert any(difference(run) for run in runs)


@pytest.mark.parametrize("rule", OF_CHECKPOINTS)
def test_a_rule_of_checkpoints_that_the_model_lacks_is_seen(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = mutants_with_checkpoints()
    weak = SPECS["MultiPaxos"].without(frozenset({rule}))
    monkeypatch.setitem(checker.SPECS, "MultiPaxos", weak)
    assert any(difference(run) for run in runs)


def test_runs_with_checkpoints_are_judged_alike() -> None:
    assert not any(difference(run) for run in mutants_with_checkpoints())


@pytest.mark.parametrize("name", ["Proposable", "MayLearn", "MayForget"])
def test_a_clause_that_the_oracle_lacks_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = mutants()
    monkeypatch.setattr(MultiPaxos, name, lambda *_: True)
    assert any(difference(run) for run in runs)


def test_promises_of_another_scope_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [run for run in mutants() if run.constants["promise_scope"] == "instance"]
    monkeypatch.setattr(MultiPaxos, "ScopeOf", lambda *_: 0)
    assert any(difference(run) for run in runs)


def test_values_that_come_before_their_turn_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [run for run in mutants() if run.constants["fifo"]]
    monkeypatch.setattr(MultiPaxos, "InTurn", lambda *_: True)
    assert any(difference(run) for run in runs)


@pytest.mark.parametrize("rule", ["Phase2a.promises", "Phase2b.promise"])
def test_a_rule_that_the_model_of_one_value_lacks_is_seen(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = mutants("Synod")
    weak = SPECS["Synod"].without(frozenset({rule}))
    monkeypatch.setitem(checker.SPECS, "Synod", weak)
    assert any(difference(run) for run in runs)


@cache
def near_misses(spec: str) -> list[Run]:
    return [near_miss(seed, 120, spec) for seed in range(600)]


@pytest.mark.parametrize(
    ("model", "name", "instead", "spec"),
    [
        (InstancePromises, "highest", lambda p, i, _: next(p.runs(i, i))[2], "MultiPaxos"),
        (InstancePromises, "lowest", InstancePromises.highest, "MultiPaxos"),
        (recovery, "_unasked", lambda *_: None, "MultiPaxos"),
        (synod, "_not_said", lambda _, e: e.quorum is UNSET, "Synod"),
    ],
    ids=["highest", "lowest", "_unasked", "_not_said"],
)
def test_a_part_of_the_model_that_is_broken_is_seen(
    model: Any, name: str, instead: Any, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of promises in a scope of one instance, and of votes that are counted and not said."""
    runs = near_misses(spec)
    monkeypatch.setattr(model, name, instead)
    assert any(difference(run) for run in runs)


@pytest.mark.parametrize("name", ["multipaxos", "synod"])
def test_its_clauses_are_those_of_the_module(name: str) -> None:
    modules = {"multipaxos": ("MultiPaxos", "Checkpoints"), "synod": ("Synod",)}[name]
    text = " ".join(
        " ".join((ROOT / "spec" / f"{module}.tla").read_text().split()) for module in modules
    )
    source = (ROOT / "tests" / "oracle" / f"{name}.py").read_text()
    clauses = re.findall(r"yield \(?\s*r?(['\"])(.+?)\1,", source)
    assert len(clauses) > 15
    for _, clause in clauses:
        assert clause in text, clause
