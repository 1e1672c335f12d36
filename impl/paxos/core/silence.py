"""Whether somebody is heard again after a silence.

A process that gets no answers waits longer and longer between its questions. When it hears somebody
again, a path may be open, and it is time to ask again.
"""

SILENCE_S = 1.0
"""A silence is longer than this. Leaders and learners say something several times in it."""


class Silence:
    """When something was heard last."""

    __slots__ = ("_heard_s",)

    def __init__(self, now_s: float) -> None:
        self._heard_s = now_s

    def ends(self, now_s: float) -> bool:
        """Something is heard now. Whether a silence ends with it."""
        silent_s, self._heard_s = now_s - self._heard_s, now_s
        return silent_s > SILENCE_S
