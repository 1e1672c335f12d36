"""Processes of one name: whoever starts when, and whatever is lost, one of them goes on. What was
recorded earlier ends nobody."""

from __future__ import annotations

from heapq import heappop, heappush
from random import Random

import pytest

from paxos.core.messages import Group
from paxos.core.names import ROLES, Member
from paxos.errors import InputError, RunError
from paxos.runtime.envelope import Received
from paxos.runtime.freshness import EARLIER, OLD_STORAGE, REMEMBERS, Freshness
from paxos.runtime.hello import Hello, Unheard
from paxos.runtime.presence import GRACE_S, HELLO_S, Presence, Self

STEP_S = 0.002


class Body:
    """A process of the room, as the node drives it."""

    def __init__(self, role: str, process_id: int, nonce: int, number: int, commits: int) -> None:
        self.said: list[str] = []
        self.me = Self(Member(role, process_id), "room", nonce, f"host{nonce}", nonce)
        self.number, self.commits = number, commits
        self.clock = 0
        self.presence: Presence | None = None
        self.failure: Exception | None = None
        self.paused = False

    def start(self, now_s: float) -> None:
        self.presence = Presence(self.me, Freshness(), now_s, self.said.append)
        self.presence.ask(self.number, now_s)

    @property
    def runs(self) -> bool:
        return self.presence is not None and not self.presence.starting and not self.failure

    def act(self, now_s: float) -> list[tuple[Group, Received]]:
        """Do what is due; what it says."""
        if self.presence is None or self.failure or self.paused:
            return []
        self.presence.tick(now_s)
        sends = [(group, self.seal(about)) for group, about in self.presence.take()]
        self.failure = self.presence.failure
        if self.presence.starting and self.presence.may_begin:
            self.number = max(self.number, self.presence.heard_incarnation + 1)
            self.presence.begin(self.number, lambda: self.commits)
        return sends

    def seal(self, about: Hello | Unheard | None) -> Received:
        self.clock += 1
        me = self.me
        header = *me.member, me.nonce, self.number, self.commits, self.clock
        return Received(*header, 0, [], about)


class Room:
    """A network that loses and delays, and a time."""

    def __init__(self, seed: int = 0, loss: float = 0.0, delay_s: float = 0.001) -> None:
        self.random = Random(seed)
        self.loss, self.delay_s = loss, delay_s
        self.now_s = 100.0
        self.bodies: list[Body] = []
        self.recorded: list[tuple[Group, Received]] = []
        self._under_way: list[tuple[float, int, Body, Received]] = []
        self._count = 0

    def add(
        self,
        role: str = "acceptor",
        process_id: int = 1,
        *,
        nonce: int,
        number: int = 1,
        commits: int = 0,
        at_s: float | None = 0.0,
    ) -> Body:
        body = Body(role, process_id, nonce, number, commits)
        self.bodies.append(body)
        if at_s is not None:
            body.start(self.now_s + at_s)
        return body

    def clock(self) -> int:
        """One that nothing was said at."""
        return 10**6 + len(self.recorded)

    def send(self, group: Group, received: Received) -> None:
        self.recorded.append((group, received))
        for body in self.bodies:
            if f"{body.me.member.role}s" == group.value and self.random.random() >= self.loss:
                self._count += 1
                at_s = self.now_s + self.random.random() * self.delay_s
                heappush(self._under_way, (at_s, self._count, body, received))

    def run(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s += STEP_S
            while self._under_way and self._under_way[0][0] <= self.now_s:
                _, _, body, received = heappop(self._under_way)
                if body.presence and not body.failure and not body.paused:
                    if received.about is None:
                        body.presence.refusal(received, self.now_s)
                    else:
                        body.presence.hear(received, self.now_s)
            for body in self.bodies:
                for group, received in body.act(self.now_s):
                    self.send(group, received)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("apart_s", [0.0, 0.004, 0.05, 0.3])
@pytest.mark.parametrize("loss", [0.0, 0.3])
def test_of_two_that_start_one_goes_on_and_both_say_so(
    role: str, apart_s: float, loss: float
) -> None:
    for seed in range(20):
        room = Room(seed, loss)
        nonces = room.random.sample(range(1, 1_000), 2)
        one = room.add(role, nonce=nonces[0])
        two = room.add(role, nonce=nonces[1])
        two.presence = None
        room.run(apart_s)
        two.start(room.now_s)
        room.run(8.0)
        assert [one.runs, two.runs].count(True) == 1, (seed, one.failure, two.failure)
        winner, loser = (one, two) if one.runs else (two, one)
        assert isinstance(loser.failure, InputError)
        assert f"another {role} 1 of cluster room runs already" in str(loser.failure)
        assert f"process {winner.me.nonce} on host{winner.me.nonce}" in str(loser.failure)
        if not loss:
            (line,) = winner.said
            assert f"process {loser.me.nonce} on host{loser.me.nonce}" in line
            if apart_s >= STEP_S:
                assert winner is one, "the later one ends"
            assert not loser.said


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.5])
def test_of_two_that_run_one_ends(delay_s: float) -> None:
    """As when nothing of what they asked has arrived; however long messages are under way."""
    for seed in range(20):
        room = Room(seed, delay_s=delay_s)
        nonces = room.random.sample(range(1, 1_000), 2)
        two = [room.add(nonce=n, at_s=room.random.random() / 100) for n in nonces]
        for body in two:
            assert body.presence
            body.presence.begin(1)
        room.run(10 * HELLO_S)
        assert [body.runs for body in two].count(True) == 1, seed


def test_one_that_ends_does_not_keep_the_next_from_starting() -> None:
    """As when everything is stopped and started again at once."""
    room = Room()
    old = room.add(nonce=1)
    room.run(1.0)
    new = room.add(nonce=2, number=2)
    room.run(GRACE_S / 2)
    assert new.presence and new.presence.starting
    old.failure = RunError("stopped")
    room.run(1.0)
    assert new.runs


def test_one_that_was_replaced_while_it_slept_ends_when_it_wakes() -> None:
    """It is the older one, but nobody hears it any more."""
    room = Room()
    sleeper = room.add("learner", nonce=9, number=5)
    room.run(10.0)
    sleeper.paused = True
    other = room.add("learner", nonce=2, number=6)
    room.run(10.0)
    assert other.runs
    sleeper.paused = False
    room.run(2 * HELLO_S)
    assert sleeper.failure and other.runs
    assert "runs already" in str(sleeper.failure)


def test_one_that_waits_for_its_start_silences_nobody() -> None:
    """The others go on hearing the one that runs, though the other's incarnation is higher."""
    room = Room()
    client, peer = room.add("client", nonce=1, number=5), room.add("learner", 2, nonce=2)
    room.run(1.0)
    later = room.add("client", nonce=3, number=9)
    room.run(3.0)
    assert later.failure and client.runs and peer.presence
    said = client.seal(None)
    assert peer.presence.refusal(said, room.now_s) is None


def test_one_that_waits_for_its_start_says_nothing_but_that() -> None:
    """Whoever heard anything else of it would take it for the process of that name."""
    room = Room()
    waiting = room.add("learner", nonce=1, number=9)
    assert waiting.presence
    for incarnation in (2, 1):
        of_acceptor = Received("acceptor", 1, 3, incarnation, incarnation, 10**6, 0, [])
        refusal = waiting.presence.refusal(of_acceptor, room.now_s)
    assert refusal, "it does hear"
    assert not waiting.presence.take()
    room.run(0.05)
    assert all(isinstance(r.about, Hello) and r.about.starting for _, r in room.recorded)


@pytest.mark.parametrize("role", ROLES)
def test_what_was_recorded_ends_nobody(role: str) -> None:
    """Three lives of a process, the first two recorded with all that was said to them, and with a
    namesake of each. Everything is said again to the third, as it starts and as it runs."""
    room = Room()
    for life in (1, 2):
        body = room.add(role, nonce=10 * life, number=life, commits=10 * life)
        peer = room.add("learner" if role != "learner" else "client", 7, nonce=life, number=life)
        room.run(0.5)
        room.add(role, nonce=10 * life + 1, number=life)
        room.run(2.5)
        assert peer.presence
        peer.presence.refusal(body.seal(None), room.now_s)
        earlier = Received(role, 1, body.me.nonce + 2, life - 1, 0, room.clock(), 0, [])
        assert peer.presence.refusal(earlier, room.now_s)
        room.run(0.5)
        assert body.runs
        body.failure = peer.failure = RunError("killed")
    recorded = room.recorded[:]
    assert any(isinstance(received.about, Unheard) for _, received in recorded)
    third = room.add(role, nonce=30, number=3, commits=30)
    for _ in range(5):
        for group, received in recorded:
            room.send(group, received)
        room.run(1.0)
    assert third.runs and not third.said
    peer = room.add("learner" if role != "learner" else "client", 8, nonce=99)
    room.run(0.5)
    assert peer.presence
    for received in (third.seal(None), third.seal(None)):
        assert peer.presence.refusal(received, room.now_s) is None
    before = len(room.recorded)
    for group, received in room.recorded[:before]:
        room.send(group, received)
        room.run(0.005)
    answers = [received.about for _, received in room.recorded[before:]]
    assert any(isinstance(about, Unheard) and about.nonce == 30 for about in answers)
    assert third.runs and not third.said, "nor what it has said itself"


@pytest.mark.parametrize("role", ROLES)
def test_who_is_not_heard_is_told_so(role: str) -> None:
    room = Room()
    early = room.add(role, nonce=1, number=4, commits=4)
    room.run(0.5)
    peer = room.add("proposer" if role != "proposer" else "learner", 7, nonce=2)
    room.run(0.5)
    assert peer.presence
    later = Received(role, 1, 3, 5, 9, 10**6, 0, [])
    assert peer.presence.refusal(later, room.now_s) is None
    for _ in range(50):
        refusal = peer.presence.refusal(early.seal(None), room.now_s)
        assert refusal and refusal[0] == EARLIER and f"({role} 1: incarnation 5" in refusal[1]
    room.run(0.5)
    assert early.failure and peer.runs
    told = [r.about for _, r in room.recorded if isinstance(r.about, Unheard)]
    assert len(told) == 1, "once a second"
    if role in REMEMBERS:
        assert isinstance(early.failure, InputError)
        assert f"{peer.me.member.role} 7 has heard of 9 commits" in str(early.failure)
    else:
        assert isinstance(early.failure, RunError)
        assert "start it again" in str(early.failure)


@pytest.mark.parametrize("role", ROLES)
def test_before_the_start_others_tell_of_a_later_life(role: str) -> None:
    """What keeps no number takes a higher one, as when the clock was far ahead in the last
    incarnation; what should have kept it does not start."""
    room = Room()
    peer = room.add("proposer" if role != "proposer" else "learner", 7, nonce=2)
    room.run(0.5)
    assert peer.presence
    peer.presence.refusal(Received(role, 1, 3, 5_000, 0, 10**6, 0, []), room.now_s)
    body = room.add(role, nonce=1, number=40)
    room.run(3.0)
    if role in REMEMBERS:
        assert "it keeps nothing" in str(body.failure)
        assert "heard of incarnation 5000" in str(body.failure)
    else:
        assert body.runs and body.number == 5_001


def test_an_old_storage_is_known_by_its_commits() -> None:
    room = Room()
    peer = room.add("learner", 7, nonce=2)
    room.run(0.5)
    assert peer.presence
    peer.presence.refusal(Received("acceptor", 1, 3, 2, 105, 10**6, 0, []), room.now_s)
    old = room.add("acceptor", nonce=1, number=3, commits=101)
    room.run(3.0)
    assert "learner 7 has heard of 105 commits and of incarnation 2 of it" in str(old.failure)
    assert "its storage has 101" in str(old.failure)
    refusal = peer.presence.refusal(old.seal(None), room.now_s)
    assert refusal and refusal[0] == OLD_STORAGE and "put its files back" in refusal[1]
    right = room.add("acceptor", nonce=4, number=3, commits=106)
    room.run(1.0)
    assert right.runs
    assert peer.presence.refusal(right.seal(None), room.now_s) is None


def test_a_host_name_writes_nothing_to_the_terminal() -> None:
    assert Hello(1, False, 0, "\x1b[2J\n", 5).where == "process 5 on ?"
