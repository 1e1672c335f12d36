"""The `prove` command: what it says of a module that is broken, and what it goes on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import z3

from conformance.cli.main import main
from conformance.proof import encodings
from conformance.proof.encodings import ENCODINGS
from conformance.proof.kept import Kept
from conformance.proof.logic import Encoding, State
from conformance.proof.obligations import obligations
from conformance.proof.solver import UNKNOWN, prove
from conformance.proof.voting_logic import VOTING
from tests.conformance.proof.breaks import BREAKS, meeting, without

PATIENCE_S = 120
"""Until a process is taken for hung."""

Change = Callable[[Encoding], Encoding]


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is proved is kept here, from one test to the next: what is broken is not among it."""
    return tmp_path_factory.mktemp("proved") / "proofs.jsonl"


@contextmanager
def changed(encoding: Encoding) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "ENCODINGS", {encoding.name: encoding})
        yield


def verdicts(said: str) -> dict[str, str]:
    """Of each obligation that is said, the verdict."""
    rows = (line.rsplit(maxsplit=3) for line in said.splitlines() if line.endswith(" s"))
    return {row[0].strip(): row[1] for row in rows if len(row) == 4 and row[3] == "s"}


def dropped(conjunct: str) -> Change:
    return lambda encoding: encoding.without(conjunct)


QUICK: list[tuple[str, Change, str]] = [
    *(each for each in BREAKS if each[0] == "Voting"),
    ("Voting", dropped("OneBatchPerBallot"), "Inv gives, by induction: later votes agree"),
    ("Voting", dropped("VotesBroadcast"), "Inv implies Integrity"),
    ("Voting", meeting("within a phase"), "Inv gives, by induction: later votes agree"),
    ("Synod", without("Phase2b", effect="promised"), "Phase2b keeps VotesBelowPromise"),
    ("Synod", without("Decide", guard="voted"), "Decide keeps DecisionsChosen"),
    ("LogVoting", without("Vote", guard="OneBatchIn"), "Vote keeps OneBatchPerBallot"),
    ("LogVoting", without("Deliver", guard="IsNext"), "Deliver gives: it is chosen as far as that"),
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "change", "false"), QUICK)
def test_a_break_is_found_by_the_command(
    name: str, change: Change, false: str, proved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the whole of a module, and named."""
    with changed(change(ENCODINGS[name])):
        status = main(["prove", "--seconds", "2", "--results", str(proved)])
    said = capsys.readouterr().out
    assert (status, verdicts(said).get(false)) == (1, "false"), said


def few(name: str = "Integrity") -> Encoding:
    """Voting with one goal, and nothing else to show."""
    return replace(VOTING, actions=(), lemmas=(), goals={name: VOTING.goals[name]})


def test_the_command_says_what_is_false(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = without("Learn", guard="VotedTogether")(VOTING)
    learn = [action for action in broken.actions if action.name == "Learn"]
    with changed(replace(broken, actions=tuple(learn), lemmas=(), goals={})):
        assert main(["prove", "--results", str(tmp_path / "kept")]) == 1
    said = capsys.readouterr().out
    assert verdicts(said)["Learn keeps LearnedFromOneBallot"] == "false"
    assert "step " in said and "Learn(l1, " in said


def test_a_conjunct_too_many_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def nothing(_: State) -> Any:
        return z3.BoolVal(True)

    with changed(replace(VOTING, lemmas=(), goals={}, invariant={"Nothing": nothing})):
        assert main(["prove", "--results", str(tmp_path / "kept")]) == 2
    assert "without Nothing: no counterexample was found" in capsys.readouterr().out


def test_what_the_solver_gives_up_is_not_proved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two obligations: for each of them, small models are searched for a counterexample."""
    kept = tmp_path / "kept"
    monkeypatch.setattr(z3.Solver, "check", lambda _: z3.unknown)
    first = next(obligations(VOTING))
    assert prove(VOTING, first).verdict == UNKNOWN
    goals = {name: VOTING.goals[name] for name in ("Integrity", "Agreement")}
    with changed(replace(few(), invariant={}, goals=goals)):
        assert main(["prove", "--module", "Voting", "--results", str(kept)]) == 2
    said = capsys.readouterr().out
    assert "0 of 2 proved" in said and said.count("the solver gave up") == 2
    assert not kept.exists()


def test_without_memory_nothing_is_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    with changed(replace(few(), invariant={})):
        assert main(["prove", "--memory", "1", "--results", str(kept)]) == 2
    said = capsys.readouterr().out
    assert "0 of 1 proved" in said and said.count("allow more with --memory") == 1
    assert not kept.exists()


def test_what_was_proved_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also the counterexamples: the second run, in which the solver knows nothing, says the same.
    Another text is another question, and so is all with --fresh."""
    prove_it = ["prove", "--module", "Voting", "--results", str(tmp_path / "kept")]
    assert main([*prove_it, "--tables"]) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr(z3.Solver, "check", lambda _: z3.unknown)
    assert main([*prove_it, "--tables"]) == 0
    second = capsys.readouterr().out
    assert second.replace(", 28 of them before", "") == first != second
    smallest = replace(VOTING, sizes=VOTING.sizes[:1])
    with changed(without("Learn", guard="VotedTogether")(smallest)):
        assert main(prove_it) == 2
    said = verdicts(capsys.readouterr().out)
    unknown = {name for name, verdict in said.items() if verdict == "unknown"}
    assert unknown == {f"Learn keeps {conjunct}" for conjunct in VOTING.invariant}
    with changed(smallest):
        assert main([*prove_it, "--fresh"]) == 2
    assert "0 of 28 proved" in capsys.readouterr().out


def test_a_file_that_is_damaged_is_begun_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(b'{"digest": "0\xff\n')
    with changed(few()):
        assert main(["prove", "--results", str(kept)]) == 2  # without actions, all is needless
    captured = capsys.readouterr()
    assert captured.err.startswith(f"{kept}:1: ") and captured.err.count("\n") == 1
    assert captured.err.endswith("; all is proved anew\n")
    assert "Inv implies Integrity" in captured.out
    assert len(kept.read_text().splitlines()) == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on_where_it_stopped(
    number: signal.Signals, tmp_path: Path
) -> None:
    """Interrupted in the middle of a question that has no end."""
    kept = tmp_path / "kept"
    asked = [sys.executable, "-c", HARD, str(kept)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "asked" in line:
                break
        os.kill(run.pid, number)
        out, err = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 130, out + err
    assert err.splitlines() == [
        f"{kept} has what was proved; the same command goes on from there",
        "stopped",
    ]
    left = len(kept.read_text().splitlines())
    assert left == 5
    assert all(Kept(kept).known(line.split('"')[3]) for line in kept.read_text().splitlines())


HARD = """
import sys
from dataclasses import replace
import z3
from conformance.cli.main import main
from conformance.proof import encodings
from conformance.proof.logic import Goal
from conformance.proof.voting_logic import VOTING

def hard(state):
    print("asked", flush=True)
    factors = z3.BitVecs("factor other", 128)
    small = [z3.And(z3.UGT(f, 1), z3.ULT(f, 2**64)) for f in factors]
    return z3.Not(z3.And(*small, factors[0] * factors[1] == (2**61 - 1) * (2**62 - 57)))

goals = {"Hard": Goal(hard, ("TypeOK",))}
encodings.ENCODINGS = {"Voting": replace(VOTING, actions=(), lemmas=(), goals=goals)}
sys.exit(main(["prove", "--seconds", "600", "--results", sys.argv[1]]))
"""
"""Of Voting the start only, which is proved, and a question that takes for ever."""


def test_a_module_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--module", "Nothing"]) == 2
    assert "no proof of Nothing; there is one of Voting" in capsys.readouterr().err


def test_without_a_solver(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "conformance.proof.asking", None)
    assert main(["prove"]) == 2
    assert "pip install 'paxos[proof]'" in capsys.readouterr().err
