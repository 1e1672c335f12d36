"""What a learner receives of another one's checkpoint, through its lives: the parts that its taker
keeps (`paxos.core.taker`) go into a file, and a new life begins with those of the one before."""

from collections.abc import Sequence

from paxos.core.step import PartWrite
from paxos.core.taker import Taker
from paxos.runtime.checkpoint_store import CheckpointStore
from paxos.runtime.incoming import Incoming


class Receiving:
    """Of one learner. There are files of what its taker takes, and of nothing else."""

    def __init__(self, store: CheckpointStore, taker: Taker) -> None:
        self._store = store
        self._taker = taker
        self._incoming = store.resume()
        if self._incoming:
            try:
                taker.resume(self._incoming.offer, list(self._incoming.here()))
            except OSError:  # its disk is damaged there: it is taken anew
                self.forget()

    def keep(self, parts: Sequence[PartWrite]) -> None:
        """Keep what a step wants kept. Raises `OSError`; `forget` it then."""
        if self._incoming and self._incoming.offer != self._taker.offer:
            self.forget()
        for part in parts:
            if self._incoming is None or self._incoming.offer != part.offer:
                self.forget()
                self._incoming = self._store.incoming(part.offer)
            self._incoming.keep(part)

    def take(self) -> Incoming:
        """All of it is here: it is the caller's now."""
        incoming, self._incoming = self._incoming, None
        assert incoming, "it has parts, and the last one was kept just now"
        return incoming

    def forget(self) -> None:
        """What is here is of no use."""
        if self._incoming:
            self._incoming.close()
        self._incoming = None

    def leave(self) -> None:
        """This life receives no more; what is here stays for the next one."""
        if self._incoming:
            self._incoming.leave()
        self._incoming = None
