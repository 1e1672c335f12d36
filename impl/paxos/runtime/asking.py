"""Asks the processes of a cluster where they are, and collects the answers: one socket that hears
the group of the clients, and no port that the cluster does not have."""

import random
import time
from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple

from paxos.config import Config
from paxos.core.names import OBSERVER, Member, ProcessName
from paxos.forms import ROLE_GROUPS
from paxos.runtime.envelope import ANSWER, QUESTION, Envelope, RejectedError, may_be
from paxos.runtime.hello import LARGEST_NONCE
from paxos.runtime.multicast import Multicast
from paxos.runtime.questions import Answer, Question, encode

AGAIN_S = 0.2
"""How often a question is asked while somebody has not answered: it, or the answer, may be lost."""


class Told(NamedTuple):
    """What one process has answered."""

    process: ProcessName
    answer: Answer


class Asker:
    """Asks one cluster, as often as it is wanted."""

    def __init__(self, config: Config, key: bytes | None) -> None:
        """Raises `InputError` if the interface or the port cannot be used."""
        self._groups = config.endpoints()
        self._nonce = 1 + random.SystemRandom().randrange(LARGEST_NONCE)
        self._envelope = Envelope(
            config.cluster_tag(), OBSERVER, 1, 1, config.members(), key, self._nonce
        )
        self._number = 0
        self._network = Multicast(self._groups.clients, config.interface, config.ttl)

    def ask(self, wanted: Collection[Member], timeout_s: float) -> dict[Member, Told]:
        """Ask all, until all of `wanted` have answered, or the time is up."""
        self._number += 1
        question = self._envelope.seal(0, encode(Question(self._number)), kind=QUESTION)
        answers: dict[Member, Told] = {}
        now_s = asked_s = time.monotonic()
        until_s = now_s + timeout_s
        self._send(question)
        while now_s < until_s and not (wanted and answers.keys() >= {*wanted}):
            if now_s >= asked_s + AGAIN_S:
                asked_s = now_s
                self._send(question)
            wait_s = min(until_s, asked_s + AGAIN_S) - now_s
            for datagram in self._network.receive(wait_s):
                self._hear(datagram, answers)
            now_s = time.monotonic()
        return answers

    def _send(self, question: bytes) -> None:
        for name in ROLE_GROUPS:
            with suppress(OSError):  # like a loss on the way
                self._network.send(getattr(self._groups, name), question)

    def _hear(self, datagram: bytes, answers: dict[Member, Told]) -> None:
        if not may_be(ANSWER, datagram):
            return
        try:
            received = self._envelope.open(datagram)
        except RejectedError:
            return
        answer, member = received.about, received.member
        if not isinstance(answer, Answer):
            return
        if (answer.asker, answer.number) != (self._nonce, self._number):
            return
        known = answers.get(member)
        if known is None or received.incarnation >= known.process.incarnation:
            answers[member] = Told(ProcessName(member, received.incarnation), answer)

    def close(self) -> None:
        """Close the socket."""
        self._network.close()
