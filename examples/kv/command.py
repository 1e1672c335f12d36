"""The command line: one replica, or one request."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

import paxos
from kv.client import Client, NotKnownError, StoreError

REPLICAS = os.environ.get("KV_REPLICAS", "127.0.0.1:8001,127.0.0.1:8002,127.0.0.1:8003")


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="kv", description="a replicated key-value store")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="be a replica until SIGTERM or Ctrl-C")
    serve.add_argument("config", type=Path, help="the cluster, with `checkpoints: true`")
    serve.add_argument("id", type=int, help="the replica's, from 1")
    serve.add_argument("--listen", default="127.0.0.1:8001", metavar="HOST:PORT")
    serve.add_argument("--answer-s", type=float, default=5.0, help="wait so long for a majority")
    serve.add_argument("--run-dir", type=Path, metavar="DIR", help="leave a trace here")
    for name, words in (
        ("get", "print a value"),
        ("put", "put a value, or standard input"),
        ("delete", "delete a value"),
        ("list", "print keys with their versions"),
        ("watch", "print changes, one a line of JSON, until Ctrl-C"),
    ):
        one = commands.add_parser(name, help=words)
        one.add_argument("--replicas", default=REPLICAS, metavar="HOST:PORT,...")
        if name in ("list", "watch"):
            one.add_argument("key", nargs="?", default="", metavar="PREFIX")
        else:
            one.add_argument("key", metavar="KEY")
        if name == "put":
            one.add_argument("value", nargs="?")
        if name in ("put", "delete"):
            one.add_argument(
                "--if-version", type=int, help="that must be there; 0: nothing must be"
            )
        if name in ("get", "list"):
            one.add_argument("--stale", action="store_true", help="ask one replica alone")
    return parser.parse_args()


def ask(chosen: argparse.Namespace) -> int:
    """One request; 0 if it was done, 1 if the store refused or nothing is there."""
    client = Client(chosen.replicas.split(","))
    match chosen.command:
        case "get":
            entry = client.get(chosen.key, stale=chosen.stale)
            if entry is None:
                raise StoreError(404, {"error": "nothing is there"})
            sys.stdout.buffer.write(entry.value + b"\n" * sys.stdout.isatty())
        case "put":
            value = sys.stdin.buffer.read() if chosen.value is None else chosen.value.encode()
            print(client.put(chosen.key, value, chosen.if_version))
        case "delete":
            print(client.delete(chosen.key, chosen.if_version))
        case "list":
            for row in client.list(chosen.key, stale=chosen.stale):
                print(row["version"], row["bytes"], row["key"])
        case "watch":
            for line in client.watch(chosen.key):
                print(json.dumps(line, ensure_ascii=False), flush=True)
    return 0


async def serve(chosen: argparse.Namespace) -> int:
    """Be a replica."""
    from aiohttp import web

    from kv.node import Node
    from kv.server import application

    host, _, port = chosen.listen.rpartition(":")
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    with Node(chosen.config, chosen.id, run_dir=chosen.run_dir, answer_s=chosen.answer_s) as node:
        runner = web.AppRunner(application(node), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, host, int(port)).start()
        print(f"replica {chosen.id} listens on http://{chosen.listen}", file=sys.stderr)
        await ended.wait()
        await runner.cleanup()
    return 0


def main() -> int:
    """0: done; 1: refused, not known, or the replica has failed; 2: it must not or cannot begin."""
    chosen = options()
    logging.basicConfig(format="%(message)s")  # what the library says
    try:
        return asyncio.run(serve(chosen)) if chosen.command == "serve" else ask(chosen)
    except (StoreError, NotKnownError, paxos.RunError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except paxos.InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
