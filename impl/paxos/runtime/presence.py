"""Who is there: no two processes may have one name, and a process that is not heard is told so.

Every process says now and then that it is there (`Hello`), to all of its own role. A process that
hears its own role and id from another one sends that one a Hello with its nonce. Only a Hello that
answers with this nonce counts, because nobody can have recorded that before. Then one of the two
ends:

- one that is only about to start, before one that runs;
- of two that run, the one with the lower incarnation, because others do not hear it any more. It
  may have been stopped for long, and another was started in its place: the service goes on with
  that;
- otherwise the one that was started later, or if that is not sure, the one with the lower nonce.

A process that drops what another one says, because of what that one is, tells it so (`Unheard`).
This module only decides: all its output is what `take` hands out, and `say`.
`docs/decisions/old-copies.md` and `docs/decisions/namesakes.md` say why it is like this.
"""

import os
import random
import socket
from collections.abc import Callable
from typing import NamedTuple

from paxos.core.messages import Group
from paxos.core.names import Member, ProcessName
from paxos.errors import InputError, RunError
from paxos.runtime.envelope import Received
from paxos.runtime.freshness import EARLIER, OLD_STORAGE, REMEMBERS, Freshness
from paxos.runtime.hello import HOST_CHARACTERS, LARGEST_NONCE, NOBODY, Hello, Reason, Unheard
from paxos.runtime.report import say

GREETING_S = 0.1
"""A process that asks whether it may start does so when nobody has objected for so long."""

REPEAT_S = GREETING_S / 3
"""How often it asks meanwhile."""

GRACE_S = 1.0
"""A process that objects may itself be about to end, as when everything is stopped and started
again at once. This one gives up only when somebody goes on objecting for so long."""

QUIET_S = 0.5
"""After an objection it starts when there is none for so long: more than a few lost messages."""

HELLO_S = 2.0
"""How often a process says that it is there."""

ANSWER_S = 0.01
"""Namesakes are answered no more often than this, so that inventing them gains nobody more."""

UNHEARD_S = 1.0
"""How often a process that is not heard is told so, by each that does not hear it."""

REFUSAL_S = 0.02
"""The same of one that is about to start, and waits for it."""

UNSURE_S = 1.0
"""Of two processes whose ages differ by less, messages that were long under way may let each
believe that it is the older one."""

UNSURE_HELLOS = 3
"""After so many Hellos of such a namesake that has not ended, the nonces decide."""

FAREWELLS = 3
"""How often a process that ends tells its namesake, in case some of it is lost."""

MAX_NAMESAKES = 16
"""How many are told apart."""

_REASONS = {EARLIER: Reason.EARLIER, OLD_STORAGE: Reason.OLD_STORAGE}
_GROUPS = {group.value.removesuffix("s"): group for group in Group}

About = Hello | Unheard


class Self(NamedTuple):
    """Which process this is, in all that it says of itself."""

    member: Member
    cluster: str
    nonce: int
    host: str
    pid: int

    @classmethod
    def of(cls, member: Member, cluster: str) -> "Self":
        """This process, as it is now."""
        nonce = 1 + random.SystemRandom().randrange(LARGEST_NONCE)
        host = socket.gethostname()[:HOST_CHARACTERS]
        return cls(member, cluster, nonce, host, os.getpid())

    @property
    def name(self) -> str:
        """In a sentence."""
        return self.member.words


class NotThisOneError(InputError):
    """The process must not run, because of another of its name or because of its storage."""


class _Namesake:
    """What was heard of another process of this name."""

    def __init__(self) -> None:
        self.age_us = -1
        """The highest that it told."""
        self.hellos = 0
        """That answered this process, each later than the one before."""
        self.is_said = False


class Presence:
    """What one process knows of who is there. Used under the node's lock.

    It begins as a process that is about to start: `ask`, and `begin` when it `may_begin`.
    """

    def __init__(
        self,
        me: Self,
        freshness: Freshness,
        now_s: float,
        say: Callable[[str], object] = say,
    ) -> None:
        self.me = me
        self.starting = True
        self.incarnation = 0
        """While it is starting, the one that it would begin."""
        self.heard_incarnation = 0
        """The highest that others have heard of a process with this name, as they told."""
        self.may_begin = False
        """It has asked, and nobody objects."""
        self._commits: Callable[[], int] = lambda: 0
        self._asked_s = now_s
        self._objected_s = now_s
        """When somebody has last objected to its start; or when it asked first."""
        self._objection = ""
        self._has_namesake = False
        self.failure: Exception | None = None
        """Why this process must end."""
        self._freshness = freshness
        self._say = say
        self._began_s = now_s
        self._due_s = now_s
        self._group = _GROUPS[me.member.role]
        self._namesakes: dict[int, _Namesake] = {}
        self._rival, self._rival_until_s = NOBODY, 0.0
        """The nonce of a namesake that is to hear often of this process, until one of the two has
        ended."""
        self._next_answer_s = 0.0
        self._next_unheard_s: dict[tuple[str, int, bool], float] = {}
        self._to_send: list[tuple[Group, About]] = []

    def ask(self, incarnation: int, now_s: float) -> None:
        """It would like to begin `incarnation`."""
        self.incarnation = incarnation
        self._asked_s = self._objected_s = self._due_s = now_s

    def begin(self, incarnation: int, commits: Callable[[], int] = lambda: 0) -> None:
        """It has started; `commits` is how many its storage has at any time."""
        self.starting, self.incarnation, self._commits = False, incarnation, commits

    @property
    def due_s(self) -> float:
        """When `tick` is next wanted."""
        return self._due_s

    def wants(self, now_s: float) -> bool:
        """Whether there is something to be done or said, or this process must end."""
        return now_s >= self._due_s or bool(self._to_send) or self.failure is not None

    def tick(self, now_s: float) -> None:
        """Say that this process is there, or ask whether it may, if it is time to."""
        if now_s < self._due_s:
            return
        if not self.starting:
            if now_s > self._rival_until_s:
                self._rival = NOBODY
            self._due_s = now_s + (HELLO_S if self._rival == NOBODY else REPEAT_S)
            self._to_send.append((self._group, self.hello(now_s, self._rival)))
            return
        unopposed_s = self._objected_s + (QUIET_S if self._objection else GREETING_S)
        if now_s >= unopposed_s:
            self.may_begin = True
        elif self._objection and now_s >= self._asked_s + GRACE_S:
            self.failure = NotThisOneError(f"{self.me.name}: {self._objection}")
        else:
            self._due_s = min(now_s + REPEAT_S, unopposed_s)
            self._to_send += [(group, self.hello(now_s, self._rival)) for group in Group]

    def take(self) -> list[tuple[Group, About]]:
        """What is to be said, and to whom."""
        taken, self._to_send = self._to_send, []
        return taken

    def hello(self, now_s: float, answers: int = NOBODY) -> Hello:
        """That this process is there."""
        age_us = max(0, round((now_s - self._began_s) * 1e6))
        return Hello(age_us, self.starting, answers, self.me.host, self.me.pid)

    # What is heard.

    def hear(self, received: Received, now_s: float) -> tuple[str, str] | None:
        """Consume what is not of the protocol. If it is dropped, why: see `refusal`."""
        about = received.about
        is_mine = received.member == self.me.member
        if isinstance(about, Hello) and is_mine:
            if received.nonce != self.me.nonce:
                self._meet(received, about, now_s)
            return None
        if isinstance(about, Hello) and about.starting:
            self._examine(received, now_s)
            return None
        if refusal := self.refusal(received, now_s):
            return refusal
        if isinstance(about, Unheard):
            self._be_told(received.member.words, about, now_s)
        return None

    def refusal(self, received: Received, now_s: float) -> tuple[str, str] | None:
        """Why a datagram is to be dropped, and more for people; None if it is not. The sender is
        told, if it is because of what it is."""
        role, sender, _, incarnation, commits, clock = received[:6]
        reason = self._freshness.refusal(role, sender, incarnation, clock, commits)
        if reason is None:
            return None
        if reason in _REASONS:
            self._notify(received, reason, now_s, UNHEARD_S)
        heard = self._freshness.heard(role, sender)
        who = f" ({received.member.words}"
        if reason == EARLIER:
            return reason, f"{who}: incarnation {heard.incarnation} was heard, so end older ones)"
        if reason == OLD_STORAGE:
            heard_of = f"{heard.commits} were heard of in incarnation {heard.incarnation}"
            if not commits:
                heard_of = f"it has run before, as incarnation {heard.incarnation}"
            return reason, (
                f"{who}, incarnation {incarnation}: it has {commits} commits, and {heard_of}; end "
                "it, and put its files back as they were when it stopped last, or do without it)"
            )
        return reason, f"{who})"

    def _examine(self, received: Received, now_s: float) -> None:
        """Another process asks whether it may begin."""
        role, sender, _, incarnation, commits = received[:5]
        if reason := self._freshness.objection(role, sender, incarnation, commits):
            self._notify(received, reason, now_s, REFUSAL_S)

    def _notify(self, received: Received, reason: str, now_s: float, interval_s: float) -> None:
        """Tell the sender that it is not heard here."""
        key = received.role, received.sender, interval_s == REFUSAL_S
        if self.starting:
            return  # whoever heard anything but a Hello would believe that it has started
        if now_s < self._next_unheard_s.get(key, 0.0):
            return
        self._next_unheard_s[key] = now_s + interval_s
        heard = self._freshness.heard(received.role, received.sender)
        told = Unheard(
            received.sender,
            received.nonce,
            _REASONS[reason],
            received.incarnation,
            received.commits,
            *heard,
        )
        self._to_send.append((_GROUPS[received.role], told))

    # Namesakes.

    def _meet(self, received: Received, hello: Hello, now_s: float) -> None:
        """Another process has this one's name; or had it, and somebody has recorded what it said:
        so first it must answer."""
        if hello.answers != self.me.nonce:
            self._answer(received.nonce, now_s)
            return
        namesake = self._namesake(received.nonce)
        if hello.age_us <= namesake.age_us:
            return  # said before
        namesake.age_us = hello.age_us
        namesake.hellos += 1
        if namesake.hellos == 1 or hello.starting > self.starting:
            self._answer(received.nonce, now_s)
        if self.starting or not hello.starting:
            self._rival, self._rival_until_s = received.nonce, now_s + HELLO_S
            self._due_s = min(self._due_s, now_s + REPEAT_S)
        if self._yields(received, hello, namesake.hellos, now_s):
            self._yield(received.nonce, hello, now_s)
            return
        if not namesake.is_said and not self.starting:
            namesake.is_said = True
            self._say(
                f"{ProcessName(self.me.member, self.incarnation)}: another "
                f"{self.me.name} of cluster {self.me.cluster} was started ({hello.where}) and is "
                f"to end, as this one goes on; {_WHAT_TO_DO}"
            )

    def _namesake(self, nonce: int) -> _Namesake:
        if nonce not in self._namesakes and len(self._namesakes) >= MAX_NAMESAKES:
            self._namesakes.clear()
        return self._namesakes.setdefault(nonce, _Namesake())

    def _answer(self, nonce: int, now_s: float) -> None:
        if now_s >= self._next_answer_s:
            self._next_answer_s = now_s + ANSWER_S
            self._to_send.append((self._group, self.hello(now_s, nonce)))

    def _yields(self, received: Received, hello: Hello, hellos: int, now_s: float) -> bool:
        """Whether this process ends because of the other, and not the other way round."""
        if self.starting != hello.starting:
            return self.starting
        if not self.starting and self.incarnation != received.incarnation:
            return self.incarnation < received.incarnation
        older_by_s = (now_s - self._began_s) - hello.age_us / 1e6
        is_unsure = abs(older_by_s) < UNSURE_S and hellos > UNSURE_HELLOS
        if older_by_s == 0 or is_unsure:
            return self.me.nonce < received.nonce
        return older_by_s < 0

    def _yield(self, nonce: int, hello: Hello, now_s: float) -> None:
        text = (
            f"another {self.me.name} of cluster {self.me.cluster} runs already ({hello.where}), so "
            f"this one ends; {_WHAT_TO_DO}"
        )
        if self.starting:
            self._object(text, now_s, by_namesake=True)
            return
        self._to_send += [(self._group, self.hello(now_s, nonce))] * FAREWELLS
        self.failure = self.failure or NotThisOneError(text)

    def _object(self, text: str, now_s: float, *, by_namesake: bool = False) -> None:
        """This process must not start. Where it has a namesake, others have heard that one, and
        what they say of its storage is about two."""
        self._objected_s = now_s
        if by_namesake or not self._has_namesake:
            self._objection = text
        self._has_namesake |= by_namesake

    # Being told that one is not heard.

    def _be_told(self, who: str, told: Unheard, now_s: float) -> None:
        """Somebody does not hear a process: perhaps this one, in this incarnation of it."""
        if (told.process_id, told.nonce) != (self.me.member.id, self.me.nonce):
            return
        if not self.starting and not self._is_more_than_mine(told):
            return
        if self.me.member.role in REMEMBERS:
            text = _forgotten(self.me, who, told)
            if self.starting:
                self._object(text, now_s)
            else:
                self.failure = self.failure or NotThisOneError(text)
        elif self.starting:
            self.heard_incarnation = max(self.heard_incarnation, told.heard_incarnation)
        else:
            self.failure = self.failure or RunError(
                f"{who} has heard incarnation {told.heard_incarnation} of {self.me.name}, which "
                "is a later one, and does not hear this one any more; start it again, if it is not "
                "running elsewhere"
            )

    def _is_more_than_mine(self, told: Unheard) -> bool:
        """Whether it is another process that was heard. What this one asked before its start may
        arrive after it has been heard, or be said again by who has recorded it."""
        is_later = told.heard_incarnation > self.incarnation
        return is_later or told.heard_commits > self._commits()


_WHAT_TO_DO = (
    "give one of the two another id, or, if they are of two clusters, one cluster another name "
    "(`cluster`) or other `groups`"
)


def _forgotten(me: Self, who: str, told: Unheard) -> str:
    """What tells that an acceptor or proposer does not know any more what it has promised."""
    heard = f"incarnation {told.heard_incarnation} of it"
    if told.commits:
        known = f"its storage has {told.commits}, and this is incarnation {told.incarnation}"
        why = f"{who} has heard of {told.heard_commits} commits and of {heard}; {known}"
    else:
        why = f"{who} has heard of {heard}, and it keeps nothing"
    return (
        f"it has done more than it knows: {why}. If no other {me.name} is running, what it "
        "promised is lost, so it must not run in this cluster again unless all its files are put "
        "back as they were when it stopped last"
    )
