"""The `spec-doc` command: the specifications as pages with links, and typeset where LaTeX is."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.cli.exit_status import complain
from conformance.paths import MODELS, SPEC
from conformance.tla.document import INDEX, document
from conformance.tlc import errors, runner
from conformance.tlc.interrupts import termination_as_interrupt
from conformance.tlc.typeset import LATEX, find_latex, typeset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `conformance spec-doc`."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("spec-doc"),
        metavar="DIR",
        help="where the pages go (default: spec-doc, here)",
    )
    parser.add_argument("--no-pdf", action="store_true", help="pages only, even if there is LaTeX")


def main(args: argparse.Namespace) -> int:
    """Writes the pages, and a PDF of each module of spec/; 2 if one cannot be made."""
    failed = 0
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        for name, text in document([SPEC, MODELS]).items():
            (args.out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        complain(f"{error.filename or args.out}: {error.strerror}; choose another --out")
        return 2
    print(f"written: {runner.short_path(args.out / INDEX)}")
    if args.no_pdf:
        return 0
    if not find_latex():
        print(f"no PDF: there is no {LATEX} here (texlive-latex-base has it)")
        return 0
    modules = sorted(SPEC.glob("*.tla"))
    with termination_as_interrupt():
        for number, module in enumerate(modules, 1):
            try:
                made = typeset(module, args.out)
            except errors.TlcError as error:
                complain(str(error))
                failed += 1
            else:
                where = runner.short_path(made)
                print(f"{number}/{len(modules)} {where}", file=sys.stderr, flush=True)
    return 2 if failed else 0
