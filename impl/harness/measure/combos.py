"""The eight combinations of the optimisations."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Combination:
    """Which optimisations are on: the constants of the specification, and the configuration's
    switches."""

    direct_learning: bool
    prepare_ahead: bool
    batching: bool

    @property
    def name(self) -> str:
        """As the models have it in their names: `off`, `direct`, ..., `direct-ahead-batch`."""
        switches = (self.direct_learning, self.prepare_ahead, self.batching)
        words = ("direct", "ahead", "batch")
        return "-".join(word for on, word in zip(switches, words, strict=True) if on) or "off"

    @property
    def options(self) -> list[str]:
        """For `paxos run`."""
        return [
            f"--{'' if on else 'no-'}{name}"
            for name, on in (
                ("direct-learning", self.direct_learning),
                ("prepare-ahead", self.prepare_ahead),
                ("batching", self.batching),
            )
        ]


ALL = [
    Combination(direct, ahead, batch)
    for batch, ahead, direct in product((False, True), (False, True), (False, True))
]
"""In the order in which they are run and listed: without batching first."""

_BY_NAME = {combination.name: combination for combination in ALL}


def named(name: str) -> Combination:
    """The combination with this name. Raises `KeyError`."""
    return _BY_NAME[name]
