"""Which models say something about a combination, and how long TLC's word on one is remembered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from conformance import manifest
from conformance.manifest import Model as Entry
from conformance.manifest import Violates
from paxos.compare import verdicts
from paxos.compare.result import Model
from paxos.figures.combos import ALL, Combination

ON = Combination(direct_learning=True, prepare_ahead=True, batching=True)


def entry(folder: Path, name: str, config: str, **changes: object) -> Entry:
    (folder / f"{name}.cfg").write_text(config, encoding="utf-8")
    given = {"size": "tiny", "expect": "ok", "states": 1, "depth": 1, **changes}
    return Entry(name=name, module="MCMultiPaxos.tla", config=f"{name}.cfg", **given)  # type: ignore[arg-type]


def config(direct: bool, ahead: bool, most: int, more: str = "") -> str:
    return (
        f"CONSTANTS\n    DirectLearning = {str(direct).upper()}\n"
        f"    PrepareAhead = {str(ahead).upper()}\n    MaxBatch = {most}\n{more}"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    models = tmp_path / "models"
    models.mkdir()
    (models / "MCMultiPaxos.tla").write_text("module", encoding="utf-8")
    return models


def test_models_belong_to_a_combination_by_their_constants(folder: Path) -> None:
    entries = [
        entry(folder, "on", config(True, True, 2)),
        entry(folder, "on-mutant", config(True, True, 2), expect=Violates("Agreement")),
        entry(folder, "on-least", config(True, True, 2, "Least = 3"), expect=Violates("A")),
        entry(folder, "direct", config(True, False, 1)),
        entry(folder, "no-batch", config(True, True, 1)),
        entry(folder, "other", "CONSTANTS\n    Ballots = 3\n"),
        msgspec.structs.replace(
            entry(folder, "live", config(True, True, 2)), module="MCMultiPaxosLive.tla"
        ),
    ]
    assert [e.name for e in verdicts.models_of(ON, entries, folder)] == ["on", "on-least"]
    found = [e.name for c in ALL for e in verdicts.models_of(c, entries, folder)]
    assert sorted(found) == ["direct", "no-batch", "on", "on-least"]


def test_every_combination_has_models_that_hold_and_its_least_delay() -> None:
    folder = manifest.MANIFEST.parent
    entries = manifest.load()
    for combination in ALL:
        models = verdicts.models_of(combination, entries, folder)
        least = [m for m in models if "Least" in verdicts.constants(m, folder)]
        assert len(least) == 2, combination.name
        assert [m for m in models if m.size != "large" and m not in least], combination.name


def test_a_verdict_stands_until_what_it_depends_on_changes(folder: Path, tmp_path: Path) -> None:
    one = entry(folder, "on", config(True, True, 2))
    path = tmp_path / "cache.json"
    verdicts.Cache(path, folder).put(one, Model("on", True, "ok", 42))
    known = verdicts.Cache(path, folder).get(one)
    assert known is not None and (known.states, known.verdict) == (42, "ok")
    assert known.checked
    changed = Entry(**{f: getattr(one, f) for f in one.__struct_fields__} | {"states": 2})
    assert verdicts.Cache(path, folder).get(changed) is None
    (folder / "MCMultiPaxos.tla").write_text("module changed", encoding="utf-8")
    assert verdicts.Cache(path, folder).get(one) is None


def test_a_broken_cache_is_as_good_as_none(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text("{", encoding="utf-8")
    assert verdicts.Cache(path, folder).get(entry(folder, "on", config(True, True, 2))) is None


def test_names_and_options() -> None:
    assert [c.name for c in ALL][:3] == ["off", "direct", "ahead"]
    assert ALL[-1] == ON and ON.name == "direct-ahead-batch"
    assert replace(ON, batching=False).options == [
        "--direct-learning",
        "--prepare-ahead",
        "--no-batching",
    ]
