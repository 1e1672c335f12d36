"""The `spec` command: runs the models of spec/models/manifest.yaml with TLC.

The manifest says of each model which verdict TLC must give, in how many distinct states and at
which depth. A model that is expected to fail counts as much as one that holds: it shows that the
property can tell the difference. manifest.py reads the manifest, tlc.py runs TLC, abreast.py runs
models side by side, and counterexample.py shows how a model failed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from conformance import tlc
from conformance.abreast import Stop, abreast, cores, termination_as_interrupt
from conformance.checkpoints import EVERY_S, Checkpoints, kept
from conformance.display import aligned
from conformance.manifest import MANIFEST, ManifestError, Model, Size, Violates, choose, load
from conformance.tlcout import Progress

WORK = MANIFEST.parents[2] / ".tlc"
"""Counterexamples, checkpoints, and which models failed last."""

# What one model of a class may take before it counts as an error: megabytes and seconds.
HEAP_MB: dict[Size, int] = {"tiny": 512, "small": 2048, "large": 6144, "huge": 8192}
SECONDS: dict[Size, float] = {"tiny": 240, "small": 1200, "large": 4 * 3600, "huge": 7 * 86400}


@dataclass(frozen=True)
class Row:
    """One model's outcome: TLC's result, or the error that stood in the way. figures says which of
    the manifest's it must have; resumed, that it went on from a checkpoint; seed, the last one of a
    model that is run with several."""

    model: Model
    result: tlc.Result | None
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

    def limits(self, model: Model) -> tlc.Limits:
        return tlc.Limits(
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
    limits = overrides.limits(model)
    # Several workers meet states in another order: only the verdict is then the same every time.
    figures: Literal["all", "none"] = "all" if limits.workers == 1 else "none"

    def run(
        options: Sequence[str] = (), java: Sequence[str] = (), keep: Path | None = None
    ) -> tlc.Result:
        return tlc.run(
            folder / model.module,
            folder / model.config,
            library=[folder.parent],
            limits=limits,
            deadlock=model.deadlock,
            short=model.size == "tiny",
            options=[*tlc_options(model), *options],
            java_options=java,
            on_progress=on_progress,
            stop=stop,
            keep=keep,
        )

    try:
        if model.seeds:
            seed, result = _each_seed(model.seeds, run)
            return Row(model, result, figures=figures, seed=seed)
        if overrides.checkpoints is None or model.size in ("tiny", "small") or model.simulate:
            return Row(model, run(), figures=figures)
        places = (overrides.checkpoints, folder / model.module, folder / model.config)
        checkpoints = Checkpoints(*places, str(limits.workers), every_s=overrides.checkpoint_s)
        with checkpoints:
            resumed = checkpoints.last() is not None
            return Row(model, checkpoints.search(run), figures=figures, resumed=resumed)
    except tlc.TlcError as error:
        return Row(model, None, str(error))


def _each_seed(seeds: int, run: Callable[[Sequence[str]], tlc.Result]) -> tuple[int, tlc.Result]:
    """Runs with one seed after another, until an error is found. The last seed, and the sum."""
    results: list[tlc.Result] = []
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `conformance spec`."""
    sizes = ("tiny", "small", "large", "huge", "all")
    parser.add_argument(
        "--class",
        dest="size",
        choices=sizes,
        default="all",
        help="which models (default: all, but for the huge ones)",
    )
    parser.add_argument(
        "--model", action="append", default=[], metavar="NAME", help="this model; may be repeated"
    )
    parser.add_argument(
        "--rerun-failed",
        action="store_true",
        help="the models that did not give what they should when they were run last",
    )
    parser.add_argument("--list", action="store_true", help="list the models and run nothing")
    parser.add_argument(
        "--show",
        action="store_true",
        help="show every counterexample, also those that are expected (so does --model)",
    )
    parser.add_argument("--jobs", type=positive, metavar="N", help="models run side by side")
    parser.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="TLC threads a model (then only verdicts count)",
    )
    parser.add_argument(
        "--timeout", type=positive, metavar="SECONDS", help="time limit of each model"
    )
    parser.add_argument("--heap", type=positive, metavar="MB", help="Java heap of each model")
    parser.add_argument(
        "--work",
        type=Path,
        default=WORK,
        metavar="DIR",
        help="where counterexamples and checkpoints go (default: .tlc)",
    )
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help=argparse.SUPPRESS)
    parser.add_argument(
        "--checkpoint", type=float, default=EVERY_S, metavar="SECONDS", help=argparse.SUPPRESS
    )


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)


def main(args: argparse.Namespace) -> int:
    """Runs `conformance spec`: 0 as the manifest says, 1 if not, 2 bad input or no verdict."""
    failed = args.work / "failed"
    try:
        names = args.model
        if args.rerun_failed:
            names = failed.read_text(encoding="utf-8").split() if failed.is_file() else []
            if not names:
                print("no model failed when it was run last")
                return 0
        models = choose(load(args.manifest), args.size, names)
        if args.list:
            print("\n".join(f"{m.name:24} {m.size:6} {m.about or m.mutant}" for m in models))
            return 0
        tlc.find_java()
        tlc.find_jar()
    except (ManifestError, tlc.TlcError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    root = args.work / "checkpoints"
    overrides = Overrides(args.timeout, args.heap, args.workers, root, args.checkpoint)
    try:
        with termination_as_interrupt():
            rows = run_models(models, args.manifest.parent, overrides, jobs=args.jobs)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        _say_what_is_kept(models, args.manifest.parent, root)
        return 130
    _note_failed(failed, rows)
    print(table(rows))
    for line in notes(rows):
        print(line)
    _show(rows, args, every=args.show or bool(args.model))
    return report(rows)


def _show(rows: Sequence[Row], args: argparse.Namespace, *, every: bool) -> None:
    """Counterexamples: those nobody expected, or all."""
    wanted = [row for row in rows if row.result and row.result.trace]
    for row in wanted:
        if row.result and (every or row.verdict != row.expected):
            from conformance.counterexample import show_counterexample  # only then: it draws

            print(f"\n{row.model.name} {row.verdict}:", flush=True)
            into = args.work / "counterexamples"
            try:
                print(show_counterexample(row.model, args.manifest.parent, row.result, into))
            except (tlc.TlcError, OSError) as error:
                print(f"error: {row.model.name}: its counterexample: {error}", file=sys.stderr)


def notes(rows: Sequence[Row]) -> Iterable[str]:
    """What the table does not say: how often each action was taken, in a simulation."""
    for row in rows:
        if row.resumed and row.result:
            yield f"{row.model.name} went on from a checkpoint; the seconds are those since"
        if row.result and row.model.simulate:
            counts = ", ".join(f"{c.action} {c.taken:,}" for c in row.result.covered)
            yield f"{row.model.name} took {counts}"


def report(rows: Sequence[Row]) -> int:
    """Says on standard error what differs from the manifest; the exit status."""
    different = [(row.model.name, text) for row in rows for text in row.differences]
    failed = [(row.model.name, row.error) for row in rows if row.result is None]
    sys.stdout.flush()
    for name, text in [*different, *failed]:
        print(f"error: {name}: {text}", file=sys.stderr)
    if different:
        return 1
    return 2 if failed else 0


def _note_failed(path: Path, rows: Sequence[Row]) -> None:
    """Of the models that were run, which failed; what is known of others stays."""
    known = path.read_text(encoding="utf-8").split() if path.is_file() else []
    run = {row.model.name for row in rows}
    now = [row.model.name for row in rows if row.result is None or row.differences]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*(name for name in known if name not in run), *now]), "utf-8")
    except OSError as error:
        print(f"note: {path}: {error.strerror}; --rerun-failed will not know", file=sys.stderr)


def _say_what_is_kept(models: Sequence[Model], folder: Path, root: Path) -> None:
    names = [model.name for model in models if kept(root, folder / model.config)]
    if names:
        print(f"checkpoints kept: {', '.join(names)} will go on from there", file=sys.stderr)
