"""Mutants tried on models: killed by a property, or they survive; a campaign that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cli.main import main
from conformance.modelcheck.manifest import load
from conformance.paths import MANIFEST
from conformance.specmutants.campaign import Campaign
from conformance.specmutants.changes import KINDS
from conformance.specmutants.mutants import chosen, every
from conformance.specmutants.results import Results, Run
from conformance.specmutants.seers import Watch, watches


def seers(*names: str) -> list[Watch]:
    """The models of these names, or all."""
    every_one = watches(load(), MANIFEST.parent)
    return [watch for watch in every_one if watch.model.name in names or not names]


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    with Campaign(seers(), Results(tmp_path / "mutants.jsonl"), 120) as campaign:
        yield campaign


KILLED = {
    "Consensus.Choose.drop-2": ("consensus", "Integrity"),
    "Voting.MayVote.near-1": ("voting-tiny", "VotesBelowPromise"),
    "Voting.VotedTogether.one-1": ("voting-tiny", "LearnedFromOneBallot"),
    "Reads.IsEnough.quorum-1": ("reads", "Linearizable"),
    "LogVoting.InstallSnapshot.range-2": ("log-checkpoint-full", "Refinement"),
    "Voting.Safe.branch-2": ("voting-tiny", "Agreement"),
    "Voting.VotePromises.stays-1": ("voting-tiny", "VotesBelowPromise"),
    "Consensus.Broadcast.reset-1": ("consensus", "Final"),
}
"""A mutant of each kind, and which property of which model sees it."""


@pytest.mark.tlc
@pytest.mark.parametrize("name", KILLED)
def test_a_mutant_of_each_kind_is_killed(name: str, campaign: Campaign) -> None:
    model, said = KILLED[name]
    [mutant] = chosen(every(), [name])
    [watch] = seers(model)
    assert campaign.alone(mutant, watch) == ("killed", said)


TOGETHER = {
    "Synod.Broadcast.reset-4": "killed",
    "Synod.Phase1b.drop-2": "killed",
    "Synod.Broadcast.drop-1": "held",
    "Synod.Learn.drop-2": "error",
}
"""What becomes of a few in `synod-votes-full`: by an invariant, and by the refinement."""


@pytest.mark.tlc
def test_together_becomes_of_each_what_becomes_of_it_alone(campaign: Campaign) -> None:
    mutants = chosen(every(), [*TOGETHER])
    campaign.watches = seers("synod-votes-full")
    runs = [fate.runs[-1] for fate in campaign.fates(mutants)]
    assert {run.mutant: run.outcome for run in runs} == TOGETHER
    assert {run.said for run in runs if run.outcome == "killed"} == {
        "LearnedFromOneBallot",
        "Refinement",
    }
    for mutant, run in zip(mutants, runs, strict=True):
        outcome, said = campaign.alone(mutant, campaign.watches[0])
        assert outcome == run.outcome
        assert outcome == "error" or said == run.said


@pytest.mark.tlc
def test_together_begins_in_the_states_that_there_are_without_mutants(campaign: Campaign) -> None:
    """`Init` of Election uses `Below`: with this mutant of it there would be no state at all."""
    campaign.watches = seers("election-steps-alive")
    [fate] = campaign.fates(chosen(every(), ["Election.Below.drop-1"]))
    assert fate.verdict == "killed by HeardIsObeyed of election-steps-alive"


def test_there_is_one_of_each_kind() -> None:
    kinds = {mutant.change.kind for mutant in chosen(every(), [*KILLED])}
    assert kinds == {*KINDS}


def test_only_models_that_use_what_is_changed_are_tried_and_the_cheapest_first() -> None:
    [mutant] = chosen(every(), ["Voting.Vote.drop-1"])
    names = [watch.model.name for watch in seers() if watch.sees(mutant)]
    assert names[0] == "voting-flexible-one" and set(names) >= {"voting-full", "voting-5-acceptors"}
    assert not [name for name in names if not name.startswith("voting")]
    [learn] = chosen(every(), ["Checkpoints.TakeSnapshot.drop-1"])
    names = [watch.model.name for watch in seers() if watch.sees(learn)]
    assert "paxos-checkpoint-full" in names and "paxos-tiny" not in names


def test_what_was_run_is_not_run_again_until_its_text_is_another(tmp_path: Path) -> None:
    [mutant] = chosen(every(), ["Consensus.Choose.drop-1"])
    [watch] = seers("consensus")
    digest = watch.digest(mutant.module, mutant.text())
    file = tmp_path / "mutants.jsonl"
    Results(file).note(Run(mutant.name, "consensus", digest, "killed", "Something"))
    with file.open("ab") as cut:
        cut.write(b'{"mutant": "Consensus.Ch')
    with Campaign([watch], Results(file)) as campaign:
        campaign._once = None  # type: ignore[method-assign,assignment]  # nothing may be run
        [fate] = campaign.fates([mutant])
        assert fate.verdict == "killed by Something of consensus"
    assert watch.digest(mutant.module, mutant.text() + " ") != digest


def test_a_mutant_that_no_model_uses_survives(campaign: Campaign) -> None:
    [mutant] = chosen(every(), ["MultiPaxos.Decide.drop-2"])
    campaign.watches = [w for w in campaign.watches if w.model.module == "MCVoting.tla"]
    [fate] = campaign.fates([mutant])
    assert fate.verdict == "survived: no model uses it"


@pytest.mark.tlc
def test_a_survivor_must_be_listed_and_what_is_listed_must_survive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "mutants.yaml"
    ask = ["spec-mutants", "--states", "20", "--results", str(tmp_path / "r.jsonl")]
    ask += ["--explained", str(listed)]
    ask += ["--mutant", "Consensus.Broadcast.drop-1", "--mutant", "Consensus.Choose.drop-1"]
    guard, other = "v \\notin broadcast -> TRUE", "chosen = {} -> TRUE"
    listed.write_text("equivalent: []")
    assert main(ask) == 1
    assert "NOT EXPLAINED" in capsys.readouterr().out
    entry = f"equivalent: [{{because: no change, mutants: {{Consensus.Broadcast.drop-1: '{guard}'"
    listed.write_text(entry + "}}]")
    assert main(ask) == 0
    assert "2 mutants: 1 killed, 0 not explained" in capsys.readouterr().out
    listed.write_text(entry + f", Consensus.Choose.drop-1: '{other}'}}}}]")
    assert main(ask) == 1
    assert "listed as equivalent, but is killed by" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("listed", "more", "said"),
    [
        ("equivalent: []", ["--mutant", "Nobody"], "there is no mutant Nobody;"),
        ("equivalent: [{because: x, mutants: {A.B.drop-1: y}}]", [], "no mutant A.B.drop-1: y;"),
        ("equivalent: 3", [], "Expected `array`"),
        ("equivalent: [", [], "expected the node content"),
    ],
)
def test_bad_input_is_one_line(
    listed: str, more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mutants.yaml"
    path.write_text(listed)
    assert main(["spec-mutants", "--list", "--explained", str(path), *more]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and said in error and error.count("\n") == 1


def test_the_list_says_where_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec-mutants", "--list", "--mutant", "Consensus.Choose"]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert " ".join(first.split()) == (
        "Consensus.Choose.drop-1 Consensus.tla:40: chosen = {} -> TRUE"
    )
    assert main(["spec-mutants", "--list", "--kind", "drop", "--mutant", "Consensus.Choose"]) == 0
    assert capsys.readouterr().out.splitlines() == [first, others[0]]
