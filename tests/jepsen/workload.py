"""What clients do: `python -m tests.jepsen.workload call FOLDER SEED DOUBT ADDRESS...`, until
SIGTERM.

Each client has a thread, and a file of history in the folder: a line for each call when it has
ended, in the form of `tests.linearizability.history`. All but the last send a write again until its
result is known, under the same number; the last one sends each once, without a number.
"""

from __future__ import annotations

import http.client
import json
import random
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from kv.client import Client
from kv.connection import Connection, NotKnownError, StoreError
from tests.linearizability.history import Answer, Operation

CLIENTS = 6
READERS = (3, 4)
"""Of these: they only read, and so stay at a replica that is cut off as long as it answers."""

MIXED = ("get",) * 4 + ("put",) * 3 + ("cas",) * 2 + ("delete",)
"""What the others do, as often as it is here."""

KEYS = ("a", "b", "c", "d")
PATIENCE_S, TRY_S = 6.0, 2.0

DOUBT_S = 0.2, 2.5
"""For so long a client acts as if an answer to a write was lost."""

LOOK_S = 20.0
"""How long each replica is waited for in the end."""

PAUSE_S = 0.02
"""Between two calls of a client, on average."""


class Plain(Client):
    """Sends each request once, and without an id."""

    def __init__(self, addresses: list[str]) -> None:
        super().__init__(addresses)
        self._connection = Connection(addresses, patience_s=0.0, try_s=TRY_S)
        self._session = -1

    def _request_id(self) -> dict[str, str]:
        return {}


class Doubting(Connection):
    """Takes some answers to writes for lost, and asks again later under the same number: it must be
    told the same."""

    def __init__(self, addresses: list[str], draw: random.Random, share: float) -> None:
        """`share`: of the answers to writes."""
        super().__init__(addresses, PATIENCE_S, TRY_S)
        self._draw, self._share = draw, share

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[http.client.HTTPMessage, bytes]:
        """As of any connection."""
        answer = super().ask(method, path, body, headers)
        if headers and self._draw.random() < self._share:
            time.sleep(self._draw.uniform(*DOUBT_S))
            with suppress(NotKnownError):
                again = super().ask(method, path, body, headers)
                assert again[1] == answer[1], f"{answer[1]!r} and then {again[1]!r}"
        return answer


class Caller(threading.Thread):
    """One client."""

    def __init__(
        self, folder: Path, seed: int, doubt: float, number: int, addresses: list[str]
    ) -> None:
        super().__init__()
        self._random = random.Random(f"{seed} {number}")
        self._name = f"client-{number}"
        self._path = folder / f"{self._name}.history"
        first = number % len(addresses)
        own = [*addresses[first:], *addresses[:first]]
        self._client = Plain(own) if number == CLIENTS else Client(own)
        if number < CLIENTS:
            self._client._connection = Doubting(own, self._random, doubt)
        self._names = ("get",) if number in READERS else MIXED
        self._versions = dict.fromkeys(KEYS, 0)
        self._count = 0
        self.ended = threading.Event()

    def run(self) -> None:
        with self._path.open("ab") as file:
            while not self.ended.wait(self._random.expovariate(1 / PAUSE_S)):
                if operation := self._call():
                    file.write(msgspec.json.encode(operation) + b"\n")
                    file.flush()

    def _call(self) -> Operation | None:
        """One call; None if it has certainly done nothing."""
        self._count += 1
        name = self._random.choice(self._names)
        key = self._random.choice(KEYS)
        value = f"{self._name[7:]}.{self._count}" if name in ("put", "cas") else None
        expect = self._versions[key] if name == "cas" else 0
        called = time.monotonic_ns()
        try:
            answer = self._answer(name, key, value, expect)
        except ConnectionRefusedError:
            return None
        returned = None if answer is None else time.monotonic_ns()
        if answer:
            is_gone = name == "delete" or not answer.version
            self._versions[key] = 0 if is_gone else answer.version
        return Operation(self._name, key, name, called, returned, answer, value, expect)  # type: ignore[arg-type]

    def _answer(self, name: str, key: str, value: str | None, expect: int) -> Answer | None:
        client = self._client
        try:
            if name == "get":
                found = client.get(key)
                return Answer(found.version, found.value.decode()) if found else Answer()
            if name == "delete":
                return Answer(client.delete(key))
            assert value is not None
            return Answer(client.put(key, value.encode(), expect if name == "cas" else None))
        except NotKnownError as error:
            if isinstance(client, Plain) and isinstance(error.__cause__, ConnectionRefusedError):
                raise error.__cause__ from None
            return None
        except StoreError as error:
            if error.status in (404, 412):
                return Answer(error.version, done=False)
            raise


def call(folder: str, seed: str, doubt: str, *addresses: str) -> int:
    """Call until told to stop; 1 if a client has failed."""
    callers = [
        Caller(Path(folder), int(seed), float(doubt), number, list(addresses))
        for number in range(1, CLIENTS + 1)
    ]
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    for caller in callers:
        caller.start()
    while not ended.wait(0.1) and all(caller.is_alive() for caller in callers):
        pass
    is_well = all(caller.is_alive() for caller in callers)
    for caller in callers:
        caller.ended.set()
        caller.join()
    return 0 if is_well else 1


def look(folder: str, *addresses: str) -> int:
    """Print what each replica that answers has by now, a line of JSON each: all keys with their
    values, read one by one. These reads are part of the history too."""
    with (Path(folder) / "look.history").open("ab") as file:
        for address in addresses:
            client = Client([address], LOOK_S, TRY_S)
            found: dict[str, Answer] = {}
            with suppress(NotKnownError):
                for key in KEYS:
                    called = time.monotonic_ns()
                    entry = client.get(key)
                    answer = Answer(entry.version, entry.value.decode()) if entry else Answer()
                    now = time.monotonic_ns()
                    one = Operation(f"look-{address}", key, "get", called, now, answer)
                    file.write(msgspec.json.encode(one) + b"\n")
                    found[key] = answer
                print(json.dumps([address, {key: str(found[key]) for key in KEYS}]), flush=True)
    return 0


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    sys.exit(call(*words) if what == "call" else look(*words))
