"""What goes wrong: each fault begins, lasts for a while, and is taken back.

Which faults come in which order, and to whom, follows from a seed. When in the course of the
clients' calls each comes does not: the machine decides that.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.cluster.test_clocks import FAKETIME
from tests.jepsen.machines import REPLICAS, Machines

LASTS_S = (0.5, 2.5)
"""How long a fault lasts."""

CALLS, REST_S = 40, 8.0
"""Then nothing goes wrong until so many calls were answered, or for so long."""

ONE_ALONE = 0.6
"""In this share of the faults one machine fails, where more may."""

CLOCKS_S = (3_600, -3_600, 86_400, -7, 7)
"""By how much a clock jumps."""


BALLAST = "ballast"
"""The file that fills a disk."""

BLOCK = b"\xff" * (1 << 16)


class Fault(NamedTuple):
    """One way to fail."""

    begin: Callable[[Machines, list[int], random.Random], None]
    end: Callable[[Machines, list[int]], None]
    most: int
    """So many machines at a time."""


def _kill(machines: Machines, chosen: list[int], _: random.Random) -> None:
    machines.kill(*(f"replica-{n}" for n in chosen))


def revive(machines: Machines, chosen: Iterable[int]) -> None:
    """Start those that have ended, as a service manager does."""
    for number in chosen:
        if not machines.runs(number):
            machines.begin(number)


def _pause(machines: Machines, chosen: list[int], _: random.Random) -> None:
    for number in chosen:
        machines.signal(number, signal.SIGSTOP)


def _go_on(machines: Machines, chosen: list[int]) -> None:
    for number in chosen:
        machines.signal(number, signal.SIGCONT)


def _cut(machines: Machines, chosen: list[int], _: random.Random) -> None:
    machines.cut(*(f"replica-{n}" for n in chosen))


def _heal(machines: Machines, chosen: list[int]) -> None:
    machines.heal(*(f"replica-{n}" for n in chosen))


def _jump(machines: Machines, chosen: list[int], draw: random.Random) -> None:
    for number in chosen:
        machines.set_clock(number, draw.choice(CLOCKS_S))


def _set_right(machines: Machines, chosen: list[int]) -> None:
    for number in chosen:
        machines.set_clock(number, 0)


def _fill(machines: Machines, chosen: list[int], _: random.Random) -> None:
    for number in chosen:
        with (machines.disk(number) / BALLAST).open("wb", buffering=0) as file, suppress(OSError):
            while file.write(BLOCK):  # until there is no room for a single byte
                pass


def _make_room(machines: Machines, chosen: list[int]) -> None:
    for number in chosen:
        (machines.disk(number) / BALLAST).unlink()


def _restart_one_by_one(machines: Machines, chosen: list[int], _: random.Random) -> None:
    for number in chosen:
        log = machines.log(f"replica-{number}")
        if machines.runs(number):
            machines.signal(number, signal.SIGTERM)
            machines.processes[f"replica-{number}"].wait(30)
        before = _listened(log)
        machines.begin(number)
        while _listened(log) == before and machines.runs(number):
            time.sleep(0.01)


def _listened(log: Path) -> int:
    """How often a replica has come so far as to listen."""
    return log.read_text(encoding="utf-8").count("listens on")


def _nothing(machines: Machines, chosen: list[int]) -> None: ...


FAULTS = {
    "kill": Fault(_kill, _nothing, 3),
    "pause": Fault(_pause, _go_on, 2),
    "partition": Fault(_cut, _heal, 2),
    "disk full": Fault(_fill, _make_room, 2),
    "rolling restart": Fault(_restart_one_by_one, _nothing, 3),
    **({"clock": Fault(_jump, _set_right, 3)} if FAKETIME else {}),
}


LATE, LATE_AFTER = "late", 2
"""A replica that is not there at the beginning comes after so many faults."""


class Nemesis:
    """Lets one fault follow another."""

    def __init__(
        self,
        machines: Machines,
        seed: int,
        answered: Callable[[], int],
        only: Sequence[str] = (),
    ) -> None:
        """`answered`: how many calls were so far."""
        self._machines, self._answered = machines, answered
        self._random = random.Random(seed)
        self._names = sorted(set(only) & set(FAULTS) or FAULTS)
        self.late = 0 if only and LATE not in only else self._random.choice(REPLICAS)
        """The replica that is started only after some faults; 0: none."""
        self.done: list[str] = []
        """What it did, in words."""

    def run(self, seconds: float) -> None:
        """For so long, or until there was a fault of each kind. What has ended is started again
        after each."""
        began_s = time.monotonic()
        here = [n for n in REPLICAS if n != self.late]
        waiting = self._random.sample(self._names, len(self._names))
        while waiting or time.monotonic() < began_s + seconds:
            if self.late and self.late not in here and len(self.done) == LATE_AFTER:
                self.done.append(f"{LATE} {self.late}")
                here.append(self.late)
            revive(self._machines, here)
            self._rest()
            self._one(waiting.pop() if waiting else self._random.choice(self._names))
        revive(self._machines, REPLICAS)
        self._rest()

    def _one(self, name: str) -> None:
        fault, draw = FAULTS[name], self._random
        running = [n for n in REPLICAS if self._machines.runs(n)]
        if not running:  # each has ended by itself; those that are started again may not
            time.sleep(LASTS_S[0])
            return
        most = min(fault.most, len(running))
        count = 1 if draw.random() < ONE_ALONE else draw.randint(1, most)
        if name == "rolling restart":
            count = most
        chosen = sorted(draw.sample(running, count))
        self.done.append(f"{name} {','.join(map(str, chosen))}")
        fault.begin(self._machines, chosen, draw)
        time.sleep(draw.uniform(*LASTS_S))
        fault.end(self._machines, chosen)

    def _rest(self) -> None:
        before, until_s = self._answered(), time.monotonic() + REST_S
        while self._answered() < before + CALLS and time.monotonic() < until_s:
            time.sleep(0.05)
