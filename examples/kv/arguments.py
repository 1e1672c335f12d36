"""What the command line says."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

REPLICAS = os.environ.get("KV_REPLICAS", "127.0.0.1:8001,127.0.0.1:8002,127.0.0.1:8003")


def address(text: str) -> str:
    """HOST:PORT, as it is written."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, not {text!r}")
    return text


def addresses(text: str) -> list[str]:
    """Several, with commas between them."""
    return [address(one) for one in text.split(",")]


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="kv", description="a replicated key-value store")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="be a replica until SIGTERM or Ctrl-C")
    serve.add_argument("config", type=Path, help="the cluster, with `checkpoints: true`")
    serve.add_argument("id", type=int, help="the replica's, from 1")
    serve.add_argument("--listen", type=address, default="127.0.0.1:8001", metavar="HOST:PORT")
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
        one.add_argument("--replicas", type=addresses, default=REPLICAS, metavar="HOST:PORT,...")
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
