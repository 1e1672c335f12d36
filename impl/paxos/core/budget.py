"""What a process does at most, in one step, for messages that ask for more than they say.

A message of a few bytes can ask for the votes of thousands of instances, and a datagram holds
thousands of messages. What is over the budget of a step is dropped; whoever asked asks again.
"""


class Budget:
    """So many units of work in each step."""

    __slots__ = ("_left", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = self._left = limit

    def grants(self, wanted: int) -> bool:
        """Whether `wanted` more units can be afforded; if so, they are spent."""
        if wanted > self._left:
            return False
        self._left -= wanted
        return True

    def renew(self) -> None:
        """The next step begins."""
        self._left = self._limit
