"""Three nodes of a key-value store on this machine, under load: `examples/kv`, over HTTP or from
inside one of its replicas, and etcd, over the HTTP gateway that it has beside gRPC. Both are
durable."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import msgspec
from msgspec import Struct

from harness.bench.helper import Helper
from harness.bench.rivals import NODES, Peer, first_line, free_ports
from paxos import config as configuration
from paxos.config import Config
from paxos.errors import RunError
from paxos.runtime.children import environment
from paxos.runtime.groups import ChosenGroups

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

START_S = 30.0
"""For all nodes to answer."""

PATIENCE_S = 30.0
"""For a run, beyond the time that is measured."""

VALUE_BYTES = 64


class Use(Struct, frozen=True):
    """Which store is used how."""

    store: str
    """`etcd`, `kv`, or `library`: kv from inside a replica."""
    what: str
    """`put` or `get`."""
    clients: int
    """Each with one request under way."""

    @property
    def name(self) -> str:
        """For tables."""
        store = {"etcd": "etcd", "kv": "kv, HTTP", "library": "kv, library"}[self.store]
        return f"{store}, {self.what}, {self.clients} client{'s' * (self.clients > 1)}"


def missing() -> str:
    """Why there is nothing to be measured here; empty if there is. Without etcd there is
    nothing to compare with."""
    if not (EXAMPLES / "kv").is_dir():
        return "examples/kv is not here (it is in a checkout)"
    if find_spec("aiohttp") is None:
        return "aiohttp is not installed (the extra `examples`)"
    return "" if shutil.which("etcd") else "etcd is not installed"


def measure(use: Use, seconds: float) -> Peer:
    """One run, of nodes that begin with nothing. Raises `RunError`."""
    with tempfile.TemporaryDirectory(prefix="stores-") as folder, ExitStack() as stack:
        ports = free_ports(NODES * 2)
        if use.store == "etcd":
            stack.enter_context(_etcd(Path(folder), ports))
        else:
            config = stack.enter_context(_cluster(Path(folder)))
            for number in range(1, NODES + 1):
                (Path(folder) / str(number)).mkdir()
            if use.store == "library":  # this one begins first, and is likely to lead
                words = [config, Path(folder) / "1", use.what, use.clients, seconds, VALUE_BYTES]
                inside = stack.enter_context(Helper("store_inside", words))
                stack.enter_context(_kv(Path(folder), config, ports, first=2))
                return _measured(inside, seconds)
            stack.enter_context(_kv(Path(folder), config, ports, first=1))
        kind = "etcd" if use.store == "etcd" else "kv"
        addresses = [f"127.0.0.1:{port}" for port in ports[:NODES]]
        _wait_until_written(kind, ports[:NODES])
        words = [kind, use.what, use.clients, seconds, VALUE_BYTES, *addresses]
        return _measured(stack.enter_context(Helper("http_load", words)), seconds)


def _measured(helper: Helper, seconds: float) -> Peer:
    """What it writes in the end."""
    return msgspec.convert(json.loads(first_line([helper], seconds + PATIENCE_S)), Peer)


@contextmanager
def _cluster(folder: Path) -> Iterator[Path]:
    """The configuration of three replicas with checkpoints."""
    with ChosenGroups(Config()) as chosen:
        config = Config(
            acceptors=NODES,
            proposers=NODES,
            learners=NODES,
            clients=None,
            checkpoints=True,
            groups=chosen.groups,
            cluster=chosen.cluster,
        )
        path = folder / "cluster.yaml"
        path.write_text(configuration.dump(config), encoding="utf-8")
        yield path


@contextmanager
def _kv(folder: Path, config: Path, ports: list[int], first: int) -> Iterator[None]:
    """Replicas `first` to the last one; one before is the caller's."""
    commands = []
    for number in range(1, NODES + 1):
        listen = f"127.0.0.1:{ports[number - 1]}"
        words = [EXAMPLES / "kv", "serve", config, number, "--listen", listen]
        commands.append(([sys.executable, *map(str, words)], folder / str(number)))
    with _running(commands[first - 1 :]):
        yield


@contextmanager
def _etcd(folder: Path, ports: list[int]) -> Iterator[None]:
    peers = [f"http://127.0.0.1:{port}" for port in ports[NODES:]]
    cluster = ",".join(f"n{number}={peer}" for number, peer in enumerate(peers, 1))
    commands = []
    for number, (port, peer) in enumerate(zip(ports[:NODES], peers, strict=True), 1):
        own = f"http://127.0.0.1:{port}"
        options = {
            "name": f"n{number}",
            "data-dir": folder / f"n{number}",
            "listen-client-urls": own,
            "advertise-client-urls": own,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": cluster,
            "logger": "zap",
            "log-level": "error",
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        commands.append((["etcd", *words], folder))
    with _running(commands):
        yield


@contextmanager
def _running(commands: list[tuple[list[str], Path]]) -> Iterator[None]:
    """These processes, each in its folder, killed in the end: nothing of them is kept."""
    processes = []
    try:
        for command, folder in commands:
            processes.append(
                subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def _wait_until_written(kind: str, ports: list[int]) -> None:
    """Until every node has answered a put. Raises `RunError`."""
    from harness.bench.http_load import path_and_body

    until_s = time.monotonic() + START_S
    method, path, body = path_and_body(kind, "put", "key-0", b"first")
    for port in ports:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_S)
            try:
                connection.request(method, path, body)
                if connection.getresponse().status == 200:
                    break
            except OSError:
                pass
            finally:
                connection.close()
            if time.monotonic() > until_s:
                raise RunError(f"{kind} did not answer a put within {START_S:g} s")
            time.sleep(0.05)
