"""All that is wrong with a run, what is let pass, and what only looks wrong because of a clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.cli.agreement import agree
from conformance.replay.checker import Checker
from conformance.replay.lateness import CLOCK_CHECK
from conformance.replay.report import explain, summary
from conformance.replay.run_folder import check_run
from conformance.tlcjudge.validator import judge
from conformance.trace.reader import TraceError, open_run
from tests.conformance.good_runs import optimised, plain
from tests.conformance.scenario import Scenario, rng
from tests.paths import TRACES

A, B = rng("1.1", 1), rng("1.1", 2)


def many(**options: object) -> Scenario:
    """An acceptor votes below its promise; two learners believe one vote."""
    s = Scenario("many", direct_learning=True, prepare_ahead=True, **options)  # type: ignore[arg-type]
    s.broadcast("1.1", A, B)
    s.prepare((1, 1), 1, 4)
    s.propose((1, 1), 1, A)
    s.propose((1, 1), 2, B)
    s.prepare((2, 2), 1, 4, q=(2, 3))
    s.vote(1, (1, 1), 1)
    s.vote(2, (1, 1), 1)
    s.vote(2, (1, 1), 2)
    s.learn("1.1", (1, 1), 1, q=(1, 2))
    s.learn("1.1", (1, 1), 2, q=(2,))
    s.learn("2.1", (1, 1), 2, q=(2,))
    s.deliver("1.1", 1)
    return s


def test_each_further_kind_has_its_first_event_and_how_many(tmp_path: Path) -> None:
    verdict = check_run(many().write(tmp_path))
    assert verdict.violation is not None
    assert verdict.violation.name == "Phase2b.promise"
    found = {d.name: (d.first.process, d.first.seq, d.times) for d in verdict.further}
    assert found["Phase2b.promise"] == ("acceptor-2.1", 3, 1)
    assert found["Learn.quorum"] == ("learner-1.1", 2, 2)
    report = explain("run", verdict)
    assert "  again " not in report
    assert "  further   Learn.quorum: a quorum of votes" in report
    assert "; false of 2 events, first at learner-1.1.ndjson:3\n" in report
    assert report.index("  found") < report.index("  further") < report.index("  service")


def test_the_first_kind_is_counted_too(tmp_path: Path) -> None:
    verdict = check_run(many().write(tmp_path), waived=["Phase2b.promise", "VotesBelowPromise"])
    assert verdict.violation is not None
    assert verdict.violation.name == "Learn.quorum"
    assert "  again     Learn.quorum: 1 event more\n" in explain("run", verdict)


def test_an_event_that_is_taken_against_a_guard_does_not_make_those_after_it_wrong() -> None:
    """The proposal is left out of the range that was promised: its votes are no violation too."""
    s = Scenario("one", prepare_ahead=True)
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1, 1)
    s.propose((1, 1), 2, A)
    for acceptor in (1, 2, 3):
        s.vote(acceptor, (1, 1), 2)
    assert [d.name for d in s.checker.finish().further] == ["Phase2a.promises"]


def test_what_is_waived_is_let_pass_and_said(tmp_path: Path) -> None:
    run = many().write(tmp_path)
    verdict = check_run(run, waived=["Phase2b.promise"])
    assert verdict.violation is not None
    assert verdict.violation.name != "Phase2b.promise"
    every = ["Phase2b.promise", "Learn.quorum", "VotesBelowPromise", "LearnedFromOneBallot"]
    verdict = check_run(run, waived=every)
    assert verdict.kind == "conforms"
    assert {d.name for d in verdict.waived} <= {*every}
    assert "(waived: Phase2b.promise, " in summary("run", verdict)
    assert "  waived    Learn.quorum: " in explain("run", verdict)


def test_waiving_changes_nothing_that_is_right() -> None:
    s = optimised()
    checker = Checker(s.constants, s.cluster, waived=["Phase2b.promise", "Learn.quorum"])
    for line in s.lines:
        checker.feed(line["process"], {k: v for k, v in line.items() if k != "process"})
    verdict = checker.finish()
    assert (verdict.kind, verdict.waived) == ("conforms", ())


def late(line: dict[str, object], by: int) -> None:
    line["hlc"] = int(line["hlc"]) + by  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("cause", "effect"),
    [
        ("Broadcast", "Phase1a"),
        ("Phase1a", "Phase1b"),
        ("Phase1b", "Phase2a"),
        ("Phase2a", "Phase2b"),
        ("Phase2b", "Decide"),
        ("Decide", "Learn"),
    ],
)
def test_a_cause_that_comes_later_is_a_matter_of_clocks(
    cause: str, effect: str, tmp_path: Path
) -> None:
    """All processes that write such causes run ahead; nothing else is wrong."""
    run = plain(1).write(tmp_path)
    ahead = {path for path in run.iterdir() if f'"{cause}"' in path.read_text()}
    writers = {"Phase1a": "proposer", "Broadcast": "client"}
    for path in sorted(ahead):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        first = next(n for n, line in enumerate(lines) if line["event"] == cause)
        for line in lines[first:]:
            late(line, 1_000_000)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert writers.get(cause, "") in {"", *(p.name.partition("-")[0] for p in ahead)}
    verdict = check_run(run)
    assert (verdict.kind, verdict.violation) == ("unknown", None)
    assert CLOCK_CHECK in verdict.reason
    assert f"{effect} " in verdict.reason and f"{cause} " in verdict.reason
    assert "let each message carry its sender's clock" in explain("run", verdict)


def test_a_cause_that_never_comes_is_a_violation(tmp_path: Path) -> None:
    verdict = check_run(TRACES / "bad" / "vote_for_nothing")
    assert verdict.violation is not None


@pytest.mark.tlc
def test_the_judges_agree_on_a_clock_that_is_behind() -> None:
    run = TRACES / "bad" / "vote_at_the_clock_of_its_proposal"
    verdict = check_run(run)
    assert verdict.kind == "unknown"
    [by_tlc] = judge([open_run(run)])
    assert agree(verdict, by_tlc)


def with_the_host_s_clock(run: Path, to: Path) -> Path:
    to.mkdir()
    for path in run.glob("*.ndjson"):
        header, rest = path.read_text().split("\n", 1)
        (to / path.name).write_text(
            json.dumps({**json.loads(header), "clock": "host"}) + "\n" + rest
        )
    return to


def test_where_all_have_one_clock_an_effect_before_its_cause_is_a_violation(tmp_path: Path) -> None:
    """Its report names the cause, for somebody who has seen it in the trace."""
    behind = TRACES / "bad" / "vote_at_the_clock_of_its_proposal"
    verdict = check_run(with_the_host_s_clock(behind, tmp_path / "host"))
    assert verdict.violation is not None and verdict.held is not None
    assert verdict.violation.name == "Phase2b.proposed"
    report = explain("run", verdict)
    assert "  later     proposer-1.1.ndjson:3 has what it rests on, Phase2a at clock 17" in report


def test_a_violation_without_a_later_cause_names_none(tmp_path: Path) -> None:
    verdict = check_run(with_the_host_s_clock(TRACES / "bad" / "vote_for_nothing", tmp_path / "x"))
    assert "  later  " not in explain("run", verdict)


def test_all_files_of_a_run_have_one_kind_of_clock(tmp_path: Path) -> None:
    run = with_the_host_s_clock(TRACES / "good" / "plain", tmp_path / "host")
    assert check_run(run).kind == "conforms"
    (run / "acceptor-1.1.ndjson").write_text(
        (TRACES / "good/plain/acceptor-1.1.ndjson").read_text()
    )
    with pytest.raises(TraceError, match=r"clock differs.*\[File.one run\]"):
        check_run(run)


@pytest.mark.tlc
def test_the_judges_agree_on_the_clock_of_one_host(tmp_path: Path) -> None:
    behind = TRACES / "bad" / "vote_at_the_clock_of_its_proposal"
    run = with_the_host_s_clock(behind, tmp_path / "host")
    [by_tlc] = judge([open_run(run)])
    assert agree(check_run(run), by_tlc)


def broadcast_only(s: Scenario) -> None:
    s.broadcast("1.1", A)


def proposed(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, A)


@pytest.mark.parametrize(
    ("make", "notes"),
    [
        (broadcast_only, "; nothing was proposed; nothing was learned)"),
        (proposed, "processes; nothing was learned)"),
    ],
)
def test_what_did_not_happen_is_said_in_the_first_line(
    make: Callable[[Scenario], None], notes: str
) -> None:
    s = Scenario("idle")
    make(s)
    assert summary("run", s.checker.finish()).endswith(notes)


def test_processes_without_events_are_named(tmp_path: Path) -> None:
    verdict = check_run(plain(1).write(tmp_path))
    assert verdict.silent == ("proposer 2",)
    assert verdict.notes == ()
    assert "  no events of proposer 2" in explain("run", verdict)


@pytest.mark.parametrize("name", sorted(p.name for p in (TRACES / "bad").glob("restart_*")))
def test_what_an_incarnation_brings_back_wrong_does_not_make_its_beginning_wrong(name: str) -> None:
    verdict = check_run(TRACES / "bad" / name)
    assert verdict.violation is not None
    further = {d.name for d in verdict.further}
    if not verdict.violation.name.startswith("Life."):
        assert not any(found.startswith("Life.") for found in further)
        waived = check_run(TRACES / "bad" / name, waived=further | {verdict.violation.name})
        assert waived.kind == "conforms", waived.violation
