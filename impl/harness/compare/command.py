"""`paxos compare`: TLC, the runs, the table, the plots, in this order, with progress."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from conformance import paths
from conformance.modelcheck import manifest
from conformance.tlc import errors, toolchain
from harness.compare import against, optimisation_tables, verdicts
from harness.compare.amounts import (
    ACCEPTORS,
    CLIENTS,
    LEARNERS,
    MORE_WITH_BATCHING,
    OUTSTANDING,
    PROPOSERS,
    VALUE_BYTES,
    Plan,
    plan,
)
from harness.compare.comparison import Comparison, Model, Row
from harness.compare.expected import messages_per_value
from harness.compare.repetitions import Repetitions
from harness.measure import machine, output
from harness.measure.combos import ALL, Combination
from paxos.config import Config
from paxos.errors import InputError, reason
from paxos.runtime.report import say


def main(options: argparse.Namespace) -> int:
    """Compare; 0 if every combination conforms and has the message delays of the specification,
    1 if not. Raises `InputError` or `RunError`."""
    if not options.no_plots:
        output.need_plots()
    before = None if options.against is None else against.load(options.against)
    output.make(options.out)
    combinations = [c for c in ALL if not options.only or c.name in options.only]
    chosen = plan(options.count)
    large = not chosen.is_quick if options.large_models is None else options.large_models
    models = _check_models(combinations, options.out, large=large)
    load = machine.other_load(say)
    repetitions = Repetitions(combinations, chosen, options.out, keep=options.keep)
    measured = list(repetitions.run())
    result = Comparison(
        machine=machine.describe(),
        workload={**_workload(chosen), "other load": load},
        is_quick=chosen.is_quick,
        large_models=large,
        load=repetitions.load,
        rows=[
            Row(
                name=c.name,
                models=models[c.name],
                runs=[run for run in measured if run.combination == c.name],
                expected=messages_per_value(c, ACCEPTORS, LEARNERS, Config().window),
            )
            for c in combinations
        ],
    )
    tables = optimisation_tables.render(result)
    draw = None if options.no_plots else partial(_draw, result, options.out)
    plots = output.write(options.out, "table.json", result, tables, draw)
    beside = "" if before is None else against.render(before, result)
    if beside:
        print(output.write_text(options.out / "against.md", beside))
    shown = [tables, optimisation_tables.runs(result)]
    if beside:
        shown.insert(1, f"## Side by side with {options.against}\n\n{beside}")
    output.write_page(options.out, "\n".join(shown), plots)
    lines = tables.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("| optimisations"))
    main_table = "\n".join(lines[start : start + 2 + len(result.rows)])
    wrong = [problem for row in result.rows for problem in problems(row)]
    return output.conclude(options.out, main_table, wrong)


def _draw(result: Comparison, out: Path) -> list[Path]:
    from harness.compare.optimisation_plots import draw  # matplotlib is slow to import

    return draw(result, out)


def _check_models(
    combinations: Sequence[Combination], out: Path, *, large: bool
) -> dict[str, list[Model]]:
    """TLC's verdicts on the models of each combination."""
    folder = paths.MANIFEST.parent
    try:
        of = {c.name: verdicts.models_of(c, large=large) for c in combinations}
        names = [name for found in of.values() for name in found]
        entries = manifest.choose(manifest.load(), "all", names)
        toolchain.find_java()
        toolchain.find_jar()
        cache = verdicts.Cache(out / "tlc.json", folder)
        say(f"TLC: {len(entries)} models of {len(combinations)} combinations")
        known = verdicts.check(entries, folder, cache)
    except (manifest.ManifestError, errors.TlcError) as error:
        raise InputError(str(error)) from error
    except OSError as error:
        raise InputError(f"folder {out}: {reason(error)}") from error
    return {name: [known[model] for model in found] for name, found in of.items()}


def _workload(chosen: Plan) -> dict[str, str]:
    return {
        "cluster": f"{ACCEPTORS} acceptors, {PROPOSERS} proposers, {LEARNERS} learners, each a "
        "process, all on this machine, multicast on the loopback, storage in memory, tracing on",
        "clients": f"{CLIENTS} clients",
        "values": f"{VALUE_BYTES} bytes each; at full speed {chosen.values:,} to a client "
        f"({MORE_WITH_BATCHING} times as many with batching), up to {OUTSTANDING:,} of "
        f"them under way; idle {chosen.idle_values:,} one after another from one client",
        "repetitions": f"{chosen.repetitions}, the combinations by turns",
    }


def problems(row: Row) -> Iterator[str]:
    """What keeps specification and implementation from agreeing in this combination."""
    for run in row.runs:
        if not run.conforms:
            yield f"{row.name}: {run.kind} run: {run.verdict}"
    for model in row.models:
        if not model.as_expected:
            yield f"{row.name}: model {model.name}: {model.verdict}"
    if not any(model.least is None for model in row.models):
        yield f"{row.name}: no model of this combination was checked"
    if row.spec_delays is None:
        yield f"{row.name}: TLC has not established the least number of message delays"
    elif row.spec_delays != row.measured_delays:
        yield (
            f"{row.name}: at least {row.measured_delays} message delays in the traces, but "
            f"{row.spec_delays} in the specification"
        )
