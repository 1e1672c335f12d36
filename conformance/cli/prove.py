"""The `prove` command: asks the solver whether the invariants are inductive, for all constants."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.cli.arguments import positive
from conformance.cli.exit_status import complain

if TYPE_CHECKING:
    from conformance.proof.asking import Limits
    from conformance.proof.kept import Kept
    from conformance.proof.logic import Encoding
    from conformance.proof.solver import Necessity, Outcome

SECONDS = 60
"""How long the solver may think about one obligation, unless told otherwise."""

MEMORY_MB = 4096
"""What memory it may take, unless told otherwise."""

RESULTS = Path(".tlc") / "proofs.jsonl"

STATUS = {"proved": 0, "false": 1, "unknown": 2}
"""Exit status: that of the first that is not as it should be, and 1 before 2."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `conformance prove`."""
    parser.add_argument(
        "--module", action="append", default=[], metavar="NAME", help="this one; may be repeated"
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        default=SECONDS,
        metavar="N",
        help=f"what the solver may take for each obligation (default: {SECONDS})",
    )
    parser.add_argument(
        "--memory",
        type=positive,
        default=MEMORY_MB,
        metavar="MB",
        help=f"what memory the solver may take (default: {MEMORY_MB})",
    )
    parser.add_argument(
        "--tables",
        action="store_true",
        help="show, for each conjunct, the step that is wrong without it, as a table",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        metavar="FILE",
        help=f"what was proved; a later run goes on there (default: {RESULTS})",
    )
    parser.add_argument("--fresh", action="store_true", help="prove all again")


def main(args: argparse.Namespace) -> int:
    """Proves, and says of each obligation what came of it."""
    try:
        from conformance.proof.asking import Limits, interruptible
        from conformance.proof.encodings import ENCODINGS
    except ModuleNotFoundError:
        complain(
            "there is no solver; run `make setup` in a checkout, or `pip install 'paxos[proof]'`"
        )
        return 2
    if unknown := [name for name in args.module if name not in ENCODINGS]:
        complain(f"no proof of {unknown[0]}; there is one of {', '.join(ENCODINGS)}")
        return 2
    kept, limits = _kept(args.results, fresh=args.fresh), Limits(args.seconds, args.memory)
    chosen = [ENCODINGS[name] for name in args.module or ENCODINGS]
    try:
        with interruptible():
            statuses = [_module(each, limits, kept, tables=args.tables) for each in chosen]
    except KeyboardInterrupt:
        said = f"{args.results} has what was proved; the same command goes on from there"
        print(said, file=sys.stderr)
        raise
    return _worst(statuses)


def _kept(path: Path, *, fresh: bool) -> Kept:
    """What was proved before; of a damaged file, nothing."""
    from conformance.proof.kept import Damaged, Kept

    if fresh:
        path.unlink(missing_ok=True)
    try:
        return Kept(path)
    except Damaged as damaged:
        print(f"{damaged}; all is proved anew", file=sys.stderr)
        path.unlink()
        return Kept(path)


def _module(encoding: Encoding, limits: Limits, kept: Kept, *, tables: bool) -> int:
    from conformance.proof.solver import necessities, proofs

    print(encoding.name)
    done = list(_each(proofs(encoding, limits, kept), lambda o: _outcome(encoding, o, limits)))
    proved = sum(outcome.verdict == "proved" for outcome in done)
    before = sum(outcome.before for outcome in done)
    taken = sum(outcome.seconds for outcome in done)
    earlier = f", {before} of them before" if before else ""
    print(
        f"{encoding.name}: {proved} of {len(done)} proved, for all constants, "
        f"in {taken:.1f} s{earlier}"
    )
    status = _worst(STATUS[outcome.verdict] for outcome in done)
    if status:
        return status
    needed = _each(
        necessities(encoding, limits, kept), lambda n: _necessity(encoding, n, tables=tables)
    )
    return _worst([0 if n.expected else STATUS[n.verdict] or 1 for n in needed])


def _each(some: Iterable[Any], say: Callable[[Any], str]) -> Iterable[Any]:
    """The same, each said when it is there."""
    for one in some:
        print(say(one), flush=True)
        yield one


def _worst(statuses: Iterable[int]) -> int:
    found = set(statuses)
    return 1 if 1 in found else max(found, default=0)


def _outcome(encoding: Encoding, outcome: Outcome, limits: Limits) -> str:
    from conformance.proof.table import indented

    line = f"  {outcome.obligation.name:58}  {outcome.verdict:7}  {outcome.seconds:6.2f} s"
    if outcome.found:
        return f"{line}\n{indented(encoding, outcome.found)}"
    if outcome.memory:
        had = f"its {limits.memory_mb} MB, or all that there are"
        return f"{line}\n    the solver had {had}, which proves nothing; allow more with --memory"
    if outcome.verdict != "proved":
        return f"{line}\n    the solver gave up, which proves nothing; allow more with --seconds"
    return line


def _necessity(encoding: Encoding, necessity: Necessity, *, tables: bool) -> str:
    what = f"  without {necessity.conjunct}: "
    if necessity.conjunct in encoding.needless:
        reason = encoding.needless[necessity.conjunct]
        return what + (f"still proved; {reason}" if necessity.expected else "no longer proved")
    if not necessity.expected:
        return f"{what}no counterexample was found; is it needed?"
    return f"{what}{necessity.said}\n{necessity.table}" if tables else what + necessity.said
