"""Verdicts as workflow commands of GitHub Actions: annotations at the lines of the traces.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions has their form. A run
that conforms is a plain line of the log: a step shows ten annotations of a kind, and they are for
what is wrong.
"""

from __future__ import annotations

from conformance.formats.judgement import (
    STANDARD_INPUT,
    Document,
    Finding,
    Judgement,
    Place,
    judges,
    total,
)


def write(verdicts: Document) -> str:
    lines = [line for run in verdicts.runs for line in _lines(run)]
    return "\n".join([*lines, _inert(total(verdicts.runs))]) + "\n"


def _lines(run: Judgement) -> list[str]:
    lines = [_annotation("warning", f"{run.run}: {warning}", run.run) for warning in run.warnings]
    if run.exit_status == 0:
        return [*lines, _inert(run.line)]
    lines += [_violation(run, finding) for finding in run.findings]
    if not run.judges_agree:
        lines.append(_annotation("error", run.report or run.line, "the judges differ"))
    if run.exit_status == 2:
        text = run.line
        if run.tlc is not None and run.tlc.verdict == "none":
            text += f"; TLC gave no verdict: {run.tlc.reason}"
        lines.append(_annotation("error", text, f"no verdict on {run.run}"))
    return lines


def _violation(run: Judgement, finding: Finding) -> str:
    parts = [f"{run.run}: {finding.rule}: {finding.words}".removesuffix(": ")]
    parts += [f"expected: {finding.expected}"] if finding.expected else []
    parts += [f"found: {finding.found}"] if finding.found else []
    parts += [f"{place.file}:{place.line}: {place.text}" for place in finding.specification]
    if finding.count > 1:
        parts.append(f"so in {finding.count} events; this is the first")
    if finding.place.member:
        parts.append(f"in the archive, at {finding.place.member}:{finding.place.line}")
    parts.append(f"judged by {judges(run)}")
    return _annotation("error", "\n".join(parts), finding.rule, finding.place)


def _annotation(level: str, text: str, title: str, place: Place | None = None) -> str:
    properties = [f"title={_property(title)}"]
    if place is not None and place.file != STANDARD_INPUT:
        properties.insert(0, f"file={_property(place.file)}")
        if not place.member and place.line > 0:
            properties.insert(1, f"line={place.line}")
    return f"::{level} {','.join(properties)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _inert(line: str) -> str:
    """A line of the log that is no command, whatever the folder is called: commands begin with
    `::`, or have `##[` in them."""
    line = line.replace("##[", "## [")
    return f"run {line}" if line.lstrip().startswith("::") else line
