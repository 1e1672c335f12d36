"""Where each role says that it is, in a simulated cluster."""

from __future__ import annotations

from harness.simulation.cluster import Simulation
from paxos.core.ballot import NO_BALLOT
from paxos.core.settings import Settings
from paxos.core.standing import Standing


def standing(sim: Simulation, role: str, number: int = 1) -> Standing:
    found = sim.process(role, number).role
    assert found is not None
    return found.standing()


def test_of_a_cluster_in_which_all_goes_well_and_one_without_a_majority() -> None:
    sim = Simulation(1, Settings(learners=2, prepare_ahead=True, retain_instances=2))
    sim.run(3.0)
    sim.submit(1, [b"%d" % n for n in range(5)])
    sim.run(6.0)
    client, learner = standing(sim, "client"), standing(sim, "learner")
    assert client == Standing(values=5)
    assert (learner.prefix, learner.values, learner.pending) == (5, 5, 0)
    leaders = [p for p in (standing(sim, "proposer", n) for n in (1, 2)) if p.leads]
    assert [(p.prefix, p.top, p.pending) for p in leaders] == [(5, 5, 0)]
    acceptor = standing(sim, "acceptor")
    assert acceptor.ballot == leaders[0].ballot > NO_BALLOT
    assert acceptor.top == 5 and acceptor.prefix + acceptor.pending == 5
    assert not acceptor.leads and not learner.leads

    sim.crash("acceptor", 2)
    sim.crash("acceptor", 3)
    sim.submit(1, [b"a", b"b"])
    sim.run(9.0)
    assert standing(sim, "client") == Standing(values=5, pending=2)
    assert standing(sim, "learner").prefix == 5 and standing(sim, "learner").top == 7
    assert standing(sim, "acceptor").top == 7
