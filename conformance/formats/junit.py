"""Verdicts as JUnit XML, which most systems of continuous integration show: a test case a run.

A violation is a failure of its test case. A run without a verdict is an error. What is said of a
run, and who judged it, is the test case's output.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from conformance.formats.judgement import Document, Judgement

if TYPE_CHECKING:
    from junitparser import TestCase

NEEDS_JUNITPARSER = "JUnit needs junitparser: pip install 'paxos[ci]'"


def write(verdicts: Document) -> str:
    """Raises ImportError if junitparser is not installed."""
    try:
        from junitparser import JUnitXml, TestSuite
    except ImportError:
        raise ImportError(NEEDS_JUNITPARSER) from None
    suite = TestSuite(verdicts.tool.name)
    suite.add_property("version", verdicts.tool.version)
    if verdicts.shard is not None:
        suite.add_property("shard", str(verdicts.shard))
    suite.add_testcases([_case(run) for run in verdicts.runs])
    report = JUnitXml(verdicts.tool.name)
    report.add_testsuite(suite)
    # Not by `update_statistics`: it counts the skipped ones too, which the schema has not up here.
    report.tests, report.failures, report.errors = suite.tests, suite.failures, suite.errors
    report.time = suite.time
    file = io.BytesIO()
    report.write(file, pretty=False)
    return file.getvalue().decode() + "\n"


def _case(run: Judgement) -> TestCase:
    from junitparser import Error, Failure, TestCase

    case = TestCase(run.run, run.specification or "conformance", round(run.seconds, 3))
    text = run.report or run.line
    if run.exit_status == 1:
        rule = run.findings[0].rule if run.findings else "the judges differ"
        failure = Failure(run.line, rule)
        failure.text = text
        case.result = [failure]
    elif run.exit_status == 2:
        error = Error(run.reason or (run.tlc.reason if run.tlc else "") or run.line, run.verdict)
        error.text = text
        case.result = [error]
    case.system_out = "\n".join([run.line, *(f"warning: {warning}" for warning in run.warnings)])
    return case
