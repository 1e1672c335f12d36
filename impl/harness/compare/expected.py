"""How many messages each combination should need."""

from __future__ import annotations

from harness.measure.combos import Combination


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
