"""The models of induction and liveness are all there: one without each conjunct, and what names a
property checks no other, so that TLC can mean no other."""

from __future__ import annotations

import re

import pytest

from conformance.modelcheck.manifest import Model, Violates, load
from conformance.paths import MANIFEST, SPEC
from conformance.tla.config import checked_names

NEVER_LEFT_OUT = {"TypeOK"}
"""It says which states there are."""
PREFIXES = {
    "VotingInductive": "inductive-voting",
    "LogVotingInductive": "inductive-log",
    "SynodInductive": "inductive-synod",
}


def conjuncts(module: str) -> list[str]:
    text = (SPEC / f"{module}.tla").read_text(encoding="utf-8")
    body = re.search(r"^Inv == (.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert body
    return re.findall(r"/\\ (\w+)", body[1])


def of_module(name: str) -> list[Model]:
    return [model for model in load() if model.module == f"{name}.tla"]


@pytest.mark.parametrize("module", PREFIXES)
def test_each_conjunct_is_left_out_once_and_one_step_goes_wrong(module: str) -> None:
    models = {model.name: model for model in of_module(f"MC{module}")}
    found = conjuncts(module)
    assert len(found) >= 5
    for conjunct in found:
        model = models.get(f"{PREFIXES[module]}-without-{conjunct}")
        if conjunct in NEVER_LEFT_OUT:
            assert model is None
            continue
        assert model, conjunct
        assert isinstance(model.expect, Violates)
        assert model.depth == 2, model.name
        cfg = (MANIFEST.parent / model.config).read_text(encoding="utf-8")
        assert f"{conjunct} <- LeftOut" in cfg
        assert "SPECIFICATION InductionWithout" in cfg
        checked = checked_names(cfg)["invariant"]
        assert {*found, "Agreement", "Integrity"} - {conjunct} <= {*checked}


@pytest.mark.parametrize("module", PREFIXES)
def test_no_step_leaves_the_invariant_and_it_is_not_vacuous(module: str) -> None:
    held = [model for model in of_module(f"MC{module}") if model.expect == "ok"]
    for model in held:
        cfg = (MANIFEST.parent / model.config).read_text(encoding="utf-8")
        random = "CONSTRAINT FirstStep" in cfg
        assert model.depth == (2 if random else 1), model.name
        assert (model.seeds or 0) >= 10 * random, model.name
        assert model.states and model.states > 1000, model.name
        checked = checked_names(cfg)["invariant"]
        assert {*conjuncts(module), "Agreement", "Integrity"} <= {*checked}, model.name
    assert {model.depth for model in held} == {1, 2}


def test_each_rung_has_its_liveness_and_what_it_needs() -> None:
    models = {m.name: m for m in load() if m.name.startswith(("live-", "election"))}
    for rung in ("voting", "synod", "log", "paxos"):
        assert models[f"live-{rung}-crash"].expect == "ok"
        for fault in ("two-crashes", "no-resend"):
            assert isinstance(models[f"live-{rung}-{fault}"].expect, Violates)
    for rung in ("log", "paxos"):
        assert isinstance(models[f"live-{rung}-no-noop"].expect, Violates)
        for scenario in ("dead-leader", "late", "late-crash"):
            assert models[f"live-{rung}-{scenario}"].expect == "ok"
    for scenario in ("", "-crash", "-ballots", "-goes-on", "-full"):
        assert models[f"live-paxos-checkpoint{scenario}"].expect == "ok"
    for stranding in (
        "no-snapshot",
        "one-giver",
        "two-lost",
        "delivered",
        "one-keeper",
        "whole-answer",
    ):
        assert isinstance(models[f"live-paxos-checkpoint-{stranding}"].expect, Violates)
    for unfair in ("unpromised", "unvoted", "unheard"):
        assert isinstance(models[f"live-voting-{unfair}"].expect, Violates)
    for scenario in ("", "-equal-grows", "-one-patient"):
        assert models[f"election{scenario}"].expect == "ok"
    for impatience in ("equal", "no-growth", "no-heartbeat"):
        assert isinstance(models[f"election-{impatience}"].expect, Violates)


def test_what_is_checked_with_fairness_is_liveness() -> None:
    for model in load():
        cfg = (MANIFEST.parent / model.config).read_text(encoding="utf-8")
        if not model.name.startswith(("live-", "election")) or steps_only(cfg):
            continue
        checked = checked_names(cfg)["property"]
        assert model.states and model.states > 10, model.name
        if isinstance(model.expect, Violates):
            assert checked == (model.expect.violates,), model.name
        else:
            assert {"Progress", "Delivered", "LeaderStays"} & {*checked}, model.name


def test_each_rule_of_an_election_has_a_model_that_breaks_it() -> None:
    held: set[str] = set()
    broken: set[str] = set()
    for model in load():
        cfg = (MANIFEST.parent / model.config).read_text(encoding="utf-8")
        if model.name.startswith("election-") and steps_only(cfg):
            checked = checked_names(cfg)
            if isinstance(model.expect, Violates):
                broken.add(model.expect.violates)
                assert model.expect.violates in checked[str(model.expect.kind)], model.name
            else:
                held |= {*checked["invariant"], *checked["property"]}
    assert held - broken == {"TypeOK"} and not broken - held


def steps_only(cfg: str) -> bool:
    """Of an election: what each step of it does, without fairness."""
    return "SPECIFICATION Steps" in cfg.splitlines()
