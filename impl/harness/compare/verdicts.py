"""What TLC says of the models of each combination, run now or remembered from before.

Every combination has models of the same kinds, known by their names, so that their states can be
held against each other. A verdict is remembered under a hash of everything it depends on, so that a
changed specification is always checked again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from conformance.modelcheck import run as checker
from conformance.modelcheck.manifest import Model as Entry
from conformance.modelcheck.manifest import Violates
from conformance.tlc import toolchain
from harness.compare.comparison import Model
from harness.measure.combos import Combination

_CONSTANT = re.compile(r"^\s*(\w+) = (\w+)\s*$", re.MULTILINE)
_SHOWS_LEAST = ("NeverFaster", "AlwaysSlower")


class Cache:
    """Verdicts of TLC that stand as long as the files they depend on do."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder
        self._known: dict[str, dict[str, Any]] = {}
        with suppress(OSError, ValueError):
            self._known = json.loads(path.read_text(encoding="utf-8"))
        modules = sorted([*folder.glob("*.tla"), *folder.parent.glob("*.tla")])
        self._spec = sha256(b"".join(path.read_bytes() for path in modules)).hexdigest()

    def get(self, entry: Entry) -> Model | None:
        """The verdict, if it is known."""
        known = self._known.get(self._key(entry))
        return Model(**known) if known else None

    def put(self, entry: Entry, model: Model) -> None:
        """Remember a verdict."""
        checked = time.strftime("%Y-%m-%d %H:%M")
        self._known[self._key(entry)] = {
            "name": model.name,
            "as_expected": model.as_expected,
            "verdict": model.verdict,
            "states": model.states,
            "least": model.least,
            "checked": checked,
        }
        self._path.write_text(json.dumps(self._known, indent=1) + "\n", encoding="utf-8")

    def _key(self, entry: Entry) -> str:
        config = (self._folder / entry.config).read_bytes()
        parts = (self._spec, sha256(config).hexdigest(), repr(entry), str(toolchain.find_jar()))
        return sha256("\n".join(parts).encode()).hexdigest()


def constants(entry: Entry, folder: Path) -> dict[str, str]:
    """What a model's configuration sets, `Name = Value`."""
    text = (folder / entry.config).read_text(encoding="utf-8")
    return dict(_CONSTANT.findall(text))


def models_of(combination: Combination, *, large: bool) -> list[str]:
    """The names of its models: a short one and the two of Delays, and the large one if wanted."""
    name = combination.name
    short, whole = f"paxos-short-{name}", f"paxos-{name}"
    if name == "off":
        short, whole = "paxos-tiny", "paxos-plain"
    names = [short, f"delays-{name}", f"delays-least-{name}"]
    return [*names, whole] if large else names


def check(entries: Sequence[Entry], folder: Path, cache: Cache) -> dict[str, Model]:
    """TLC's verdicts by name of model; what is not remembered is run. Shows progress on standard
    error."""
    verdicts: dict[str, Model] = {}
    to_run: list[Entry] = []
    for entry in entries:
        known = cache.get(entry)
        if known:
            verdicts[entry.name] = known
        else:
            to_run.append(entry)
    for row in checker.run_models(to_run, folder):
        least = constants(row.model, folder).get("Least")
        model = Model(
            name=row.model.name,
            as_expected=row.result is not None and not row.differences,
            verdict=_words(row),
            states=row.result.distinct if row.result else 0,
            least=int(least) if least and _establishes(row) else None,
        )
        verdicts[model.name] = model
        if row.result:
            cache.put(row.model, model)
    return verdicts


def _establishes(row: checker.Row) -> bool:
    """Whether it is one of the two models that establish the least number of delays."""
    expect = row.model.expect
    return expect == "ok" or (isinstance(expect, Violates) and expect.violates in _SHOWS_LEAST)


def _words(row: checker.Row) -> str:
    if row.error:
        return f"no verdict: {row.error}"
    return "; ".join([row.verdict, *row.differences])
