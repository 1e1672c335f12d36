"""Load over HTTP on a store, from a process of its own: `python -m harness.bench.http_load KIND
WHAT CONNECTIONS SECONDS VALUE_BYTES HOST:PORT...`.

KIND is `kv` (`examples/kv`) or `etcd` (its gateway from JSON to gRPC); WHAT is `put` or `get`. Each
connection has one request under way, and connections are shared out evenly among the addresses. It
is made of raw sockets and finished bytes, so that it takes little from what it measures. What it
measured is JSON on standard output, as of `harness.bench.peer`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from base64 import b64encode
from functools import partial

from harness.bench.helper import end_with_parent

WARM_UP_S = 0.5
KEYS = 1_000
"""That are put and read."""


def path_and_body(kind: str, what: str, key: str, value: bytes) -> tuple[str, str, bytes]:
    """Of a request: the method, the path and the body."""
    if kind == "kv":
        path = f"/v1/keys/{key}"
        return ("PUT", path, value) if what == "put" else ("GET", path, b"")
    said = {"key": b64encode(key.encode()).decode()}
    if what == "put":
        said["value"] = b64encode(value).decode()
    path = "/v3/kv/" + ("put" if what == "put" else "range")
    return "POST", path, json.dumps(said).encode()


def request(kind: str, what: str, key: str, value: bytes) -> bytes:
    """All bytes of a request."""
    method, path, body = path_and_body(kind, what, key, value)
    head = f"{method} {path} HTTP/1.1\r\nHost: store\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One request under way."""

    def __init__(self, requests: list[bytes], first: int) -> None:
        self.waits_s: list[float] = []
        self.failed = 0
        self.ended = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._next = first
        self._held = b""
        self._since_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(exc)

    def close(self) -> None:
        """Ask nothing more."""
        self._transport.abort()

    def _send(self) -> None:
        self._since_s = time.monotonic()
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, blank, body = self._held.partition(b"\r\n\r\n")
        if not blank or not self._is_whole(head.lower(), body):
            return
        self._held = b""
        if head[9:12] in (b"200", b"404"):
            self.waits_s.append(time.monotonic() - self._since_s)
        else:
            self.failed += 1
        self._send()

    def _is_whole(self, head: bytes, body: bytes) -> bool:
        _, named, rest = head.partition(b"content-length:")
        if named:
            return len(body) >= int(rest.partition(b"\r\n")[0])
        return body.endswith(b"0\r\n\r\n")  # in chunks


async def drive(words: list[str]) -> dict[str, object]:
    """Measure, and sum up."""
    kind, what, connections, seconds, size, *addresses = words
    value = b"v" * int(size)
    requests = [request(kind, what, f"key-{n}", value) for n in range(KEYS)]
    loop = asyncio.get_running_loop()
    made = []
    for number in range(int(connections)):
        host, _, port = addresses[number % len(addresses)].rpartition(":")
        _, one = await loop.create_connection(
            partial(Connection, requests, number * 7), host, int(port)
        )
        made.append(one)
    await asyncio.sleep(WARM_UP_S)
    for one in made:
        one.waits_s.clear()
    began_s = time.monotonic()
    while time.monotonic() < began_s + float(seconds) or not any(one.waits_s for one in made):
        if all(one.ended.done() for one in made):
            raise ConnectionError("the store has closed all connections")
        await asyncio.sleep(0.01)
    took_s = time.monotonic() - began_s
    for one in made:
        one.close()
    waits = [wait for one in made for wait in one.waits_s]
    return summary(waits, took_s, sum(one.failed for one in made))


def summary(waits_s: list[float], took_s: float, failed: int) -> dict[str, object]:
    """As `harness.bench.rivals.Peer` has it."""
    waits = sorted(waits_s)
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    return {
        "rate": len(waits) / took_s,
        "failed": failed,
        "latency_us": {n: waits[int(s * (len(waits) - 1))] * 1e6 for n, s in shares.items()},
    }


def main() -> int:
    """Be the load that the command line says."""
    end_with_parent()
    try:
        print(json.dumps(asyncio.run(drive(sys.argv[1:]))), flush=True)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
