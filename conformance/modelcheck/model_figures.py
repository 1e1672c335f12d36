"""What TLC can say of one model beyond its verdict: how many states lie at each depth, how likely
it is that two states were taken for one, how often each part of the specification was evaluated.

The model is checked as ever, in a module that extends its own by one invariant, which prints TLC's
count of states whenever the search comes one step deeper. What was found is kept in a file for each
model, and found again only when a module or the configuration has changed.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from conformance.modelcheck.manifest import Model
from conformance.modelcheck.run import Overrides, tlc_options
from conformance.tla.module import files_of
from conformance.tla.value import parse as parse_value
from conformance.tlc import runner, toolchain
from conformance.tlc.errors import TlcError

FINGERPRINTS = 2**64
"""How many values a fingerprint of a state has."""

_REGISTER = 1017  # of TLCSet; no model uses it
_MODULE = """---- MODULE ModelFigures ----
EXTENDS {module}, TLC
ASSUME TLCSet({register}, 0)
CxDepth ==
  \\/ TLCGet("level") = TLCGet({register})
  \\/ /\\ TLCSet({register}, TLCGet("level"))
     /\\ PrintT(<<"deeper", TLCGet("level"), TLCGet("distinct")>>)
====
"""
_PLACE = re.compile(r"line (\d+), col (\d+) to line (\d+), col (\d+) of module (\w+)")


class Place(msgspec.Struct, frozen=True, order=True):
    """A part of a module's text, as TLC names it: both ends are in it; lines and columns from 1."""

    module: str
    line: int
    column: int
    end_line: int
    end_column: int


class Evaluated(msgspec.Struct, frozen=True):
    """How often TLC evaluated a part while it checked one model."""

    place: Place
    times: int


class Figures(msgspec.Struct, frozen=True):
    """Of one model.

    layers has the number of distinct states at each depth, from the initial ones; key is that of
    the modules and the configuration it was counted with. evaluated is empty for a model that must
    fail: it changes the text, and stops where the property is false.
    """

    name: str
    key: str
    distinct: int
    generated: int
    layers: tuple[int, ...]
    evaluated: tuple[Evaluated, ...]

    @property
    def collision(self) -> float:
        """The probability that TLC took two states for one, if fingerprints are as good as random:
        each state that was found again, against each that is known (TLC's "calculated")."""
        return self.distinct * (self.generated - self.distinct) / FINGERPRINTS


def counts(model: Model) -> bool:
    """Whether there is something to count: not of behaviours or initial states drawn at random."""
    return model.simulate is None and model.seeds is None


def figures(model: Model, folder: Path, overrides: Overrides) -> Figures:
    """Check the model, whose files are in the folder, and count. Raises TlcError."""
    with tempfile.TemporaryDirectory(prefix="figures-") as scratch:
        module, config = Path(scratch) / "ModelFigures.tla", Path(scratch) / model.config
        extended = Path(model.module).stem
        text = _MODULE.format(module=extended, register=_REGISTER)
        module.write_text(text, encoding="utf-8")
        given = (folder / model.config).read_text(encoding="utf-8")
        config.write_text(f"INVARIANT CxDepth\n{given}", encoding="utf-8")
        manner = runner.Manner(
            deadlock=model.deadlock,
            short=model.size == "tiny",
            options=[*tlc_options(model), "-coverage", "600"],  # minutes: only at the end
        )
        task = runner.Task(module, config, [folder, folder.parent])
        result = runner.run(task, overrides.limits(model), manner)
    fails = model.expect != "ok"
    if bool(result.violation) != fails:
        raise TlcError(f"{model.name} does not give what the manifest says: `conformance spec`")
    return Figures(
        model.name,
        key(model, folder),
        result.distinct,
        result.generated,
        tuple(_layers(result.printed, result.distinct)),
        () if fails else tuple(_evaluated(result, folder.parent)),
    )


def _layers(printed: Sequence[str], distinct: int) -> Iterator[int]:
    """The states at each depth. When the first one found from a state of some depth is printed, it
    is counted already, and those at greater depths are not found yet."""
    before = 0
    for line in printed:
        match parse_value(line) if line.startswith('<<"deeper"') else None:
            case ("deeper", int(), int(found)):
                yield found - 1 - before
                before = found - 1
    yield distinct - before


def _evaluated(result: runner.Result, spec: Path) -> Iterator[Evaluated]:
    """The parts that stand in a module of the specification itself, not in one of the models'."""
    times: dict[Place, int] = {}
    for covered in result.covered:
        for text, count in covered.parts.items():
            found = _PLACE.fullmatch(text)
            if found and (spec / f"{found[5]}.tla").is_file():
                place = Place(found[5], *map(int, found.groups()[:4]))
                times[place] = times.get(place, 0) + count
    return (Evaluated(place, count) for place, count in sorted(times.items()))


def key(model: Model, folder: Path) -> str:
    """A digest of what the figures depend on: the modules that the model uses, its configuration,
    its options, and TLC."""
    digest = hashlib.sha256()
    modules = files_of(Path(model.module).stem, folder, folder.parent)
    for path in [*sorted([*modules.values(), folder / model.config]), toolchain.find_jar()]:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    digest.update(" ".join([*tlc_options(model), str(model.deadlock)]).encode())
    return digest.hexdigest()[:16]


class Kept:
    """A folder with the figures of each model that was counted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, model: Model, models: Path) -> Figures | None:
        """Those of the model as it is now; None if it was not counted since it was changed. A file
        that cannot be read counts for nothing."""
        try:
            text = (self._folder / f"{model.name}.json").read_bytes()
            found = msgspec.json.decode(text, type=Figures)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError):
            return None
        return found if found.key == key(model, models) else None

    def put(self, found: Figures) -> None:
        """Keep them. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{found.name}.json"
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(found))
        part.replace(path)
