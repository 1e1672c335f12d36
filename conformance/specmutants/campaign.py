"""Tries mutants on models until a property fails."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.modelcheck.run import HEAP_MB, tlc_options
from conformance.modelcheck.scheduler import Stop, abreast
from conformance.specmutants.mutants import Mutant
from conformance.specmutants.results import Fate, Results, Run
from conformance.specmutants.seers import Watch
from conformance.tlc import errors, runner

CACHE = "tlc.aot"
"""What Java writes, where it can, to start TLC a third quicker."""


@dataclass
class Campaign:
    """Mutants, and the models that they are tried on; limit_s is the most that one run may take,
    and many says that it pays to make Java start quicker, which takes ten seconds once. Use it
    with `with`: it has a folder for mutated modules, which is removed at the end."""

    watches: Sequence[Watch]
    results: Results
    limit_s: float = 300
    many: bool = False

    def __enter__(self) -> Campaign:
        self._folder = tempfile.TemporaryDirectory(prefix="specmutants-")
        self._quick: tuple[str, ...] | None = None
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def run(self, mutants: Iterable[Mutant], jobs: int) -> list[Fate]:
        """Try them side by side, showing progress on standard error."""
        by_name = {mutant.name: mutant for mutant in mutants}
        sizes = dict.fromkeys(by_name, HEAP_MB["tiny"])

        def words(fate: Fate) -> tuple[str, float | None]:
            return fate.verdict, sum(run.seconds for run in fate.runs)

        fates = abreast(sizes, lambda n, _, stop: self.fate(by_name[n], stop), words, jobs=jobs)
        return [fates[name] for name in by_name]

    def fate(self, mutant: Mutant, stop: Stop | None = None) -> Fate:
        """Try one: on one model after another, until it is killed. First come the models that have
        killed another mutant of the same definition, then the cheapest."""
        runs: list[Run] = []
        seeing = [watch for watch in self.watches if watch.sees(mutant)]
        before = self.results.killers(mutant.place)
        seeing.sort(key=lambda watch: watch.model.name not in before)
        text = mutant.text(seeing[0].spec) if seeing else ""
        for watch in seeing:
            digest = watch.digest(mutant.module, text)
            run = self.results.known(watch.model.name, digest)
            if run is None:
                run = self._run(mutant, text, watch, digest, stop)
                if stop is not None and stop.is_set():
                    break
                self.results.note(run)
            runs.append(run)
            if run.outcome == "killed":
                break
        return Fate(mutant.name, tuple(runs))

    def _run(self, mutant: Mutant, text: str, watch: Watch, digest: str, stop: Stop | None) -> Run:
        folder = Path(self._folder.name) / mutant.name
        folder.mkdir(exist_ok=True)
        (folder / f"{mutant.module}.tla").write_text(text, encoding="utf-8")
        model = watch.model
        task = runner.Task(
            watch.models / model.module, watch.models / model.config, [folder, watch.spec]
        )
        manner = runner.Manner(
            deadlock=model.deadlock,
            short=True,
            options=tlc_options(model),
            java_options=self._start_quicker(watch),
        )
        limits = runner.Limits(seconds=self.limit_s, heap_mb=HEAP_MB[model.size])
        about = (mutant.name, model.name, digest)
        try:
            result = runner.run(task, limits, manner, stop=stop)
        except errors.TlcTimeout as error:
            return Run(*about, "unfinished", str(error), seconds=self.limit_s)
        except errors.SpecError as error:
            return Run(*about, "error", " ".join(str(error).split())[:300])
        figures = (result.distinct, round(result.seconds, 1))
        found = result.violation
        if found and found.kind in ("invariant", "property"):
            return Run(*about, "killed", found.name, *figures)
        return Run(*about, "held", found.name if found else "", *figures)

    def _start_quicker(self, watch: Watch) -> tuple[str, ...]:
        """Options by which Java begins with what it has read of TLC before. A Java that cannot, or
        will not, does without."""
        if self._quick is None:
            self._quick = ()
            if not self.many:
                return self._quick
            cache = Path(self._folder.name) / CACHE
            model = watch.model
            task = runner.Task(
                watch.models / model.module, watch.models / model.config, [watch.spec]
            )
            manner = runner.Manner(short=True, java_options=[f"-XX:AOTCacheOutput={cache}"])
            try:
                runner.run(task, runner.Limits(seconds=60, heap_mb=HEAP_MB["tiny"]), manner)
            except errors.TlcError:
                return self._quick
            if cache.is_file():
                self._quick = (f"-XX:AOTCache={cache}",)
        return self._quick
