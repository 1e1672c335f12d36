"""How long an answer takes: an estimate that follows what is measured, for timers of resending.

A timer that is too short says everything twice; one that is too long waits for what is lost. So it
follows the round trip and its variation, as TCP's does (Jacobson 1988, RFC 6298), and while nothing
is answered it doubles. It stays doubled until something is measured again: on a path that is slower
than the timer, everything would be repeated before it is answered, and nothing ever measured
(Karn 1987).

The process that asks measures, and only what it asked once: an answer to a repeated question may be
the answer to either of the two.
"""

_GAIN = 1 / 8
_VARIATION_GAIN = 1 / 4

LONGEST_S = 8.0
"""A timer that follows what is measured is no longer than that: more than full queues cost. What
takes longer has waited for something else, a crash say."""

LONGEST_PAUSE_S = 4.0
"""While nothing is answered, a timer doubles up to this, or up to what was measured before if that
is longer. It is more than full queues cost, and short enough that a path that works again is soon
used."""


class RoundTrip:
    """An estimate of one kind of round trip."""

    __slots__ = ("_mean_s", "_shortest_s", "_variation_s", "timeout_s")

    def __init__(self, shortest_s: float, first_s: float) -> None:
        """The timer is never shorter than `shortest_s`, and `first_s` before anything is
        measured."""
        self._shortest_s = min(shortest_s, first_s)
        self._mean_s = self._variation_s = -1.0  # not measured yet
        self.timeout_s = first_s
        """After so long without an answer it is time to ask again."""

    def measured(self, sample_s: float, most_s: float = LONGEST_S) -> None:
        """Something that was asked once was answered after `sample_s`. One that took very long was
        held up by something else (an answer may wait for what is repaired before it), and counts
        as less: if the path is slow, the next ones tell. The timer is `most_s` at most, and never
        longer than `LONGEST_S`."""
        if self._mean_s < 0:
            self._mean_s, self._variation_s = sample_s, sample_s / 2
        else:
            sample_s = min(sample_s, 2 * self.timeout_s)
            error_s = sample_s - self._mean_s
            self._mean_s += _GAIN * error_s
            self._variation_s += _VARIATION_GAIN * (abs(error_s) - self._variation_s)
        wanted_s = 2 * self._mean_s + 4 * self._variation_s
        self.timeout_s = min(most_s, LONGEST_S, max(self._shortest_s, wanted_s))

    def unanswered(self, factor: float = 2.0) -> None:
        """Nothing was answered for as long as the timer: be more patient."""
        self.timeout_s = longer(self.timeout_s, factor)


def longer(pause_s: float, factor: float = 2.0) -> float:
    """The next pause after one of `pause_s`."""
    return max(pause_s, min(factor * pause_s, LONGEST_PAUSE_S))
