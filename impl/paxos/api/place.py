"""What an application gets: where a value is in the order, and a value that is delivered."""

from typing import NamedTuple


class Place(NamedTuple):
    """Where a value is in the order; the same at every learner."""

    instance: int
    """The instance of the log in which it was chosen, from 1."""
    position: int
    """Its number among all values that are delivered, from 1. It grows with each value; where large
    values were sent in parts it skips numbers."""


class DeliveredValue(NamedTuple):
    """A value that a learner delivers."""

    position: int
    """See `Place`."""
    value: bytes
    instance: int
    """See `Place`."""
    client: str
    """Who broadcast it: the client's id and its incarnation, `1.1718000000000000`."""
    seq: int
    """Its number among those of this incarnation, from 1."""
