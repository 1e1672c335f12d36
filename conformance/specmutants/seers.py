"""Which models of the manifest could see a mutant: those that hold, and whose next-state
relation uses what is changed. Cheapest first."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from conformance.modelcheck.manifest import Model
from conformance.modelcheck.run import tlc_options
from conformance.specmutants.mutants import Mutant, reached
from conformance.tla.comments import strip_comments
from conformance.tla.config import checked_names, sections
from conformance.tla.module import Source, files_of, read

_INSTEAD = re.compile(r"(\w+)\s*<-\s*(\w+)")


@dataclass
class Watch:
    """One model, and what it uses: read once."""

    model: Model
    models: Path
    spec: Path

    @cached_property
    def cfg(self) -> str:
        return (self.models / self.model.config).read_text(encoding="utf-8")

    @property
    def name(self) -> str:
        """Of its module."""
        return self.model.module.removesuffix(".tla")

    @property
    def source(self) -> Source:
        """Its module, with those that it extends."""
        return read(self.name, self.models, self.spec)

    @cached_property
    def instead(self) -> dict[str, str]:
        """What stands in for a definition or a constant, by the name of that."""
        return dict(_INSTEAD.findall(sections(self.cfg).get("CONSTANT", "")))

    @property
    def adds_no_step(self) -> bool:
        """Whether what it checks is in its properties alone: a function of states."""
        return self.name == "MCLargeValues"

    @cached_property
    def extended(self) -> frozenset[str]:
        """The modules of the folders that its module extends."""
        return frozenset(self._files(instances=False))

    @cached_property
    def used(self) -> frozenset[str]:
        """The definitions that its next-state relation uses, but for those that a mutant of its own
        stands in for."""
        root = sections(self.cfg).get("SPECIFICATION", "Spec").strip()
        seen = [root]
        if self.adds_no_step:
            seen += [name for names in checked_names(self.cfg).values() for name in names]
        return frozenset(reached(self.source, seen, self.instead))

    @property
    def one_by_one(self) -> bool:
        """Whether a run has one mutant: what is drawn at random, or asks what happens in the end,
        is not asked of many together."""
        return self.model.simulate is not None or self.model.lncheck != "default"

    def sees(self, mutant: Mutant) -> bool:
        """Whether what is changed is a part of what it checks. Delays are no question of what
        is agreed on: of the modules below, their models see nothing that others do not."""
        if self.name == "MCDelays" and mutant.module != "Delays":
            return False
        return mutant.module in self.extended and mutant.definition in self.used

    def digest(self, module: str, text: str) -> str:
        """Of all that decides what TLC says of the model when `module` has this text."""
        whole = hashlib.sha256()
        for name, unchanged in sorted(self.texts().items()):
            own = text if name == module else unchanged
            whole.update(f"{name}\0{own}\0".encode())
        options = " ".join(tlc_options(self.model))
        whole.update(f"{self.cfg}\0{options}\0{self.model.deadlock}".encode())
        return whole.hexdigest()[:20]

    def texts(self) -> dict[str, str]:
        """All its modules, without comments, by name: those that it extends, and instances of."""
        files = self._files(instances=True)
        return {name: _without_comments(path) for name, path in files.items()}

    def _files(self, *, instances: bool) -> dict[str, Path]:
        return files_of(self.name, self.models, self.spec, instances=instances)


@cache
def _without_comments(path: Path) -> str:
    return strip_comments(path.read_text(encoding="utf-8"))


def watches(models: Iterable[Model], folder: Path) -> list[Watch]:
    """The models that may be asked: those that hold. They lie in folder, and the modules they
    extend in the folder above it. Cheapest first; those that are drawn at random come last, for a
    run of them has one mutant."""
    fit = [
        model
        for model in models
        if model.expect == "ok"
        and model.states is not None
        and model.seeds is None
        and not model.module.endswith(("Inductive.tla", "Live.tla"))
    ]
    fit.sort(key=lambda model: (model.simulate is not None, model.states or 0, model.name))
    return [Watch(model, folder, folder.parent) for model in fit]
