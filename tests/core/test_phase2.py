"""Who tells the learners what a leader proposes."""

from __future__ import annotations

import pytest

from paxos.core.ballot import Ballot
from paxos.core.phase2 import Proposals
from paxos.core.settings import Settings

B = Ballot(1, 1)


@pytest.mark.parametrize(
    ("direct", "under_way", "told"), [(True, 1, {0}), (True, 2, {1, 3}), (False, 2, {0})]
)
def test_behind_links_acceptors_that_answer_tell_if_more_than_one_is_under_way(
    direct: bool, under_way: int, told: set[int]
) -> None:
    settings = Settings(direct_learning=direct)
    assert settings.has_links
    proposals = Proposals(settings)
    proposals.add(1, b"", [])
    list(proposals.accepts(B, 0.0))
    for acceptor in (1, 3):
        proposals.vote(acceptor, [1], 0.0)
    for instance in range(2, 2 + under_way):
        proposals.add(instance, b"", [])
    assert {accept.teller for accept, _ in proposals.accepts(B, 0.0)} == told


@pytest.mark.parametrize(("direct", "told"), [(True, 2), (False, 0)])
def test_in_a_replica_the_acceptor_in_the_same_process_tells(direct: bool, told: int) -> None:
    """Its vote goes to the learners anyhow, and the batch with it costs them no datagram more."""
    proposals = Proposals(Settings(direct_learning=direct, own_acceptor=2))
    proposals.add(1, b"", [])
    assert [accept.teller for accept, _ in proposals.accepts(B, 0.0)] == [told]
