"""Which mechanisms meet in simulated runs, and that runs can be steered to where they do."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.simulation.meetings import CANNOT_MEET, PAIRS, Coverage, Pair, pair
from harness.simulation.options import MECHANISMS
from harness.simulation.plan import Request
from harness.simulation.run import Outcome, simulate
from harness.simulation.soak import soak
from paxos.cli import main
from paxos.core.batch import NO_OP
from paxos.core.messages import Accept
from paxos.core.proposer import Proposer

STEPS = 3_000
SEEDS = range(10)


@pytest.fixture(scope="module")
def plain() -> list[Outcome]:
    return [simulate(Request(seed, STEPS)) for seed in SEEDS]


def met(outcomes: list[Outcome]) -> Counter[Pair]:
    return sum((outcome.met for outcome in outcomes), Counter())


@pytest.mark.parametrize(
    "towards",
    [
        ("repair", "late-promise"),
        ("trimming", "refill"),
        ("late-promise", "acceptor-recovery"),
        ("trimming", "install"),
        ("rivals", "learner-recovery"),
    ],
)
def test_a_run_goes_towards_a_meeting(plain: list[Outcome], towards: Pair) -> None:
    """There are more of them than in the same runs without; and all conform."""
    steered = [simulate(Request(seed, STEPS, towards=towards)) for seed in SEEDS]
    for outcome in steered:
        assert outcome.failure is None, f"{outcome.request.command()}\n{outcome.failure.text}"
    assert met(steered)[towards] > met(plain)[towards]
    assert any(outcome.injected["steered strikes"] for outcome in steered)


def test_mechanisms_of_every_kind_are_met_and_pairs_that_cannot_are_not(
    plain: list[Outcome],
) -> None:
    coverage = Coverage()
    steered = [simulate(Request(s, STEPS, towards=coverage.next())) for s in range(10, 30)]
    seen = met([*plain, *steered])
    assert {mechanism for two in seen for mechanism in two} == set(MECHANISMS)
    assert not seen.keys() & CANNOT_MEET.keys()
    assert seen.keys() <= set(PAIRS)
    assert len(seen) > len(PAIRS) / 2


def test_a_steered_run_is_a_run_byte_for_byte() -> None:
    request = Request(3, STEPS, towards=("repair", "late-promise"))
    one, other = simulate(request), simulate(request)
    assert (one.digest, one.met) == (other.digest, other.met)
    assert request.command().endswith("--towards repair late-promise")
    assert one.digest != simulate(Request(3, STEPS)).digest


def test_what_has_not_met_is_next() -> None:
    coverage = Coverage()
    first = [coverage.next() for _ in PAIRS]
    assert sorted(first) == sorted(PAIRS), "each is tried"
    coverage.met.update(dict.fromkeys(PAIRS[3:], 1))
    assert {coverage.next() for _ in range(3)} == set(PAIRS[:3])
    assert str(coverage).startswith(f"{len(PAIRS) - 3} of {len(PAIRS)} pairs")
    coverage.met.update(dict.fromkeys(PAIRS[:3], 2))
    assert coverage.next() in PAIRS[3:], "it has met least"
    assert str(coverage).endswith("met in an instance")


def test_a_soak_says_which_pairs_have_met(capfd: pytest.CaptureFixture[str]) -> None:
    assert soak(Request(0, 1_000), 3.0) == 0
    said = " ".join(capfd.readouterr().out.split())
    assert f"of {len(PAIRS)} pairs of mechanisms met in an instance; not " in said


@pytest.mark.parametrize(
    ("names", "status"), [(("ask", "repair"), 0), (("repair", "ask"), 0), (("ask", "ask"), 2)]
)
def test_the_command(
    capfd: pytest.CaptureFixture[str], names: tuple[str, str], status: int
) -> None:
    arguments = ["simulate", "--seed", "1", "--steps", "500", "--towards", *names]
    assert main(arguments) == status
    if status:
        assert "expected two mechanisms" in capfd.readouterr().err
    else:
        assert pair(*names) == ("repair", "ask")


class ProposesTwice(Proposer):
    """Another batch in the same ballot, to the same acceptors, without an event."""

    def _finish(self, now_s: float) -> None:
        super()._finish(now_s)
        for group, message in self.step.urgent[:]:
            if isinstance(message, Accept) and message.batch != NO_OP:
                self.step.send(Accept(message.ballot, message.instance, NO_OP), group)


def test_two_proposals_of_a_ballot_are_seen_at_once() -> None:
    outcome = simulate(Request(0, STEPS), parts={"proposer": ProposesTwice})
    assert outcome.failure is not None
    assert outcome.failure.kind == "two proposals in a ballot"
