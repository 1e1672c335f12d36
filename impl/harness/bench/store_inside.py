"""Load on `examples/kv` from inside one of its replicas, without HTTP: `python -m
harness.bench.store_inside CONFIG FOLDER WHAT CLIENTS SECONDS VALUE_BYTES`. This process is replica
1. What it measured is JSON on standard output, as of `harness.bench.peer`."""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import paxos
from harness.bench.helper import end_with_parent
from harness.bench.http_load import KEYS, WARM_UP_S, summary

START_S = 30.0
"""For the first put."""


class Load:
    """So many requests under way: those that have ended are followed by as many, together."""

    def __init__(self, replica: paxos.Replica, commands: list[bytes]) -> None:
        self._replica, self._commands = replica, commands
        self._ended: SimpleQueue[Future[object]] = SimpleQueue()
        self._since_s: dict[Future[object], float] = {}
        self._next = 0
        self.waits_s: list[float] = []
        self.failed = 0

    def put(self, count: int) -> None:
        """So many more, at once."""
        numbers = range(self._next, self._next + count)
        self._next += count
        commands = [self._commands[number % len(self._commands)] for number in numbers]
        since_s = time.monotonic()
        for future in self._replica.broadcast_all(commands):
            self._since_s[future] = since_s
            future.add_done_callback(self._ended.put)

    def go_on(self, until_s: float) -> None:
        """Until it is that late, and something was done."""
        while time.monotonic() < until_s or not self.waits_s:
            ended = [self._ended.get(timeout=START_S)]
            while not self._ended.empty():
                ended.append(self._ended.get())
            now_s = time.monotonic()
            for future in ended:
                wait_s = now_s - self._since_s.pop(future)
                if future.exception():
                    self.failed += 1
                else:
                    self.waits_s.append(wait_s)
            self.put(len(ended))


def main() -> int:
    """Be the replica and the load that the command line says."""
    end_with_parent()
    config, folder, what, clients, seconds, size = sys.argv[1:]
    os.chdir(folder)
    sys.path.append(str(Path(__file__).resolve().parents[3] / "examples"))
    from kv.commands import Write, encode
    from kv.store import Store

    commands = [encode(Write(f"key-{n}", b"v" * int(size))) for n in range(KEYS)]
    store: Any = Store()
    with paxos.Replica(Path(config), 1, machine=store, has_client=True) as replica:
        replica.broadcast(commands[0]).result(START_S)
        load = Load(replica, commands)
        if what == "put":
            load.put(int(clients))
            load.go_on(time.monotonic() + WARM_UP_S)
            load.waits_s.clear()
        began_s = time.monotonic()
        until_s = began_s + float(seconds)
        if what == "put":
            load.go_on(until_s)
        while what == "get" and (time.monotonic() < until_s or not load.waits_s):
            since_s = time.monotonic()
            replica.read(lambda: store.get("key-0"))
            load.waits_s.append(time.monotonic() - since_s)
        took_s = time.monotonic() - began_s
        print(json.dumps(summary(load.waits_s, took_s, load.failed)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
