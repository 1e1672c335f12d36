"""One node of the peer: PySyncObj, replication by Raft in Python, as its own documentation has it.

Run as a process (`python -m harness.bench.peer`), three of them on loopback TCP. The node that
leads drives the load from inside its own process, so that no client has to be paid for, in the
thread that also runs PySyncObj, so that no lock is fought over. Everything is in memory. Two ways
of use, each with the settings that suit it best:

- `pipelined`: many commands under way. PySyncObj's batching is on, with batches of up to
  `BATCH_BYTES`, sent every `PERIOD_S` (the default is 100 ms, which bounds what `outstanding`
  commands can reach).
- `one`: one command at a time. PySyncObj's batching is off, which its documentation recommends
  for the speed of a single request: with it on, a command waits for the next period.

Nothing of the cluster under test is used here. The parent is `harness.bench.rivals`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from harness.bench.helper import end_with_parent

PERIOD_S = 0.01
BATCH_BYTES = 1 << 20
NEVER_COMPACT = 1 << 30
"""Entries of its log beyond which it is compacted: not within a run."""

WARM_UP_S = 0.5
LEADERLESS_S = 30.0
"""After so long without a leader a node gives up."""


def main() -> int:
    """Be the node that the command line says: `MODE VALUE_BYTES SECONDS OUTSTANDING SELF
    OTHER...`. The leader writes what it measured, as JSON, to standard output."""
    end_with_parent()
    mode, size, seconds, outstanding, own, *others = sys.argv[1:]
    node = _node(own, others, batching=mode == "pipelined")
    give_up_s = time.monotonic() + LEADERLESS_S
    while not (node._isLeader() and node.isReady()):
        node.doTick(0.01)
        if node._getLeader() is None and time.monotonic() > give_up_s:
            print("no leader was elected", file=sys.stderr)
            return 1
    drive = _Drive(node, b"v" * int(size), 1 if mode == "one" else int(outstanding))
    print(json.dumps(drive.run(float(seconds))), flush=True)
    while True:  # the others need a leader until the parent ends them all
        node.doTick(0.05)


def _node(own: str, others: list[str], *, batching: bool) -> Any:
    from pysyncobj import SyncObj, SyncObjConf, replicated  # type: ignore[import-untyped]

    class Register(SyncObj):  # type: ignore[misc]
        """The least that can be replicated: it remembers the last value, and counts."""

        def __init__(self, conf: Any) -> None:
            super().__init__(own, others, conf)
            self.applied = 0
            self.last = b""

        @replicated  # type: ignore[untyped-decorator]
        def put(self, value: bytes) -> None:
            self.last = value
            self.applied += 1

    return Register(
        SyncObjConf(
            autoTick=False,
            appendEntriesUseBatch=batching,
            appendEntriesPeriod=PERIOD_S if batching else 0.1,
            appendEntriesBatchSizeBytes=BATCH_BYTES,
            logCompactionMinEntries=NEVER_COMPACT,
            logCompactionMinTime=NEVER_COMPACT,
            sendBufferSize=BATCH_BYTES,
            recvBufferSize=BATCH_BYTES,
        )
    )


class _Drive:
    """Keeps commands under way, and notes when each is committed."""

    def __init__(self, node: Any, value: bytes, outstanding: int) -> None:
        self.node = node
        self.value = value
        self.outstanding = outstanding
        self.waits_s: list[float] = []
        self.under_way = 0
        self.failed = 0

    def run(self, seconds: float) -> dict[str, object]:
        """Warm up, measure for `seconds`, and longer if nothing was committed in that time; commits
        per second and the quantiles of latency."""
        self._until(time.monotonic() + WARM_UP_S)
        self.waits_s.clear()
        began_s = time.monotonic()
        self._until(began_s + seconds)
        took_s = time.monotonic() - began_s
        waits = sorted(self.waits_s)
        shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
        return {
            "rate": len(waits) / took_s,
            "failed": self.failed,
            "latency_us": {
                name: waits[int(share * (len(waits) - 1))] * 1e6
                for name, share in shares.items()
                if waits
            },
        }

    def _until(self, end_s: float) -> None:
        while time.monotonic() < end_s or not self.waits_s:
            while self.under_way < self.outstanding:
                self.under_way += 1
                self.node.put(self.value, callback=self._callback())
            self.node.doTick(0.001)

    def _callback(self) -> Callable[[object, object], None]:
        since_s = time.monotonic()

        def committed(_: object, failure: object) -> None:
            self.under_way -= 1
            if failure:
                self.failed += 1
            else:
                self.waits_s.append(time.monotonic() - since_s)

        return committed


if __name__ == "__main__":
    sys.exit(main())
