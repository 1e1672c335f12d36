"""The `spec-mutants` command: weakens the specification, one conjunct at a time, and says which
property of which model notices."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.cli.arguments import positive
from conformance.cli.exit_status import complain
from conformance.modelcheck.manifest import ManifestError, load
from conformance.paths import MANIFEST
from conformance.specmutants import explained, killed
from conformance.specmutants.campaign import MOST_STATES, Campaign
from conformance.specmutants.changes import KINDS
from conformance.specmutants.mutants import Mutant, NoSuchMutant, chosen, every
from conformance.specmutants.results import Fate, Results, survivors
from conformance.specmutants.seers import watches
from conformance.tlc import errors, toolchain
from conformance.tlc.interrupts import termination_as_interrupt

RESULTS = Path(".tlc") / "mutants.jsonl"
"""In the current folder."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `conformance spec-mutants`."""
    parser.add_argument(
        "--mutant",
        action="append",
        default=[],
        metavar="NAME",
        help="this mutant, or those of this module or definition; may be repeated",
    )
    parser.add_argument(
        "--kind",
        action="append",
        default=[],
        choices=KINDS,
        help="only changes of this kind; may be repeated",
    )
    parser.add_argument(
        "--new",
        action="store_true",
        help="only mutants that are neither kept as killed nor listed as equivalent",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep what was found in spec/models/mutants-killed.jsonl",
    )
    parser.add_argument("--list", action="store_true", help="list the mutants and run nothing")
    parser.add_argument(
        "--states",
        type=positive,
        default=MOST_STATES,
        metavar="N",
        help=f"try no model with more states than this (default: {MOST_STATES})",
    )
    parser.add_argument(
        "--timeout",
        type=positive,
        default=300,
        metavar="SECONDS",
        help="time limit of each run (default: 300)",
    )
    parser.add_argument(
        "--jobs", type=positive, default=1, metavar="N", help="modules side by side (default: 1)"
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        metavar="FILE",
        help="what was found; a later run goes on there (default: .tlc/mutants.jsonl)",
    )
    parser.add_argument(
        "--explained", type=Path, default=explained.EXPLAINED, help=argparse.SUPPRESS
    )


def main(args: argparse.Namespace) -> int:
    """Runs `conformance spec-mutants`: 0 killed or explained, 1 a survivor is not, 2 bad input."""
    try:
        mutants = every()
        reasons = explained.load(args.explained).reasons()
        if gone := explained.stale(reasons, mutants):
            complain(f"{args.explained}: there is no mutant {gone[0]}; list what there is instead")
            return 2
        wanted = chosen(mutants, args.mutant)
        wanted = [m for m in wanted if not args.kind or m.change.kind in args.kind]
        kills = killed.load()
        if args.new:
            wanted = [m for m in wanted if m.key not in kills and m.key not in reasons]
        if args.list:
            print("\n".join(f"{m.name:44} {m.module}.tla:{m.line}: {m.words}" for m in wanted))
            return 0
        toolchain.find_java()
        toolchain.find_jar()
        before = {m.name: kills[m.key].model for m in wanted if m.key in kills}
        seeing = watches(load(MANIFEST), MANIFEST.parent)
        results = Results(args.results)
        campaign = Campaign(seeing, results, args.timeout, args.states, before)
        with termination_as_interrupt(), campaign:
            fates = campaign.run(wanted, args.jobs)
        if args.keep:
            killed.save(killed.after(kills.values(), mutants, fates))
    except (ManifestError, NoSuchMutant, explained.ExplainedError, errors.TlcError) as error:
        complain(str(error))
        return 2
    except KeyboardInterrupt:
        said = f"{args.results} has what was found; the same command goes on from there"
        print(said, file=sys.stderr)
        raise
    return report(wanted, fates, reasons)


def report(mutants: Sequence[Mutant], fates: Sequence[Fate], reasons: dict[str, str]) -> int:
    """Prints what became of the mutants; the exit status."""
    by_name = {mutant.name: mutant for mutant in mutants}
    print(table(mutants, fates))
    unexplained = 0
    for fate in survivors(fates):
        mutant = by_name[fate.mutant]
        reason = reasons.get(mutant.key)
        unexplained += reason is None
        print(f"{mutant.name} {fate.verdict}: {mutant.module}.tla:{mutant.line}: {mutant.words}")
        print(f"  {f'equivalent: {reason}' if reason else 'NOT EXPLAINED'}")
    for fate in fates:
        mutant = by_name[fate.mutant]
        if fate.killer and mutant.key in reasons:
            unexplained += 1
            print(f"{fate.mutant} is listed as equivalent, but is {fate.verdict}")
    dead = len(fates) - len(survivors(fates))
    print(f"{len(fates)} mutants: {dead} killed, {unexplained} not explained")
    return 1 if unexplained else 0


def table(mutants: Sequence[Mutant], fates: Sequence[Fate]) -> str:
    """How many of each kind were killed."""
    lines = []
    dead = {fate.mutant for fate in fates if fate.killer}
    for kind, words in KINDS.items():
        names = [mutant.name for mutant in mutants if mutant.change.kind == kind]
        if names:
            count = sum(name in dead for name in names)
            lines.append(f"{kind:7} {count:4} of {len(names):4} killed: {words}")
    return "\n".join(lines)
