"""A run of the store with everything that goes wrong is that of one copy; with a fault planted in
the replicas it is not, and the run says so. `make jepsen RUNS=20` has more of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.hosts import missing
from tests.jepsen.machines import REPLICAS
from tests.jepsen.run import DOUBT, _agree, run

pytestmark = [pytest.mark.multicast, pytest.mark.timeout(400)]


@pytest.fixture(autouse=True)
def _namespaces() -> None:
    if reason := missing("ip"):
        pytest.skip(reason)


def test_whatever_goes_wrong_there_is_one_copy(tmp_path: Path) -> None:
    outcome = run(tmp_path, seed=1, seconds=1.0)  # one fault of each kind
    assert outcome.problems == [], outcome.text


class Mending:
    """Machines of which one replica ends only after all is mended."""

    folder, addresses = Path(), [f"host-{n}" for n in REPLICAS]

    def __init__(self) -> None:
        self.running = set(REPLICAS) - {3}

    def runs(self, number: int) -> bool:
        return number in self.running

    def begin(self, number: int) -> None:
        self.running.add(number)

    def ask(self, *_: object, **__: object) -> Any:
        return self

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What those say that run."""
        return "\n".join(json.dumps([f"host-{n}", {"a": "1"}]) for n in self.running), ""


def test_who_ends_of_a_full_disk_once_there_is_room_is_started_again() -> None:
    mending: Any = Mending()
    assert _agree(mending) == []
    assert mending.runs(3)


def test_replicas_that_say_twice_what_they_differ_in_are_asked_no_more() -> None:
    class Apart(Mending):
        asked = 0

        def communicate(self, timeout: float) -> tuple[str, str]:
            self.asked += 1
            said = [["host-1", {"a": "2"}], ["host-2", {"a": "1"}], ["host-3", {"a": "1"}]]
            return "\n".join(map(json.dumps, said)), ""

    apart: Any = Apart()
    assert _agree(apart)[0].startswith("replicas differ: ")
    assert apart.asked == 2


def test_values_that_a_leader_proposes_again_are_passed_over(tmp_path: Path) -> None:
    """What is planted for the last test below is no fault by itself."""
    outcome = run(tmp_path, 1, 4.0, "values-twice", ["kill"], checkpoint_instances=3)
    assert outcome.problems == [], outcome.text


def found(folder: Path, bug: str, *faults: str, doubt: float = DOUBT, **settings: int) -> str:
    """What a run says of a bug. In which of several runs it is seen, the machine decides."""
    for seed in range(1, 6):
        (folder / str(seed)).mkdir()
        outcome = run(folder / str(seed), seed, 5.0, bug, faults, doubt=doubt, **settings)
        if outcome.problems:
            return "\n".join(outcome.problems)
    pytest.fail(f"nothing was found: {outcome.text}")


def test_a_stale_read_is_found(tmp_path: Path) -> None:
    assert "not linearizable" in found(tmp_path, "stale-read", "partition")


def test_a_lost_update_is_found(tmp_path: Path) -> None:
    assert "not linearizable" in found(tmp_path, "lost-update", "kill")


def test_a_write_that_is_done_again_after_a_snapshot_is_found(tmp_path: Path) -> None:
    """It takes a request that was answered, a snapshot, a restart, and the request again: so
    clients send most of them again."""
    faults, settings = ("kill", "rolling restart"), {"checkpoint_instances": 3}
    assert found(tmp_path, "duplicate-after-snapshot", *faults, doubt=0.8, **settings)


def test_a_snapshot_without_what_was_delivered_of_whom_is_found(tmp_path: Path) -> None:
    faults = "kill", "rolling restart"
    assert found(tmp_path, "no-client-table", *faults, checkpoint_instances=3)
