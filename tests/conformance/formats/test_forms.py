"""Each form that verdicts are written in is valid by its published schema, for each example trace,
and says the run, the rule, the lines and who judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from conformance.cli.judgements import of_error, of_verdict, tool
from conformance.formats import github, junit, sarif, verdict_json
from conformance.formats.judgement import (
    ByTlc,
    Document,
    Judgement,
    Place,
    Shard,
    document,
    exit_status,
    total,
)
from conformance.formats.render import FORMS
from conformance.replay.run_folder import check_run
from conformance.trace.reader import TraceError
from tests.conformance.formats.published import valid_json, valid_junit, valid_sarif
from tests.paths import ROOT, TRACES

EXAMPLES = sorted(p for kind in ("good", "bad") for p in (TRACES / kind).iterdir() if p.is_dir())
VIOLATION = "traces/bad/propose_own_value_over_a_vote"
LINE = 3  # of proposer-2.1, as the README shows


def judged(folder: Path) -> Judgement:
    name = folder.relative_to(ROOT).as_posix()
    try:
        verdict = check_run(folder)
    except TraceError as error:
        return of_error(name, str(error))
    return of_verdict(name, verdict, lambda p, n: Place(file=f"{name}/{p}.ndjson", line=n))


@pytest.fixture(scope="module")
def every() -> Document:
    return document(map(judged, EXAMPLES), tool())


def one(name: str, **changes: Any) -> Document:
    run = msgspec.structs.replace(judged(ROOT / name), **changes)
    return document([run], tool())


def test_the_examples_have_all_verdicts(every: Document) -> None:
    assert {run.verdict for run in every.runs} == {"conforms", "violation", "unknown", "error"}
    assert sum(every.counts.values()) == 2 * len(EXAMPLES)


def test_json_is_valid_and_can_be_read_again(every: Document, tmp_path: Path) -> None:
    text = verdict_json.write(every)
    found = valid_json(text)
    assert found["exit_status"] == 1
    assert found["runs"][0]["judged_by"] == ["core"]
    path = tmp_path / "verdicts.json"
    path.write_text(text)
    assert verdict_json.read(path) == every


def test_json_of_all_there_can_be_is_valid() -> None:
    """Also the fields that no example fills."""
    place = Place(file="a.tar.gz", line=2, member="learner-1.1.ndjson", text="t", definition="D")
    full = one(
        VIOLATION,
        tlc=ByTlc(verdict="none", reason="no Java", event=4, specification=[place]),
        broken={"Agreement": "two batches"},
        undecided={"TotalOrder": "no proposal"},
        warnings=["nothing was learned"],
        inferred=["quorums"],
        waived=["Phase2a.once"],
        assumed={"max_batch": 1, "direct_learning": False},
        torn=["learner-1.1"],
        silent=["acceptor 3"],
        judges_agree=False,
        seconds=0.25,
        reason="r",
    )
    full = msgspec.structs.replace(full, shard=Shard(1, 2))
    text = verdict_json.write(full)
    found = valid_json(text)
    schema = json.loads((TRACES / "verdict.schema.json").read_text())
    assert set(found) == set(schema["properties"])
    assert set(found["runs"][0]) == set(schema["$defs"]["run"]["properties"])
    assert set(found["runs"][0]["tlc"]) == set(
        schema["$defs"]["run"]["properties"]["tlc"]["properties"]
    )
    assert msgspec.json.decode(text.encode(), type=Document) == full


def test_sarif_is_valid_and_points_at_trace_rule_and_specification(every: Document) -> None:
    valid_sarif(sarif.write(every))
    (run,) = valid_sarif(sarif.write(one(VIOLATION)))["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == "Phase2a.highest"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "Phase2a.highest"
    where = result["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == f"{VIOLATION}/proposer-2.1.ndjson"
    assert where["region"]["startLine"] == LINE
    _points_at_the_specification(result["relatedLocations"][0])
    assert result["properties"]["judgedBy"] == ["core"]
    assert "judged by the core" in result["message"]["text"]


def _points_at_the_specification(related: Any) -> None:
    place = related["physicalLocation"]
    lines = (ROOT / place["artifactLocation"]["uri"]).read_text().splitlines()
    assert "Proposable(batch, b, i, Q)" in lines[place["region"]["startLine"] - 1]


def test_sarif_has_a_notification_of_each_run_that_is_no_violation(every: Document) -> None:
    (run,) = valid_sarif(sarif.write(every))["runs"]
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    assert invocation["exitCode"] == 1
    notified = {
        n["properties"]["run"]: n["level"] for n in invocation["toolExecutionNotifications"]
    }
    expected = {0: "note", 2: "error"}
    assert notified == {
        r.run: expected[r.exit_status] for r in every.runs if r.exit_status in expected
    }
    assert len(run["results"]) == sum(len(r.findings) for r in every.runs)
    assert len(run["results"]) > every.counts["violation"]


def test_junit_is_valid_and_has_a_test_case_a_run(every: Document) -> None:
    text = junit.write(every)
    valid_junit(text)
    suite = ElementTree.fromstring(text)[0]
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [run.run for run in every.runs]
    for case, run in zip(cases, every.runs, strict=True):
        assert (case.find("failure") is not None) == (run.verdict == "violation")
        assert (case.find("error") is not None) == (run.verdict in ("unknown", "error"))
        if run.judged_by:
            assert "judged by the core" in (case.findtext("system-out") or "")
    counts = every.counts
    assert suite.get("tests") == str(counts["runs"])
    assert suite.get("failures") == str(counts["violation"])
    assert suite.get("errors") == str(counts["unknown"] + counts["error"])


def test_github_annotates_the_line_of_the_trace() -> None:
    annotation, last = github.write(one(VIOLATION)).splitlines()
    assert annotation.startswith(
        f"::error file={VIOLATION}/proposer-2.1.ndjson,line={LINE},title=Phase2a.highest::"
    )
    assert "spec/MultiPaxos.tla:" in annotation
    assert "judged by the core" in annotation
    assert last == "1 run: 0 conform, 1 in violation; judged by the core"


def test_github_says_of_each_run_who_judged(every: Document) -> None:
    lines = github.write(every).splitlines()
    for run in every.runs:
        about = [x for x in lines if f"{run.run}:" in x.replace("%3A", ":")]
        assert len(about) == max(1, len(run.findings))
        for line in about:
            assert "judged by" in line or run.verdict == "error"
            assert line.startswith("::error ") == (run.exit_status != 0)


@pytest.mark.parametrize("name", ["::set-env name=a::b", " ::add-mask::x", "a##[error]b"])
def test_no_name_of_a_folder_is_a_command_to_github(name: str) -> None:
    good = one("traces/good/plain", run=name, line=f"{name}: conforms")
    for line in github.write(good).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_github_text_and_properties_are_escaped() -> None:
    bad = one(VIOLATION)
    place = Place(file="a,b:c%.ndjson", line=7)
    finding = msgspec.structs.replace(bad.runs[0].findings[0], place=place, expected="x\ny % z")
    annotation = github.write(one(VIOLATION, findings=[finding])).splitlines()[0]
    assert "file=a%2Cb%3Ac%25.ndjson,line=7," in annotation
    assert "expected: x%0Ay %25 z%0A" in annotation


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "json"])
def test_what_is_in_an_archive_is_named_by_its_member(form: str) -> None:
    finding = one(VIOLATION).runs[0].findings[0]
    place = Place(file="run.tar.gz", line=LINE, member="run/proposer-2.1.ndjson")
    inside = one(VIOLATION, findings=[msgspec.structs.replace(finding, place=place)])
    text = FORMS[form](inside)
    if form == "sarif":
        location = valid_sarif(text)["runs"][0]["results"][0]["locations"][0]
        assert location["physicalLocation"] == {"artifactLocation": {"uri": "run.tar.gz"}}
        (logical,) = location["logicalLocations"]
        assert logical["fullyQualifiedName"] == f"run/proposer-2.1.ndjson:{LINE}"
    elif form == "github":
        assert text.startswith("::error file=run.tar.gz,title=")
        assert f"run/proposer-2.1.ndjson:{LINE}" in text


def test_standard_input_is_no_file() -> None:
    finding = one(VIOLATION).runs[0].findings[0]
    place = Place(file="-", line=30)
    piped = one(VIOLATION, findings=[msgspec.structs.replace(finding, place=place)])
    (location,) = valid_sarif(sarif.write(piped))["runs"][0]["results"][0]["locations"]
    assert "physicalLocation" not in location
    assert github.write(piped).startswith("::error title=Phase2a.highest::")


@pytest.mark.parametrize(
    ("path", "uri"),
    [("a b/é#?.ndjson", "a%20b/%C3%A9%23%3F.ndjson"), ("/r/a b", "file:///r/a%20b")],
)
def test_a_path_becomes_a_reference(path: str, uri: str) -> None:
    assert sarif.uri(path) == uri


def test_judges_that_differ_fail_in_each_form() -> None:
    good = judged(ROOT / "traces/good/plain")
    differs = document(
        [
            msgspec.structs.replace(
                good,
                judged_by=["core", "TLC"],
                tlc=ByTlc(verdict="violation", event=3),
                judges_agree=False,
                exit_status=1,
            )
        ],
        tool(),
    )
    assert differs.exit_status == 1
    text = junit.write(differs)
    valid_junit(text)
    assert "<failure" in text
    (run,) = valid_sarif(sarif.write(differs))["runs"]
    assert [r["ruleId"] for r in run["results"]] == ["judges-differ"]
    assert github.write(differs).startswith("::error title=the judges differ::")
    assert total(differs.runs).startswith("1 run: 1 conform, of 1 the judges say different things")


def test_where_tlc_has_no_answer_there_is_no_verdict_in_each_form() -> None:
    none = one("traces/good/plain", tlc=ByTlc(verdict="none", reason="no Java"), exit_status=2)
    assert none.exit_status == 2
    assert "<error" in junit.write(none)
    (run,) = valid_sarif(sarif.write(none))["runs"]
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["level"] == "error" and "no Java" in notice["message"]["text"]
    assert "no Java" in github.write(none)
    assert "of 1 TLC gave no verdict" in total(none.runs)


def test_warnings_stand_in_each_form() -> None:
    said = "nothing was learned"
    warned = one("traces/good/plain", warnings=[said])
    assert f"::warning title=traces/good/plain::traces/good/plain: {said}" in github.write(warned)
    (run,) = valid_sarif(sarif.write(warned))["runs"]
    notices = run["invocations"][0]["toolExecutionNotifications"]
    assert [n["level"] for n in notices] == ["note", "warning"]
    assert f"warning: {said}" in junit.write(warned)


def test_further_findings_are_results_too() -> None:
    finding = one(VIOLATION).runs[0].findings[0]
    further = msgspec.structs.replace(
        finding, rule="Learn.decided", words="", tla="", specification=[], count=12
    )
    both = one(VIOLATION, findings=[finding, further])
    (run,) = valid_sarif(sarif.write(both))["runs"]
    assert [r["ruleId"] for r in run["results"]] == ["Phase2a.highest", "Learn.decided"]
    assert run["results"][1]["occurrenceCount"] == 12
    assert "so in 12 events" in github.write(both).splitlines()[1]
    valid_json(verdict_json.write(both))


@pytest.mark.parametrize(
    ("each", "expected"), [([], 0), ([0, 0], 0), ([0, 2], 2), ([2, 1, 0], 1), ([1], 1)]
)
def test_a_violation_outweighs_a_verdict_that_is_missing(each: list[int], expected: int) -> None:
    good = judged(ROOT / "traces/good/plain")
    runs = [msgspec.structs.replace(good, exit_status=n) for n in each]
    assert exit_status(runs) == expected


def test_an_event_that_the_trace_omits_is_in_no_line() -> None:
    run = judged(ROOT / VIOLATION)
    finding = run.findings[0]
    place = msgspec.structs.replace(finding.place, line=0)
    omitted = one(VIOLATION, findings=[msgspec.structs.replace(finding, place=place)])
    (location,) = valid_sarif(sarif.write(omitted))["runs"][0]["results"][0]["locations"]
    assert "region" not in location["physicalLocation"]
    assert ",title=Phase2a.highest::" in github.write(omitted)
    assert ",line=" not in github.write(omitted)
    valid_json(verdict_json.write(omitted))
