"""Which property of which model sees each mutant: what is kept of that is whole, and true."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from conformance.modelcheck.manifest import load
from conformance.paths import MANIFEST
from conformance.specmutants import explained, killed
from conformance.specmutants.campaign import Campaign
from conformance.specmutants.mutants import chosen, every
from conformance.specmutants.results import Fate, Results, Run
from conformance.specmutants.seers import Watch, watches

MOST_OPEN = 0
"""Of so many mutants it is not known yet which property sees them, or why none can."""

SAMPLE = 12
"""So many of each module are killed again."""


def seers() -> dict[str, Watch]:
    return {watch.model.name: watch for watch in watches(load(), MANIFEST.parent)}


def test_each_mutant_is_killed_or_equivalent_or_open_and_no_more_become_open() -> None:
    listed = explained.load()
    kills, reasons = killed.load(), listed.reasons()
    left = [m.name for m in every() if m.key not in kills and m.key not in reasons]
    assert sorted(left) == sorted(listed.open)
    assert len(left) <= MOST_OPEN
    assert not kills.keys() & reasons.keys()


def test_what_is_kept_is_sorted_and_of_mutants_and_models_that_there_are() -> None:
    lines = killed.KILLED.read_bytes().splitlines()
    assert lines == sorted(lines)
    mutants = {mutant.key: mutant for mutant in every()}
    models = seers()
    for key, kill in killed.load().items():
        assert key in mutants, f"{key}: there is no such mutant; run `spec-mutants --keep`"
        watch = models[kill.model]
        assert watch.sees(mutants[key]), f"{key}: {kill.model} does not use it"
        assert kill.said in watch.cfg.split(), f"{key}: {kill.model} does not check {kill.said}"


@pytest.mark.tlc
@pytest.mark.parametrize("module", sorted({k.mutant.split(".")[0] for k in killed.load().values()}))
def test_some_are_killed_again(module: str, tmp_path: Path) -> None:
    """Those of the cheapest model that kills any: a file cannot say what is not so."""
    kills = [kill for kill in killed.load().values() if kill.mutant.startswith(f"{module}.")]
    models = seers()
    watch = min((models[k.model] for k in kills), key=lambda w: (w.model.states, w.model.name))
    kills = [kill for kill in kills if kill.model == watch.model.name]
    drawn = random.Random(2026).sample(kills, min(SAMPLE, len(kills)))
    with Campaign([watch], Results(tmp_path / "mutants.jsonl")) as campaign:
        fates = campaign.fates(chosen(every(), [kill.mutant for kill in drawn]))
    found = {fate.mutant: fate.killer and fate.killer.said for fate in fates}
    assert found == {kill.mutant: kill.said for kill in drawn}


def test_keeping_goes_by_what_was_found_and_drops_what_is_gone(tmp_path: Path) -> None:
    first, second, third = every()[:3]
    old = [
        killed.Kill(first.name, first.words, "consensus", "Agreement"),
        killed.Kill(second.name, second.words, "consensus", "Agreement"),
        killed.Kill(third.name, "another text", "consensus", "Agreement"),
    ]
    dead = Run(first.name, "other", "d", "killed", "Final")
    held = Run(second.name, "other", "d", "held")
    fates = [Fate(first.name, (dead,)), Fate(second.name, (held,))]
    path = tmp_path / "killed.jsonl"
    killed.save(killed.after(old, every(), fates), path)
    assert [*killed.load(path).values()] == [killed.Kill(first.name, first.words, "other", "Final")]


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "killed.jsonl"
    with pytest.raises(explained.ExplainedError, match="No such file"):
        killed.load(path)
    path.write_text('{"mutant": 3}\n')
    with pytest.raises(explained.ExplainedError, match=r"killed\.jsonl:1: "):
        killed.load(path)
