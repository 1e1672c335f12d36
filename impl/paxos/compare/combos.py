"""The eight combinations of the optimisations, and how many messages each should need."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Combination:
    """Which optimisations are on: the constants of the specification, and the configuration's
    switches."""

    direct_learning: bool
    prepare_ahead: bool
    batching: bool

    @property
    def name(self) -> str:
        """As the models have it in their names: `off`, `direct`, ..., `direct-ahead-batch`."""
        switches = (self.direct_learning, self.prepare_ahead, self.batching)
        words = ("direct", "ahead", "batch")
        return "-".join(word for on, word in zip(switches, words, strict=True) if on) or "off"

    @property
    def options(self) -> list[str]:
        """For `paxos run`."""
        return [
            f"--{'' if on else 'no-'}{name}"
            for name, on in (
                ("direct-learning", self.direct_learning),
                ("prepare-ahead", self.prepare_ahead),
                ("batching", self.batching),
            )
        ]


ALL = [
    Combination(direct, ahead, batch)
    for batch, ahead, direct in product((False, True), (False, True), (False, True))
]
"""In the order in which they are run and listed: without batching first."""


def messages_per_value(
    combination: Combination, acceptors: int, learners: int, window: int
) -> dict[str, float]:
    """The messages, by type, that one value needs if it is alone and nothing is lost. A message to
    two groups is two messages, one multicast to each."""
    direct = combination.direct_learning
    # Phase 1 covers one instance; or half a window, which is refilled when half of it is used.
    covered = max(1, window - window // 2) if combination.prepare_ahead else 1
    return {
        "Submit": 1,  # client to proposers
        "Prepare": 1 / covered,  # leader to acceptors
        "Promise": acceptors / covered,  # each acceptor to proposers
        "Accept": 2 if direct else 1,  # leader to acceptors, and with direct learning to learners
        "Accepted": (2 if direct else 1) * acceptors,  # to proposers, and so on
        "Decide": 0 if direct else 1,  # leader to learners
        "Delivered": 2 * learners,  # each learner to clients and to proposers
    }
