"""A real cluster under a flood: garbage, damaged and repeated datagrams, and, where there is a key,
lies. It delivers everything, and its traces conform."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from paxos import config as configuration
from paxos.config import Config, Endpoint
from paxos.core.ballot import LARGEST_INT, Ballot
from paxos.core.messages import Delivered, Heartbeat, Prepare, Reject, encode_messages
from paxos.core.names import ROLES
from paxos.forms import ROLE_GROUPS
from paxos.runtime.envelope import Envelope, bodies
from paxos.runtime.multicast import Multicast
from tests.cluster.processes import Cluster, conformance, wait_for

VALUES = 615
"""In both files."""

AT_LEAST = 3_000
"""Datagrams that the flood has, so that a test in which everything is delivered first tests it."""


REPEATED = 300
"""Datagrams of the cluster's own that it repeats at least, each to one of the four groups."""


class Flood(threading.Thread):
    """Sends to every group until told to stop. It hears every group too, to repeat what others
    say."""

    def __init__(self, config: Config, *, lies: bool) -> None:
        super().__init__(daemon=True)
        self.sent = self.repeated = 0
        self._own: set[bytes] = set()
        self.recorded: list[bytes] = []
        self._config = config
        self._lies = lies
        self._random = Random(1)
        self._enough = threading.Event()
        self._groups: list[Endpoint] = [getattr(config.endpoints(), name) for name in ROLE_GROUPS]
        self._ears = [Multicast(group, config.interface, 0) for group in self._groups]

    def __enter__(self) -> Flood:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self.join()
        for ear in self._ears:
            ear.close()

    def run(self) -> None:
        while not self._enough.wait(0.002):
            for ear in self._ears:
                self.recorded += [d for d in ear.receive(0.0) if d not in self._own]
            del self.recorded[:-2_000]
            for _ in range(10):
                datagram = self._hostile()
                self._own.add(datagram)
                self._ears[0].send(self._random.choice(self._groups), datagram)
                self.sent += 1

    def _hostile(self) -> bytes:
        ways = [self._noise, self._garbage_behind_a_header, self._repeated, self._damaged]
        return self._random.choice([*ways, self._lie] if self._lies else ways)()

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.randint(0, 2_000))

    def _garbage_behind_a_header(self) -> bytes:
        return self._envelope().seal(self._random.randrange(2**60), self._noise())

    def _repeated(self) -> bytes:
        self.repeated += bool(self.recorded)
        return self._random.choice(self.recorded or [b""])

    def _damaged(self) -> bytes:
        """Nobody would believe it: half of it is missing."""
        whole = self._random.choice(self.recorded or [b""])
        return whole[: len(whole) // 2]

    def _lie(self) -> bytes:
        """Where it is believed, one of these is enough to stop a cluster for ever."""
        ballot = Ballot(LARGEST_INT, 1)
        role, message = self._random.choice(
            [
                ("proposer", Prepare(ballot, 1, LARGEST_INT)),
                ("proposer", Heartbeat(ballot, LARGEST_INT)),
                ("acceptor", Reject(ballot)),
                ("learner", Delivered(LARGEST_INT, [("1.1", 1, LARGEST_INT)])),
            ]
        )
        envelope = self._envelope(role, self._random.choice((None, b"not the key")))
        return envelope.seal(1, next(bodies([encode_messages(message)], 1_000)))

    def _envelope(self, role: str | None = None, key: bytes | None = None) -> Envelope:
        role = role or self._random.choice(ROLES)
        incarnation = self._random.choice((1, LARGEST_INT))
        tag, members = self._config.cluster_tag(), self._config.members()
        return Envelope(tag, role, 1, incarnation, members, key)


def dropped(run_dir: Path) -> Counter[str]:
    """What all processes dropped, by reason."""
    total: Counter[str] = Counter()
    for path in (run_dir / "stats").glob("*.json"):
        total.update(json.loads(path.read_text(encoding="utf-8"))["dropped"])
    return total


@pytest.mark.parametrize("with_key", [False, True], ids=["without a key", "with a key"])
def test_a_cluster_under_a_flood_delivers_everything(
    tmp_path: Path, values: list[Path], with_key: bool
) -> None:
    settings = {}
    if with_key:
        settings["key_file"] = str(tmp_path / "cluster.key")
        (tmp_path / "cluster.key").write_bytes(b"a secret that nobody can guess")
        (tmp_path / "cluster.key").chmod(0o600)
    with (
        Cluster(tmp_path, **settings) as cluster,
        Flood(configuration.load(cluster.config), lies=with_key) as flood,
    ):
        cluster.start_all()
        for number, path in enumerate(values, 1):
            cluster.start(f"client-{number}", values=path)
        cluster.wait_delivered(VALUES, "learner-1", "learner-2")
        wait_for(lambda: flood.sent >= AT_LEAST and flood.repeated >= REPEATED, "flood")
        cluster.stop()
    one, two = cluster.lines("learner-1"), cluster.lines("learner-2")
    assert one == two
    assert len(one) == VALUES
    conformance(cluster.run_dir)
    counts = dropped(cluster.run_dir)
    assert counts["not of this program"]
    if with_key:
        assert counts["with a wrong tag"]
        assert counts["without a tag, and a key_file is configured here"]
        text = b"".join(p.read_bytes() for p in cluster.run_dir.rglob("*") if p.is_file())
        assert b"a secret" not in text
    else:
        assert counts["malformed"]
    assert counts["received before"]
