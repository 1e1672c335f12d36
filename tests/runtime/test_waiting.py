"""What is said of waiting: once, when it has lasted, and again when it changes or is over."""

from __future__ import annotations

from paxos.core.names import Member, ProcessName
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.waiting import Wait, for_deliveries, for_instance, for_quorum
from paxos.runtime.waiting import CLIENT_PATIENCE_S, LOOK_S, PATIENCE_S, Waiting

SETTINGS = Settings(acceptors=3, direct_learning=True)


class Waiter(Role):
    """A role that waits for whatever the test says."""

    def __init__(self) -> None:
        super().__init__(SETTINGS)
        self.wait: Wait | None = None

    def waits_for(self) -> Wait | None:
        return self.wait


class Bench:
    """One process, and its time."""

    def __init__(self, process: str = "client-1.1") -> None:
        self.now_s = 50.0
        self.role = Waiter()
        self.said: list[str] = []
        self.waiting = Waiting(ProcessName.parse(process), self.role, self.now_s, self.said.append)

    def live(self, seconds: float, *hears: str) -> list[str]:
        """What is said meanwhile, if datagrams of `hears` come all the time."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s += LOOK_S
            for peer in hears:
                self.waiting.hear(Member.parse(peer), self.now_s)
            self.waiting.look(self.now_s)
        said = self.said[:]
        self.said.clear()
        return said


def test_a_short_wait_and_work_that_gets_on_are_not_spoken_of() -> None:
    bench = Bench()
    for first in range(1, 100):
        bench.role.wait = for_deliveries(first, 5)
        assert bench.live(CLIENT_PATIENCE_S - LOOK_S, "learner-1") == []
    bench.role.wait = None
    assert bench.live(100) == []


def test_a_long_wait_is_said_once_with_who_was_heard_and_so_is_its_end() -> None:
    bench = Bench()
    bench.role.wait = for_deliveries(7, 5)
    assert bench.live(CLIENT_PATIENCE_S, "learner-1", "proposer-2") == []
    assert bench.live(LOOK_S, "learner-1", "proposer-2") == [
        "client-1.1: waits for word of 5 values, that a learner has delivered them, and goes on "
        "sending them; in the last 3 s it has heard learner-1, proposer-2"
    ]
    bench.role.wait = for_deliveries(7, 9)  # more values, the same wait
    assert bench.live(100, "learner-1") == []
    (nobody,) = bench.live(2 * PATIENCE_S)
    assert nobody.endswith("it has heard nobody"), "that is a change"
    bench.role.wait = None
    assert bench.live(3) == ["client-1.1: waits no more for what it said: it goes on"]
    assert bench.live(100) == []


def test_getting_on_again_is_the_end_of_a_wait_though_there_is_always_another() -> None:
    bench = Bench()
    bench.role.wait = for_deliveries(1, 5)
    assert len(bench.live(2 * PATIENCE_S)) == 1
    bench.role.wait = for_deliveries(6, 5)
    assert bench.live(2) == ["client-1.1: waits no more for what it said: it goes on"]


def test_time_in_which_it_did_not_run_itself_is_not_a_wait() -> None:
    bench = Bench("learner-1.1")
    bench.role.wait = for_instance(SETTINGS, 3, set(), set())
    assert bench.live(PATIENCE_S / 2, "proposer-1") == []
    bench.now_s += 3_600
    assert bench.live(PATIENCE_S / 2, "proposer-1") == []
    bench.role.wait = None
    bench.now_s += 3_600  # nor were the others silent
    assert bench.live(PATIENCE_S / 2) == []


def test_who_should_be_heard_and_is_not_is_said() -> None:
    for process, missing, heard in (
        ("learner-1.1", "no proposer", "proposer-2"),
        ("acceptor-1.1", "no proposer and no learner", "learner-1"),
    ):
        bench = Bench(process)
        assert bench.live(3 * PATIENCE_S, "client-1") == [
            f"{process}: has heard {missing} for 10 s: none runs with this configuration, or the "
            "network does not carry multicast here"
        ]
        assert bench.live(2, heard) == [f"{process}: is not alone any more"]
        assert bench.live(100, heard) == []
    assert Bench("client-1.1").live(100) == Bench("proposer-1.1").live(100) == []


def test_words() -> None:
    wait = for_quorum(SETTINGS, {1: {1}}, {5: {1}, 4: {2}})
    assert wait is not None and for_quorum(SETTINGS, {}, {}) is None
    assert wait.text == (
        "votes in instance 4 of 2 acceptors: acceptor 2 answered, acceptors 1, 3 not"
    )
    assert for_instance(SETTINGS, 1, set(), {1}).text == (
        "instance 1, for 2 acceptors to tell the same vote: none told one, acceptors 2, 3 none; "
        "acceptor 1 cannot tell any more, since every learner had delivered it (take the output "
        "of another learner if the others stay away)"
    )
    assert for_instance(Settings(), 5, set(), set()).text == (
        "instance 5, for a proposer to say what is chosen"
    )
