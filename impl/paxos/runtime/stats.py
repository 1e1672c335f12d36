"""What a process counts while it runs, and the file it leaves: `RUN_DIR/stats/<process>.json`.

Counting is a few additions per message, and memory does not grow with the run. The file holds

- `process`, `seconds` that it ran and `cpu_seconds` that it used;
- `datagrams_received`, `datagrams_sent`;
- `dropped`: what was received and not used, how often for each reason;
- `repeated`: packets that a client, and messages that a proposer, said again for want of an answer;
- `sent`: by message type, `messages`, `bytes` and `datagrams`. A message to two groups is two. A
  datagram with several messages counts for each of them by its share, and so does its header;
- of a client, `latency`: from the broadcast of values to the client's hearing that a learner has
  delivered them. `buckets` lists `[up to so many microseconds, so many values]`, each bucket
  `BUCKET_RATIO` as wide as the one before. `warm_up_values` are not in it: those that were
  broadcast before the client heard of any delivery, and so waited for the cluster to start.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log
from pathlib import Path

from paxos.core.names import ProcessName

BUCKET_RATIO = 1.02
_LOG_RATIO = log(BUCKET_RATIO)

LATENCY_BOUNDS_S = (
    *(0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Of the buckets in which metrics tell the same."""


class Latency:
    """A histogram of waiting times with buckets on a log scale: small relative error everywhere."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self._first_s: float | None = None
        self.warm_up_values = 0

    def add(self, count: int, since_s: float, now_s: float) -> None:
        """`count` values that waited since `since_s` are seen to be delivered."""
        if self._first_s is None:
            self._first_s = now_s
        if since_s < self._first_s:
            self.warm_up_values += count
            return
        waited_us = max(1.0, (now_s - since_s) * 1e6)
        self._buckets[int(log(waited_us) / _LOG_RATIO)] += count

    def cumulative(self) -> tuple[list[int], int, float]:
        """How many values waited no longer than each of `LATENCY_BOUNDS_S`, how many there are, and
        how long all of them waited, in seconds: as exact as the buckets are."""
        waits = sorted((BUCKET_RATIO ** (n + 1) / 1e6, count) for n, count in self._buckets.items())
        counts = [sum(count for s, count in waits if s <= bound) for bound in LATENCY_BOUNDS_S]
        sum_s = sum(s * count for s, count in waits)
        return counts, self._buckets.total(), sum_s

    def content(self) -> dict[str, object]:
        """For the file."""
        ordered = sorted(self._buckets.items())
        return {
            "bucket_ratio": BUCKET_RATIO,
            "values": self._buckets.total(),
            "warm_up_values": self.warm_up_values,
            "buckets": [[round(BUCKET_RATIO ** (n + 1), 1), count] for n, count in ordered],
        }


class _Sent:
    """What was sent of one type of message."""

    __slots__ = ("bytes", "datagrams", "messages")

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = self.datagrams = 0.0


class Stats:
    """The counters of one process. Used under the node's lock."""

    def __init__(self, process: ProcessName) -> None:
        self.process = process
        self.latency = Latency()
        self.received = self.sent = 0  # datagrams
        self.dropped: Counter[str] = Counter()  # by reason
        self.repeated = 0
        self._began_s = time.monotonic()
        self._sent: defaultdict[type, _Sent] = defaultdict(_Sent)

    def sending(
        self, kinds: Sequence[type], encoded: Sequence[bytes], datagrams: int, size: int
    ) -> None:
        """Messages of these types, encoded like this, went out in so many datagrams, which have
        `size` bytes in all."""
        self.sent += datagrams
        if kinds.count(kinds[0]) == len(kinds):  # as nearly always
            self._add(kinds[0], len(kinds), size, datagrams)
            return
        share = datagrams / len(kinds)
        header = (size - sum(map(len, encoded))) / len(kinds)
        for kind, data in zip(kinds, encoded, strict=True):
            self._add(kind, 1, len(data) + header, share)

    def _add(self, kind: type, messages: int, size: float, datagrams: float) -> None:
        sent = self._sent[kind]
        sent.messages += messages
        sent.bytes += size
        sent.datagrams += datagrams

    def acknowledged(self, waits: Sequence[tuple[int, float, float]]) -> None:
        """A client has heard of deliveries: how many values, waiting since when until when."""
        for count, since_s, until_s in waits:
            self.latency.add(count, since_s, until_s)

    def sent_by_type(self) -> list[tuple[str, _Sent]]:
        """What was sent of each type of message."""
        return [(kind.__name__, sent) for kind, sent in self._sent.items()]

    def content(self) -> dict[str, object]:
        """What the file holds."""
        content: dict[str, object] = {
            "process": str(self.process),
            "seconds": round(time.monotonic() - self._began_s, 3),
            "cpu_seconds": round(time.process_time(), 3),
            "datagrams_received": self.received,
            "datagrams_sent": self.sent,
            "dropped": dict(self.dropped),
            "repeated": self.repeated,
            "sent": {
                kind.__name__: {
                    "messages": sent.messages,
                    "bytes": round(sent.bytes),
                    "datagrams": round(sent.datagrams, 3),
                }
                for kind, sent in self._sent.items()
            },
        }
        if self.process.member.role == "client":
            content["latency"] = self.latency.content()
        return content

    def write(self, run_dir: Path) -> None:
        """Leave the file in the run folder. Raises `OSError`."""
        folder = run_dir / "stats"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.content(), indent=1)
        (folder / f"{self.process}.json").write_text(text + "\n", encoding="utf-8")
