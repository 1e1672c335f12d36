"""Writes traces that `conformance check` reads. Copy this file; it needs the standard library only.

    acceptor = Tracer("run", "acceptor", 1, cluster={"acceptors": [1, 2, 3], "proposers": [1, 2],
                      "learners": [1], "clients": [1]})
    if acceptor.incarnation > 1:
        acceptor.event("Recover", promised=[3, 1], votes=[])     # what storage kept
    acceptor.event("Phase1b", ballot=[4, 2], **{"from": 1, "to": 9}, votes=[])
    send(message, clock())            # every message carries the clock; heard(its clock) on arrival

Order of a step: make it durable, trace it, then send. An event is in the file (one system call, nothing
is buffered) when `event` returns, so nobody can have seen what the trace does not have.

One host: leave `clock()` and `heard()` out, and give the Tracer `clock="host"`. The wall clock of one
host, in microseconds, orders the events of all its processes. Several hosts: each message carries it.
One process with several roles: a Tracer for each role. All of them share the clock.
"""

import json
import os
import re
import threading
import time
from pathlib import Path

_lock = threading.RLock()
_last = 0  # microseconds; one clock for the whole process


def clock():
    """What a message carries: not below the clock of any event that this process has written."""
    return _last


def heard(remote):
    """Call with the clock that a message carried, before the events that follow from it."""
    global _last
    with _lock:
        _last = max(_last, remote)


def _tick():
    """The clock of a new event: the greater of the wall clock and the last clock seen plus one."""
    global _last
    wall = time.time_ns() // 1000
    while wall == _last:  # never run ahead of the wall clock: on one host it alone is the order
        wall = time.time_ns() // 1000
    _last = max(wall, _last + 1)
    return _last


def value(data, client="1.1"):
    """The range that stands for one opaque value, `[client, number, 1, digest]`, the same wherever it
    is computed. `data` must tell the value from all others: where two clients may send the same bytes,
    or one twice, add a request number to them. `client` is `id.incarnation` of who broadcast it."""
    digest = 0xCBF29CE484222325  # FNV-1a, 64 bits
    for byte in data:
        digest = (digest ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return [client, (digest & (1 << 52) - 1) + 1, 1, f"{digest:016x}"]


class Tracer:
    """The trace of one role of this process, in one incarnation. Safe to use from several threads;
    the events of a step have to be written in the order in which the protocol took them."""

    def __init__(self, folder, role, number, cluster, spec="MultiPaxos", direct_learning=True,
                 prepare_ahead=True, max_batch=1, promise_scope="log", fifo=False, config=None,
                 **header):
        """`number` counts from 1. Synod wants prepare_ahead false. `promise_scope`: "log" or
        "instance". `fifo`: the values of a client, numbered 1, 2, 3, ..., keep their order. `config`
        is for the reader: text, whole numbers and truth values. Further fields
        of the header are given by their names."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._seen = set()
        self._seq = 0
        self._resume(folder, f"{role}-{number}")
        head = {
            "event": "Header", "schema": 1, "run": folder.resolve().name[:256],
            "process": self.process, "role": role, "id": number, "incarnation": self.incarnation,
            "spec": spec,
            "constants": {"direct_learning": direct_learning, "prepare_ahead": prepare_ahead,
                          "max_batch": max_batch, "promise_scope": promise_scope, "fifo": fifo},
            "cluster": cluster, "config": config or {}, **header,
        }
        self._write(head)

    def _resume(self, folder, person):
        """A new incarnation has a new file, whose clock goes on from the last line of those before.
        Nothing is ever added to an old file: its last line may be torn, by a crash in the middle of a
        write. The checker ignores such a line, and Recover tells what storage kept of it."""
        self.incarnation = 1
        for path in folder.iterdir():
            if match := re.fullmatch(re.escape(person) + r"\.(\d+)\.ndjson", path.name):
                self.incarnation = max(self.incarnation, int(match[1]) + 1)
                for line in path.open("rb"):
                    if found := re.search(rb'"hlc":(\d+)[,}]', line):
                        heard(int(found[1]))
        self.process = f"{person}.{self.incarnation}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND  # two of one name: the second fails
        self._fd = os.open(folder / f"{self.process}.ndjson", flags, 0o666)

    def event(self, kind, **fields):
        """Write one action of the specification: its name and its fields, as in traces/schema.json."""
        with _lock:
            self._seq += 1
            self._write({"event": kind, "process": self.process, "seq": self._seq, "hlc": _tick(),
                         **fields})

    def once(self, kind, **fields):
        """Like `event`, but not if this incarnation has written just the same before: for what is done
        again when a message is sent again, which is no action. Whether it was written."""
        key = hash(json.dumps([kind, fields], sort_keys=True))
        with _lock:
            if key in self._seen:
                return False
            self._seen.add(key)
            self.event(kind, **fields)
            return True

    def _write(self, line):
        if self._fd < 0:
            raise OSError("the trace has ended with an error: do not send what it does not have")
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        try:
            if os.write(self._fd, data) != len(data):
                raise OSError("the trace cannot be written: is the disk full?")
        except OSError:
            self.close()  # the line may be torn, and nothing may follow a torn line
            raise

    def close(self):
        """End the trace. Not needed before the process ends, however that happens."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
