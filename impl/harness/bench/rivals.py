"""The peer's cluster: three nodes of `harness.bench.peer`, started, listened to, ended."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from importlib.util import find_spec

import msgspec
from msgspec import Struct

from harness.bench.helper import Helper
from paxos.errors import InputError, RunError
from paxos.runtime.streams import readable

NODES = 3
OUTSTANDING = 3_000
"""Commands under way when pipelined, at most: with more it is slower, and its speed less steady."""

OUTSTANDING_BYTES = 32 << 20
"""Bytes of commands under way, at most."""

PATIENCE_S = 60.0
"""For election and start, beyond the time that is measured."""


class Peer(Struct):
    """What one run of the peer measured."""

    rate: float
    """Commits per second, at the leader's callbacks."""
    failed: int
    latency_us: dict[str, float]
    """`p50`, `p99`, `p99.9`."""


def check_installed() -> None:
    """Raise `InputError` if the peer is not there."""
    if find_spec("pysyncobj") is None:
        raise InputError(
            "the peer is not installed: run `make setup` in a checkout, or "
            "`pip install 'paxos[bench]'`, or use --no-peer"
        )


def measure(mode: str, value_bytes: int, seconds: float) -> Peer:
    """Run the peer's cluster once, `mode` being `pipelined` or `one`. Raises `RunError`."""
    outstanding = min(OUTSTANDING, OUTSTANDING_BYTES // value_bytes)
    addresses = [f"127.0.0.1:{port}" for port in free_ports(NODES)]
    with ExitStack() as stack:
        nodes = []
        for own in addresses:
            others = [address for address in addresses if address != own]
            arguments = [mode, value_bytes, seconds, outstanding, own, *others]
            nodes.append(stack.enter_context(Helper("peer", arguments)))
        return msgspec.convert(json.loads(first_line(nodes, seconds + PATIENCE_S)), Peer)


def first_line(nodes: list[Helper], patience_s: float) -> bytes:
    """What the leader writes; the others write nothing."""
    outputs = {node.output: node for node in nodes}
    ready = readable(outputs, patience_s)
    if not ready:
        raise RunError(f"the peer did not finish within {patience_s:g} s")
    return outputs[ready[0]].line()


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now, on TCP."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
