"""What is run: the parts of the benchmark, the settings of each, and how much of it all."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from harness.bench.setting import Setting
from harness.bench.stores import Use
from harness.measure.combos import ALL

SIZES = (16, 64, 1024, 16_384)
"""Of values that a datagram holds."""

LARGE = Setting(value_bytes=1 << 20)
"""With values that are broadcast in parts. The peer is not run with them: it takes each whole."""

LOADS = (1_000, 5_000, 20_000, 50_000, 100_000, 200_000, 400_000, 800_000)
"""Values per second offered."""

LATE_VALUES = 2_000_000
"""That a late learner has to catch up with."""

MACHINE_VALUES, MACHINE_BYTES = 10_000_000, 100 << 20
"""That state machines are given, and what they carry."""

USUAL = Setting()
"""What is compared with: values of 64 bytes, in memory, traced, everything on, saturated."""


class Plan(Struct, frozen=True, kw_only=True):
    """How much is run."""

    parts: tuple[str, ...]
    smoke: bool
    runs: int
    """Of each setting, after one to warm up."""
    seconds: float
    """How long each run is to last, about; its first fifth is not measured."""
    peer_s: float
    limit_s: float
    long_values: int
    """Of a flat run."""
    late_values: int
    """Delivered before the late learner starts, and as many again while it catches up."""
    long_runs: int
    """Of `flat` and of `late`."""
    machine_values: int
    """Applied to state machines, ..."""
    machine_bytes: int
    """... each with a state of so many bytes."""
    changes: dict[str, str | bool]
    """What is different in all settings: their fields and values."""


def full(
    parts: Iterable[str],
    runs: int,
    seconds: float,
    long_values: int,
    changes: dict[str, str | bool],
) -> Plan:
    """The plan of `make bench`."""
    return Plan(
        parts=tuple(parts),
        smoke=False,
        runs=runs,
        seconds=seconds,
        peer_s=seconds,
        limit_s=0.5,
        long_values=long_values,
        late_values=min(long_values, LATE_VALUES),
        long_runs=runs,
        machine_values=min(long_values, MACHINE_VALUES),
        machine_bytes=MACHINE_BYTES,
        changes=changes,
    )


def smoke(parts: Iterable[str], changes: dict[str, str | bool]) -> Plan:
    """A little of everything: shows that the benchmark works, and nothing of speed."""
    return Plan(
        parts=tuple(parts),
        smoke=True,
        runs=1,
        seconds=0.2,
        peer_s=0.2,
        limit_s=0.05,
        long_values=2_000,
        late_values=2_500,
        long_runs=1,
        machine_values=20_000,
        machine_bytes=1 << 20,
        changes=changes,
    )


ONE = Setting(clients=1, outstanding=1)
"""One value at a time."""

THREE = Setting(proposers=3, learners=3)
"""As many of each as three replicas have, in processes of their own."""

UNBATCHED = Setting(optimisations="direct-ahead")
"""An instance for each value, as if none could wait for others."""

FIFO = Setting(fifo=True)
"""In the order of each client."""


def replicas(setting: Setting) -> Setting:
    """The same load on three replicas."""
    return replace(setting, proposers=3, learners=3, replicas=True)


STORES = tuple(
    Use(store, what, clients)
    for what, clients in (("put", 64), ("put", 1), ("get", 1))
    for store in ("etcd", "kv", "library")
)
"""What the part `stores` measures."""

_SMOKE_STORES = tuple(use for use in STORES if use.clients == 1 and use.store != "kv")

INSIDE = replace(replicas(ONE), client_inside=True)
"""One value at a time of a client that one of the replicas is."""


_POINTS: dict[str, list[Setting]] = {
    "throughput": [
        replace(setting, storage=storage)
        for setting in (*(Setting(value_bytes=size) for size in SIZES), LARGE)
        for storage in ("memory", "sqlite")
    ],
    "latency": [
        *(replace(ONE, value_bytes=size) for size in SIZES),
        replace(ONE, storage="sqlite"),
    ],
    "load": [ONE, *(Setting(rate=float(load), outstanding=None) for load in LOADS), USUAL],
    "switches": [
        Setting(storage=storage, tracing=tracing)
        for storage in ("memory", "sqlite")
        for tracing in (True, False)
    ],
    "unbatched": [USUAL, UNBATCHED],
    "loss": [USUAL, Setting(loss=0.1)],
    "replicas": [ONE, replicas(ONE), INSIDE, THREE, replicas(USUAL)],
    "fifo": [USUAL, FIFO],
    "scale": [
        *(Setting(clients=n) for n in (1, 2, 4, 8, 16, 32, 128)),
        *(Setting(acceptors=n) for n in (3, 5, 7, 9)),
        *(Setting(learners=n) for n in (1, 2, 4, 8)),
    ],
    "combos": [Setting(optimisations=combination.name) for combination in ALL],
}

_SMOKE_POINTS: dict[str, list[Setting]] = {
    "throughput": [USUAL, Setting(value_bytes=SIZES[-1]), LARGE],
    "latency": [ONE],
    "load": [Setting(rate=float(LOADS[0]), outstanding=None)],
    "switches": [USUAL, Setting(storage="sqlite", tracing=False)],
    "unbatched": [UNBATCHED],
    "loss": [USUAL, Setting(loss=0.1)],
    "replicas": [replicas(ONE), INSIDE, replicas(USUAL)],
    "fifo": [FIFO],
    "scale": [Setting(clients=4), Setting(acceptors=5), Setting(learners=1)],
    "combos": [Setting(optimisations="off")],
}


def settings(plan: Plan, part: str) -> list[Setting]:
    """The points of a part, in the order in which they are listed; none of a part that is made of
    long runs. Parts share points."""
    points = (_SMOKE_POINTS if plan.smoke else _POINTS).get(part, [])
    return list(dict.fromkeys(changed(plan, point) for point in points))


def stores(plan: Plan) -> tuple[Use, ...]:
    """The uses of stores that are measured."""
    if "stores" not in plan.parts:
        return ()
    return _SMOKE_STORES if plan.smoke else STORES


def changed(plan: Plan, setting: Setting) -> Setting:
    """A setting with what is different in all of them."""
    return replace(setting, **plan.changes)


def late_setting(plan: Plan) -> Setting:
    """One learner more, which comes late. In a smoke test the values come slowly, or they would
    all be there before it is."""
    usual = Setting(learners=3)
    slow = replace(usual, rate=4_000.0, outstanding=None)
    return changed(plan, slow if plan.smoke else usual)


def all_settings(plan: Plan) -> list[Setting]:
    """The points of all parts, each once."""
    return list(dict.fromkeys(s for part in plan.parts for s in settings(plan, part)))


def peers(wanted: Iterable[Setting]) -> list[tuple[str, int]]:
    """How the peer is to be run to be held against these settings, but those in parts: mode and
    size of values."""
    found: dict[tuple[str, int], None] = {}
    for setting in wanted:
        if setting.value_bytes in SIZES and (setting.one_at_a_time or setting.saturates):
            found["one" if setting.one_at_a_time else "pipelined", setting.value_bytes] = None
    return list(found)


def first_values(plan: Plan, setting: Setting) -> int:
    """How many values the run has that warms up and tells how many the others are to have."""
    if setting.rate is not None:
        return max(10, int(setting.rate * plan.seconds))
    if setting.one_at_a_time:
        return 20 if plan.smoke else 200
    most = 400 if plan.smoke else 100_000
    return max(100, min(most, (16 << 20) // setting.value_bytes))
