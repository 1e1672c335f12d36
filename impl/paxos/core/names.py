"""How processes and clients are named: the one place that puts their names together and takes them
apart, for files, traces, messages and lines of text."""

from functools import lru_cache
from typing import NamedTuple

ROLES = ("client", "proposer", "acceptor", "learner")
"""In the order of their numbers on the wire."""

REPLICA_ROLES = ("proposer", "acceptor", "learner")
"""Those of a replica, in the order in which they do their steps."""

OBSERVER = "observer"
"""Who asks the processes of a cluster where they are, and is none of them."""


class Member(NamedTuple):
    """A process of the cluster, through all its incarnations. As text, `acceptor-1`."""

    role: str
    id: int

    def __str__(self) -> str:
        return f"{self.role}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Member":
        """The process that is called `text`. Raises `ValueError` if that is no such name."""
        role, _, number = text.partition("-")
        if role not in ROLES or not number.isdecimal():
            raise ValueError(f"expected a process such as acceptor-1, not {text!r}")
        return cls(role, int(number))

    @property
    def words(self) -> str:
        """In a sentence: `acceptor 1`."""
        return f"{self.role} {self.id}"

    @property
    def members(self) -> tuple["Member", ...]:
        """All that its operating system process is: itself."""
        return (self,)


class Replica(NamedTuple):
    """A process that is a proposer, an acceptor and a learner, all with its id, and the client with
    this id too, if it has one. As text, `replica-1`. It is no process of the protocol: traces and
    datagrams name its members."""

    id: int
    has_client: bool = False

    def __str__(self) -> str:
        return f"replica-{self.id}"

    @property
    def role(self) -> str:
        """What the command line calls it, in the place of a role."""
        return "replica"

    @property
    def words(self) -> str:
        """In a sentence: `replica 1`."""
        return f"replica {self.id}"

    @property
    def members(self) -> tuple[Member, ...]:
        """What it is, in the order in which they do their steps."""
        roles = (*REPLICA_ROLES, "client") if self.has_client else REPLICA_ROLES
        return tuple(Member(role, self.id) for role in roles)


class ProcessName(NamedTuple):
    """One incarnation of a process. As text, `acceptor-1.3`: what a trace calls it."""

    member: Member
    incarnation: int

    def __str__(self) -> str:
        return f"{self.member}.{self.incarnation}"

    @classmethod
    def parse(cls, text: str) -> "ProcessName":
        """The incarnation that is called `text`. Raises `ValueError` if that is no such name."""
        member, _, number = text.partition(".")
        if not number.isdecimal():
            raise ValueError(f"expected a process such as acceptor-1.3, not {text!r}")
        return cls(Member.parse(member), int(number))

    @property
    def client(self) -> str:
        """The name under which a client's process broadcasts, `1.3`. A client that starts again is
        another client, with sequence numbers of its own."""
        return f"{self.member.id}.{self.incarnation}"


def pattern_of(role: str) -> str:
    """What matches the names of all processes of a role, and of their incarnations, as `glob` has
    it; `*`: of all roles."""
    return f"{role}-*"


@lru_cache(maxsize=4_096)
def client_id(client: str) -> int:
    """The id of the process that broadcasts under the name `client`."""
    return int(client.partition(".")[0])


def client_incarnation(client: str) -> int:
    """Which incarnation of that process it is."""
    return int(client.partition(".")[2])
