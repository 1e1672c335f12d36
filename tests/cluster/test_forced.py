"""What an acceptor says is on disk first: forced there between the receiving and the sending, as
the system calls of the real process show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from paxos import config as configuration
from paxos.core.ballot import Ballot
from paxos.core.batch import encode_batch, pack
from paxos.core.messages import Accept, Message, Prepare, encode_messages
from paxos.runtime.batch_files import MUCH_BYTES
from paxos.runtime.envelope import PLAIN, PRESENCE, Envelope, bodies
from paxos.runtime.multicast import Multicast
from tests.cluster.processes import PAXOS, Cluster, wait_for
from tests.runtime.system_calls import cannot_be_watched

pytestmark = pytest.mark.multicast

LARGE = encode_batch([pack("1.1", 1, [b"v" * (MUCH_BYTES + 1)])])

CALLS = "recvfrom,recvmsg,recvmmsg,sendto,sendmsg,sendmmsg,fsync,fdatasync"


class Watched(Cluster):
    """Leaves the system calls of its processes in files, in the order in which they were made."""

    def program(self, name: str) -> list[str]:
        # -D: it is the process that is our child, to be told to stop, and not strace.
        watch = ["strace", "-D", "-f", "-y", "-e", f"trace={CALLS}", "-o", str(self.calls(name))]
        return [*watch, *PAXOS]

    def calls(self, name: str) -> Path:
        return self.run_dir / f"{name}.calls"


def is_presence(call: str) -> bool:
    """Whether what is sent or received is no message of the protocol."""
    return f'"Px\\{PLAIN}\\{PRESENCE}\\' in call


DATABASE, BATCHES = r"acceptor-1\.db(-wal)?", r"acceptor-1\.batches-\d+"
FORCED = {"promises": [DATABASE], "votes": [DATABASE], "large votes": [BATCHES, DATABASE]}
"""What of an acceptor is on disk before it answers, in this order."""


def states_when_sending(calls: str, port: int, files: Sequence[str]) -> list[str]:
    """What was the last thing that a process had done, each time it began to send to a port:
    `received` a datagram, or `forced` something of each of the files to disk after that, in their
    order. What is not of the protocol does not count."""
    state, found = "nothing", []
    left: list[str] = []  # to be forced
    begun: dict[str, str] = {}  # by thread: a call that another thread's came into
    for line in calls.splitlines():
        thread, _, call = line.partition(" ")
        call = call.strip()
        if re.match(rf"send\w+\(.*htons\({port}\)", call) and not is_presence(call):
            found.append(state)
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.removesuffix("<unfinished ...>")
            continue
        if resumed := re.match(r"<\.\.\. \w+ resumed>", call):
            call = begun.pop(thread) + call[resumed.end() :]
        if re.match(r"recv\w+\(.* = [1-9]", call) and not is_presence(call):
            state, left = "received", list(files)
        elif left and re.match(rf"f(data)?sync\(\d+<.*{left[0]}>\) += 0", call):
            del left[0]
            state = state if left else "forced"
    return found


@pytest.mark.parametrize("what", FORCED)
def test_what_an_acceptor_says_is_forced_to_disk_first(tmp_path: Path, what: str) -> None:
    if reason := cannot_be_watched():
        pytest.skip(reason)
    with Watched(tmp_path) as cluster:
        config = configuration.load(cluster.config)
        groups = config.endpoints()
        envelope = Envelope(config.cluster_tag(), "proposer", 1, 1, config.members())
        mouth = Multicast(groups.proposers, config.interface, 0)

        def answers() -> list[str]:
            calls = cluster.calls("acceptor-1").read_text(encoding="utf-8")
            return states_when_sending(calls, groups.proposers.port, FORCED[what])

        def answered(number: int) -> bool:
            return len(answers()) >= number

        def said(number: int) -> Message:
            """Each is another ballot, so that each answer is something new to keep."""
            ballot = Ballot(number, 1)
            if what == "promises":
                return Prepare(ballot, 1, 1)
            return Accept(ballot, number, LARGE if what == "large votes" else b"\x90")

        cluster.start("acceptor-1")
        wait_for(lambda: list(cluster.run_dir.glob("acceptor-1.*.ndjson")), "start")
        for number in range(1, 6):
            body = next(bodies([encode_messages(said(number))], config.largest_datagram_bytes))
            mouth.send(groups.acceptors, envelope.seal(number, body))
            wait_for(partial(answered, number), f"answer {number}")
        mouth.close()
        cluster.stop()
        assert set(answers()) == {"forced"}
