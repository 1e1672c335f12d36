"""`conformance check`: the verdict on each run, by the Python model and, if asked, by TLC.

TLC is the authority, the Python model is quick and explains itself. What either of them rejects is
rejected; where they differ, one of them is wrong, and the report says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.cli.exit_status import complain
from conformance.cli.judgements import held_to, tool
from conformance.cli.judging import Assume, judge_all, judge_all_by_both
from conformance.cli.ticker import Ticker
from conformance.formats.atomic_file import write_atomically
from conformance.formats.judgement import Document, Judgement, Shard, document, exit_status, total
from conformance.formats.render import FORMS
from conformance.inputs.source import STANDARD_INPUT
from conformance.replay.coverage import Coverage
from conformance.tlc.interrupts import termination_as_interrupt

FULL_REPORTS = 10
"""Of several runs, so many that do not conform are reported in full; of the others there is a
line."""


@dataclass(frozen=True)
class Options:
    """What `conformance check` may be told besides the runs."""

    quiet: bool = False
    assume: Assume | None = None
    tlc: bool = False
    keep: Path | None = None  # for TLC's files
    coverage: bool = False
    form: str = "text"
    output: Path | None = None
    jobs: int | None = None  # None: one process of the core, TLC's two
    shard: Shard | None = None
    waived: tuple[str, ...] = ()  # guards whose violations are let pass
    required: tuple[str, ...] = ()  # what must have happened: "proposed", "learned"

    @property
    def in_words(self) -> bool:
        """Whether words go to standard output: it has the form, or the file has it."""
        return self.form == "text" or self.output is not None


def check(runs: Sequence[Path], options: Options = Options()) -> int:
    """Judge each run, and write what is said in the form that is asked for; the exit status. A
    violation outweighs a verdict that is missing."""
    names = _mine([str(run) for run in runs], options.shard)
    if names.count(STANDARD_INPUT) > 1:
        complain("- is given twice, and standard input can be read once; name it once")
        return 2
    coverage = Coverage() if options.coverage else None
    with termination_as_interrupt():
        judged = _judge(names, options, coverage)
    if coverage is not None:
        print(coverage.report())
    write(document(judged, tool(), options.shard), options.form, options.output)
    return exit_status(judged)


def _mine(names: list[str], shard: Shard | None) -> list[str]:
    """The runs of this shard: of all, in the same order on each machine, every so-manieth."""
    return sorted(names)[shard.index - 1 :: shard.of] if shard else names


def _judge(names: list[str], options: Options, coverage: Coverage | None) -> list[Judgement]:
    """Judge the runs, and say each verdict as soon as it is there."""
    make = coverage.checker if coverage else None
    judged: list[Judgement] = []
    with Ticker(len(names)) as ticker:
        if options.tlc:
            found = iter(judge_all_by_both(names, options.assume, options.keep, options.jobs, make))
        else:
            found = judge_all(names, options.assume, options.jobs or 1, make, options.waived)
        in_full = FULL_REPORTS
        for run in (held_to(each, options.required) for each in found):
            judged.append(run)
            ticker.clear()
            full = len(names) == 1 or (run.exit_status > 0 and in_full > 0)
            in_full -= run.exit_status > 0
            say(run, full and not options.quiet, options.in_words)
            ticker.done(len(judged))
    if len(names) != 1 and options.in_words:
        print(total(judged), flush=True)
    return judged


def say(run: Judgement, full: bool, in_words: bool = True) -> None:
    """A verdict in words, and on standard error what stood in the way of one."""
    if run.verdict == "error":
        complain(run.reason)
        return
    if in_words:
        print(run.report if full or not run.judges_agree else run.line, flush=True)
    if run.tlc is not None and run.tlc.verdict == "none":
        complain(f"{run.run}: TLC gave no verdict: {run.tlc.reason}")


def write(verdicts: Document, form: str, output: Path | None) -> None:
    """The verdicts in this form, to a file or, unless they were said there in words, to standard
    output."""
    if output is not None:
        write_atomically(output, FORMS[form](verdicts))
    elif form != "text":
        print(FORMS[form](verdicts), end="", flush=True)
