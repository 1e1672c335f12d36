"""How long an answer takes: an estimate that follows what is measured, for timers of resending.

A timer that is too short says everything twice; one that is too long waits for what is lost. So it
follows the round trip and its variation, as TCP's does (Jacobson 1988, RFC 6298), between a
shortest and a longest time. One question at a time is measured, and only if it was asked once: of
the answer to a repeated one nobody knows to which of the two it is (Karn 1987).
"""

_GAIN = 1 / 8
_VARIATION_GAIN = 1 / 4


class RoundTrip:
    """An estimate of one kind of round trip. Questions are numbered by who asks them."""

    __slots__ = (
        "_asked",
        "_asked_s",
        "_longest_s",
        "_mean_s",
        "_shortest_s",
        "_variation_s",
        "timeout_s",
    )

    def __init__(self, shortest_s: float, longest_s: float) -> None:
        self._shortest_s = min(shortest_s, longest_s)
        self._longest_s = longest_s
        self._mean_s = self._variation_s = -1.0  # not measured yet
        self._asked = 0  # the question that is being measured; 0: none
        self._asked_s = 0.0
        self.timeout_s = longest_s
        """After so long without an answer it is time to ask again."""

    def asked(self, number: int, now_s: float) -> None:
        """Question `number`, above 0, was asked for the first time."""
        if not self._asked:
            self._asked, self._asked_s = number, now_s

    def repeated(self, number: int) -> None:
        """It was asked again: it measures nothing."""
        if number == self._asked:
            self._asked = 0

    def give_up(self) -> None:
        """What was asked will not be answered, or nobody knows to what."""
        self._asked = 0

    def answered(self, number: int, now_s: float) -> None:
        """It was answered."""
        if number == self._asked > 0:
            self._asked = 0
            self._measured(now_s - self._asked_s)

    def answered_to(self, number: int, now_s: float) -> None:
        """Every question up to `number` is answered."""
        if self._asked <= number:
            self.answered(self._asked, now_s)

    def _measured(self, sample_s: float) -> None:
        if self._mean_s < 0:
            self._mean_s, self._variation_s = sample_s, sample_s / 2
        else:
            error_s = sample_s - self._mean_s
            self._mean_s += _GAIN * error_s
            self._variation_s += _VARIATION_GAIN * (abs(error_s) - self._variation_s)
        wanted_s = 2 * self._mean_s + 4 * self._variation_s
        self.timeout_s = min(self._longest_s, max(self._shortest_s, wanted_s))
