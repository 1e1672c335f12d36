"""Which models a combination has, and how long TLC's word on one is remembered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance import paths
from conformance.modelcheck import manifest, run
from conformance.modelcheck.manifest import Model as Entry
from conformance.modelcheck.run import Row
from conformance.tlc import runner
from harness.compare import verdicts
from harness.compare.comparison import Model
from harness.measure.combos import ALL, Combination

ON = Combination(direct_learning=True, prepare_ahead=True, batching=True)


def entry(folder: Path, name: str, config: str, **changes: object) -> Entry:
    (folder / f"{name}.cfg").write_text(config, encoding="utf-8")
    given = {"size": "tiny", "expect": "ok", "states": 1, "depth": 1, **changes}
    return Entry(name=name, module="MCMultiPaxos.tla", config=f"{name}.cfg", **given)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    models = tmp_path / "models"
    models.mkdir()
    (models / "MCMultiPaxos.tla").write_text("module", encoding="utf-8")
    return models


@pytest.mark.parametrize("large", [False, True], ids=["quick", "all"])
def test_every_combination_has_the_same_kinds_of_models(large: bool) -> None:
    """One short and, but in a quick run, one large, which hold, and two for its least delay; all
    with the constants of the combination."""
    folder = paths.MANIFEST.parent
    every = manifest.load()
    for combination in ALL:
        names = verdicts.models_of(combination, large=large)
        models = manifest.choose(every, "all", names)
        assert [m.module for m in models] == [
            "MCMultiPaxos.tla",
            "MCDelays.tla",
            "MCDelays.tla",
            *["MCMultiPaxos.tla"] * large,
        ]
        assert all(m.expect == "ok" for m in models if m.module == "MCMultiPaxos.tla")
        given = [verdicts.constants(m, folder) for m in models]
        for constants in given:
            assert constants["DirectLearning"] == str(combination.direct_learning).upper()
            assert constants["PrepareAhead"] == str(combination.prepare_ahead).upper()
            assert (int(constants["MaxBatch"]) > 1) == combination.batching
        assert "Least" in given[1] and given[1]["Least"] == given[2]["Least"]
        bounds = [
            (int(c["Proposers"]) * int(c["Rounds"]), int(c["Instances"]))
            for c in (given[0], *given[3:])
        ]
        assert bounds == [(1, 2), *[(2, 2)] * large], (
            "ballots and instances, as the table's legend has them"
        )


def test_a_verdict_stands_until_what_it_depends_on_changes(folder: Path, tmp_path: Path) -> None:
    one = entry(folder, "on", "CONSTANT MaxBatch = 2")
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
    assert verdicts.Cache(path, folder).get(entry(folder, "on", "CONSTANT MaxBatch = 2")) is None


def test_a_model_without_a_verdict_is_not_as_expected(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is it remembered: it is run again."""
    ok = runner.Result(violation=None, distinct=1, generated=1, depth=1, seconds=0.1)
    off = runner.Result(violation=None, distinct=2, generated=2, depth=1, seconds=0.1)
    entries = [entry(folder, name, "CONSTANT MaxBatch = 2") for name in ("ok", "none", "off")]
    rows = [
        Row(one, result, error)
        for one, result, error in zip(entries, (ok, None, off), ("", "killed", ""), strict=True)
    ]
    monkeypatch.setattr(run, "run_models", lambda *_: rows)
    cache = verdicts.Cache(tmp_path / "cache.json", folder)
    said = verdicts.check(entries, folder, cache)
    assert {name: model.as_expected for name, model in said.items()} == {
        "ok": True,
        "none": False,
        "off": False,
    }
    assert said["none"].verdict == "no verdict: killed"
    assert [cache.get(one) is not None for one in entries] == [True, False, True]


def test_names_and_options() -> None:
    assert [c.name for c in ALL][:3] == ["off", "direct", "ahead"]
    assert ALL[-1] == ON and ON.name == "direct-ahead-batch"
    assert replace(ON, batching=False).options == [
        "--direct-learning",
        "--prepare-ahead",
        "--no-batching",
    ]
