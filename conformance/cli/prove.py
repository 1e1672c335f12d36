"""The `prove` command: asks the solver whether the invariants are inductive, for all constants."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from conformance.cli.arguments import positive
from conformance.cli.exit_status import complain

if TYPE_CHECKING:
    from conformance.proof.logic import Encoding
    from conformance.proof.solver import Necessity, Outcome

SECONDS = 60
"""How long the solver may think about one obligation, unless told otherwise."""

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
        "--tables",
        action="store_true",
        help="show, for each conjunct, the step that is wrong without it, as a table",
    )


def main(args: argparse.Namespace) -> int:
    """Proves, and says of each obligation what came of it."""
    try:
        from conformance.proof.encodings import ENCODINGS
    except ModuleNotFoundError:
        complain(
            "there is no solver; run `make setup` in a checkout, or `pip install 'paxos[proof]'`"
        )
        return 2
    if unknown := [name for name in args.module if name not in ENCODINGS]:
        complain(f"no proof of {unknown[0]}; there is one of {', '.join(ENCODINGS)}")
        return 2
    statuses = [_module(ENCODINGS[name], args) for name in args.module or ENCODINGS]
    return 1 if 1 in statuses else max(statuses)


def _module(encoding: Encoding, args: argparse.Namespace) -> int:
    from conformance.proof.solver import necessities, proofs

    print(encoding.name)
    done = list(_each(proofs(encoding, args.seconds), lambda o: _outcome(encoding, o)))
    taken = sum(outcome.seconds for outcome in done)
    proved = sum(outcome.verdict == "proved" for outcome in done)
    print(f"{encoding.name}: {proved} of {len(done)} proved, for all constants, in {taken:.1f} s")
    status = _worst(STATUS[outcome.verdict] for outcome in done)
    if status:
        return status
    needed = list(
        _each(
            necessities(encoding, args.seconds),
            lambda n: _necessity(encoding, n, tables=args.tables),
        )
    )
    return _worst(0 if n.expected else STATUS[n.verdict] or 1 for n in needed)


def _each(some: Iterable[Any], say: Callable[[Any], str]) -> Iterable[Any]:
    """The same, each said when it is there."""
    for one in some:
        print(say(one), flush=True)
        yield one


def _worst(statuses: Iterable[int]) -> int:
    found = set(statuses)
    return 1 if 1 in found else max(found, default=0)


def _outcome(encoding: Encoding, outcome: Outcome) -> str:
    from conformance.proof.table import indented

    line = f"  {outcome.obligation.name:58}  {outcome.verdict:7}  {outcome.seconds:6.2f} s"
    if outcome.found:
        return f"{line}\n{indented(encoding, outcome.found)}"
    if outcome.verdict != "proved":
        return f"{line}\n    the solver gave up, which proves nothing; allow more with --seconds"
    return line


def _necessity(encoding: Encoding, necessity: Necessity, *, tables: bool) -> str:
    from conformance.proof.table import indented, step

    what = f"  without {necessity.conjunct}: "
    if necessity.conjunct in encoding.needless:
        reason = encoding.needless[necessity.conjunct]
        return what + (f"still proved; {reason}" if necessity.expected else "no longer proved")
    if not necessity.found:
        return f"{what}no counterexample was found; is it needed?"
    found = necessity.found
    line = f"{what}{step(encoding, found)} makes {found.obligation.claim} false"
    return f"{line}\n{indented(encoding, found)}" if tables else line
