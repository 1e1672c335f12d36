"""Verdicts as SARIF 2.1.0 (Static Analysis Results Interchange Format, an OASIS standard).

A violation is a result at the line of the trace, with the rule, and with the lines of the
specification that the rule stands for as related locations. Runs that conform or have no verdict
are notifications of the invocation: a viewer that shows all results as alerts would show a pass as
one too.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from conformance.formats.judgement import (
    STANDARD_INPUT,
    Document,
    Finding,
    Judgement,
    Place,
    judges,
)

SCHEMA_URI = "https://json.schemastore.org/sarif-2.1.0.json"
SPECIFICATIONS = "CONFORMANCE"  # the base of paths such as spec/MultiPaxos.tla
DIFFER = "judges-differ"

Json = dict[str, Any]


def write(verdicts: Document) -> str:
    findings = [(run, finding) for run in verdicts.runs for finding in run.findings]
    differing = [run for run in verdicts.runs if not run.judges_agree]
    rules = _rules([finding for _, finding in findings], differs=bool(differing))
    numbers = {rule["id"]: n for n, rule in enumerate(rules)}
    results = [_result(run, finding, numbers) for run, finding in findings]
    results += [_difference(run, numbers) for run in differing]
    notices = [notice for run in verdicts.runs for notice in _notices(run)]
    log = {
        "$schema": SCHEMA_URI,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": verdicts.tool.name,
                        "version": verdicts.tool.version,
                        "rules": rules,
                    }
                },
                "originalUriBaseIds": {
                    SPECIFICATIONS: {"description": {"text": "where the checker's sources are"}}
                },
                "invocations": [
                    {
                        "executionSuccessful": all(run.exit_status < 2 for run in verdicts.runs),
                        "exitCode": verdicts.exit_status,
                        "toolExecutionNotifications": notices,
                    }
                ],
                "results": results,
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _rules(findings: list[Finding], differs: bool) -> list[Json]:
    described: dict[str, Json] = {}
    for finding in findings:
        rule: Json = {"id": finding.rule, "name": finding.rule.replace(".", "").replace(" ", "")}
        if finding.words:
            rule["shortDescription"] = {"text": finding.words}
        if finding.tla:
            rule["fullDescription"] = {"text": finding.tla}
        rule["defaultConfiguration"] = {"level": "error"}
        rule["properties"] = {"kind": finding.kind}
        if len(rule) > len(described.get(finding.rule, {})):
            described[finding.rule] = rule
    if differs:
        text = "The two judges say different things: one of them is wrong."
        described[DIFFER] = {"id": DIFFER, "shortDescription": {"text": text}}
    return list(described.values())


def _result(run: Judgement, finding: Finding, numbers: dict[str, int]) -> Json:
    lines = [f"{finding.rule}: {finding.words}".removesuffix(": ")]
    lines += [f"expected: {finding.expected}"] if finding.expected else []
    lines += [f"found: {finding.found}"] if finding.found else []
    lines += [f"{place.file}:{place.line}: {place.text}" for place in finding.specification]
    lines.append(f"run: {run.run}, judged by {judges(run)}")
    result: Json = {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "kind": "fail",
        "level": "error",
        "message": {"text": "\n".join(lines)},
        "locations": [_location(finding.place, finding.process)],
        "properties": {"run": run.run, "judgedBy": run.judged_by, "event": finding.event},
    }
    if finding.count > 1:
        result["occurrenceCount"] = finding.count
    if finding.specification:
        result["relatedLocations"] = [
            _specification(place, n) for n, place in enumerate(finding.specification, 1)
        ]
    return result


def _difference(run: Judgement, numbers: dict[str, int]) -> Json:
    return {
        "ruleId": DIFFER,
        "ruleIndex": numbers[DIFFER],
        "kind": "fail",
        "level": "error",
        "message": {"text": run.report or run.line},
        "locations": [_location(Place(file=run.run, line=0), run.run)],
        "properties": {"run": run.run, "judgedBy": run.judged_by},
    }


def _notices(run: Judgement) -> list[Json]:
    """What is said of a run that is no result."""
    about: Json = {
        "properties": {"run": run.run, "verdict": run.verdict, "judgedBy": run.judged_by}
    }
    found: list[Json] = []
    if run.exit_status != 1:
        level = "note" if run.exit_status == 0 else "error"
        text = run.line
        if run.exit_status == 2 and run.tlc is not None and run.tlc.verdict == "none":
            text += f"; TLC gave no verdict: {run.tlc.reason}"
        found.append({"level": level, "message": {"text": text}, **about})
    found += [
        {"level": "warning", "message": {"text": f"{run.run}: {warning}"}, **about}
        for warning in run.warnings
    ]
    return found


def _location(place: Place, process: str) -> Json:
    """A line of a trace. Of what is in an archive, or was on standard input, only the name is
    left."""
    name = f"{place.member}:{place.line}" if place.member else process
    location: Json = {"logicalLocations": [{"fullyQualifiedName": name, "kind": "member"}]}
    if place.file == STANDARD_INPUT:
        return location
    physical: Json = {"artifactLocation": {"uri": uri(place.file)}}
    if place.line > 0 and not place.member:
        physical["region"] = {"startLine": place.line}
    return {"physicalLocation": physical, **location}


def _specification(place: Place, number: int) -> Json:
    return {
        "id": number,
        "message": {
            "text": f"{place.definition}: {place.text}" if place.definition else place.text
        },
        "physicalLocation": {
            "artifactLocation": {"uri": uri(place.file), "uriBaseId": SPECIFICATIONS},
            "region": {"startLine": place.line},
        },
    }


def uri(path: str) -> str:
    """A path as a reference that is relative where the path is."""
    pure = PurePath(path)
    return f"file://{quote(pure.as_posix())}" if pure.is_absolute() else quote(pure.as_posix())
