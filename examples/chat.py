"""A chat: everybody reads all messages in the same order.

    python chat.py cluster.yaml ID NAME

Each line of standard input is said; what is said appears on standard output, with its position in
the order. Everybody has another ID. Who comes later reads everything from the start.
"""

from __future__ import annotations

import sys

import paxos


def show(position: int, message: bytes) -> None:
    """Called for each message, in the one order."""
    print(f"{position:>5}  {message.decode(errors='replace')}", flush=True)


def main(config: str, number: int, name: str) -> None:
    """Chat until standard input ends, and what was said is delivered."""
    learner = paxos.Learner(config, number, show)
    with learner, paxos.Client(config, number) as client:
        client.broadcast(f"{name} is here".encode())
        for line in sys.stdin:
            client.broadcast_and_wait(f"{name}: {line.rstrip()}".encode())
        last = client.broadcast_and_wait(f"{name} leaves".encode())
        while learner.applied < last.position:  # until it is shown here, too
            learner.wait(0.05)


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    except (IndexError, ValueError):
        sys.exit("usage: chat.py cluster.yaml ID NAME")
    except (paxos.InputError, paxos.RunError) as error:
        sys.exit(f"error: {error}")
