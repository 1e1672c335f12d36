"""How far learners have delivered, and so what an acceptor need not retain.

Only an acceptor that knows how many learners the cluster has can know that all have delivered
something. A learner that is started again counts as one that has delivered what it had reported
before: the acceptor does not wait for it, which is why some more instances are retained. One that
keeps checkpoints reports what is in them.

In a cluster whose learners keep checkpoints, those of a majority of the learners are enough: a
learner that is behind gets one from another. So the service survives the loss of the disks of a
minority of its learners, as of a minority of its acceptors.

Spec: `MayForget`, the guard of `Trim`; `Keepers`.
"""

from paxos.core.quorum import quorum_size
from paxos.core.settings import Settings


class Retention:
    """The highest prefix of each learner of which nothing need be kept for it."""

    def __init__(self, settings: Settings) -> None:
        self._learners = settings.learners
        self._enough = quorum_size(settings.learners) if settings.checkpoints else settings.learners
        self._retain = settings.retain_instances
        self._step = max(1, settings.retain_instances // 4)
        self._prefixes: dict[int, int] = {}

    def report(self, learner: int, prefix: int) -> None:
        """Learner number `learner` will not ask for instances `1..prefix` any more."""
        if 1 <= learner <= self._learners:
            self._prefixes[learner] = max(prefix, self._prefixes.get(learner, 0))

    def trim_to(self, trimmed: int) -> int:
        """The last instance that need not be retained, where `trimmed` was the last one before; 0
        if it is not worth while to begin: trimming goes in steps, since it rewrites storage."""
        if not self._learners or len(self._prefixes) < self._enough:
            return 0
        last = sorted(self._prefixes.values(), reverse=True)[self._enough - 1] - self._retain
        return last if last >= trimmed + self._step else 0
