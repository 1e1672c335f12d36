"""The `spec-figures` command: counts states by depth, the chance of a collision and what TLC
evaluates, of each model, and writes docs/model-figures.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.cli.arguments import add_limits
from conformance.cli.exit_status import complain
from conformance.cli.spec_growth import DOCS
from conformance.modelcheck.manifest import ManifestError, Model, choose, load
from conformance.modelcheck.model_figures import Figures, Kept, counts, figures
from conformance.modelcheck.model_figures_page import page
from conformance.modelcheck.run import Overrides
from conformance.paths import MANIFEST, SPEC
from conformance.tlc import errors, runner
from conformance.tlc.interrupts import termination_as_interrupt


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `conformance spec-figures`."""
    parser.add_argument(
        "--class",
        dest="size",
        choices=("tiny", "small", "large", "all"),
        default="small",
        help="count the models up to this class (default: small); the page has all that were "
        "counted since they were changed",
    )
    add_limits(parser)
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(".tlc") / "figures",
        metavar="DIR",
        help="where each model's figures are kept (default: .tlc/figures, here)",
    )
    parser.add_argument(
        "--docs",
        type=Path,
        default=DOCS,
        metavar="DIR",
        help="where model-figures.md goes (default: docs/ of the checkout)",
    )
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    """Counts, smallest models first, and writes the page; 2 if a model gave no figures."""
    if not args.docs.is_dir():
        complain(
            f"{args.docs} does not exist; run this in a checkout, or name its docs with --docs"
        )
        return 2
    try:
        every = load(args.manifest)
        chosen = choose(every, "all", args.model) if args.model else _up_to(every, args.size)
    except ManifestError as error:
        complain(str(error))
        return 2
    models, kept = args.manifest.parent, Kept(args.work)
    overrides = Overrides(args.timeout, args.heap)
    failed = 0
    done = {m.name: f for m in every if counts(m) and (f := kept.get(m, models))}
    with termination_as_interrupt():
        todo = [m for m in chosen if counts(m) and m.name not in done]
        for number, model in enumerate(sorted(todo, key=lambda m: m.states or 0), 1):
            try:
                found = figures(model, models, overrides)
                kept.put(found)
                done[model.name] = found
            except (errors.TlcError, OSError) as error:
                complain(f"{model.name}: {error}")
                failed += 1
            else:
                print(f"{number}/{len(todo)} {_line(found)}", file=sys.stderr, flush=True)
    path = args.docs / "model-figures.md"
    path.write_text(page(every, list(done.values()), SPEC), encoding="utf-8")
    print(f"written: {runner.short_path(path)}, {len(done)} of {len(every)} models")
    return 2 if failed else 0


def _up_to(models: list[Model], size: str) -> list[Model]:
    sizes = ("tiny", "small", "large", "all")
    return [m for m in models if m.size != "huge" and sizes.index(m.size) <= sizes.index(size)]


def _line(found: Figures) -> str:
    return f"{found.name}: {found.distinct:,} states at {len(found.layers)} depths"
