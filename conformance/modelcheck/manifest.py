"""The manifest of models, spec/models/manifest.yaml: what it says, read and validated.

Nothing here runs a model; that is run.py.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from conformance.paths import MANIFEST
from conformance.tlc.output import Kind

Size = Literal["tiny", "small", "large", "huge"]
"""huge is for several machines and days; it is run only by name or class."""


class ManifestError(Exception):
    """The manifest cannot be used, or has no such model; one line that says what and where."""


class Violates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The verdict of a model that must fail: what TLC must report."""

    violates: str
    kind: Kind | None = None


class Simulate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Draw `num` behaviours of at most `depth` states at random, the same ones for a seed."""

    num: int
    depth: int
    seed: int


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the manifest; module and config are files beside it.

    deadlock says whether a state without a successor is an error. mutant says, for a model that
    must fail, which clause was changed. states and depth are those at which TLC ends; a huge model
    that nobody has run to its end has neither, and one that must fail in a simulation no states.

    lncheck says when TLC looks for violated temporal properties: `final` is once, at the end.
    simulate draws behaviours in place of searching all: states then counts every state that was
    generated, and depth is that of a counterexample, or the most that a behaviour may have. Each
    action must have been taken in at least one of them.

    seeds is for a model that starts in states drawn at random (module `Randomization`), the same
    ones for a seed: it is run with each of the seeds 1..seeds. states counts those of all these
    runs.
    """

    name: str
    module: str
    config: str
    size: Size = msgspec.field(name="class")
    expect: Literal["ok"] | Violates
    states: int | None = None
    depth: int | None = None
    about: str = ""
    mutant: str = ""
    deadlock: bool = False
    workers: int = 1
    lncheck: Literal["default", "final"] = "default"
    simulate: Simulate | None = None
    seeds: int | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: list[Model]


class _Loader(yaml.SafeLoader):
    """Refuses a key that a mapping has twice, of which YAML would take the last."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"`{key.value}` is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return node


def load(path: Path = MANIFEST) -> list[Model]:
    """Reads and validates a manifest. Raises ManifestError."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
        models = msgspec.convert(content, Manifest).models
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: {' '.join(str(error).split())}") from error
    except msgspec.ValidationError as error:
        raise ManifestError(f"{path}: {_locate(str(error), content)}") from error
    seen: set[str] = set()
    for model in models:
        if model.name in seen:
            raise ManifestError(f"{path}: model {model.name} is there twice")
        seen.add(model.name)
        for file in (model.module, model.config):
            if not (path.parent / file).is_file():
                raise ManifestError(f"{path}: model {model.name}: there is no file {file}")
        # When TLC has found an error it goes on drawing for a moment, not always as long.
        uncounted = model.simulate and model.expect != "ok"
        if model.size != "huge" and (
            model.depth is None or (model.states is None and not uncounted)
        ):
            raise ManifestError(f"{path}: model {model.name} has no states or no depth")
        if model.mutant and model.expect == "ok":
            raise ManifestError(f"{path}: model {model.name} is a mutant and is expected to hold")
    return models


def _locate(text: str, content: object) -> str:
    """Adds the model's name to a message that gives only its place in the list."""
    if isinstance(content, dict) and isinstance(content.get("models"), list):
        for index, entry in enumerate(content["models"]):
            if f"$.models[{index}]" in text and isinstance(entry, dict) and "name" in entry:
                return f"model {entry['name']}: {text}"
    return text


def choose(models: Sequence[Model], size: str, names: Sequence[str]) -> list[Model]:
    """The models of a class (all: but for the huge ones), or those named. Raises ManifestError for
    an unknown name."""
    if not names:
        every = [model for model in models if model.size != "huge"]
        return every if size == "all" else [model for model in models if model.size == size]
    by_name = {model.name: model for model in models}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=5, cutoff=0.4) or sorted(by_name)
            raise ManifestError(f"there is no model {name}; there are: {', '.join(near)}")
    return [by_name[name] for name in names]
