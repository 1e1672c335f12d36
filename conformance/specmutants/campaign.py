"""Tries mutants on models until a property fails."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.modelcheck.run import HEAP_MB, tlc_options
from conformance.modelcheck.scheduler import Stop, abreast
from conformance.specmutants import together, unchanged
from conformance.specmutants.mutants import Mutant
from conformance.specmutants.results import Fate, Outcome, Results, Run
from conformance.specmutants.seers import Watch
from conformance.tlc import errors, runner

Found = tuple[Mutant, Outcome, str]
"""What became of a mutant, as in Run."""

AT_ONCE = 100_000
"""The most states that the mutants of one run may have in all, if they have those of the model: TLC
takes a minute or two for them."""

SOON_OVER = 5_000
"""A run of fewer states in all is over before it pays that Java compiles what it does often."""

MOST_STATES = 5_000
"""A model that has more is tried on those mutants only that it has killed before. Most are killed
by a model of a few hundred; one that is not takes as long on each of the larger ones as that
itself."""


def most_states(watch: Watch) -> int:
    """How far one mutant is searched: some way beyond what the model has."""
    return 4 * (watch.model.states or 0) + 1000


@dataclass
class Campaign:
    """Models to try mutants on, cheapest first, up to so many states; limit_s is the most that one
    run may take. before has, by mutant, the model that killed it last time: it is tried first,
    whatever its size. Use it with `with`: it has a folder for mutated modules, which is removed at
    the end."""

    watches: Sequence[Watch]
    results: Results
    limit_s: float = 300
    states: int = MOST_STATES
    before: Mapping[str, str] = field(default_factory=dict)
    stop: Stop | None = None

    def __enter__(self) -> Campaign:
        self._folder = tempfile.TemporaryDirectory(prefix="specmutants-")
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def run(self, mutants: Iterable[Mutant], jobs: int) -> list[Fate]:
        """Try them, the modules side by side, showing progress on standard error."""
        by_module: dict[str, list[Mutant]] = {}
        for mutant in mutants:
            by_module.setdefault(mutant.module, []).append(mutant)

        def work(module: str, _: object, stop: Stop) -> list[Fate]:
            self.stop = stop
            return self.fates(by_module[module])

        def words(fates: list[Fate]) -> tuple[str, None]:
            killed = sum(fate.killer is not None for fate in fates)
            return f"{killed} of {len(fates)} killed", None

        sizes = dict.fromkeys(by_module, HEAP_MB["small"])
        return [fate for fates in abreast(sizes, work, words, jobs=jobs).values() for fate in fates]

    def fates(self, mutants: Sequence[Mutant]) -> list[Fate]:
        """Try those of one module: each on one model after another, until it is killed, or TLC
        cannot evaluate it."""
        runs: dict[str, list[Run]] = {mutant.name: [] for mutant in mutants}

        def alive() -> Iterator[Mutant]:
            ended = {run.mutant for found in runs.values() for run in found if run.is_end}
            return (m for m in mutants if m.name not in ended)

        for watch in self.watches:
            name = watch.model.name
            again = [m for m in mutants if self.before.get(m.name) == name and watch.sees(m)]
            for run in self._try(watch, again):
                runs[run.mutant].append(run)
        for watch in self.watches:
            tried = [m for m in alive() if all(r.model != watch.model.name for r in runs[m.name])]
            if (watch.model.states or 0) <= self.states:
                for run in self._try(watch, [m for m in tried if watch.sees(m)]):
                    runs[run.mutant].append(run)
        return [Fate(name, tuple(found)) for name, found in runs.items()]

    def _try(self, watch: Watch, mutants: Sequence[Mutant]) -> Iterator[Run]:
        """Run a model on mutants of one module; or say what came out, where that is known."""
        digests = {m.name: watch.digest(m.module, m.text(watch.spec)) for m in mutants}
        new = []
        for mutant in mutants:
            run = self.results.known(watch.model.name, digests[mutant.name])
            if run is None:
                new.append(mutant)
            else:
                yield run
        count = 1 if watch.one_by_one else max(1, AT_ONCE // max(watch.model.states or 1, 1))
        for first in range(0, len(new), count):
            group = new[first : first + count]
            for mutant, outcome, said in self._outcomes(watch, group):
                if self.stop is not None and self.stop.is_set():
                    return
                run = Run(mutant.name, watch.model.name, digests[mutant.name], outcome, said)
                self.results.note(run)
                yield run

    def _outcomes(self, watch: Watch, group: Sequence[Mutant]) -> Iterator[Found]:
        """What becomes of each of a group. A mutant that cannot be evaluated ends a run of TLC, and
        another is begun without it."""
        if watch.one_by_one:
            yield from ((mutant, *self.alone(mutant, watch)) for mutant in group)
            return
        left = list(group)
        while left:
            found, error = self._once(watch, left)
            yield from found
            known = {mutant.name for mutant, _, _ in found}
            rest = [mutant for mutant in left if mutant.name not in known]
            if len(rest) == len(left) > 1:  # it is not known which one it was
                half = len(rest) // 2
                yield from self._outcomes(watch, rest[:half])
                rest = rest[half:]
            elif len(rest) == len(left):
                assert error is not None
                yield left[0], "error", _short(error)
                return
            left = rest

    def _once(
        self, watch: Watch, group: Sequence[Mutant]
    ) -> tuple[list[Found], errors.SpecError | None]:
        """One run of TLC: of which mutants it says what becomes of them; and if it could not go on,
        why."""
        numbers = together.numbered(group)
        rest: tuple[Outcome, str] = "held", ""
        wrong = None
        try:
            printed: Sequence[str] = self._together(watch, group).printed
        except errors.TlcTimeout as error:
            printed, rest = error.printed, ("unfinished", str(error))
        except errors.SpecError as error:
            printed, wrong = error.printed, error
        said = together.said(printed)
        culprit = together.culprit(wrong) if wrong else 0
        found: list[Found] = []
        for number, mutant in numbers.items():
            if number in said:
                beyond = f"more than {most_states(watch)} states"
                name = said[number]
                found.append((mutant, "killed", name) if name else (mutant, "unfinished", beyond))
            elif wrong is None:
                found.append((mutant, *rest))
            elif number == culprit:
                found.append((mutant, "error", _short(wrong)))
        return found, wrong

    def _together(self, watch: Watch, mutants: Sequence[Mutant]) -> runner.Result:
        module = mutants[0].module
        copies = {} if watch.adds_no_step else unchanged.modules(watch, steps=True)
        files = {f"{name}.tla": text for name, text in copies.items()}
        files |= {
            f"{module}.tla": together.module_text(mutants, watch),
            f"{together.MODULE}.tla": together.wrapper(
                watch, [*together.numbered(mutants)], most_states(watch)
            ),
            f"{together.MODULE}.cfg": together.config(watch),
        }
        task = self._task(watch, together.MODULE, files)
        limits = runner.Limits(seconds=self.limit_s, heap_mb=HEAP_MB["small"])
        states = (watch.model.states or 0) * len(mutants)
        manner = runner.Manner(short=states < SOON_OVER)
        return runner.run(task, limits, manner, stop=self.stop)

    def _task(self, watch: Watch, name: str, files: Mapping[str, str]) -> runner.Task:
        """To check the module of this name; the files are its folder."""
        folder = Path(tempfile.mkdtemp(dir=self._folder.name))
        for each, text in files.items():
            (folder / each).write_text(text, encoding="utf-8")
        module, config = (folder / f"{name}.{kind}" for kind in ("tla", "cfg"))
        return runner.Task(module, config, [watch.models, watch.spec])

    def alone(self, mutant: Mutant, watch: Watch) -> tuple[Outcome, str]:
        """What becomes of a mutant by itself, in the model as it is."""
        model = watch.model
        module, config = unchanged.alone(watch)
        files = {
            f"{name}.tla": text for name, text in unchanged.modules(watch, steps=False).items()
        }
        files[f"{mutant.module}.tla"] = mutant.text(watch.spec)
        files |= {f"{unchanged.ALONE}.tla": module, f"{unchanged.ALONE}.cfg": config}
        task = self._task(watch, unchanged.ALONE, files)
        manner = runner.Manner(deadlock=model.deadlock, short=True, options=tlc_options(model))
        limits = runner.Limits(seconds=self.limit_s, heap_mb=HEAP_MB[model.size])
        try:
            found = runner.run(task, limits, manner, stop=self.stop).violation
        except errors.TlcTimeout as error:
            return "unfinished", str(error)
        except errors.SpecError as error:
            return "error", _short(error)
        if found and found.kind in ("invariant", "property"):
            return "killed", found.name.removeprefix(unchanged.ALONE)
        return "held", found.name if found else ""


def _short(error: errors.TlcError) -> str:
    """What is wrong, without the folder that is gone by now."""
    return re.sub(r"\S*/(?=\w+\.\w+:)", "", " ".join(str(error).split()))[:200]
