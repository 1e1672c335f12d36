"""The `spec` command, and the manifest: every model is well described and the tiny ones are run."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from conformance.cli import spec as spec_command
from conformance.modelcheck import run
from conformance.modelcheck.manifest import ManifestError, Model, Violates, choose, load
from conformance.paths import MANIFEST
from conformance.tla.comments import strip_comments
from conformance.tla.config import checked_names

MODULE = """---- MODULE Count ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x < 5 /\\ x' = x + 1
Small == x < 3
====
"""
OK = (
    "  - {name: ok, module: Count.tla, config: ok.cfg, class: tiny,"
    " expect: ok, states: 6, depth: 6}"
)
FAILS = (
    "  - {name: fails, module: Count.tla, config: small.cfg, class: small, mutant: too far,"
    " expect: {violates: Small, kind: invariant}, states: 4, depth: 4}"
)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    (tmp_path / "Count.tla").write_text(MODULE, encoding="utf-8")
    (tmp_path / "ok.cfg").write_text("INIT Init\nNEXT Next\n", encoding="utf-8")
    (tmp_path / "small.cfg").write_text("INIT Init\nNEXT Next\nINVARIANT Small\n", encoding="utf-8")
    path = tmp_path / "manifest.yaml"
    path.write_text(f"models:\n{OK}\n{FAILS}\n", encoding="utf-8")
    return path


def spec(manifest: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    spec_command.add_arguments(parser)
    work = [] if manifest == MANIFEST else ["--work", str(manifest.parent / "work")]
    return spec_command.main(parser.parse_args(["--manifest", str(manifest), *work, *arguments]))


def alter(manifest: Path, old: str, new: str) -> None:
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.tlc
def test_all_as_the_manifest_says(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert spec(manifest) == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["model", "verdict", "expected", "states", "depth", "seconds"]
    assert rows[1][:5] == ["ok", "ok", "ok", "6", "6"]
    assert rows[2][:7] == ["fails", "violates", "Small", "violates", "Small", "4", "4"]
    assert {line.split()[1] for line in err.splitlines() if "/" in line} == {"ok:", "fails:"}


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("states: 6", "states: 7", "ok: 6 states, not 7"),
        ("depth: 6", "depth: 7", "ok: depth 6, not 7"),
        ("kind: invariant", "kind: property", "fails: Small is of kind invariant, not property"),
        (
            "violates: Small",
            "violates: Large",
            "fails: violates Small, but the manifest expects violates Large",
        ),
        ("config: small.cfg", "config: ok.cfg", "fails: ok, but the manifest expects violates"),
        ("config: ok.cfg", "config: small.cfg", "ok: violates Small, but the manifest expects ok"),
    ],
)
def test_a_difference_is_said_and_fails(
    manifest: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    alter(manifest, old, new)
    assert spec(manifest) == 1
    out, err = capsys.readouterr()
    assert words in err
    if "ok: violates" in words:  # a counterexample nobody expected is shown
        assert re.search(r"4  Next +x: 2 -> 3", out)


@pytest.mark.tlc
def test_a_model_without_a_verdict(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (manifest.parent / "ok.cfg").write_text("INIT Init\nNEXT Nowhere\n", encoding="utf-8")
    assert spec(manifest) == 2
    out, err = capsys.readouterr()
    assert "no verdict" in out
    assert "error: ok: " in err
    assert "Nowhere" in err


# ---- what a model may ask of TLC beyond a search


@pytest.mark.tlc
def test_behaviours_are_drawn_and_each_action_counts(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = MODULE.replace("Next == ", "Never == x = 9 /\\ x' = 1\nUp == ")
    module = module.replace("Small ==", "Next == Up \\/ Never\nFair == Up\nSmall ==")
    (manifest.parent / "Count.tla").write_text(module, encoding="utf-8")
    (manifest.parent / "ok.cfg").write_text("INIT Init\nNEXT Fair\n", encoding="utf-8")
    alter(manifest, "states: 6, depth: 6", "simulate: {num: 3, depth: 4, seed: 1}, @")
    alter(manifest, "@", "states: 13, depth: 4")
    assert spec(manifest, "--model", "ok") == 0
    out = capsys.readouterr().out
    assert "ok took Up 12" in out
    (manifest.parent / "ok.cfg").write_text("INIT Init\nNEXT Next\n", encoding="utf-8")
    assert spec(manifest, "--model", "ok") == 1
    assert "error: ok: Never was never taken" in capsys.readouterr().err


@pytest.mark.tlc
def test_a_model_of_random_states_is_run_with_each_seed(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = MODULE.replace("Naturals", "Naturals, Randomization").replace(
        "Init == x = 0", "Init == x \\in RandomSubset(2, 6..999)\nFar == x < 900"
    )
    (manifest.parent / "Count.tla").write_text(module, encoding="utf-8")
    alter(manifest, "states: 6, depth: 6", "seeds: 3, states: 6, depth: 1")
    assert spec(manifest, "--model", "ok") == 0
    (manifest.parent / "ok.cfg").write_text("INIT Init\nNEXT Next\nINVARIANT Far\n", "utf-8")
    alter(manifest, "seeds: 3", "seeds: 99")
    capsys.readouterr()
    assert spec(manifest, "--model", "ok") == 1
    said = re.search(r"violates Far with seed (\d+), but", capsys.readouterr().err)
    assert said and 1 <= int(said[1]) < 99


def test_only_a_simulation_that_must_fail_has_no_count_of_states(manifest: Path) -> None:
    """TLC goes on drawing for a moment after it has found an error."""
    alter(manifest, "states: 4, depth: 4", "simulate: {num: 9, depth: 9, seed: 1}, depth: 4")
    [model] = choose(load(manifest), "all", ["fails"])
    assert model.states is None
    alter(manifest, "states: 6, depth: 6", "simulate: {num: 9, depth: 9, seed: 1}, depth: 6")
    with pytest.raises(ManifestError, match="model ok has no states"):
        load(manifest)


@pytest.mark.tlc
def test_a_property_may_be_checked_at_the_end_only(
    manifest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = MODULE.replace("====", "Reaches == <>(x = 9)\nSpec == Init /\\ [][Next]_x\n====")
    (manifest.parent / "Count.tla").write_text(module, encoding="utf-8")
    (manifest.parent / "small.cfg").write_text("SPECIFICATION Spec\nPROPERTY Reaches\n", "utf-8")
    alter(manifest, "{violates: Small, kind: invariant}", "{violates: Reaches, kind: property}")
    alter(manifest, "states: 4, depth: 4", "lncheck: final, states: 6, depth: 6")
    [model] = choose(load(manifest), "all", ["fails"])
    assert run.tlc_options(model) == ["-lncheck", "final"]
    assert spec(manifest, "--model", "fails") == 0
    out = capsys.readouterr().out
    assert "violates Reaches" in out
    assert "and then nothing more happens, for ever" in out


@pytest.mark.tlc
def test_those_that_failed_are_run_again(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alter(manifest, "states: 6", "states: 7")
    assert spec(manifest) == 1
    assert spec(manifest, "--rerun-failed") == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[4:]] == ["ok"]
    alter(manifest, "states: 7", "states: 6")
    assert spec(manifest, "--rerun-failed") == 0
    assert spec(manifest, "--rerun-failed") == 0
    assert "no model failed" in capsys.readouterr().out


@pytest.mark.tlc
def test_a_counterexample_that_is_expected_is_shown_on_request(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert spec(manifest) == 0
    assert "what changes" not in capsys.readouterr().out
    for request in (["--show"], ["--model", "fails"]):
        assert spec(manifest, *request) == 0
        out = capsys.readouterr().out
        assert "fails violates Small:\n  step  action  what changes" in out
    assert (manifest.parent / "work" / "counterexamples" / "fails.itf.json").is_file()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("states: 6", "stats: 6", "model ok: Object contains unknown field `stats`"),
        (", depth: 6", "", "model ok has no states or no depth"),
        ("states: 6", "states: 6, states: 7", "`states` is given twice"),
        ("class: tiny", "class: vast", "model ok: Invalid enum value 'vast'"),
        ("name: fails", "name: ok", "model ok is there twice"),
        ("config: ok.cfg", "config: no.cfg", "model ok: there is no file no.cfg"),
        ("models:", "models: [", "while parsing"),
        ("expect: ok", "expect: ok, mutant: none", "model ok is a mutant and is expected to hold"),
    ],
)
def test_a_wrong_manifest_is_one_line(
    manifest: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    alter(manifest, old, new)
    assert spec(manifest) == 2
    err = capsys.readouterr().err
    assert words in err
    assert str(manifest) in err
    assert err.count("\n") == 1


def test_no_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert spec(tmp_path / "none.yaml") == 2
    assert "No such file" in capsys.readouterr().err


def test_an_unknown_model_lists_near_names(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert spec(manifest, "--model", "fail") == 2
    assert capsys.readouterr().err == "error: there is no model fail; there are: fails\n"


def test_choosing(manifest: Path) -> None:
    every = load(manifest)
    assert [model.name for model in choose(every, "tiny", [])] == ["ok"]
    assert [model.name for model in choose(every, "all", [])] == ["ok", "fails"]
    assert [model.name for model in choose(every, "tiny", ["fails"])] == ["fails"]
    alter(manifest, "class: tiny", "class: huge")
    alter(manifest, ", states: 6, depth: 6", "")
    every = load(manifest)
    assert [model.name for model in choose(every, "all", [])] == ["fails"]
    assert [model.name for model in choose(every, "huge", [])] == ["ok"]
    with pytest.raises(ManifestError):
        choose(every, "all", ["nothing like it"])


# ---- the project's own models


def test_manifest_has_every_combination_of_optimisations() -> None:
    folder = MANIFEST.parent
    found = set()
    for model in load():
        words = (folder / model.config).read_text(encoding="utf-8").split()
        constants = dict(zip(words, words[2:], strict=False))
        if model.expect == "ok" and "PrepareAhead" in constants:
            direct, ahead = constants["DirectLearning"], constants["PrepareAhead"]
            found.add((direct, ahead, constants["MaxBatch"] != "1"))
    assert len(found) == 8, sorted(found)


def config(model: Model) -> str:
    return (MANIFEST.parent / model.config).read_text(encoding="utf-8")


def stand_ins(models: Iterable[Model]) -> dict[str, set[str]]:
    """By module: the definitions that stand in for others in the configurations of these."""
    found: dict[str, set[str]] = {}
    for model in models:
        found.setdefault(model.module, set()).update(re.findall(r"<- (\w+)", config(model)))
    return found


def test_every_checked_property_has_a_model_that_fails_by_it() -> None:
    every = load()
    failing = [model for model in every if isinstance(model.expect, Violates)]
    assert all(model.mutant and model.about for model in failing)
    violated = {(m.module, m.expect.violates) for m in failing if isinstance(m.expect, Violates)}
    held = [(m.module, checked_names(config(m))) for m in every if m.expect == "ok"]
    plain = {x for module, names in held if "Inductive" not in module for x in names["invariant"]}
    assert plain <= {name for _, name in violated}
    # Without this conjunct of an inductive invariant another one fails, or what it is for.
    left_out = {name for m in failing for name in re.findall(r"(\w+) <- LeftOut", config(m))}
    assert {x for _, names in held for x in names["invariant"]} - plain <= left_out | {
        name for _, name in violated
    }
    # Properties of one name say something else in each module.
    properties = {(module, x) for module, names in held for x in names["property"]}
    assert len(properties) >= 13
    assert properties <= violated


def test_every_mutant_stands_in_somewhere() -> None:
    """A mutant that no model runs shows nothing."""
    used, headed = stand_ins(load()), 0
    for path in MANIFEST.parent.glob("MC*.tla"):
        _, heading, mutants = path.read_text(encoding="utf-8").partition("(* Mutant")
        headed += bool(heading)
        for name in re.findall(r"^(\w+)(?:\(.*?\))?\s*==", mutants, re.MULTILINE):
            helps = len(re.findall(rf"\b{name}\b", strip_comments(mutants))) > 1
            assert helps or name in used[path.name], f"{path.name}: {name}"
    assert headed >= 10


def test_no_model_file_is_forgotten() -> None:
    used = {file for model in load() for file in (model.module, model.config)}
    there = {path.name for path in MANIFEST.parent.iterdir() if path.suffix in (".tla", ".cfg")}
    # Modules that others extend are not in the manifest themselves.
    text = "".join(path.read_text(encoding="utf-8") for path in MANIFEST.parent.glob("*.tla"))
    forgotten = {
        name for name in there - used if name.endswith(".cfg") or name[:-4] not in text.split()
    }
    assert forgotten == set()


@pytest.mark.tlc
@pytest.mark.timeout(500)
def test_the_tiny_models(capsys: pytest.CaptureFixture[str]) -> None:
    status = spec(MANIFEST, "--class", "tiny")
    out, err = capsys.readouterr()
    assert status == 0, out + err
    assert len(out.splitlines()) > 1
