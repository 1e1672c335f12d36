"""What is run: each part has its points, shared ones are run once, everything takes its turn."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from harness.bench import rivals, schedule
from harness.bench.benchmark import PeerRow, Row
from harness.bench.options import DEFAULT, PARTS
from harness.bench.rounds import Rounds
from harness.bench.runner import Runner
from harness.bench.schedule import ONE, USUAL
from harness.bench.setting import Setting
from paxos.errors import InputError

LONG = {"stateful", "flat", "late", "stores"}


@pytest.mark.parametrize(
    "chosen", [schedule.smoke(PARTS, {}), schedule.full(PARTS, 5, 3.0, 2_000_000, {})]
)
def test_every_part_has_points_and_shared_ones_are_run_once(chosen: schedule.Plan) -> None:
    points = {part: schedule.settings(chosen, part) for part in PARTS}
    assert {part for part, found in points.items() if not found} == LONG
    together = schedule.all_settings(chosen)
    assert len(together) == len(set(together)) < sum(map(len, points.values()))
    assert set(together) == {point for found in points.values() for point in found}
    assert len({setting.name for setting in together}) == len(together), "names tell them apart"


def test_the_goals_are_measured_by_the_default_parts() -> None:
    chosen = schedule.full(DEFAULT, 5, 3.0, 2_000_000, {})
    needed = {
        USUAL,
        ONE,
        Setting(storage="sqlite"),
        Setting(tracing=False),
        Setting(loss=0.1),
        *(schedule.THREE, schedule.replicas(USUAL), schedule.replicas(ONE), schedule.FIFO),
        *(Setting(value_bytes=schedule.SIZES[-1]), schedule.LARGE),
    }
    assert needed <= set(schedule.all_settings(chosen))


def test_the_peer_is_run_as_the_settings_are() -> None:
    some = [ONE, USUAL, Setting(value_bytes=16), Setting(storage="sqlite"), Setting(rate=5.0)]
    some.append(schedule.LARGE)
    assert schedule.peers(some) == [("one", 64), ("pipelined", 64), ("pipelined", 16)]


def test_what_is_different_in_all_runs() -> None:
    chosen = schedule.smoke(("throughput", "late"), {"storage": "sqlite", "tracing": False})
    assert {s.storage for s in schedule.all_settings(chosen)} == {"sqlite"}
    assert not schedule.late_setting(chosen).tracing
    assert schedule.all_settings(chosen)[0].config().storage == "sqlite"


def test_a_setting_is_a_configuration() -> None:
    setting = Setting(optimisations="direct-batch", clients=4, loss=0.1, rate=100.0)
    config = setting.config()
    assert (config.direct_learning, config.prepare_ahead, config.batching) == (True, False, True)
    assert config.clients == 5, "one warms the cluster up"
    assert config.faults.loss == 0.1
    assert setting.client_options() == ["--outstanding=16000", "--rate=25.0"]
    assert Setting(value_bytes=16_384).client_options() == ["--outstanding=64"]


def test_the_peer_takes_turns_with_the_cluster(tmp_path: Path) -> None:
    chosen = schedule.full(DEFAULT, 5, 3.0, 2_000_000, {})
    rounds = Rounds(chosen, Runner(tmp_path, keep=False), print, with_peer=True)
    jobs = list(rounds._interleaved(1))
    own = [job for job in jobs if isinstance(job, Row)]
    peers = [job for job in jobs if isinstance(job, PeerRow)]
    assert len(own) == len(rounds.rows) and all(row in own for row in rounds.rows)
    assert len(peers) == len(rounds.peers) and all(row in peers for row in rounds.peers)
    assert jobs == list(rounds._interleaved(1)), "the order of a round is always the same"
    assert own != [job for job in rounds._interleaved(2) if isinstance(job, Row)]
    places = [n for n, job in enumerate(jobs) if isinstance(job, PeerRow)]
    gaps = [b - a for a, b in pairwise(places)]
    assert len(gaps) == 7 and max(gaps) - min(gaps) <= 1


def test_without_the_peer_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.bench.rivals.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"`pip install 'paxos\[bench\]'`, or use --no-peer"):
        rivals.check_installed()
