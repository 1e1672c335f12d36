"""What roles say that they wait for, in a simulated cluster: the truth; and if all is well,
nothing."""

from __future__ import annotations

from harness.simulation.cluster import Simulation
from harness.simulation.process import Process
from paxos.core.acceptor import Acceptor
from paxos.core.names import Member
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.runtime.waiting import LOOK_S, PATIENCE_S, Waiting

QUICK = Settings(
    learners=2, direct_learning=True, prepare_ahead=True, max_batch=5, retain_instances=3
)


class Told(Simulation):
    """A cluster whose processes say what they wait for."""

    def __init__(self, settings: Settings = QUICK) -> None:
        super().__init__(1, settings)
        self.said: list[str] = []
        self._waiting: dict[Member, tuple[Role, Waiting]] = {}

    def _watch(self, process: Process, role: Role) -> Waiting:
        """What watches a process in its present incarnation."""
        known = self._waiting.get(process.key)
        if known is None or known[0] is not role:
            said = self.said

            def say(line: str) -> None:
                said.append(line.replace(f"{process.name}: ", f"{process.key}: "))

            known = role, Waiting(process.name, role, self.now_s, say)
            self._waiting[process.key] = known
        return known[1]

    def live(self, seconds: float) -> list[str]:
        """What is said meanwhile; all hear each other, as far as the watch knows."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.run(self.now_s + LOOK_S)
            for process in self.processes.values():
                if process.role:
                    waiting = self._watch(process, process.role)
                    for peer in self.processes:
                        waiting.hear(peer, self.now_s)
                    waiting.look(self.now_s)
        said = [line.partition("; in the last")[0] for line in self.said]
        self.said.clear()
        return said


def test_where_all_goes_well_nothing_is_said() -> None:
    for prepare_ahead in (True, False):
        sim = Told(Settings(learners=2, prepare_ahead=prepare_ahead))
        assert sim.live(3 * PATIENCE_S) == []
        for burst in range(5):
            for client in (1, 2):
                sim.submit(client, [b"%d/%d" % (client, burst * 100 + n) for n in range(100)])
            assert sim.live(2 * PATIENCE_S) == []
        assert len(sim.outputs()[0]) == 1_000


def test_without_a_majority_the_leader_the_client_and_the_learner_say_so() -> None:
    sim = Told()
    sim.submit(1, [b"before"])
    assert sim.live(5) == []
    sim.crash("acceptor", 2)
    sim.crash("acceptor", 3)
    sim.submit(1, [b"one", b"two"])
    said = sim.live(3 * PATIENCE_S)
    goes_on = "that a learner has delivered them, and goes on sending them"
    assert f"client-1: waits for word of 2 values, {goes_on}" in said
    (leader,) = [line for line in said if line.startswith("proposer-")]
    assert "waits for votes in instance " in leader
    assert "of 2 acceptors: acceptor 1 answered, acceptors 2, 3 not" in leader
    learners = [line for line in said if line.startswith("learner-")]
    assert len(learners) == 2
    assert all("acceptor 1 told one, acceptors 2, 3 none" in line for line in learners)
    sim.restart("acceptor", 3)
    assert {line.partition(": ")[2] for line in sim.live(5)} == {
        "waits no more for what it said: it goes on"
    }


def test_a_new_leader_without_a_majority_names_who_has_not_promised() -> None:
    sim = Told()
    for acceptor in (1, 3):
        sim.crash("acceptor", acceptor)
    (said,) = sim.live(3 * PATIENCE_S)
    assert said.endswith(
        "waits for promises from instance 1 on of 2 acceptors: acceptor 2 answered, "
        "acceptors 1, 3 not"
    )


def test_a_learner_says_that_one_has_trimmed_and_the_others_tell_nothing() -> None:
    """One acceptor has trimmed, one is new and empty, one is dead."""
    sim = Told()
    for n in range(40):
        sim.submit(1, [b"%d" % n])
        sim.run(sim.now_s + 0.2)
    sim.live(5)
    acceptors = [process.role for process in sim.of("acceptor")]
    assert all(isinstance(a, Acceptor) and a.trimmed for a in acceptors)
    sim.crash("acceptor", 3)
    sim.crash("acceptor", 2)
    sim.process("acceptor", 2).disk = sim.make_disk("acceptor", 2)
    sim.restart("acceptor", 2)
    sim.crash("learner", 2)
    sim.restart("learner", 2)
    said = [line for line in sim.live(3 * PATIENCE_S) if line.startswith("learner-2")]
    assert said == [
        "learner-2: waits for instance 1, for 2 acceptors to tell the same vote: none told one, "
        "acceptors 2, 3 none; acceptor 1 cannot tell any more, since every learner had delivered "
        "it (take the output of another learner if the others stay away)"
    ]
