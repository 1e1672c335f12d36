"""What is proved, what is needed for it, and what happens if something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import z3

from conformance.cli.main import main
from conformance.proof import encodings, finite
from conformance.proof.encodings import ENCODINGS
from conformance.proof.evaluate import Stepper, compiled
from conformance.proof.finite import Found
from conformance.proof.logic import Action, Encoding, State, Step
from conformance.proof.obligations import FACT, obligations, weaker
from conformance.proof.solver import FALSE, PROVED, UNKNOWN, proofs, prove
from conformance.proof.table import table


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_invariant_is_inductive_and_gives_the_properties(name: str) -> None:
    encoding = ENCODINGS[name]
    done = list(proofs(encoding))
    assert [o.obligation.name for o in done if o.verdict != PROVED] == []
    conjuncts = len(encoding.invariant)
    shown = conjuncts * (1 + len(encoding.actions)) + len(encoding.lemmas) + len(encoding.goals)
    shown += sum(lemma.first is not None for lemma in encoding.lemmas)
    assert len([o for o in done if o.obligation.kind != FACT]) == shown


CONJUNCTS = [
    (name, conjunct)
    for name, encoding in ENCODINGS.items()
    for conjunct in encoding.invariant
    if conjunct not in encoding.needless
]


@pytest.mark.parametrize(("name", "conjunct"), CONJUNCTS)
def test_a_conjunct_is_needed(name: str, conjunct: str) -> None:
    """Without it there is a state in which nothing is wrong, and a step that makes it wrong: seen
    without the solver too."""
    encoding = ENCODINGS[name]
    found = finite.first(encoding, weaker(encoding, conjunct))
    assert found is not None
    state = encoding.state()
    goals = {name: goal.claim for name, goal in encoding.goals.items()}
    rest = {**encoding.without(conjunct).invariant, **goals}
    true = [*encoding.axioms.values(), *(claim(state) for claim in rest.values())]
    assert all(compiled(formula)(found.before) for formula in true)
    broken = compiled(rest[found.obligation.claim](state))
    assert not broken(found.after)
    label = found.obligation.action, found.parameters
    steps = Stepper(encoding).steps(found.before)
    assert [s.after for s in steps if (s.action, s.parameters) == label] == [found.after]


def without(action: str, *, guard: str = "", effect: str = "") -> Callable[[Encoding], Encoding]:
    """An action loses a guard, or an effect."""

    def broken(old: Action) -> Action:
        def step(state: State, *parameters: Any) -> Step:
            real = old.step(state, *parameters)
            guards = {name: f for name, f in real.guards.items() if name != guard}
            changed = {name: f for name, f in real.changed.items() if name != effect}
            assert (len(guards), len(changed)) != (len(real.guards), len(real.changed))
            return Step(guards, changed)

        return replace(old, step=step)

    def change(encoding: Encoding) -> Encoding:
        actions = [broken(a) if a.name == action else a for a in encoding.actions]
        return replace(encoding, actions=tuple(actions))

    return change


BREAKS = [
    ("Voting", without("Promise", guard="higher"), "Promise keeps VotesSafe"),
    ("Voting", without("Vote", guard="Promised"), "Vote keeps VotesSafe"),
    ("Voting", without("Vote", guard="OneValueIn"), "Vote keeps OneBatchPerBallot"),
    ("Voting", without("Vote", guard="Safe"), "Vote keeps VotesBroadcast"),
    ("Voting", without("Vote", guard="MayVote"), "Vote keeps VotesSafe"),
    ("Voting", without("Learn", guard="VotedTogether"), "Learn keeps LearnedFromOneBallot"),
    ("Synod", without("Phase1b", guard="promise"), "Phase1b keeps VotesBelowPromise"),
    ("Synod", without("Phase2a", guard="once"), "Phase2a keeps OneBatchPerBallot"),
    ("Synod", without("Phase2b", guard="promise"), "Phase2b keeps LastVote"),
    ("Synod", without("Phase2b", effect="promised"), "Phase2b keeps VotesBelowPromise"),
    ("Synod", without("Decide", guard="voted"), "Decide keeps DecisionsChosen"),
    ("Synod", without("Learn", guard="decided"), "Learn keeps LearnedDecided"),
    ("LogVoting", without("Vote", guard="OneBatchIn"), "Vote keeps OneBatchPerBallot"),
    ("LogVoting", without("Vote", effect="order"), "Vote keeps OrderOfChosen"),
    ("LogVoting", without("Deliver", guard="IsNext"), "Deliver keeps DeliveredIsOrder"),
    ("LogVoting", without("Restart", effect="delivered"), "Restart keeps DeliveredIsOrder"),
    (
        "LogVoting",
        without("InstallSnapshot", guard="chosen"),
        "InstallSnapshot keeps DeliveredIsOrder",
    ),
]


@pytest.mark.parametrize(("name", "change", "false"), BREAKS)
def test_a_broken_action_is_not_proved(
    name: str, change: Callable[[Encoding], Encoding], false: str
) -> None:
    encoding = change(ENCODINGS[name])
    (obligation,) = (o for o in obligations(encoding) if o.name == false)
    found = finite.first(encoding, [obligation])
    assert found is not None
    assert table(encoding, found).startswith("step")


def changed(monkeypatch: pytest.MonkeyPatch, encoding: Encoding) -> None:
    monkeypatch.setattr(encodings, "ENCODINGS", {encoding.name: encoding})


def voting() -> Encoding:
    return ENCODINGS["Voting"]


def test_the_command_says_what_is_false(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = without("Learn", guard="VotedTogether")(voting())
    learn = [action for action in broken.actions if action.name == "Learn"]
    changed(monkeypatch, replace(broken, actions=tuple(learn), lemmas=(), goals={}))
    assert main(["prove"]) == 1
    said = capsys.readouterr().out
    assert "Learn keeps LearnedFromOneBallot" in said and "false" in said
    assert "step " in said and "Learn(l1, " in said


def test_a_dropped_conjunct_is_not_proved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    integrity = {"Integrity": voting().goals["Integrity"]}
    few = replace(voting(), actions=(), lemmas=(), goals=integrity)
    changed(monkeypatch, few)
    assert main(["prove"]) == 2  # without actions, no conjunct is needed
    changed(monkeypatch, few.without("VotesBroadcast"))
    assert main(["prove"]) == 1
    assert "Inv implies Integrity" in capsys.readouterr().out


def test_a_conjunct_too_many_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(_: State) -> Any:
        return z3.BoolVal(True)

    few = replace(voting(), lemmas=(), goals={}, invariant={"Nothing": nothing})
    changed(monkeypatch, few)
    assert main(["prove"]) == 2
    assert "without Nothing: no counterexample was found" in capsys.readouterr().out


def test_what_the_solver_gives_up_is_not_proved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two obligations: for each of them, small models are searched for a counterexample."""
    goals = {name: voting().goals[name] for name in ("Integrity", "Agreement")}
    few = replace(voting(), actions=(), lemmas=(), goals=goals)
    changed(monkeypatch, replace(few, invariant={}))
    monkeypatch.setattr(z3.Solver, "check", lambda _: z3.unknown)
    first = next(obligations(voting()))
    assert prove(voting(), first, 1).verdict == UNKNOWN
    assert main(["prove", "--module", "Voting"]) == 2
    said = capsys.readouterr().out
    assert "0 of 2 proved" in said and "the solver gave up" in said


def test_a_module_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--module", "Nothing"]) == 2
    assert "no proof of Nothing; there is one of Voting" in capsys.readouterr().err


def test_without_a_solver(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "conformance.proof.encodings", None)
    assert main(["prove"]) == 2
    assert "pip install 'paxos[proof]'" in capsys.readouterr().err


def test_a_counterexample_as_a_table() -> None:
    found: Found | None = finite.first(voting(), weaker(voting(), "VotesBroadcast"))
    assert found is not None and found.obligation.claim == "Integrity"
    assert prove(voting(), found.obligation).verdict == FALSE
    assert table(voting(), found).splitlines()[0] == "step       Learn(l1, 1, v1, q1)"
