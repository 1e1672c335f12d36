"""spec/models/mutants.yaml: the mutants that survive, each with the reason why nothing is wrong
with that."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import yaml

from conformance.paths import MODELS
from conformance.specmutants.mutants import Mutant

EXPLAINED = MODELS / "mutants.yaml"


class ExplainedError(Exception):
    """The file cannot be used; one line that says what and where."""


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mutants, each with what it changes, that survive for one reason."""

    because: str
    mutants: dict[str, str]


class Explained(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file: those that no property can see; and the names of those of which it is not
    known yet."""

    equivalent: list[Group]
    open: list[str] = []

    def reasons(self) -> dict[str, str]:
        """The reason for each mutant, by its name and what it changes: "name: words"."""
        return {
            f"{name}: {words}": group.because
            for group in self.equivalent
            for name, words in group.mutants.items()
        }


def load(path: Path = EXPLAINED) -> Explained:
    """Reads the file. Raises ExplainedError."""
    try:
        return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Explained)
    except OSError as error:
        raise ExplainedError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ExplainedError(f"{path}: {' '.join(str(error).split())}") from error


def stale(reasons: Iterable[str], mutants: Iterable[Mutant]) -> list[str]:
    """Those listed that there are not, or that change another text now."""
    there = {mutant.key for mutant in mutants}
    return [reason for reason in reasons if reason not in there]
