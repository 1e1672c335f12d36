"""What a simulated process and what is in it have around them, whatever cluster that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from harness.simulation.disk import Disk
from harness.simulation.network import Network
from harness.simulation.state_machine import Archive
from paxos.core.events import Event
from paxos.core.settings import Settings
from paxos.runtime.clock import Clock


class Surroundings(Protocol):
    """The world as it is for all."""

    now_s: float
    settings: Settings
    group_s: float
    packed: bool
    steps: int
    injected: Counter[str]
    network: Network
    archive: Archive
    observe: Callable[[Event], None]
    tear: Callable[[Event], None]

    def make_disk(self, role: str, process_id: int) -> Disk: ...

    def make_clock(self, wall: Callable[[], int]) -> Clock: ...

    def wall_us(self) -> int: ...

    def coin(self) -> bool: ...

    def schedule(self, at_s: float, action: Callable[..., None], *arguments: Any) -> None: ...

    def after(self, delay_s: float, action: Callable[..., None], *arguments: Any) -> None: ...
