"""`paxos.StateMachine`: an application whose state is a function of the delivered values, with
snapshots of it (Schneider, "Implementing fault-tolerant services using the state machine
approach")."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator


class StateMachine(ABC):
    """What a replica or learner applies values to. One thread calls it, one call at a time.

        class Counter(paxos.StateMachine):
            name, version = "counter", 1

            def __init__(self) -> None:
                self.total = 0

            def apply(self, position: int, value: bytes) -> int:
                self.total += int(value)
                return self.total

            def snapshot(self) -> bytes:
                return str(self.total).encode()

            def restore(self, pieces: Iterator[bytes]) -> None:
                self.total = int(b"".join(pieces))

    All of its state that matters comes from `apply` and `restore`, and from nothing else: no clock,
    no random number, no file.
    """

    name: str
    """Of the application. A checkpoint of another one is refused."""
    version: int = 1
    """Of what `apply` does with a value. A checkpoint of another one, older or newer, is refused.
    A new form of the state needs none: have `snapshot` say which it gives, and `restore` read all.
    """

    @abstractmethod
    def apply(self, position: int, value: bytes) -> object:
        """A value is delivered: change the state. What it returns is given to who has broadcast the
        value by this replica. What it raises ends the replica with `ApplicationError`: a value that
        makes no sense has to be a result, as it makes none at any replica."""

    @abstractmethod
    def snapshot(self) -> bytes | Iterable[bytes]:
        """All of the state, in pieces of at most a few MiB, best the same wherever the state is.
        Between pieces the child rests, so that what the cluster does meanwhile waits no longer than
        one takes to be made.

        It is called in a child that was forked for it, which has nothing but the calling thread. It
        must not wait for another thread, so take no lock that one could have held, and must not use
        sockets, files or child processes that the parent uses. What it changes nobody sees. If it
        raises, that is said, and the checkpoint before stands."""

    @abstractmethod
    def restore(self, pieces: Iterator[bytes]) -> None:
        """Replace the state by the one that a `snapshot` gave, which comes in other pieces of at
        most a MiB. If it raises, the replica does not start, or ends with `ApplicationError`."""
