"""How far learners have delivered, and so what an acceptor need not retain.

Only an acceptor that knows how many learners the cluster has can know that all have delivered
something. A learner that is started again counts as one that has delivered what it had reported
before: the acceptor does not wait for it, which is why some more instances are retained.

Spec: `MayForget`, the guard of `Trim`.
"""

from paxos.core.settings import Settings


class Retention:
    """The highest prefix that each learner has reported delivered."""

    def __init__(self, settings: Settings) -> None:
        self._learners = settings.learners
        self._retain = settings.retain_instances
        self._step = max(1, settings.retain_instances // 4)
        self._prefixes: dict[int, int] = {}

    def report(self, learner: int, prefix: int) -> None:
        """Learner number `learner` has delivered instances `1..prefix`."""
        if 1 <= learner <= self._learners:
            self._prefixes[learner] = max(prefix, self._prefixes.get(learner, 0))

    def trim_to(self, trimmed: int) -> int:
        """The last instance to be trimmed now, where `trimmed` was the last one before; 0 if it is
        not worth while: trimming goes in steps, since it rewrites storage."""
        if not self._learners or len(self._prefixes) < self._learners:
            return 0
        last = min(self._prefixes.values()) - self._retain
        return last if last >= trimmed + self._step else 0
