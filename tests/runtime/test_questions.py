"""Asking processes where they are: who may, what is answered, how often, and how long it may be."""

from __future__ import annotations

import time
from typing import Any

import pytest

from paxos.config import SMALLEST_DATAGRAM_BYTES, Config, Groups
from paxos.core.ballot import LARGEST_INT, Ballot
from paxos.core.messages import Reject
from paxos.core.names import OBSERVER, ProcessName
from paxos.runtime.answering import ANSWERS_A_SECOND, ANSWERS_AT_ONCE, Answering, resident_bytes
from paxos.runtime.asking import Asker
from paxos.runtime.envelope import ANSWER, PROTOCOL, QUESTION, Envelope, Received, RejectedError
from paxos.runtime.groups import ChosenGroups
from paxos.runtime.hello import HOST_CHARACTERS, LARGEST_NONCE
from paxos.runtime.presence import Self
from paxos.runtime.questions import REASON_CHARACTERS, Answer, Question, encode
from paxos.runtime.stats import Stats
from tests.runtime.harness import MEMBERS, PROPOSER, B, Fake, Harness

KEY = b"k" * 32


def observer(key: bytes | None = None, nonce: int = 55) -> Envelope:
    return Envelope(b"cluster!", OBSERVER, 1, 1, MEMBERS, key, nonce)


def member(key: bytes | None = None) -> Envelope:
    return Envelope(b"cluster!", "proposer", 1, 1, MEMBERS, key, 7)


def question(number: int = 1, sender: Envelope | None = None) -> bytes:
    return (sender or observer()).seal(0, encode(Question(number)), kind=QUESTION)


def test_a_node_answers_in_the_group_of_the_clients_and_its_role_hears_nothing() -> None:
    harness = Harness()
    harness.node.start()
    harness.world.arrive(question(3))
    harness.wait(lambda: harness.world.sent)
    harness.node.stop()
    ((to, datagram),) = harness.world.sent
    assert to == Groups().clients
    received = observer().open(datagram)
    answer = received.about
    assert isinstance(answer, Answer) and received.member == PROPOSER
    assert (answer.asker, answer.number, answer.host, answer.pid) == (55, 3, "host", 1)
    assert answer.standing == harness.role.standing()
    assert answer.memory_bytes > 1 << 20
    assert not harness.role.received


def test_what_others_are_answered_is_nothing_to_a_client() -> None:
    harness = Harness()
    harness.node.start()
    answering = Answering(
        Self(PROPOSER, "cluster", 7, "host", 1), Fake(), Stats(ProcessName(PROPOSER, 1))
    )
    asked = member().open(question())
    answer = answering.answer(asked, 1e9)
    assert answer is not None
    harness.world.arrive(member().seal(0, encode(answer), kind=ANSWER))
    harness.world.arrive(harness.datagram(Reject(B)))
    harness.wait(lambda: harness.role.received)
    harness.node.stop()
    assert not harness.world.sent and not harness.node.seats[0].stats.dropped


def test_an_observer_needs_the_key_and_says_nothing_else() -> None:
    assert member(KEY).open(question(1, observer(KEY))).about == Question(1)
    for datagram, why in (
        (question(1, observer()), "without a tag"),
        (question(1, observer(b"x" * 32)), "with a wrong tag"),
        (observer(KEY).seal(0, b"\x90", kind=PROTOCOL), "of an unknown role"),
        (observer(KEY).seal(0, encode(Question(1)), kind=ANSWER), "of an unknown role"),
        (observer(KEY).seal(0, b"\x90", kind=QUESTION), "malformed"),
        (member(KEY).seal(1, encode(Question(1)), kind=QUESTION), "malformed"),
        (observer(KEY).seal(0, encode(Question(-1)), kind=QUESTION), "malformed"),
    ):
        with pytest.raises(RejectedError, match=why):
            member(KEY).open(datagram)


@pytest.mark.parametrize(
    ("change", "heard"), [({}, 1), ({"nonce": 12}, 0), ({"about": Question(77)}, 0)]
)
def test_an_answer_to_another_question_is_none(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], heard: int
) -> None:
    """Recorded, or asked by another observer."""
    with ChosenGroups(Config()) as chosen:
        config = Config(groups=chosen.groups)
        asker = Asker(config, None)
        process = Envelope(config.cluster_tag(), "proposer", 1, 1, config.members(), None, 7)
        answering = Answering(
            Self(PROPOSER, "c", 7, "host", 1), Fake(), Stats(ProcessName(PROPOSER, 1))
        )
        sent: list[bytes] = []
        monkeypatch.setattr(asker._network, "send", lambda _, datagram: sent.append(datagram))

        def reply(timeout_s: float) -> list[bytes]:
            asked = process.open(sent[-1])._replace(**change)
            answer = answering.answer(asked, time.monotonic())
            return [process.seal(1, encode(answer), kind=ANSWER)] if answer else []

        monkeypatch.setattr(asker._network, "receive", reply)
        assert len(asker.ask([PROPOSER], 0.1)) == heard
        asker.close()


def test_an_answer_fits_the_smallest_datagram() -> None:
    largest = LARGEST_INT
    answer = Answer(
        **dict.fromkeys(Answer.__struct_fields__, largest)  # type: ignore[arg-type]
        | {
            "asker": LARGEST_NONCE,
            "host": "h" * HOST_CHARACTERS,
            "most_dropped": "r" * REASON_CHARACTERS,
            "ballot": Ballot(largest, largest),
            "leads": True,
        }
    )
    datagram = member(KEY).seal(largest, encode(answer), kind=ANSWER)
    assert len(datagram) <= SMALLEST_DATAGRAM_BYTES
    assert observer(KEY).open(datagram).about == answer


def test_many_questions_get_few_answers() -> None:
    stats = Stats(ProcessName(PROPOSER, 1))
    stats.dropped["x" * 2 * REASON_CHARACTERS] += 5
    answering = Answering(Self(PROPOSER, "cluster", 7, "host", 1), Fake(), stats)
    asked: Received = member().open(question())
    now_s = 1e9  # long after it began

    def answers(seconds: float) -> int:
        nonlocal now_s
        count = 0
        for _ in range(1_000):
            now_s += seconds / 1_000
            answer = answering.answer(asked, now_s)
            count += answer is not None
            assert answer is None or len(answer.most_dropped) == REASON_CHARACTERS
        return count

    assert answers(0.0) == ANSWERS_AT_ONCE
    assert abs(answers(10.0) - 10 * ANSWERS_A_SECOND) <= 1


def test_memory_is_that_of_this_process() -> None:
    assert 1 << 20 < resident_bytes() < 1 << 40
