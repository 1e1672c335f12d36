"""The command line: one replica, or one request."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys

import paxos
from kv.arguments import options
from kv.client import Client, NotKnownError, StoreError


def ask(chosen: argparse.Namespace) -> int:
    """One request; 0 if it was done, 1 if the store refused or nothing is there."""
    client = Client(chosen.replicas)
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
    """Be a replica until told to stop, or until it fails (1); the library says why."""
    from aiohttp import web

    from kv.node import Node
    from kv.serving import server_of

    host, _, port = chosen.listen.rpartition(":")
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    with Node(chosen.config, chosen.id, run_dir=chosen.run_dir, answer_s=chosen.answer_s) as node:
        runner = web.ServerRunner(server_of(node), shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, host, int(port)).start()
        print(f"replica {chosen.id} listens on http://{chosen.listen}", file=sys.stderr)
        told = asyncio.create_task(ended.wait())
        failed = asyncio.create_task(asyncio.to_thread(node.wait))
        await asyncio.wait({told, failed}, return_when=asyncio.FIRST_COMPLETED)
        for site in list(runner.sites):
            await site.stop()
        await node.close()  # so that requests which wait for it are answered
        await runner.cleanup()
    return 0 if told.done() else 1


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
