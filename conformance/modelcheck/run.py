"""Runs the models of spec/models/manifest.yaml with TLC, and compares.

The manifest says of each model which verdict TLC must give, in how many distinct states and at
which depth. A model that is expected to fail counts as much as one that holds: it shows that the
property can tell the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from conformance.modelcheck.manifest import Model, Size, Violates
from conformance.modelcheck.progress import aligned
from conformance.modelcheck.scheduler import Stop, abreast, cores
from conformance.tlc import errors, runner
from conformance.tlc.checkpoints import EVERY_S, Checkpoints
from conformance.tlc.output import Progress

# What one model of a class may take before it counts as an error: megabytes and seconds.
HEAP_MB: dict[Size, int] = {"tiny": 512, "small": 2048, "large": 6144, "huge": 8192}
SECONDS: dict[Size, float] = {"tiny": 240, "small": 1200, "large": 4 * 3600, "huge": 7 * 86400}


@dataclass(frozen=True)
class Row:
    """One model's outcome: TLC's result, or the error that stood in the way. figures says which of
    the manifest's it must have; resumed, that it went on from a checkpoint; seed, the last one of a
    model that is run with several."""

    model: Model
    result: runner.Result | None
    error: str = ""
    figures: Literal["all", "states", "none"] = "all"
    resumed: bool = False
    seed: int | None = None

    @property
    def verdict(self) -> str:
        if self.result is None:
            return "no verdict"
        violation = self.result.violation
        return f"violates {violation.name}" if violation else "ok"

    @property
    def expected(self) -> str:
        expect = self.model.expect
        return f"violates {expect.violates}" if isinstance(expect, Violates) else "ok"

    @property
    def depth(self) -> int:
        """TLC's, or of behaviours drawn at random how long they may be."""
        assert self.result is not None
        drawn = self.model.simulate
        return drawn.depth if drawn and not self.result.violation else self.result.depth

    @property
    def differences(self) -> list[str]:
        """How the result differs from the manifest, in words."""
        if self.result is None:
            return []
        found, expect = self.result, self.model.expect
        differences = []
        if self.verdict != self.expected:
            seed = f" with seed {self.seed}" if self.seed else ""
            differences.append(f"{self.verdict}{seed}, but the manifest expects {self.expected}")
        elif isinstance(expect, Violates) and found.violation and expect.kind:
            kind = found.violation.kind
            if kind != expect.kind:
                differences.append(f"{expect.violates} is of kind {kind}, not {expect.kind}")
        if not differences:
            states, depth = self.model.states, self.model.depth
            if self.figures != "none" and states not in (None, found.distinct):
                differences.append(f"{found.distinct:,} states, not {states:,}")
            if self.figures == "all" and depth not in (None, self.depth):
                differences.append(f"depth {self.depth}, not {depth}")
        if self.model.simulate and not found.violation:
            differences += [f"{c.action} was never taken" for c in found.covered if not c.taken]
        return differences


@dataclass(frozen=True)
class Overrides:
    """Limits given by the user in place of those of a model's class, and where checkpoints go
    (None: nothing is kept)."""

    timeout: float | None = None
    heap_mb: int | None = None
    workers: int | None = None
    checkpoints: Path | None = None
    checkpoint_s: float = EVERY_S

    def limits(self, model: Model) -> runner.Limits:
        return runner.Limits(
            seconds=self.timeout or SECONDS[model.size],
            heap_mb=self.heap_mb or HEAP_MB[model.size],
            workers=self.workers or model.workers,
        )


def run_model(
    model: Model,
    folder: Path,
    overrides: Overrides = Overrides(),
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Stop | None = None,
) -> Row:
    """Runs one model whose files are in folder; never raises for what TLC does. A large one goes on
    from its checkpoint, if it was interrupted."""
    task = runner.Task(folder / model.module, folder / model.config, [folder.parent])
    limits = overrides.limits(model)
    # Several workers meet states in another order: only the verdict is then the same every time.
    figures: Literal["all", "none"] = "all" if limits.workers == 1 else "none"

    def run(
        options: Sequence[str] = (), java: Sequence[str] = (), keep: Path | None = None
    ) -> runner.Result:
        manner = runner.Manner(
            deadlock=model.deadlock,
            short=model.size == "tiny",
            options=[*tlc_options(model), *options],
            java_options=java,
            keep=keep,
        )
        return runner.run(task, limits, manner, on_progress=on_progress, stop=stop)

    try:
        if model.seeds:
            seed, result = _each_seed(model.seeds, run)
            return Row(model, result, figures=figures, seed=seed)
        if overrides.checkpoints is None or model.size in ("tiny", "small") or model.simulate:
            return Row(model, run(), figures=figures)
        places = (overrides.checkpoints, task.module, task.config)
        checkpoints = Checkpoints(*places, str(limits.workers), every_s=overrides.checkpoint_s)
        with checkpoints:
            resumed = checkpoints.last() is not None
            return Row(model, checkpoints.search(run), figures=figures, resumed=resumed)
    except errors.TlcError as error:
        return Row(model, None, str(error))


def _each_seed(
    seeds: int, run: Callable[[Sequence[str]], runner.Result]
) -> tuple[int, runner.Result]:
    """Runs with one seed after another, until an error is found. The last seed, and the sum."""
    results: list[runner.Result] = []
    while len(results) < seeds and not (results and results[-1].violation):
        results.append(run(["-seed", str(len(results) + 1)]))
    total = replace(
        results[-1],
        distinct=sum(r.distinct for r in results),
        generated=sum(r.generated for r in results),
        depth=max(r.depth for r in results),
        seconds=sum(r.seconds for r in results),
    )
    return len(results), total


def tlc_options(model: Model) -> list[str]:
    """What TLC has to be told of the model beside its configuration."""
    options = [] if model.lncheck == "default" else ["-lncheck", model.lncheck]
    if drawn := model.simulate:
        options += ["-simulate", f"num={drawn.num}", "-depth", str(drawn.depth)]
        options += ["-seed", str(drawn.seed), "-coverage", "1"]  # minutes
    return options


def run_models(
    models: Sequence[Model],
    folder: Path,
    overrides: Overrides = Overrides(),
    *,
    jobs: int | None = None,
) -> list[Row]:
    """Runs models side by side, as many as the cores and the free memory take, showing progress on
    standard error; rows in the models' order."""
    sizes = {model.name: overrides.limits(model).heap_mb or 0 for model in models}
    by_name = {model.name: model for model in models}

    def run(name: str, on_progress: Callable[[Progress], None], stop: Stop) -> Row:
        return run_model(by_name[name], folder, overrides, on_progress=on_progress, stop=stop)

    def words(row: Row) -> tuple[str, float | None]:
        return row.verdict, row.result.seconds if row.result else None

    rows = abreast(sizes, run, words, jobs=jobs or cores())
    return [rows[model.name] for model in models]


def table(rows: Iterable[Row]) -> str:
    """Rows as aligned text."""
    lines: list[Sequence[str]] = [("model", "verdict", "expected", "states", "depth", "seconds")]
    for row in rows:
        result = row.result
        figures = (
            (f"{result.distinct:,}", str(row.depth), f"{result.seconds:.1f}")
            if result
            else ("-", "-", "-")
        )
        lines.append((row.model.name, row.verdict, row.expected, *figures))
    return aligned(lines, words=3)
