"""The `spec` command: runs models of the manifest with TLC, and says what came of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from conformance.cli.arguments import add_limits, positive
from conformance.cli.exit_status import complain
from conformance.cli.spec_pages import check_graphs, counterexample_page, write_graph
from conformance.modelcheck.manifest import ManifestError, Model, choose, load
from conformance.modelcheck.run import Overrides, Row, run_models, table
from conformance.paths import MANIFEST
from conformance.tlc import errors, toolchain
from conformance.tlc.checkpoints import EVERY_S, kept
from conformance.tlc.interrupts import termination_as_interrupt

WORK = Path(".tlc")
"""Counterexamples, checkpoints, and which models failed last: in the current folder."""


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
    add_limits(parser)
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
    parser.add_argument(
        "--report",
        action="store_true",
        help="with --model: write its counterexample as a page for a browser too",
    )
    parser.add_argument(
        "--graph",
        action="store_true",
        help="with --model: write the state graph of a small model as a page for a browser",
    )
    parser.add_argument("--jobs", type=positive, metavar="N", help="models run side by side")
    parser.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="TLC threads a model (then only verdicts count)",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=WORK,
        metavar="DIR",
        help="where counterexamples and checkpoints go (default: .tlc, here)",
    )
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help=argparse.SUPPRESS)
    parser.add_argument(
        "--checkpoint", type=float, default=EVERY_S, metavar="SECONDS", help=argparse.SUPPRESS
    )


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
        if args.report and not args.model:
            complain("--report needs --model NAME: it writes a page for each counterexample")
            return 2
        if args.graph and not args.model:
            complain("--graph needs --model NAME: it writes a page for each state graph")
            return 2
        models = choose(load(args.manifest), args.size, names)
        if args.graph:
            check_graphs(models)
        if args.list:
            print("\n".join(f"{m.name:24} {m.size:6} {m.about or m.mutant}" for m in models))
            return 0
        toolchain.find_java()
        toolchain.find_jar()
    except (ManifestError, errors.TlcError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    root = args.work / "checkpoints"
    overrides = Overrides(args.timeout, args.heap, args.workers, root, args.checkpoint)
    try:
        with termination_as_interrupt():
            rows = run_models(models, args.manifest.parent, overrides, jobs=args.jobs)
    except KeyboardInterrupt:
        _say_what_is_kept(models, args.manifest.parent, root)
        raise
    _note_failed(failed, rows)
    print(table(rows))
    for line in notes(rows):
        print(line)
    _show(rows, args, every=args.show or bool(args.model))
    written = not args.graph or _write_graphs(models, args, overrides)
    return report(rows) or (0 if written else 2)


def _show(rows: Sequence[Row], args: argparse.Namespace, *, every: bool) -> None:
    """Counterexamples: those nobody expected, or all."""
    wanted = [row for row in rows if row.result and row.result.trace]
    for row in wanted:
        if row.result and (every or row.verdict != row.expected):
            from conformance.modelcheck.counterexample_files import (
                show_counterexample,  # only then: it draws
            )

            print(f"\n{row.model.name} {row.verdict}:", flush=True)
            into = args.work / "counterexamples"
            try:
                print(show_counterexample(row.model, args.manifest.parent, row.result, into))
                if args.report:
                    places = (args.manifest.parent, row.result, into)
                    print(f"  page: {counterexample_page(row.model, *places)}")
            except (errors.TlcError, OSError) as error:
                print(f"error: {row.model.name}: its counterexample: {error}", file=sys.stderr)


def _write_graphs(models: Sequence[Model], args: argparse.Namespace, overrides: Overrides) -> bool:
    """The state graphs, each as a page; whether all could be written."""
    written = True
    for model in models:
        try:
            page = write_graph(model, args.manifest.parent, overrides, args.work / "graphs")
            print(f"state graph of {model.name}: {page}", flush=True)
        except (errors.TlcError, OSError) as error:
            print(f"error: {model.name}: its state graph: {error}", file=sys.stderr)
            written = False
    return written


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
